"""Every write leaves one row that says who, what, before and after; in the same transaction, and for ever."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from core.access.guard import ScopeViolation
from core.access.person import SYSTEM, acting_as
from core.access.scope import unscoped
from core.audit import AuditEntry, audited_as, masked, record
from core.auth.rights import load_person
from core.org.models import Person
from core.testing.factories import make_person, post

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def app(shelf_app):
    return shelf_app


@pytest.fixture
def entries(work, org):
    """A function that returns what was written to the audit since it was asked last."""
    last = [0]

    def new(resource="shelf:shelf"):
        with work() as session, unscoped("a test"):
            query = select(AuditEntry).where(AuditEntry.id > last[0]).order_by(AuditEntry.id)
            found = session.scalars(query).all()
        last[0] = found[-1].id if found else last[0]
        return [entry for entry in found if resource in (None, entry.resource)]

    new(None)
    return new


def make(session, org, **values):
    from plugins.shelf.models import Shelf

    row = Shelf(**{"code": "C1", "name": "the row", "node_id": org.stores[0].id} | values)
    session.add(row)
    session.flush()
    return row


def test_each_write_leaves_one_row_with_before_and_after(org, work, entries):
    from plugins.shelf.models import Shelf

    with work() as session:
        manager = load_person(session, org.people["store_manager"].id)
    with work(manager) as session:
        row = make(session, org, worth=Decimal("1.50"), counted_on=date(2026, 1, 1))
        row.worth, row.name = Decimal(2), "new name"
        session.flush()
        row.pieces = 3
    made, changed, last = entries()
    assert (made.action, changed.action, last.action) == ("created", "updated", "updated")
    assert made.changes["name"] == [None, "the row"] and made.changes["worth"] == [None, "1.50"]
    assert made.changes["counted_on"] == [None, "2026-01-01"]
    assert changed.changes == {"worth": ["1.50", "2"], "name": ["the row", "new name"]}
    assert last.changes == {"pieces": [0, 3]}
    for entry in (made, changed, last):
        assert (entry.person_id, entry.person_name, entry.row_id) == (manager.id, manager.name, str(row.id))
        assert (entry.node_id, entry.area_id, entry.region_id) == (org.stores[0].id, org.areas[0].id, org.regions[0].id)
    with work(manager) as session:
        session.delete(session.get(Shelf, row.id))
    [gone] = entries()
    assert gone.action == "deleted" and gone.changes["name"] == ["new name", None]


@on_sqlite
def test_what_does_not_change_leaves_no_row(org, work, entries):
    with work() as session:
        row = make(session, org)
        row.name = "the row"
        session.flush()
        row.name = "other"
        row.name = "the row"
        session.flush()
    assert [entry.action for entry in entries()] == ["created"]


def test_a_write_that_is_taken_back_leaves_no_row(org, work, entries, app):
    house = app.extensions["backoffice"]
    with acting_as(SYSTEM), house.database.session(writes=True) as session:
        make(session, org)
        session.rollback()
    with work() as session:
        with pytest.raises(RuntimeError), session.begin_nested():
            make(session, org, code="C2")
            raise RuntimeError
        make(session, org, code="C3")
    assert [entry.changes["code"][1] for entry in entries()] == ["C3"]


@on_sqlite
def test_a_request_that_fails_leaves_neither_row_nor_entry(org, client_as, entries):
    office = client_as("head_office")
    fields = {"code": "C1", "name": "x", "node_id": org.stores[0].id, "worth": "1", "counted_on": "2026-01-01"}
    assert post(office, "/admin/shelf/shelf/new/", fields | {"pieces": "666"}).status_code == 422
    assert entries() == []
    assert post(office, "/admin/shelf/shelf/new/", fields | {"pieces": "6"}).status_code == 302
    assert [entry.person_name for entry in entries()] == ["Name of head_office"]


def test_personal_fields_are_kept_as_masks(org, work, entries):
    with work() as session:
        row = make(session, org, keeper_mobile="13812345678")
        row.keeper_mobile = "13987654321"
        session.flush()
        person = make_person(
            session, "secret", org.stores[0], mobile="13755554444", password_hash="$argon2id$something"
        )
        person.password_hash = "$argon2id$other"
        person.mobile = None
    made, changed = entries()
    assert made.changes["keeper_mobile"] == [None, "138****5678"]
    assert changed.changes == {"keeper_mobile": ["138****5678", "139****4321"]}
    with work() as session, unscoped("a test"):
        everything = "".join(str(vars(entry)) for entry in session.scalars(select(AuditEntry)))
    for secret in ("13812345678", "13987654321", "13755554444", "argon2"):
        assert secret not in everything
    assert masked("13812345678", "mobile") == "138****5678" and masked("short", "mobile") == "****"
    assert masked("anything", "secret") == "•••" and masked(None, "secret") is None


@on_sqlite
def test_a_batch_and_a_reason_are_kept_with_each_row_inside_the_block(org, work, entries):
    with work() as session:
        with audited_as(batch="b1", reason="stock-taking"):
            row = make(session, org)
            with audited_as(reason="a closer look"):
                row.pieces = 1
                session.flush()
        row.pieces = 2
        session.flush()
    assert [(entry.batch, entry.reason) for entry in entries()] == [
        ("b1", "stock-taking"),
        ("b1", "a closer look"),
        (None, ""),
    ]


@on_sqlite
def test_what_is_no_rows_change_is_recorded_by_name(org, work, entries):
    with work() as session:
        clerk = load_person(session, org.people["clerk"].id)
    with work(clerk) as session:
        record(
            session,
            resource="shelf:shelf",
            row_id=7,
            action="number shown",
            reason="the customer asked",
            levels=(1, 2, 3),
        )
    [entry] = entries()
    assert (entry.person_id, entry.row_id, entry.action, entry.reason) == (
        clerk.id,
        "7",
        "number shown",
        "the customer asked",
    )
    assert (entry.node_id, entry.area_id, entry.region_id) == (1, 2, 3)


@on_sqlite
def test_the_audit_is_only_ever_added_to(org, work, entries, client_as):
    with work() as session:
        make(session, org)
        entry = session.scalars(select(AuditEntry).limit(1)).one()
        for change in (lambda: setattr(entry, "person_name", "somebody else"), lambda: session.delete(entry)):
            change()
            with pytest.raises(ScopeViolation):
                session.flush()
            session.rollback()
            entry = session.scalars(select(AuditEntry).limit(1)).one()
    boss = client_as("system_administrator")
    for address in ("new/", "edit/?id=1", "delete/?id=1", "bulk/", "action/", "undo/", "import/", "ajax/update/"):
        assert post(boss, f"/admin/audit/entry/{address}").status_code == 404, address


@on_sqlite
def test_who_reads_the_audit_of_a_place_reads_no_other(org, work, app):
    from core.testing.factories import make_role, sign_in

    with work() as session:
        make_role(session, "auditor", audit__entry__list="node", audit__entry__read="node")
        person = make_person(session, "auditor", org.stores[0], "auditor")
        make(session, org, code="HERE")
        make(session, org, code="ELSEWHERE", node_id=org.stores[4].id)
    browser = sign_in(app.test_client(), person)
    page = browser.get("/admin/audit/entry/?columns=changes").text
    assert "HERE" in page and "ELSEWHERE" not in page


@on_sqlite
def test_the_details_of_a_row_tell_its_history(org, work, client_as):
    office = client_as("head_office")
    with work() as session:
        actor = load_person(session, org.people["head_office"].id)
    with work(actor) as session:
        row = make(session, org, keeper_mobile="13812345678")
        row.name = "second name"
    page = office.get(f"/admin/shelf/shelf/details/?id={row.id}").text
    assert "Name of head_office" in page and "<del>the row</del>" in page and "<ins>second name</ins>" in page
    assert "13812345678" not in page


@on_sqlite
def test_a_person_keeps_the_name_they_acted_under(org, work, entries):
    with work() as session:
        clerk = load_person(session, org.people["store_manager"].id)
    with work(clerk) as session:
        make(session, org)
    with work() as session:
        session.get(Person, clerk.id).name = "Married Name"
    assert entries()[0].person_name == "Name of store_manager"
