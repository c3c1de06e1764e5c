"""Made-up people of a city and the records that shops keep of them, with the truth: who is who.

The same count and seed give the same records. Family names come as often as in China's registers (per ten
thousand people), given names in a falling curve. About seven of ten records are somebody's only one.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from core.access.scope import unscoped
from core.api import chain_codes, clock, insert_rows
from core.exchange.bulk import reserve_ids
from plugins.customers.matching import addresses, names, titles
from plugins.customers.matching.blocks import keys_of
from plugins.customers.matching.comparing import Known
from plugins.customers.models import Customer, Identity, Visitor

FAMILIES = {
    "王": 711, "李": 704, "张": 681, "刘": 521, "陈": 493, "杨": 309, "黄": 240, "赵": 235, "吴": 230, "周": 218, "徐": 166,
    "孙": 150, "马": 138, "朱": 133, "胡": 131, "郭": 120, "何": 117, "林": 116, "高": 111, "罗": 106, "郑": 101, "梁": 100,
    "谢": 82, "宋": 78, "唐": 74, "许": 71, "邓": 69, "冯": 66, "韩": 65, "曹": 64, "曾": 63, "彭": 61, "萧": 56, "蔡": 53,
    "潘": 52, "田": 51, "董": 50, "袁": 48, "于": 48, "余": 47, "叶": 46, "蒋": 45, "杜": 44, "苏": 43, "魏": 42, "程": 41,
    "吕": 40, "丁": 39, "沈": 38, "任": 37, "姚": 36, "卢": 35, "傅": 34, "钟": 33, "姜": 32, "崔": 31, "谭": 30, "廖": 29,
    "范": 28, "汪": 27, "陆": 26, "金": 25, "石": 24, "戴": 23, "贾": 22, "韦": 21, "夏": 20, "邱": 20, "方": 19, "侯": 19,
    "邹": 18, "熊": 18, "孟": 17, "秦": 17, "白": 16, "江": 16, "阎": 15, "薛": 15, "尹": 14, "段": 14, "雷": 13, "黎": 13,
    "史": 12, "龙": 12, "陶": 11, "贺": 11, "顾": 10, "毛": 10, "郝": 10, "龚": 9, "邵": 9, "万": 9, "欧阳": 7, "司徒": 2,
}  # fmt: skip
GIVEN = (
    "伟芳娜敏静丽强磊军洋艳杰娟涛明超秀霞平刚桂英华玉兰红建国志文婷雪慧颖佳嘉欣怡子轩梓涵浩宇然思琪雅俊美玲栋婉仪家豪晓燕春梅海波"
    "鹏飞凯旭东峰辉雷斌勇健鑫宁琳璐莹倩蕾薇莉洁晶瑞祥永福德成义林森博睿泽宏毅振兴云龙翔天佑铭锦程诗梦瑶语桐若曦清妍心悦可馨彤玥"
    "昊辰逸奕煜熙恒远航达卓越帆松柏青山川江河冰月星光阳晨希望安康乐贤良才学勤俭忠信诚和顺利生根发荣贵富全金银珠宝翠碧柔惠淑贞"
)
TWINS = {
    "伟": "玮",
    "静": "靖",
    "娜": "那",
    "佳": "嘉",
    "志": "智",
    "文": "雯",
    "晓": "小",
    "杰": "洁",
    "明": "铭",
    "宇": "雨",
    "涵": "晗",
    "轩": "萱",
    "燕": "艳",
    "俊": "军",
    "莹": "盈",
}
"""Signs that sound alike, as a clerk types the wrong one."""
TRADITIONAL = str.maketrans("张陈刘黄吴赵郑谢许邓冯萧叶蒋卢贾钟谭陆龙万马杨罗孙伟丽强军艳静杰涛凤国华兴东飞辉云兰铭锦贤学义宁红莹颖轩梦宝", "張陳劉黃吳趙鄭謝許鄧馮蕭葉蔣盧賈鍾譚陸龍萬馬楊羅孫偉麗強軍豔靜傑濤鳳國華興東飛輝雲蘭銘錦賢學義寧紅瑩穎軒夢寶")  # fmt: skip
MEN, WOMEN = ("先生", "总", "哥"), ("女士", "小姐", "姐")
BEGINNINGS = ("130", "131", "132", "133", "135", "136", "137", "138", "139", "150", "151", "155", "158", "159", "176", "177", "180", "185", "186", "188", "189", "199")  # fmt: skip
DISTRICTS = ("福田", "罗湖", "南山", "宝安", "龙岗", "龙华", "盐田", "坪山")
STREETS = ("科技南路", "深南大道", "红荔路", "滨河大道", "创业路", "民治大道", "布吉街", "梅林路", "爱国路", "沙井路", "龙翔大道", "前进路", "后海大道", "景田路", "彩田路", "新安街", "振华路", "八卦路", "文锦路", "东门中路")  # fmt: skip
TRADES = ("科技", "贸易", "电子", "餐饮", "物流", "文化传播", "建筑工程", "服装", "网络技术", "装饰")


@dataclass(frozen=True)
class Someone:
    """The truth: a person, or a company."""

    number: int
    family: str
    given: str
    is_man: bool
    mobiles: tuple[str, ...]
    address: tuple[str, ...]
    store: int
    wecom: str = ""
    email: str = ""
    title: str = ""
    kind: str = "person"

    @property
    def name(self) -> str:
        """As on the identity card."""
        return self.family + self.given


@dataclass(frozen=True)
class Kept:
    """One record of a shop; `who` is the truth, which the matching never sees."""

    who: int
    name: str
    mobiles: tuple[str, ...] = ()
    """The last one is theirs now."""
    address: str = ""
    wecom: str = ""
    email: str = ""
    title: str = ""
    stores: tuple[int, ...] = field(default=())
    kind: str = "person"

    @property
    def known(self) -> Known:
        """The record as matching sees it."""
        return Known(
            names.read(self.name), frozenset(self.mobiles), frozenset(filter(None, (self.wecom, self.email.casefold()))),
            frozenset(filter(None, [titles.plain(self.title)])), addresses.read(self.address), frozenset(self.stores),
            self.kind == "company",
        )  # fmt: skip


def records(count: int, seed: int = 1, stores: int = 200) -> list[Kept]:
    """Return `count` records in the order in which the shops made them."""
    chance = random.Random(f"people {seed}")
    made: list[Kept] = []
    for someone in _city(chance, stores):
        made += _records_of(chance, someone, stores)
        if len(made) >= count:
            break
    made = made[:count]
    chance.shuffle(made)
    return made


def _city(chance: random.Random, stores: int) -> Iterator[Someone]:
    family_weights, given_weights = (
        list(accumulate(FAMILIES.values())),
        list(accumulate(1 / (at + 8) for at in range(len(GIVEN)))),
    )
    families, given_up = list(FAMILIES), []
    employers = [f"深圳市{''.join(chance.choices(GIVEN, k=2))}{chance.choice(TRADES)}有限公司" for _ in range(400)]
    before: Someone | None = None
    for number in range(10**9):
        given = "".join(chance.choices(GIVEN, cum_weights=given_weights, k=1 if chance.random() < 0.14 else 2))
        if number % 40 == 0:
            yield _company(chance, number, stores)
            continue
        mobiles = [_mobile(chance) for _ in range(chance.choices((1, 2, 3), (80, 15, 5))[0])]
        family = chance.choices(families, cum_weights=family_weights)[0]
        address, store = _home(chance), chance.randrange(stores)
        if before is not None and chance.random() < 0.06:  # a family: one number, one home, often one family name
            mobiles[-1], address, store = before.mobiles[-1], before.address, before.store
            if chance.random() < 0.2:  # or numbers that were bought together
                mobiles[-1] = f"{mobiles[-1][:-1]}{(int(mobiles[-1][-1]) + 1) % 10}"
            family = before.family if chance.random() < 0.7 else family
        elif given_up and chance.random() < 0.05:  # a number that the operator gave out again
            mobiles[0] = given_up.pop(chance.randrange(len(given_up)))
        given_up += mobiles[:-1]
        before = Someone(
            number, family, given, chance.random() < 0.5, tuple(mobiles), address, store,
            wecom=f"wm{chance.getrandbits(48):012x}" if chance.random() < 0.6 else "",
            email=f"{chance.choice('abcdefghkl')}{chance.randrange(10**7):07}@qq.com" if chance.random() < 0.25 else "",
            title=chance.choice(employers) if chance.random() < 0.05 else "",
        )  # fmt: skip
        yield before


def _company(chance: random.Random, number: int, stores: int) -> Someone:
    name = f"{''.join(chance.choices(GIVEN, k=3))}{chance.choice(TRADES)}"
    return Someone(
        number, "深圳市", name, True, (_mobile(chance),), _home(chance), chance.randrange(stores),
        title=f"深圳市{name}有限公司", kind="company",
    )  # fmt: skip


def _mobile(chance: random.Random) -> str:
    return f"{chance.choice(BEGINNINGS)}{chance.randrange(10**8):08}"


def _home(chance: random.Random) -> tuple[str, ...]:
    numbers = chance.randrange(1, 400), chance.randrange(1, 12), chance.randrange(1, 33) * 100 + chance.randrange(1, 9)
    return chance.choice(DISTRICTS), chance.choice(STREETS), *map(str, numbers)


def _records_of(chance: random.Random, someone: Someone, stores: int) -> list[Kept]:
    count = chance.choices((1, 2, 3, 4), (72, 20, 6, 2))[0]
    first = _first(chance, someone)
    return [first, *(_again(chance, someone, first, stores) for _ in range(count - 1))]


def _first(chance: random.Random, someone: Someone) -> Kept:
    if someone.kind == "company":
        return Kept(
            someone.number, someone.title, someone.mobiles, title=someone.title, stores=(someone.store,), kind="company"
        )
    known = chance.randint(1, len(someone.mobiles))
    return Kept(
        someone.number, someone.name, someone.mobiles[:known], _written(chance, someone.address) if chance.random() < 0.7 else "",
        someone.wecom, someone.email, someone.title, (someone.store,),
    )  # fmt: skip


def _again(chance: random.Random, someone: Someone, first: Kept, stores: int) -> Kept:
    """Return the record a clerk makes of somebody who is known already, and why it was not noticed."""
    place = someone.store if chance.random() < 0.6 else chance.randrange(stores)
    if someone.kind == "company":
        return replace(first, name=f"{someone.title}（采购）", mobiles=(_mobile(chance),), stores=(place,))
    again = Kept(someone.number, _misnamed(chance, someone), someone.mobiles[-1:], stores=(place,))
    has_number = True
    match chance.choices(("other name", "slip", "new number", "no number"), (45, 20, 25, 10))[0]:
        case "slip":
            again = replace(again, mobiles=(_slipped(chance, first.mobiles[-1]),), name=_misnamed(chance, someone, 0.8))
        case "new number":
            again = replace(again, mobiles=(_mobile(chance),), name=_misnamed(chance, someone, 0.9))
            has_number = False
        case "no number":
            again, has_number = replace(again, mobiles=(), name=someone.name), False
    more = 0.35 if has_number else 0.9
    found: dict[str, Any] = {}
    if chance.random() < more and someone.wecom:
        found["wecom"] = someone.wecom
    if chance.random() < more and someone.email:
        found["email"] = someone.email.upper() if chance.random() < 0.2 else someone.email
    if chance.random() < more and first.address:
        found["address"] = _written(chance, someone.address)
    if chance.random() < more and someone.title:
        found["title"] = someone.title
    if not has_number and not found and chance.random() < 0.85:  # else nothing is left to go by, but the name
        found["mobiles"] = (first.mobiles[-1], *again.mobiles)
    return replace(again, **found)


def _misnamed(chance: random.Random, someone: Someone, right: float = 0.45) -> str:
    if chance.random() < right:
        return someone.name
    match chance.choices(
        ("title", "twin", "traditional", "swapped", "pinyin", "small", "spaced"), (30, 25, 15, 8, 10, 5, 7)
    )[0]:
        case "title":
            return someone.family + chance.choice(MEN if someone.is_man else WOMEN)
        case "twin":
            return someone.family + "".join(TWINS.get(sign, sign) for sign in someone.given)
        case "traditional":
            return someone.name.translate(TRADITIONAL)
        case "swapped":
            return someone.given + someone.family
        case "pinyin":
            return _pinyin(chance, someone)
        case "small":
            return f"小{someone.family}" if len(someone.family) == 1 else someone.name
    return " ".join(someone.name)


def _pinyin(chance: random.Random, someone: Someone) -> str:
    from pypinyin import lazy_pinyin

    family = "zeng" if someone.family == "曾" else "".join(lazy_pinyin(someone.family))
    given = "".join(lazy_pinyin(someone.given))
    return chance.choice((f"{family.title()} {given.title()}", f"{given.title()} {family.upper()}", f"{family}{given}"))


def _slipped(chance: random.Random, mobile: str) -> str:
    at = chance.randrange(3, 11)
    if chance.random() < 0.3 and at < 10:
        return f"{mobile[:at]}{mobile[at + 1]}{mobile[at]}{mobile[at + 2 :]}"
    return f"{mobile[:at]}{(int(mobile[at]) + chance.randint(1, 9)) % 10}{mobile[at + 1 :]}"


def _written(chance: random.Random, address: tuple[str, ...]) -> str:
    district, street, house, block, room = address
    return chance.choice((
        f"深圳市{district}区{street}{house}号{block}栋{room}", f"广东省深圳市{district}区{street}{house}号{block}栋{room}室",
        f"{district}区{street}{house}号{block}栋{room}房", f"{street}{house}-{block}-{room}", f"{street}{house}號{block}棟{room}",
        f"{district}{street}{house}号{block}栋",
    ))  # fmt: skip


def pairs(kept: list[Kept]) -> set[tuple[int, int]]:
    """Return the truth as pairs of positions in the list, the smaller first."""
    of: dict[int, list[int]] = {}
    for position, one in enumerate(kept):
        of.setdefault(one.who, []).append(position)
    return {(a, b) for places in of.values() for at, a in enumerate(places) for b in places[at + 1 :]}


def neighbours(seen: list[Known]) -> set[tuple[int, int]]:
    """Return the pairs of positions that share a key."""
    blocks: dict[int, list[int]] = {}
    for position, one in enumerate(seen):
        for key in keys_of(one):
            blocks.setdefault(key, []).append(position)
    return {(one, other) for block in blocks.values() for at, one in enumerate(block) for other in block[at + 1 :]}


def bring(session: Session, kept: list[Kept], nodes: list[int]) -> list[int]:
    """Write records as the shops made them, in sets, and return their ids. Whoever came last has a number or account now."""
    today = clock.today()
    codes = chain_codes(session, "C", len(kept))
    last = {(kind, value): position for position, one in enumerate(kept) for kind, value in _identities(one)}
    rows, identities, visitors = [], [], []
    with unscoped("records as the shops have made them"):
        ids = reserve_ids(session, Customer.__table__, len(kept))
    for position, (code, row_id, one) in enumerate(zip(codes, ids, kept, strict=True)):
        number = next(reversed(one.mobiles), None)
        rows.append({
            "id": row_id, "code": code, "name": one.name, "kind": one.kind, "address": one.address,
            "mobile": number if number and last["mobile", number] == position else None, "node_id": nodes[one.stores[0] % len(nodes)],
        })  # fmt: skip
        identities += [
            {"customer_id": row_id, "kind": kind, "value": value, "tail": value[-4:] if kind == "mobile" else "",
             "until": None if last[kind, value] == position else today}
            for kind, value in _identities(one)
        ]  # fmt: skip
        visitors += [
            {"customer_id": row_id, "node_id": node, "first_on": today, "last_on": today}
            for node in {nodes[store % len(nodes)] for store in one.stores}
        ]
    with unscoped("records as the shops have made them"):
        values = sorted({value for _kind, value in last})
        for start in range(0, len(values), 10_000):  # a statement takes 65,535 values at most
            taken = Identity.value.in_(values[start : start + 10_000]), Identity.until.is_(None)
            session.execute(update(Identity).where(*taken).values(until=today))
        for model, found in ((Customer, rows), (Identity, identities), (Visitor, visitors)):
            insert_rows(session, model.__table__, found)
    return ids


def _identities(one: Kept) -> list[tuple[str, str]]:
    accounts = (("wecom", one.wecom), ("email", one.email), ("invoice_title", one.title))
    return [("mobile", number) for number in one.mobiles] + [(kind, value) for kind, value in accounts if value]
