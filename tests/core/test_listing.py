"""A list at any depth: every row once, in order, at a constant price; and nothing that is typed breaks it."""

import re
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from html import unescape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import event, insert

from core import clock
from core.access.scope import unscoped
from core.admin import listing
from core.auth.models import Role
from core.testing.factories import make_role, sign_in

LIST = "/admin/shelf/shelf/"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def app(shelf_app):
    return shelf_app


@pytest.fixture
def fill(work, org):
    """A function that replaces all shelves by rows with these values, in turn in each store."""
    from plugins.shelf.models import Shelf

    def put(rows):
        stores = org.stores
        with work() as session, unscoped("many rows at once"):
            session.query(Shelf).delete()
            if rows:
                session.execute(insert(Shelf), [
                    {"code": f"C{number:05}", "name": "a name", "node_id": store.id, "area_id": store.area_id, "region_id": store.region_id, "version": 1}
                    | row
                    for number, row in enumerate(rows)
                    for store in [stores[number % len(stores)]]
                ])  # fmt: skip
            return {row.id: row for row in session.query(Shelf)}

    return put


@pytest.fixture
def page_size(house):
    def put(size):
        house.settings = house.settings.model_copy(update={"page_size": size})

    return put


def ids_on(page):
    return [int(number) for number in re.findall(r'data-row="(\d+)"', page.text)]


def link(page, rel):
    found = re.search(rf'href="([^"]+)" rel="{rel}"', page.text)
    return unescape(found[1]) if found else None


def walk(client, address):
    """The pages from the first to the last, and then back to the first."""
    forwards, backwards = [], []
    here = None
    while address:
        page = client.get(address)
        assert page.status_code == 200
        forwards.append(ids_on(page))
        here, address = page, link(page, "next")
        assert len(forwards) < 60
    while address := link(here, "prev"):
        here = client.get(address)
        backwards.append(ids_on(here))
        assert len(backwards) < 60
    return forwards, backwards


A_ROW = some.fixed_dictionaries({
    "name": some.sampled_from(["a", "A", "b", "中", "中文", "é", "z z", "'"]),
    "worth": some.sampled_from([Decimal(0), Decimal("0.01"), Decimal("-1"), Decimal("99999999.99")]),
    "pieces": some.integers(0, 3),
    "counted_on": some.sampled_from([date(2024, 2, 29), date(2026, 1, 1), date(1999, 12, 31)]),
    "counted_at": some.sampled_from([clock.at(date(2026, 1, 1), clock.time(0)), clock.at(date(2026, 1, 1), clock.time(0, 0, 1))]),
})  # fmt: skip


def test_walking_through_a_list_meets_every_row_once_and_in_order(client_as, fill, page_size):
    boss = client_as("leader")

    @settings(
        max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
    )
    @given(
        rows=some.lists(A_ROW, max_size=14), size=some.integers(1, 7), descending=some.booleans(),
        name=some.sampled_from(["code", "name", "worth", "pieces", "counted_on", "counted_at"]),
    )  # fmt: skip
    def check(rows, size, descending, name):
        kept = fill(rows)
        page_size(size)
        forwards, backwards = walk(boss, f"{LIST}?sort={name}{'&desc=1' if descending else ''}")
        met = [number for page in forwards for number in page]
        assert sorted(met) == sorted(kept), "every row, and each once"
        values = [getattr(kept[number], name) for number in met]
        if name != "name":  # the order of letters is the database's
            assert values == sorted(values, reverse=descending)
        assert all(len(page) == size for page in forwards[:-1])
        equal = [a < b for a, b, x, y in zip(met, met[1:], values, values[1:], strict=False) if x == y]
        assert all(flag != descending for flag in equal), "the number decides between equals"
        assert backwards[::-1] == forwards[:-1], "backwards one sees the same pages"

    check()


@on_sqlite
def test_rows_that_come_and_go_shift_no_other_row(client_as, fill, page_size, work):
    from plugins.shelf.models import Shelf

    kept = sorted(fill([{}] * 12))
    page_size(4)
    boss = client_as("leader")
    first = boss.get(f"{LIST}?sort=code")
    with work() as session:
        session.get(Shelf, kept[0]).deleted_at = clock.now()
        session.get(Shelf, kept[3]).deleted_at = clock.now()
    assert ids_on(first) == kept[:4]
    assert ids_on(boss.get(link(first, "next"))) == kept[4:8]


