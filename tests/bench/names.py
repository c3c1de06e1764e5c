"""Names of made-up people, drawn by the database from the number of a row: the same on SQLite and PostgreSQL."""

FAMILY = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严欧莫孔向常"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建文国志海林春梅红燕鹏飞宇晨浩然子轩梓涵雨欣怡嘉思远佳琪博俊豪一诺妍天佑可馨振邦晓东"
MOST_COMMON = 12
"""Every third person bears one of this many family names."""
_LETTER = "substr(:{of}, CAST(1 + {number} % {count} AS integer), 1)"
NUMBERS = {
    "postgresql": "(SELECT generate_series(CAST(:first AS bigint), :last) AS i) AS n",
    "sqlite": "(WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last) SELECT i FROM n) AS n",
}
_FAMILIES = f"(CASE WHEN i % 3 = 0 THEN i / 3 % {MOST_COMMON} ELSE i * 31 END)"
LETTERS = {
    "family": _LETTER.format(of="family", number=_FAMILIES, count=len(FAMILY)),
    "first": _LETTER.format(of="given", number="(i * 7919 / 97)", count=len(GIVEN)),
    "second": _LETTER.format(of="given", number="(i * 104729 / 89)", count=len(GIVEN)),
}
"""SQL for the letters of the name of row `i`; bind FAMILY as `family`, GIVEN as `given`."""
