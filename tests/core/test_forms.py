"""A form keeps what was typed, says what is wrong, and never overwrites what somebody else has saved."""

import re
from datetime import date
from decimal import Decimal
from html import unescape
from itertools import count
from threading import Barrier, Thread

import pytest
from sqlalchemy import event, func, select

from core.access.scope import unscoped
from core.admin.model_view import ModelView
from core.audit import AuditEntry
from core.org.models import Node, Person
from core.testing.factories import make_person, make_role, post, sign_in

NEW, EDIT = "/admin/shelf/shelf/new/", "/admin/shelf/shelf/edit/?id={}"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def app(shelf_app):
    return shelf_app


@pytest.fixture
def typed(org):
    """What one types to make a shelf in the first store."""
    return {
        "code": "A-1", "name": "Left", "node_id": str(org.stores[0].id), "worth": "1,234.50", "pieces": "12", "counted_on": "2026-11-21",
        "locked": "1", "level": "low", "keeper_mobile": "138 0013 8000", "keeper_id": str(org.people["clerk"].id), "note": "one\ntwo",
    }  # fmt: skip


@pytest.fixture
def shelves(work):
    from plugins.shelf.models import Shelf

    def read():
        with work() as session:
            return list(session.scalars(select(Shelf).order_by(Shelf.id)))

    return read


def version_in(page):
    return re.search(r'name="_version" value="([^"]+)"', page)[1]


def errors_in(page):
    return {name: unescape(text) for name, text in re.findall(r'class="field-error" id="e-(\w+)">([^<]*)<', page)}


def open_form(client, number):
    page = client.get(EDIT.format(number))
    assert page.status_code == 200
    return version_in(page.text)


@pytest.fixture
def saved(client_as, typed, shelves):
    boss = client_as("head_office")
    assert post(boss, NEW, typed).status_code == 302
    return boss, shelves()[0]


def test_what_is_typed_is_what_is_saved(saved, typed, org, work):
    boss, row = saved
    assert (row.code, row.name, row.node_id, row.area_id, row.region_id) == (
        "A-1",
        "Left",
        org.stores[0].id,
        org.areas[0].id,
        org.regions[0].id,
    )
    assert (row.worth, row.pieces, row.counted_on, row.locked, row.level) == (
        Decimal("1234.50"),
        12,
        date(2026, 11, 21),
        True,
        "low",
    )
    assert (row.keeper_mobile, row.keeper_id, row.note) == ("13800138000", org.people["clerk"].id, "one\ntwo")
    version = open_form(boss, row.id)
    changed = typed | {
        "name": "右",
        "worth": "0",
        "locked": "",
        "level": "",
        "keeper_id": "",
        "note": "",
        "_version": version,
    }
    assert post(boss, EDIT.format(row.id), changed).headers["Location"] == f"/admin/shelf/shelf/details/?id={row.id}"
    with work() as session:
        row = session.get(type(row), row.id)
        assert (row.name, row.worth, row.locked, row.level, row.keeper_id, row.note) == (
            "右",
            0,
            False,
            None,
            None,
            None,
        )
        assert row.version == 2


@on_sqlite
def test_a_form_with_mistakes_saves_nothing_and_keeps_every_word(client_as, typed, shelves):
    boss = client_as("head_office")
    wrong = typed | {
        "name": "",
        "worth": "lots",
        "pieces": "1001",
        "counted_on": "2026-02-30",
        "level": "huge",
        "keeper_mobile": "123",
    }
    answer = post(boss, NEW, wrong)
    assert answer.status_code == 422 and shelves() == []
    errors = errors_in(answer.text)
    assert set(errors) == {"name", "worth", "pieces", "counted_on", "level", "keeper_mobile"}
    assert errors["name"] == "Please fill this in." and "at most 1,000" in errors["pieces"]
    text = unescape(answer.text)
    for kept in ("lots", "1001", "2026-02-30", "123", "one\ntwo", "A-1", "Nothing was saved yet"):
        assert kept in text, kept
    answer = post(boss, NEW, typed | {"pieces": "0", "level": "full"})
    assert answer.status_code == 422 and errors_in(answer.text) == {"level": "An empty shelf is not full."}