@on_sqlite
def test_a_cursor_of_another_list_or_by_another_hand_shows_page_one(client_as, fill, page_size):
    fill([{}] * 12)
    page_size(4)
    boss = client_as("leader")
    after = re.search(r"after=([^&]+)", link(boss.get(f"{LIST}?sort=code"), "next"))[1]
    first = ids_on(boss.get(f"{LIST}?sort=code"))
    assert ids_on(boss.get(f"{LIST}?sort=code&after={after}")) != first
    for address in (
        f"{LIST}?sort=code&desc=1&after={after}",
        f"{LIST}?sort=worth&after={after}",
        f"{LIST}?sort=code&after={after[:-2]}xx",
        f"{LIST}?sort=code&after=",
        f"{LIST}?sort=code&after=x",
        f"{LIST}?sort=code&after=%00",
        f"{LIST}?sort=code&before=.{after}",
        f"{LIST}?sort=code&before=e30.e30",
    ):
        page = boss.get(address)
        unsorted = ids_on(boss.get(re.sub(r"&(after|before)=.*", "", address)))
        assert (page.status_code, ids_on(page)) == (200, unsorted), address


def test_whatever_is_typed_into_the_address_is_answered_with_a_page(client_as, fill):
    fill([{}] * 3)
    boss = client_as("leader")
    for arguments in (
        "page=100000000000000000000", "page=-1", "page=x", "page_size=1000000", "sort=keeper_mobile", "sort=password_hash", "sort=",
        "sort=0", "sort=name;drop", "desc=x", "columns=nothing", "columns=note&columns=note", "bin=x", "search=%00", "search=%25_%5C",
        "search=" + "x" * 5000, "search=%F0%9F%90%B1", "search=%FF%FE", "name=%00", "name=%25", "name=" + "x" * 300, "code=%FF",
        "level=%00", "level=nothing", "locked=x", "keeper_id=x", "keeper_id=99999999999999999999", "keeper_id=%00", "keeper_id=-1",
        "worth_from=x", "worth_from=1e9", "worth_to=%00", "worth_from=99999999999999999999999", "pieces_from=9223372036854775808",
        "pieces_from=99999999999", "counted_on_from=2026-02-30", "counted_on_from=0000-00-00", "counted_on_to=9999-12-31",
        "counted_at_to=2199-12-31", "counted_at_from=%00", "counted_at_to=x", "counted_on_from=2026-01-01&counted_on_from=x",
        "worth_from=5&worth_to=1", "worth=5", "counted_on=2026-01-01", "unknown=1", "locked=1&locked=0", "_=1",
    ):  # fmt: skip
        for address in (LIST, f"{LIST}print/"):
            assert boss.get(f"{address}?{arguments}").status_code == 200, arguments


@on_sqlite
def test_a_filter_value_that_means_nothing_is_said_and_left_out(client_as, fill):
    fill([{}] * 3)
    boss = client_as("leader")
    for arguments, words in (
        ("worth_from=abc", "is not an amount"),
        ("counted_on_from=2026-02-30", "There is no day"),
        ("pieces_to=1.5", "is not a whole number"),
        ("keeper_id=x", "is not a whole number"),
    ):
        page = boss.get(f"{LIST}?{arguments}")
        assert words in unescape(page.text), arguments
        assert len(ids_on(page)) == 3


