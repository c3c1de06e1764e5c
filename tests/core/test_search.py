"""Search: what is found, on both databases alike, and that an index finds it."""

import re

import pytest
from hypothesis import HealthCheck, given, settings, strategies
from sqlalchemy import delete, event, func, insert, literal, select, text, update

from core.access.scope import unscoped
from core.org.models import Node, Person
from core.search.columns import found
from core.search.words import patterns, plain, wide

PEOPLE = "/admin/org/person/"
SIGNS = "张三丰李四王五单曾深圳华强北AZazＡＺａｚ019０９%_\\'\" 　-·é🐱ß（(鿿〇"
NAMES = strategies.text(strategies.sampled_from(SIGNS), max_size=8)


def sounds_of(name):
    """The initials and the pinyin of a name by themselves, as the library has them; empty for one without."""
    from pypinyin import lazy_pinyin

    each = [lazy_pinyin(sign)[0] if "\u4e00" <= sign <= "\u9fff" else sign for sign in plain(name)]
    if not any(sound != sign and sound.isascii() for sound, sign in zip(each, plain(name), strict=True)):
        return "", ""
    each = [sound if sound.isascii() else sign for sound, sign in zip(each, plain(name), strict=True)]
    return "".join(sound[0] for sound in each).replace(" ", ""), "".join(each).replace(" ", "")


def is_found(words, name, code):
    """Say the rule without any index: in a name, in its initials, at the beginning of its pinyin or of a code."""
    words, name, code = plain(words).strip(), plain(name), plain(code).replace(" ", "")
    initials, sounds = sounds_of(name)
    packed = words.replace(" ", "")
    if code.startswith(packed) or sounds.startswith(packed):
        return True
    return (
        name.startswith(words) or initials.startswith(words) if len(words) == 1 else words in name or words in initials
    )


@pytest.fixture
def searched(work):
    """A function from words to the ids of the people they find."""

    def ids(words):
        with work() as session:
            return set(session.scalars(select(Person.id).where(found(Person, Person.search_text, words))))

    return ids


@pytest.fixture
def fill(work, org):
    """A function that puts people with these names into the first store, many at once, and returns their ids."""

    def add(*names):
        store = org.stores[0]
        place = {"node_id": store.id, "area_id": store.area_id, "region_id": store.region_id}
        rows = [{"username": f"u{n}.{len(names)}", "name": name, **place} for n, name in enumerate(names)]
        with work() as session, unscoped("a test"):
            return list(session.scalars(insert(Person).returning(Person.id, sort_by_parameter_order=True), rows))

    return add


def test_part_of_a_name_its_initials_and_its_pinyin_find_a_person(fill, searched):
    zhang, zhao, li = fill("张三", "赵三强", "李 Anna")
    for words, ids in {
        "张三": {zhang}, "三强": {zhao}, "三": set(), "张": {zhang}, "zs": {zhang, zhao}, "ZS": {zhang, zhao}, "zsq": {zhao}, "ｚｓ": {zhang, zhao},
        "zhang": {zhang}, "zhangsan": {zhang}, "zhang san": {zhang}, "sanqiang": set(), "hang": set(), "ann": {li}, "李　ａｎ": {li}, "li": {li},
        "u0.3": {zhang}, "U1": {zhao}, "0.3": set(),
    }.items():  # fmt: skip
        assert searched(words) & {zhang, zhao, li} == ids, words


def test_signs_that_mean_something_to_a_database_mean_themselves(fill, searched):
    names = ("100%", "1000", "a_b", "acb", "back\\slash", "it's", 'say "x"', "🐱猫", "O'Neil*", "x AND y")
    ids = dict(zip(names, fill(*names), strict=True))
    for words, names in {
        "0%": {"100%"}, "a_b": {"a_b"}, "k\\s": {"back\\slash"}, "'s": {"it's"}, '"x"': {'say "x"'}, "🐱猫": {"🐱猫"}, "l*": {"O'Neil*"},
        "d y": {"x AND y"}, "%%": set(), "__": set(),
    }.items():  # fmt: skip
        assert searched(words) & set(ids.values()) == {ids[name] for name in names}, words


