"""Are two records one person? By example, the traps of a phone shop; and what holds for any two records."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.customers.matching import addresses, batch, blocks, comparing, finding, names, titles
from plugins.customers.matching.comparing import Known
from plugins.customers.matching.people import People
from plugins.customers.matching.rollups import Record
from tests.plugins.customers import people
from tests.plugins.customers.people import Kept

MOBILE = "13800138000"
HOME = "深圳市南山区科技南路12号3栋502"
pytestmark = pytest.mark.requirement("A10", "Z9")


def known(name="张建国", mobiles=(MOBILE,), address="", accounts=(), title="", stores=(1,), kind="person"):
    return Known(
        names.read(name), frozenset(mobiles), frozenset(accounts), frozenset({titles.plain(title)} if title else ()),
        addresses.read(address), frozenset(stores), kind == "company",
    )  # fmt: skip


def verdict(first, second):
    """What would happen to two records: merge, ask or nothing."""
    found = comparing.compare(first, second)
    if comparing.rules_out(found.levels) or found.probability < 0.5:
        return "nothing"
    return "merge" if found.probability >= 0.95 and comparing.may_merge_alone(found.levels) else "ask"


@pytest.mark.parametrize(
    ("first", "second", "level"),
    [
        ("张建国", "張建國", "same"),
        ("张建国", " 张 建 国 ", "same"),
        ("张建国", "张建国先生", "same"),
        ("张伟", "伟张", "sound"),
        ("张伟", "Zhang Wei", "sound"),
        ("张伟", "WEI ZHANG", "sound"),
        ("张伟", "ｚｈａｎｇｗｅｉ", "sound"),
        ("张伟", "张玮", "sound"),
        ("李健", "lijian", "sound"),
        ("吕布", "Lyu Bu", "sound"),
        ("曾志伟", "Zeng Zhiwei", "sound"),
        ("张先生", "张建国", "part"),
        ("王总", "王建国", "part"),
        ("小张", "张建国", "part"),
        ("陈生", "陈建国", "part"),
        ("傅总", "傅桂", "part"),
        ("欧阳小姐", "欧阳娜", "part"),
        ("陈东生", "陈建国", "different"),
        ("张先生", "张小姐", "different"),
        ("李先生", "林伟", "different"),
        ("张伟", "张强", "different"),
        ("张子轩", "张子涵", "close"),
        ("C0001234567", "张伟", "missing"),
        ("", "张伟", "missing"),
    ],
)
def test_a_name_is_read_as_people_write_it(first, second, level):
    assert names.alike(names.read(first), names.read(second)) == level
    assert names.alike(names.read(second), names.read(first)) == level


@pytest.mark.parametrize(
    ("first", "second", "level"),
    [
        (HOME, "科技南路12-3-502", "same"),
        (HOME, "广东省深圳市南山区科技南路１２號３棟５０２室", "same"),
        (HOME, "南山科技南路12号3栋", "close"),
        ("彩田路381號3棟602", "龙华彩田路381号3栋", "close"),
        ("彩田路381號3棟602", "龙华彩田路381号5栋", "different"),
        ("彩田路381號3棟602", "景田路381号3栋", "different"),
        (HOME, "科技南路12-3-503", "different"),
        ("华强北路", "华强北路", "missing"),
        (HOME, "", "missing"),
    ],
)
def test_an_address_is_the_same_however_it_is_written_and_the_neighbours_are_others(first, second, level):
    assert addresses.alike(addresses.read(first), addresses.read(second)) == level


@pytest.mark.parametrize(
    ("first", "second"),
    [("13800138000", "13800138001"), ("13800138000", "13800183000"), ("13800138000", "1380013800"), ("", "1")],
)
def test_one_slip_of_the_finger_is_seen_and_two_are_not(first, second):
    assert names.is_one_slip(first, second) and names.is_one_slip(second, first)
    assert not names.is_one_slip(first, f"{second}99")


@pytest.mark.parametrize(
    ("second", "what"),
    [
        (known("張建國"), "merge"),
        (known("Zhang Jianguo", stores=(2,)), "merge"),
        (known("国建张"), "merge"),
        (known("张先生"), "merge"),
        (known(mobiles=("13800138001",)), "merge"),
        (known(mobiles=("13900000000", MOBILE)), "merge"),
        (known(mobiles=("13900000000",)), "ask"),
        (known(mobiles=("13900000000",), stores=(2,)), "nothing"),
        (known(mobiles=(), stores=(2,)), "nothing"),
        (known("张先生", mobiles=("13900000000",)), "nothing"),
        (known("张先生", mobiles=("13800183000",)), "merge"),
        (known("张先生", mobiles=("13800183000",), stores=(2,)), "ask"),
        (known("张先生", mobiles=("13800138001",)), "ask"),
        (known("李梅", stores=(2,)), "nothing"),
    ],
    ids=[
        "traditional", "pinyin in another store", "swapped", "a title", "a slip in the number", "a new number, the old one known",
        "only the name, in one store", "only the name", "name without number", "title alone", "a title and a slip in one store",
        "a title and a slip in another store", "a title and a number bought together with it", "a number given out again",
    ],
)  # fmt: skip
def test_what_becomes_of(second, what):
    assert verdict(known(), second) == what


def test_a_name_alone_never_merges_however_sure_the_score_is():
    found = comparing.compare(known(mobiles=()), known(mobiles=()))
    assert not comparing.may_merge_alone(found.levels)
    assert not comparing.may_merge_alone(
        comparing.compare(known(title="甲公司"), known(mobiles=("13911112222",), title="甲公司")).levels
    )


@pytest.mark.parametrize("child", ["张伟", "李梅", "张建军"])
def test_a_family_with_one_number_and_one_home_is_several_people(child):
    parent, other = known(address=HOME), known(child, address=HOME)
    assert verdict(parent, other) != "merge"


def test_brothers_of_one_name_sign_and_number_are_asked_and_never_merged():
    assert verdict(known("张子轩", address=HOME), known("张子涵", address=HOME)) == "ask"


def test_another_name_with_the_same_wecom_is_asked():
    assert verdict(known("阿明", accounts=("wm1",)), known("李梅", mobiles=(MOBILE,), accounts=("wm1",))) == "ask"


def test_an_email_speaks_neither_for_nor_against_a_wecom():
    levels = comparing.levels_of(known(accounts=("wm1",)), known(accounts=("a@qq.com",)))
    assert levels["account"] == "missing"
    assert comparing.levels_of(known(accounts=("wm1",)), known(accounts=("wm2", "a@qq.com")))["account"] == "different"


def test_the_same_wecom_and_name_with_another_number_merges():
    first, second = known(accounts=("wm1",)), known(mobiles=("13900000000",), accounts=("wm1",), stores=(2,))
    assert verdict(first, second) == "merge"


def test_colleagues_share_an_invoice_title_and_are_several_people():
    title = "深圳市甲科技有限公司"
    assert verdict(known("李梅", mobiles=("13900000000",), title=title), known(title=title)) == "nothing"


def test_a_company_is_who_its_invoice_title_says():
    one = known("甲公司", title="深圳市甲科技（集团）有限公司", kind="company")
    again = known("甲科技采购", mobiles=("13900000000",), title="深圳市甲科技(集团)有限公司 ", kind="company")
    other = known("甲公司", title="深圳市乙科技有限公司", kind="company")
    assert [verdict(one, each) for each in (again, other, known("甲公司"))] == ["merge", "nothing", "nothing"]


def test_a_key_tells_nothing_of_the_person():
    keys = blocks.keys_of(known(address=HOME))
    assert len(keys) == 5 and all(isinstance(key, int) and abs(key) < 2**63 for key in keys)


names_of_people = st.sampled_from(["张建国", "張建國", "张先生", "张小姐", "小张", "国建张", "Zhang Jianguo", "zhangjianguo", "李梅", "欧阳娜", "C0001234567", ""]) | st.text(max_size=6)  # fmt: skip
anybody = st.builds(
    known, names_of_people, st.lists(st.sampled_from([MOBILE, "13800138001", "1380013800", "13900000000"]), max_size=2),
    st.sampled_from(["", HOME, "科技南路12-3-502", "华强北"]) | st.text(max_size=12), st.lists(st.sampled_from(["wm1", "a@qq.com"]), max_size=2),
    st.sampled_from(["", "甲有限公司"]), st.lists(st.integers(1, 3), max_size=2), st.sampled_from(["person", "person", "company"]),
)  # fmt: skip


@settings(deadline=None)
@given(anybody, anybody)
def test_a_score_is_the_same_whichever_record_comes_first(first, second):
    one, other = comparing.compare(first, second), comparing.compare(second, first)
    assert one == other and 0 <= one.probability <= 1


@settings(deadline=None)
@given(anybody, anybody)
def test_records_that_may_merge_by_themselves_share_a_key(first, second):
    if verdict(first, second) == "merge":
        assert blocks.keys_of(first) & blocks.keys_of(second)


@pytest.mark.requirement("A25")
def test_made_up_people_are_the_same_for_the_same_seed_and_hold_every_trap():
    kept = people.records(3_000, seed=3)
    assert kept == people.records(3_000, seed=3) != people.records(3_000, seed=4)
    assert 0.65 < len({one.who for one in kept}) / len(kept) < 0.8
    by_number: dict[str, set[int]] = {}
    for one in kept:
        for number in one.mobiles:
            by_number.setdefault(number, set()).add(one.who)
    assert any(len(who) > 1 for who in by_number.values())
    assert {one.kind for one in kept} == {"person", "company"} and any(
        isinstance(one, Kept) and not one.mobiles for one in kept
    )


@pytest.mark.requirement("A25")
def test_of_five_thousand_records_the_people_are_found_again(monkeypatch):
    kept = people.records(5_000, seed=20)
    records, truth = [Record(position, position, one.known) for position, one in enumerate(kept)], people.pairs(kept)
    for module in (batch, finding):
        monkeypatch.setattr(module, "setting", {"customers.merge_from": 95, "customers.ask_from": 50}.__getitem__)
    found = finding.likely((records[a], records[b]) for a, b in people.neighbours([one.known for one in records]))
    one_person = People(records, {})
    batch.sure(found, one_person)
    merged = people.pairs([replace(one, who=one_person.of(position)) for position, one in enumerate(kept)])
    asked = {(each.first_id, each.second_id) for each in found} - merged
    assert len(merged & truth) / len(merged) >= 0.99
    assert len(merged & truth) / len(truth) >= 0.95
    assert len((merged | asked) & truth) / len(truth) >= 0.97