def test_each_filter_narrows_to_what_it_says(client_as, fill, org):
    kept = fill([
        {"code": "AB1", "name": "Left", "worth": Decimal("10"), "pieces": 1, "counted_on": date(2026, 1, 1), "level": "low", "locked": True},
        {"code": "AB2", "name": "Lower", "worth": Decimal("20.50"), "pieces": 2, "counted_on": date(2026, 1, 2), "level": "full"},
        {"code": "XY1", "name": "100%", "worth": Decimal("30"), "pieces": 3, "counted_on": date(2026, 1, 3),
         "counted_at": clock.at(date(2026, 1, 3), clock.time(23, 59)), "keeper_id": org.people["clerk"].id},
        {"code": "XY2", "name": "a_b", "counted_at": clock.at(date(2026, 1, 4), clock.time(0))},
    ])  # fmt: skip
    boss = client_as("leader")
    for arguments, codes in {
        "": "AB1 AB2 XY1 XY2", "code=AB": "AB1 AB2", "name=L": "AB1 AB2", "name=100%25": "XY1", "name=%25": "", "name=a_": "XY2", "name=a%25": "",
        "worth_from=20": "AB2 XY1", "worth_from=20.5": "AB2 XY1", "worth_to=20.5": "AB1 AB2 XY2", "worth_from=20.51": "XY1", "worth_from=0.001万": "AB1 AB2 XY1",
        "pieces_from=2&pieces_to=2": "AB2", "counted_on_from=2026-01-02&counted_on_to=2026-01-02": "AB2",
        "counted_at_from=2026-01-03&counted_at_to=2026-01-03": "XY1", "locked=1": "AB1", "locked=0": "AB2 XY1 XY2", "level=full": "AB2",
        f"keeper_id={org.people['clerk'].id}": "XY1", "search=AB": "AB1 AB2", "search=eft": "AB1", "search=00%25": "XY1", "search=Y1": "",
        "code=AB&level=low": "AB1", "bin=1": "",
    }.items():  # fmt: skip
        found = [kept[number].code for number in ids_on(boss.get(f"{LIST}?{arguments}"))]
        assert " ".join(found) == codes, arguments


@on_sqlite
def test_a_masked_column_is_no_oracle(client_as, fill, house):
    fill([{"keeper_mobile": "13812345678", "code": "M1"}, {"keeper_mobile": "13900000000", "code": "M2"}])
    boss = client_as("leader")
    everything = ids_on(boss.get(LIST))
    for arguments in (
        "search=13812345678",
        "search=5678",
        "keeper_mobile=13812345678",
        "keeper_mobile_from=13812345678",
    ):
        assert ids_on(boss.get(f"{LIST}?{arguments}")) in (everything, []), arguments
    assert ids_on(boss.get(f"{LIST}?sort=keeper_mobile")) == ids_on(boss.get(f"{LIST}?sort=keeper_mobile&desc=1"))
    for address in (
        LIST,
        f"{LIST}print/",
        f"{LIST}export/csv/",
        f"{LIST}details/?id={everything[0]}",
        f"{LIST}ajax/lookup/?q=M",
    ):
        text = boss.get(address).text
        assert "13812345678" not in text and "13900000000" not in text, address
    for view in house.views.values():
        for column in view.columns:
            personal = hasattr(view.model, column.name) and getattr(view.model, column.name).info.get("personal")
            assert not (personal and (column.sortable or column.filter)), f"{view.resource}.{column.name}"
            assert not (personal and column.kind_for(view.model) != "mobile"), (
                f"{view.resource}.{column.name} is shown in full"
            )
            assert column.name not in view.search or not personal


def test_the_count_is_exact_to_a_thousand_and_stops_there(client_as, fill):
    boss = client_as("leader")
    for rows, words in ((3, "3 in all"), (1000, "1,000 in all"), (1001, "1,000+ in all")):
        fill([{}] * rows)
        assert words in boss.get(LIST).text


@contextmanager
def counted(database):
    statements = []

    def note(connection, cursor, statement, *others):
        statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


@on_sqlite
@pytest.mark.parametrize("role", ["leader", "area_manager", "store_manager"])
def test_a_list_asks_the_database_as_often_for_many_rows_as_for_few(client_as, fill, house, org, role):
    asked = []
    person = client_as(role)
    for rows in (2, 400):
        fill([{"keeper_id": org.people["clerk"].id}] * rows)
        person.get(LIST)
        for resource in sorted(house.views):
            address = f"{house.views[resource].url}/"
            with counted(house.database) as statements:
                person.get(address)
            asked.append((address, len(statements)))
            assert len(statements) <= 2 + 6, "\n".join(statements)
    half = len(asked) // 2
    assert asked[:half] == asked[half:]


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_the_address_of_a_page_depends_on_no_row_before_it(client_as, fill, house, page_size):
    """No OFFSET, and no count of the whole table."""
    fill([{}] * 60)
    page_size(10)
    boss = client_as("leader")
    address = LIST
    for _page in range(5):
        with counted(house.database) as statements:
            page = boss.get(address)
        rows = [s for s in statements if "shelf_shelf" in s]
        assert rows and all("LIMIT" in s and "OFFSET" not in s for s in rows), rows
        address = link(page, "next")