def test_it_finds_what_looking_through_every_name_finds(fill, searched, work):
    drawn = []

    @settings(max_examples=60, deadline=None, database=None, derandomize=True)
    @given(NAMES)
    def draw(name):
        drawn.append(name)

    draw()
    names = dict(zip(fill(*drawn), drawn, strict=True))
    with work() as session:
        codes = dict(session.execute(select(Person.id, Person.username)).all())

    @settings(max_examples=120, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(
        strategies.one_of(
            NAMES,
            strategies.sampled_from(drawn).flatmap(part_of),
            strategies.sampled_from(("zs", "z", "shenz", "u1", "hqb")),
        )
    )
    def check(words):
        if plain(words).strip():
            naive = {number for number, name in names.items() if is_found(words, name, codes[number])}
            assert searched(words) & set(names) == naive, repr(words)

    check()


def part_of(name):
    return strategies.tuples(strategies.integers(0, 8), strategies.integers(1, 9)).map(
        lambda cut: name[cut[0] : sum(cut)]
    )


def test_a_number_is_found_by_its_last_four_digits_or_all_of_it():
    def holds(words):
        wanted = patterns(words, names=False, codes=False, numbers=True)
        return any(pattern in "\x1e" + wide("13800138000") + "\x1e" for pattern in wanted)

    assert [holds(words) for words in ("8000", "０１３８０００", "13800138000", "138 0013 8000")] == [True] * 4
    assert [holds(words) for words in ("000", "1380", "0013", "8001")] == [False] * 4


def test_every_way_of_writing_keeps_the_search_right(fill, searched, work, database_url):
    first, second, third = fill("甲乙丙", "甲乙丁", "戊己")
    with work() as session:
        session.get(Person, first).name = "庚辛"
    assert searched("甲乙") == {second} and searched("庚辛") == {first}
    with work() as session, unscoped("a test"):
        session.execute(update(Person).where(Person.id.in_([second, third])).values(name="壬癸" + Person.name))
    assert searched("壬癸") == {second, third} and searched("癸戊") == {third} and searched("甲乙") == {second}
    with work() as session, unscoped("a test"):
        copy = insert(Person.__table__).from_select(
            ["username", "name", "node_id", "created_at", "updated_at", "version", "locale", "must_change_password"],
            select(literal("copied"), literal("子丑"), Person.node_id, Person.created_at, Person.updated_at, Person.version, Person.locale,
                   Person.must_change_password).where(Person.id == first),
            include_defaults=False,
        )  # fmt: skip
        session.execute(copy)
        session.execute(delete(Person).where(Person.id == second))
    assert len(searched("子丑")) == 1 and searched("zc") >= searched("子丑") and searched("壬癸") == {third}


def test_rows_that_an_import_writes_are_found(work, org, searched):
    from core.exchange.bulk import insert_rows, reserve_ids

    with work() as session, unscoped("a test"):
        ids = reserve_ids(session, Person.__table__, 2)
        insert_rows(session, Person.__table__, [
            {"id": number, "username": f"i{number}", "name": name, "node_id": org.stores[0].id} for number, name in zip(ids, ("欧阳锋", "欧阳克"), strict=True)
        ])  # fmt: skip
    assert searched("欧阳") == set(ids) and searched("oyf") == {ids[0]}


def test_the_bin_is_searched_by_itself(client_as, fill, work):
    from core import clock

    kept, binned = fill("甲乙丙", "甲乙丁")
    with work() as session:
        session.get(Person, binned).deleted_at = clock.now()
    office = client_as("system_administrator")
    assert ids_on(office.get(f"{PEOPLE}?search=甲乙")) == [kept]
    assert ids_on(office.get(f"{PEOPLE}?search=甲乙&bin=1")) == [binned]


def ids_on(page):
    assert page.status_code == 200
    return [int(number) for number in dict.fromkeys(re.findall(r'data-row="(\d+)"', page.text))]


def test_pages_of_a_search_hold_each_row_once_and_in_order(client_as, fill):
    ids = fill(*(f"甲乙{number}" if number % 2 else f"丙丁{number}" for number in range(240)))
    wanted, seen, address = [number for at, number in enumerate(ids) if at % 2], [], f"{PEOPLE}?search=甲乙"
    office = client_as("system_administrator")
    while address:
        page = office.get(address)
        seen += ids_on(page)
        assert "120 in all" in page.text
        following = re.search(r'href="([^"]*after=[^"]*)"', page.text)
        address = following[1].replace("&amp;", "&") if following else None
    assert sorted(seen) == wanted and len(seen) == len(set(seen))


def test_a_search_finds_nobody_beyond_ones_reach(client_as, fill, org):
    ids = fill("甲乙丙")
    assert ids_on(client_as("area_manager").get(f"{PEOPLE}?search=甲乙")) == ids
    assert ids_on(client_as("area_manager", org.areas[3]).get(f"{PEOPLE}?search=甲乙")) == []


def test_a_search_asks_no_more_queries_than_the_list(client_as, fill, house):
    fill("甲乙丙")
    office, statements = client_as("system_administrator"), []
    event.listen(house.database.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    counts = []
    for address in (PEOPLE, PEOPLE, f"{PEOPLE}?search=甲乙", f"{PEOPLE}?search=zs"):
        statements.clear()
        assert office.get(address).status_code == 200
        counts.append(len(statements))
    assert max(counts[2:]) <= counts[1], statements
    looked_for = sum(statement.count("MATCH") + statement.count("@@") for statement in statements)
    assert looked_for == 1, "what is shown and counted is looked for once"


MANY = {
    "sqlite": "INSERT INTO org_person (username, name, node_id, created_at, updated_at, version, locale, must_change_password) "
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
    "SELECT 'm' || i, char(20000 + i * 7919 % 900, 20000 + i * 6007 % 900), :node, '2026-01-01', '2026-01-01', 1, 'en', false FROM n",
    "postgresql": "INSERT INTO org_person (username, name, node_id, created_at, updated_at, version, locale, must_change_password) "
    "SELECT 'm' || i, chr(20000 + i * 7919 % 900) || chr(20000 + i * 6007 % 900), :node, now(), now(), 1, 'en', false "
    "FROM generate_series(1, 5000) AS i",
}


def test_two_characters_are_answered_by_the_index(org, house, work):
    dialect = house.database.engine.dialect.name
    with work() as session, unscoped("a test"):
        session.execute(text(MANY[dialect]), {"node": org.stores[0].id})
        session.execute(text("ANALYZE"))
        name = session.scalar(select(Person.name).where(Person.username == "m77"))
        for words in (name, name[0], name + "x", "m77"):
            query = select(Person.id).where(found(Person, Person.search_text, words))
            plan = "EXPLAIN " if dialect == "postgresql" else "EXPLAIN QUERY PLAN "
            sql = str(query.compile(house.database.engine, compile_kwargs={"literal_binds": True}))
            told = "\n".join(str(row) for row in session.connection().exec_driver_sql(plan + sql.replace("%%", "%")))
            assert ("search_org_person" in told and "Seq Scan" not in told) or "VIRTUAL TABLE INDEX" in told, told
            assert "SCAN org_person" not in told, told


def test_every_letter_is_folded_by_the_database_as_in_python(work, house):
    if house.database.engine.dialect.name != "postgresql":
        pytest.skip("SQLite folds by the table of letters, which the test of every name covers")
    letters = "".join(chr(code) for code in (*range(0x20, 0x180), *range(0x3000, 0x3040), *range(0xFF00, 0xFFF0)))
    with work() as session:
        assert session.scalar(select(func.search_plain(letters))) == plain(letters)
        assert session.scalar(select(func.search_wide(plain(letters)))) == wide(letters)


def test_places_are_found_the_same_way(work, org):
    with work() as session:
        session.get(Node, org.stores[1].id).name = "华强北手机卖场"
    with work() as session:
        for words in ("强北", "hqb", "huaqiang", "S2", "sj"):
            ids = set(session.scalars(select(Node.id).where(found(Node, Node.search_text, words))))
            assert org.stores[1].id in ids, words


def test_the_check_of_the_schema_knows_the_search(house):
    from core.search.columns import Searched
    from core.search.schema import drop_search
    from core.testing.schema import difference

    assert difference(house.database, None) == []
    with house.database.engine.execution_options(writes=True).begin() as connection:
        drop_search(connection, "org_person")
    assert difference(house.database, None) == [("CreateSearch", "org_person", Searched(("name",), ("username",)))]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_revision_writes_the_search_by_itself(house):
    from alembic.autogenerate import render_python_code
    from alembic.operations.ops import UpgradeOps

    from core.search.columns import Searched
    from core.search.schema import CreateSearch

    ops = UpgradeOps([CreateSearch("shop_customer", Searched(("name", "nick"), (), ("mobile",)))])
    assert "op.create_search('shop_customer', names=['name', 'nick'], numbers=['mobile'])" in render_python_code(ops)