def test_no_value_breaks_a_form(client_as, typed, saved):
    boss, row = saved
    numbers = count(1)
    for name, values in {
        "name": ["\x00", "x" * 61, "<script>", "a\x00b\u202e", "🐱", "=1+1"],
        "worth": ["1e9", "NaN", "-1", "92233720368547758.08", "1.001", "０", "\x00"],
        "pieces": ["99999999999999999999", "2147483648", "1.5", "-1"],
        "counted_on": ["9999-12-31", "0001-01-01", "x"],
        "counted_at": ["2026-01-01"],
        "keeper_id": ["0", "-1", "99999999999999999999", "9223372036854775807", "x", "１", "\x00"],
        "node_id": ["0", "", "x", "9223372036854775807"],
        "level": ["\x00", "LOW"],
        "id": ["1"], "version": ["7"], "area_id": ["1"], "deleted_at": ["2026-01-01"], "code": ["\x00", "中" * 41],
    }.items():  # fmt: skip
        for value in values:
            number = next(numbers)
            assert post(boss, NEW, typed | {"code": f"N{number}", name: value}).status_code in (302, 422), (name, value)
            version = open_form(boss, row.id)
            fields = typed | {name: value, "_version": version}
            assert post(boss, EDIT.format(row.id), fields).status_code in (302, 422), (name, value)


def test_what_a_service_refuses_is_said_and_nothing_of_it_is_kept(saved, typed, shelves, work):
    boss, row = saved
    answer = post(boss, NEW, typed | {"code": "B-2", "pieces": "666"})
    assert answer.status_code == 422 and "Not that many, please." in answer.text and 'value="B-2"' in answer.text
    answer = post(
        boss, EDIT.format(row.id), typed | {"name": "Other", "pieces": "666", "_version": open_form(boss, row.id)}
    )
    assert answer.status_code == 422 and "Not that many, please." in answer.text and 'value="Other"' in answer.text
    assert [(shelf.code, shelf.name) for shelf in shelves()] == [("A-1", "Left")]
    answer = post(boss, EDIT.format(row.id), typed | {"name": "Other", "_version": version_in(answer.text)})
    assert answer.status_code == 302


@on_sqlite
def test_a_number_in_a_form_is_masked_and_stays_when_it_is_left_alone(saved, typed, shelves):
    boss, row = saved
    page = boss.get(EDIT.format(row.id)).text
    assert 'value="138****8000"' in page and "13800138000" not in page
    left = typed | {"keeper_mobile": "138****8000", "note": "other", "_version": version_in(page)}
    assert post(boss, EDIT.format(row.id), left).status_code == 302
    assert (shelves()[0].keeper_mobile, shelves()[0].note) == ("13800138000", "other")
    for mobile, kept in (("139****8000", 422), ("13900139000", 302), ("", 302)):
        answer = post(boss, EDIT.format(row.id), typed | {"keeper_mobile": mobile, "_version": open_form(boss, row.id)})
        assert answer.status_code == kept
    assert shelves()[0].keeper_mobile is None


@on_sqlite
def test_only_declared_fields_are_written(client_as, typed, work):
    boss = client_as("head_office")
    post(
        boss,
        NEW,
        typed | {"id": "77", "version": "9", "deleted_at": "2026-01-01", "area_id": "1", "counted_at": "2001-01-01"},
    )
    from plugins.shelf.models import Shelf

    with work() as session:
        row = session.scalars(select(Shelf)).one()
        assert (row.id, row.version, row.deleted_at) == (1, 1, None)
        assert row.area_id != 1 and row.counted_at.year > 2001
    office = client_as("head_office")
    person = {"username": "new", "name": "New", "node_id": typed["node_id"], "locale": "en"}
    forged = {
        "password_hash": "x",
        "active": "",
        "must_change_password": "1",
        "everything": "1",
        "is_admin": "1",
        "rank": "100",
    }
    post(office, "/admin/org/person/new/", person | forged)
    with work() as session:
        made = session.scalars(select(Person).where(Person.username == "new")).one()
        assert (made.password_hash, made.active, made.must_change_password) == (None, True, False)


@on_sqlite
def test_a_field_for_new_rows_only_stays_as_it_was(saved, typed, shelves):
    boss, row = saved
    page = boss.get(EDIT.format(row.id)).text
    assert re.search(r'id="f-code"[^>]* disabled', page)
    post(boss, EDIT.format(row.id), typed | {"code": "FORGED", "name": "New", "_version": version_in(page)})
    assert (shelves()[0].code, shelves()[0].name) == ("A-1", "New")


def test_somebody_elses_change_is_shown_and_not_overwritten(saved, typed, client_as, shelves):
    boss, row = saved
    manager = client_as("store_manager")
    mine, theirs = open_form(boss, row.id), open_form(manager, row.id)
    assert (
        post(manager, EDIT.format(row.id), typed | {"name": "Theirs", "pieces": "13", "_version": theirs}).status_code
        == 302
    )
    answer = post(boss, EDIT.format(row.id), typed | {"name": "Mine", "_version": mine})
    assert answer.status_code == 409
    conflict = re.findall(r'<th scope="row">([^<]*)</th><td>([^<]*)</td><td><strong>([^<]*)</strong>', answer.text)
    assert conflict == [("Name", "Theirs", "Mine"), ("Pieces", "13", "12")]
    assert 'value="Mine"' in answer.text, "what I typed is kept"
    assert shelves()[0].name == "Theirs"
    again = post(boss, EDIT.format(row.id), typed | {"name": "Mine", "_version": version_in(answer.text)})
    assert again.status_code == 302 and shelves()[0].name == "Mine"