@on_sqlite
def test_the_chosen_columns_are_shown_and_the_first_always(client_as, fill):
    fill([{"note": "in the note"}])
    boss = client_as("leader")
    assert "in the note" not in boss.get(LIST).text
    page = boss.get(f"{LIST}?columns=note").text
    assert "in the note" in page and "C00000" in page and 'class="money"' not in page


@on_sqlite
def test_filters_stay_while_one_turns_pages_and_sorts(client_as, fill, page_size):
    fill([{"level": "low", "name": "a&b"}] * 30)
    page_size(10)
    boss = client_as("leader")
    second = link(boss.get(f"{LIST}?level=low&name=a%26b&columns=name&columns=worth"), "next")
    for part in ("level=low", "name=a%26b", "columns=name", "columns=worth"):
        assert part in second
    assert len(ids_on(boss.get(second))) == 10


@on_sqlite
def test_a_look_up_gives_twenty_at_most_in_scope_only(client_as, fill, org):
    kept = fill([{"name": f"shelf {number}"} for number in range(400)])
    for role, reach in (("leader", None), ("store_manager", org.stores[0].id)):
        found = client_as(role).get(f"{LIST}ajax/lookup/?q=&limit=100000&offset=-1").json
        assert len(found) == 20
        assert reach is None or {kept[row["id"]].node_id for row in found} == {reach}
    assert client_as("leader").get(f"{LIST}ajax/lookup/?q=shelf 399").json[0]["text"] == "shelf 399"
    assert client_as("leader").get(f"{LIST}ajax/lookup/?q=%00%FF").status_code == 200
    assert client_as("clerk").get(f"{LIST}ajax/lookup/?q=shelf").status_code == 403


@on_sqlite
def test_a_cursor_reads_back_what_was_written(app):
    values = [1, "a", "中", Decimal("12.30"), date(2026, 2, 28), clock.now(), True]
    with app.app_context():
        for value in values:
            text = listing.write_cursor("salt", value, 7)
            cursor = listing.read_cursor("salt", text, type(value), backwards=True)
            assert cursor == listing.Cursor(value, 7, True)
            assert listing.read_cursor("other", text, type(value), backwards=True) is None


@on_sqlite
def test_what_a_list_offers_is_what_the_person_may(app, fill, org, work):
    fill([{}])
    from core.testing.factories import make_person

    with work() as session:
        make_role(session, "reader", shelf__shelf__list="all")
        person = make_person(session, "reader", org.stores[0], "reader")
        assert session.query(Role).count() == 10
    page = sign_in(app.test_client(), person).get(LIST).text
    for offered in ("edit/?id=", "delete/?id=", "new/", "export/", "import/", "bin=1", 'name="rowid"'):
        assert offered not in page, offered
    boss = sign_in(app.test_client(), org.people["head_office"])
    page = boss.get(LIST).text
    for offered in ("edit/?id=", "delete/?id=", "new/", "export/csv", "bin=1", 'name="rowid"'):
        assert offered in page, offered


def test_the_scope_of_a_page_moves_with_the_day(client_as, fill, org, work, app, monkeypatch):
    from core.testing.factories import give_role, make_person

    kept = fill([{}] * 16)
    with work() as session:
        helper = make_person(session, "helper", org.stores[0], "store_manager")
        give_role(session, helper, "store_manager", org.stores[5], to_day=clock.working_day())
    browser = sign_in(app.test_client(), helper)
    assert {kept[number].node_id for number in ids_on(browser.get(LIST))} == {org.stores[0].id, org.stores[5].id}
    tomorrow = clock.now() + timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    assert {kept[number].node_id for number in ids_on(browser.get(LIST))} == {org.stores[0].id}
