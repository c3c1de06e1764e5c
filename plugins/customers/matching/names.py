"""A name as people write it – 张伟, 張偉, 张先生, 小张, 伟张, Zhang Wei – and how alike two are."""

import os
import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache

_TRADITIONAL = str.maketrans(
    "張陳劉黃吳趙鄭謝許鄧馮蕭餘葉蔣盧賈鍾譚鄒陸龍萬錢湯賴溫龐蘭顏嚴魯韋顧孫馬楊羅區關莊練聶遊邊單闕歐陽聞諸偉麗強軍豔靜傑濤貴"
    "鳳蓮國華榮興東啟慶潔瓊鋒鵬飛輝雲銘鈞錦賢學誠義寧衛憲澤紅綺縈嫻瑩瑋穎韻夢軒寶業燁爾嵐達遠進連運樂歡歲齡齊",
    "张陈刘黄吴赵郑谢许邓冯萧余叶蒋卢贾钟谭邹陆龙万钱汤赖温庞兰颜严鲁韦顾孙马杨罗区关庄练聂游边单阙欧阳闻诸伟丽强军艳静杰涛贵"
    "凤莲国华荣兴东启庆洁琼锋鹏飞辉云铭钧锦贤学诚义宁卫宪泽红绮萦娴莹玮颖韵梦轩宝业烨尔岚达远进连运乐欢岁龄齐",
)
_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖萧田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方"
    "邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤康易乔赖文庞樊兰殷施洪翟安颜倪牛温芦季俞章鲁葛伍申尤毕聂焦柯欧区游单"
    "傅阎路邢祝左苗房柳窦凌霍翁卜冉狄米车宁管解卓柴屈蒙穆甘丛褚麦岳井古包司简涂缪苟冼植招巫裴桂戚瞿饶闵甄巩佟封卞苑边柏符辛姬冷应关庄盛连成练詹隋"
    "牟项喻艾尚耿骆娄齐鲍宫祁纪舒梅佘蓝谷阮阳揭仇朴查桑敖晏商农宗木滕嵇华曲全蔺臧栾楚官代占"
)
_COMPOUND = frozenset({"欧阳", "司徒", "上官", "诸葛", "司马", "东方", "皇甫", "尉迟", "公孙", "令狐", "慕容", "夏侯"})
_READ_AS_SURNAME = {
    "曾": "zeng",
    "单": "shan",
    "解": "xie",
    "仇": "qiu",
    "朴": "piao",
    "查": "zha",
    "区": "ou",
    "覃": "qin",
    "翟": "zhai",
}
SAME, SOUND, CLOSE, PART, DIFFERENT, MISSING = "same", "sound", "close", "part", "different", "missing"
_MAN, _WOMAN = "man", "woman"
_TITLES = {
    "先生": _MAN,
    "女士": _WOMAN,
    "小姐": _WOMAN,
    "太太": _WOMAN,
    "夫人": _WOMAN,
    "阿姨": _WOMAN,
    "叔叔": _MAN,
} | dict.fromkeys(("总经理", "经理", "总监", "老板", "老师", "师傅", "医生", "主任"), "")
_SHORT_TITLES = {
    "总": "",
    "董": "",
    "工": "",
    "哥": _MAN,
    "叔": _MAN,
    "生": _MAN,
    "姐": _WOMAN,
    "姨": _WOMAN,
    "太": _WOMAN,
}
"""Titles only right behind a family name: 陈生 is Mr Chen, 陈东生 is not."""
_LATIN_TITLE = re.compile(r"\b(mr|mrs|ms|miss)\b\.?")
_NO_NAME = re.compile(r"\d{4}")
"""Who came without a name is called by a code or a number."""