@on_sqlite
def test_a_place_or_person_in_a_conflict_is_told_by_name(saved, typed, client_as, org):
    boss, row = saved
    mine, theirs = open_form(boss, row.id), open_form(boss, row.id)
    post(boss, EDIT.format(row.id), typed | {"keeper_id": str(org.people["deputy"].id), "_version": theirs})
    answer = post(boss, EDIT.format(row.id), typed | {"_version": mine})
    conflict = re.findall(r'<th scope="row">([^<]*)</th><td>([^<]*)</td><td><strong>([^<]*)</strong>', answer.text)
    assert conflict == [("Keeper", "Name of deputy", "Name of clerk")]


def test_a_form_asks_who_one_is_and_one_row_and_tells_only_names_in_reach(saved, typed, client_as, org, house):
    boss, row = saved
    post(
        boss,
        EDIT.format(row.id),
        typed | {"keeper_id": str(org.people["head_office"].id), "_version": open_form(boss, row.id)},
    )
    manager, asked = client_as("store_manager"), []
    for client in (boss, manager):
        open_form(client, row.id)  # from now on each is known with their rights
    event.listen(house.database.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    seen, hidden = (client.get(EDIT.format(row.id)).text for client in (boss, manager))
    assert len([statement for statement in asked if statement.startswith("SELECT")]) == 4, asked
    told = [re.findall(r'name="(\w+)_text" value="([^"]*)"', page) for page in (seen, hidden)]
    here = ("node_id", org.stores[0].name)
    assert told == [[here, ("keeper_id", "Name of head_office")], [here, ("keeper_id", "")]]


@on_sqlite
def test_a_version_that_is_missing_forged_or_of_another_row_saves_nothing(saved, typed, shelves):
    boss, row = saved
    post(boss, NEW, typed | {"code": "A-2"})
    other = open_form(boss, shelves()[1].id)
    good = open_form(boss, row.id)
    for version in (None, "", "1", other, good[:-1], "x" + good, "\x00", "WyJzaGVsZiJd"):
        fields = typed | {"name": "Forged"} | ({} if version is None else {"_version": version})
        assert post(boss, EDIT.format(row.id), fields).status_code == 409, version
    assert [shelf.name for shelf in shelves()] == ["Left", "Left"]


@pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)
def test_of_two_who_save_at_the_same_moment_one_is_told(app, org, saved, typed, shelves):
    boss, row = saved
    people = [
        sign_in(app.test_client(), org.people[role])
        for role in ("head_office", "area_manager", "store_manager", "deputy")
    ]
    versions = [open_form(person, row.id) for person in people]
    start, answers = Barrier(len(people)), []

    def save(number):
        fields = typed | {"name": f"By {number}", "_version": versions[number]}
        sending = people[number]
        data = {"csrf_token": _token(sending), **fields}
        start.wait()
        answers.append(sending.post(EDIT.format(row.id), data=data).status_code)

    from core.testing.factories import token as _token

    threads = [Thread(target=save, args=(number,)) for number in range(len(people))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [302, 409, 409, 409]
    assert shelves()[0].version == row.version + 1


def test_a_form_that_is_sent_twice_makes_one_row_and_no_error(client_as, typed, shelves, monkeypatch):
    """The column is unique, and a check before the insert cannot know what another worker does meanwhile."""
    boss = client_as("head_office")
    assert post(boss, NEW, typed).status_code == 302
    answer = post(boss, NEW, typed)
    assert answer.status_code == 409 and "Nothing was overwritten" in answer.text
    assert len(shelves()) == 1


def test_a_choice_out_of_reach_is_refused_like_one_that_does_not_exist(client_as, typed, org, shelves):
    manager = client_as("store_manager")
    for name, value in (
        ("node_id", org.stores[1].id), ("node_id", org.areas[0].id), ("node_id", org.chain.id), ("node_id", 999_999),
        ("keeper_id", org.clerks[1].id), ("keeper_id", org.people["head_office"].id), ("keeper_id", 999_999),
    ):  # fmt: skip
        answer = post(manager, NEW, typed | {name: str(value)})
        assert answer.status_code == 422 and errors_in(answer.text) == {name: "There is no such choice for you."}, (
            name,
            value,
        )
        assert "Name of" not in answer.text.split('id="content"')[1].replace("Name of clerk", ""), (
            "its name is not told"
        )
    assert shelves() == []


@on_sqlite
def test_a_right_to_list_here_and_to_write_there_does_not_add_up(app, org, work, typed):
    """Roles and places are never crossed: the place of a new row needs the right to make it there."""
    with work() as session:
        make_role(
            session,
            "sees_all",
            org__node__list="all",
            org__calendar__list="all",
            org__calendar__read="all",
            org__store__list="all",
            org__store__read="all",
        )
        make_role(
            session,
            "writes_here",
            org__calendar__create="node",
            org__calendar__update="node",
            org__store__create="node",
            org__store__update="node",
        )
        from core.testing.factories import give_role

        person = make_person(session, "both", org.stores[0], "sees_all")
        give_role(session, person, "writes_here", org.areas[0])
    browser = sign_in(app.test_client(), person)
    day = {"day": "2026-10-01", "closed": "1", "reason": ""}
    assert post(browser, "/admin/org/calendar/new/", day | {"node_id": org.stores[0].id}).status_code == 302
    assert post(browser, "/admin/org/calendar/new/", day | {"node_id": org.stores[4].id}).status_code == 422
    store = {
        "code": "NEW-1",
        "name": "New",
        "format": "",
        "peer_group": "",
        "opens": "",
        "closes": "",
        "size_m2": "",
        "address": "",
        "opened_on": "",
        "closed_on": "",
    }
    assert post(browser, "/admin/org/store/new/", store | {"parent_id": org.areas[3].id}).status_code in (404, 422)
    assert post(browser, "/admin/org/store/new/", store | {"parent_id": org.areas[0].id}).status_code == 302
    with work() as session:
        assert session.scalar(select(func.count()).select_from(Node).where(Node.kind == "store")) == 9
        made = session.scalars(select(Node).where(Node.code == "NEW-1")).one()
        assert made.area_id == org.areas[0].id
    version = version_in(browser.get(f"/admin/org/store/edit/?id={made.id}").text)
    moved = post(
        browser, f"/admin/org/store/edit/?id={made.id}", store | {"parent_id": org.areas[3].id, "_version": version}
    )
    assert moved.status_code in (404, 422)
    with work() as session:
        assert session.get(Node, made.id).area_id == org.areas[0].id


@on_sqlite
def test_save_and_add_another_leads_to_a_new_form(client_as, typed):
    answer = post(client_as("head_office"), NEW, typed | {"_again": "1"})
    assert answer.headers["Location"] == NEW


@on_sqlite
def test_a_text_is_shown_as_a_text(client_as, typed, shelves):
    boss = client_as("head_office")
    evil = "<script>alert(1)</script>\"'&{{7*7}}"
    post(boss, NEW, typed | {"name": evil, "note": evil})
    row = shelves()[0]
    for address in (
        "/admin/shelf/shelf/",
        "/admin/shelf/shelf/print/",
        f"/admin/shelf/shelf/details/?id={row.id}",
        EDIT.format(row.id),
        "/admin/shelf/shelf/?search=" + evil,
    ):
        page = boss.get(address).text
        assert "<script>alert" not in page and "49" not in re.sub(r"[\w-]{20,}", "", page.split("{{7*7}}")[0][-40:]), (
            address
        )


@on_sqlite
def test_a_save_without_a_change_writes_no_audit(saved, typed, work):
    boss, row = saved
    with work() as session, unscoped("a test"):
        before = session.scalar(select(func.count()).select_from(AuditEntry))
    post(boss, EDIT.format(row.id), typed | {"_version": open_form(boss, row.id)})
    with work() as session, unscoped("a test"):
        assert session.scalar(select(func.count()).select_from(AuditEntry)) == before


def test_every_view_declares_what_it_needs(house):
    for view in house.views.values():
        assert isinstance(view, ModelView)
        assert view.title and view.row_title and view.columns, view.resource
        names = [field.name for field in view.fields]
        assert len(names) == len(set(names))
        for field in view.fields:
            assert hasattr(view.model, field.name), f"{view.resource}: {field.name}"
            assert not field.lookup or field.lookup in house.views
            assert field.name not in (
                "id",
                "version",
                "created_at",
                "updated_at",
                "deleted_at",
                "area_id",
                "region_id",
                "password_hash",
            )
        for column in view.columns:
            sql = column.sql(view.model)
            if column.sortable:
                assert not sql.nullable, f"{view.resource}.{column.name} is sortable and may be empty"
        for name in view.search:
            assert hasattr(view.model, name)