@dataclass(frozen=True, slots=True)
class Name:
    """What two names are compared by; `syllables` is empty when there is no name."""

    written: str = ""
    syllables: tuple[str, ...] = ()
    is_full: bool = False
    """Family name and given name, and not just one of them."""
    sex: str = ""
    letters: str = field(init=False)
    sound: str = field(init=False)
    """The letters of the pinyin in the order of the alphabet: the same for 张伟, 伟张, zhangwei and 張瑋."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "letters", "".join(self.syllables))
        object.__setattr__(self, "sound", "".join(sorted(self.letters)))


@lru_cache(maxsize=50_000)
def read(text: str) -> Name:
    """Return the name that a text means."""
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_TRADITIONAL)
    if _NO_NAME.search(plain):
        return Name()
    han = "".join(sign for sign in plain if "\u4e00" <= sign <= "\u9fff")
    return _han(han) if han else _latin(plain)


def _han(text: str) -> Name:
    text, sex = _without_title(text)
    is_full = len(text) > 1 and text not in _COMPOUND
    return Name(text, tuple(_pinyin(sign) for sign in text), is_full, sex)


def _without_title(text: str) -> tuple[str, str]:
    for title, sex in _TITLES.items():
        if text.endswith(title) and len(text) > len(title):
            return text.removesuffix(title), sex
    for title, sex in _SHORT_TITLES.items():
        family = text.removesuffix(title)
        if family != text and (family in _SURNAMES or family in _COMPOUND):
            return family, sex
    if len(text) == 2 and text[0] in "小老阿":
        return text[1], ""
    return text, ""


def _latin(text: str) -> Name:
    parts = re.findall(r"[a-z]+", _LATIN_TITLE.sub(" ", unicodedata.normalize("NFD", text)))
    syllables = tuple(re.sub(r"(?<=[ln])yu", "u", part).replace("v", "u") for part in parts)
    return Name(" ".join(syllables), syllables, len(syllables) > 1 or len("".join(syllables)) > 6)


@lru_cache(maxsize=30_000)
def _pinyin(sign: str) -> str:
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")
    from pypinyin import lazy_pinyin

    return (_READ_AS_SURNAME.get(sign) or lazy_pinyin(sign)[0]).replace("v", "u")


def alike(first: Name, second: Name) -> str:
    """Return how alike two names are: same, sound, close, part (a family name and its title), different, or missing."""
    if not first.syllables or not second.syllables:
        return MISSING
    if first.sex and second.sex and first.sex != second.sex:
        return DIFFERENT
    if not (first.is_full and second.is_full):
        short, long = sorted((first, second), key=lambda name: (name.is_full, name.syllables))
        if long.is_full and short.letters == long.letters:  # lijian, in one word
            return SOUND
        return PART if _is_part(short, long) else DIFFERENT
    if first.written == second.written:
        return SAME
    if first.sound == second.sound:
        return SOUND
    return CLOSE if _are_close(first, second) else DIFFERENT


def _is_part(short: Name, long: Name) -> bool:
    count = len(short.syllables)
    if short.syllables in (long.syllables[:count], long.syllables[-count:]):
        return True
    return len(long.syllables) == 1 and long.letters.startswith(short.letters)


def _are_close(first: Name, second: Name) -> bool:
    if not first.written.isascii() and not second.written.isascii():  # of three signs, one is another
        differ = sum(one != other for one, other in zip(first.written, second.written, strict=False))
        return len(first.written) == len(second.written) > 2 and differ == 1
    return is_one_slip(first.letters, second.letters)


def is_one_slip(first: str, second: str) -> bool:
    """Say whether one sign was mistyped, left out, added or swapped with its neighbour (or nothing was)."""
    if len(first) > len(second):
        first, second = second, first
    if len(second) - len(first) > 1:
        return False
    at = next((at for at, sign in enumerate(first) if sign != second[at]), len(first))
    if len(first) < len(second):
        return first[at:] == second[at + 1 :]
    swapped = first[at : at + 2] == second[at : at + 2][::-1] and first[at + 2 :] == second[at + 2 :]
    return swapped or first[at + 1 :] == second[at + 1 :]
