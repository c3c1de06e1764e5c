"""What is deleted waits in the recycle bin, out of every list, and comes back whole."""

import re

import pytest
from sqlalchemy import select

from core.access.scope import unscoped
from core.audit import AuditEntry
from core.org.models import Node, Person
from core.testing.factories import post, sign_in

SHELF = "/admin/shelf/shelf/"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def app(shelf_app):
    return shelf_app


@pytest.fixture
def shelf(work, org):
    from plugins.shelf.models import Shelf

    with work() as session:
        row = Shelf(code="C1", name="the row", node_id=org.stores[0].id, note="kept")
        session.add(row)
        session.flush()
    return row


def undo_address(client):
    with client.session_transaction() as cookie:
        return next(toast["undo_url"] for toast in cookie["toasts"] if toast["undo_url"])


def said(client):
    with client.session_transaction() as cookie:
        return cookie.pop("toasts", [{}])[-1].get("text")


def test_a_deleted_row_is_in_the_bin_only_and_comes_back_as_it_was(client_as, shelf, work):
    boss = client_as("head_office")
    assert post(boss, f"{SHELF}delete/?id={shelf.id}").status_code == 302
    assert said(boss) == "“the row” is in the recycle bin."
    for gone in ("", "print/", "ajax/lookup/"):
        assert "the row" not in boss.get(SHELF + gone).text, gone
    for gone in (f"details/?id={shelf.id}", f"edit/?id={shelf.id}"):
        assert boss.get(SHELF + gone).status_code == 404
    assert post(boss, f"{SHELF}delete/?id={shelf.id}").status_code == 404, "twice is once"
    assert "the row" in boss.get(f"{SHELF}?bin=1").text
    assert "kept" in boss.get(f"{SHELF}details/?id={shelf.id}&bin=1").text
    assert post(boss, f"{SHELF}restore/?id={shelf.id}").status_code == 302
    assert post(boss, f"{SHELF}restore/?id={shelf.id}").status_code == 404
    assert "the row" not in boss.get(f"{SHELF}?bin=1").text
    with work() as session:
        row = session.get(type(shelf), shelf.id)
        assert (row.code, row.name, row.note, row.deleted_at) == ("C1", "the row", "kept", None)
        with unscoped("a test"):
            entries = session.scalars(
                select(AuditEntry).where(AuditEntry.resource == "shelf:shelf").order_by(AuditEntry.id)
            ).all()
        assert [entry.action for entry in entries] == ["created", "binned", "restored"]


@on_sqlite
def test_the_message_offers_to_bring_it_back(client_as, shelf):
    boss = client_as("head_office")
    post(boss, f"{SHELF}delete/?id={shelf.id}")
    assert undo_address(boss) == f"{SHELF}restore/?id={shelf.id}"
    assert post(boss, undo_address(boss)).status_code == 302
    assert boss.get(f"{SHELF}details/?id={shelf.id}").status_code == 200


def test_the_bin_of_elsewhere_is_as_closed_as_its_list(client_as, shelf, org, work):
    boss, stranger = client_as("head_office"), client_as("store_manager", org.stores[1])
    post(boss, f"{SHELF}delete/?id={shelf.id}")
    assert "the row" not in stranger.get(f"{SHELF}?bin=1").text
    unknown = stranger.get(f"{SHELF}details/?id=999&bin=1")
    hidden = stranger.get(f"{SHELF}details/?id={shelf.id}&bin=1")
    assert (hidden.status_code, hidden.data) == (404, unknown.data)
    assert post(stranger, f"{SHELF}restore/?id={shelf.id}").status_code == 404
    with work() as session:
        assert session.get(type(shelf), shelf.id).deleted_at is not None


@on_sqlite
def test_a_code_in_the_bin_is_still_taken(client_as, shelf, org):
    boss = client_as("head_office")
    post(boss, f"{SHELF}delete/?id={shelf.id}")
    fields = {
        "code": "C1",
        "name": "x",
        "node_id": org.stores[0].id,
        "worth": "0",
        "pieces": "0",
        "counted_on": "2026-01-01",
    }
    assert post(boss, f"{SHELF}new/", fields).status_code == 409
    store = {"code": "S1", "name": "x", "parent_id": org.areas[0].id}
    post(boss, f"/admin/org/store/delete/?id={org.stores[0].id}")
    answer = post(boss, "/admin/org/store/new/", store)
    assert answer.status_code == 422 and "already used by" in answer.text


@on_sqlite
def test_what_has_no_bin_is_gone_after_a_question(client_as, shelf, work):
    from plugins.shelf.models import Item

    boss = client_as("head_office")
    with work() as session:
        session.add(Item(shelf_id=shelf.id, name="the item"))
    page = boss.get("/admin/shelf/item/details/?id=1").text
    assert re.search(r'data-confirm="[^"]*the item[^"]*gone', page)
    assert post(boss, "/admin/shelf/item/delete/?id=1").status_code == 302
    assert said(boss) == "“the item” is removed."
    assert post(boss, "/admin/shelf/item/restore/?id=1").status_code == 404, "there is no such address"
    with work() as session:
        assert session.scalars(select(Item)).all() == []
        with unscoped("a test"):
            last = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
        assert (last.action, last.resource, last.changes["name"]) == ("deleted", "shelf:item", ["the item", None])


@on_sqlite
def test_a_place_with_something_below_it_stays(client_as, org, work):
    boss = client_as("head_office")
    assert post(boss, f"/admin/org/node/delete/?id={org.areas[0].id}").status_code == 302
    assert "Other places stand below" in said(boss)
    for number in (0, 1):
        post(boss, f"/admin/org/store/delete/?id={org.stores[number].id}")
    post(boss, f"/admin/org/node/delete/?id={org.department.id}")
    assert post(boss, f"/admin/org/node/delete/?id={org.areas[0].id}").status_code == 302
    with work() as session:
        assert session.get(Node, org.areas[0].id).deleted_at is not None
    assert post(boss, f"/admin/org/store/delete/?id={org.chain.id}").status_code == 404, "the chain is no store"
    post(boss, f"/admin/org/node/delete/?id={org.chain.id}")
    with work() as session:
        assert session.get(Node, org.chain.id).deleted_at is None


@on_sqlite
def test_a_person_who_left_is_signed_out_and_may_come_back(client_as, org, app, work):
    boss, clerk = client_as("head_office"), sign_in(app.test_client(), org.people["clerk"])
    number = org.people["clerk"].id
    assert post(boss, f"/admin/org/person/delete/?id={number}").status_code == 302
    assert clerk.get("/account/").status_code == 302
    with work() as session:
        assert not session.get(Person, number).active
    assert post(boss, f"/admin/org/person/restore/?id={number}").status_code == 302
    assert sign_in(clerk, org.people["clerk"]).get("/account/").status_code == 200


@on_sqlite
def test_the_last_administrator_and_whoever_ranks_higher_stay(client_as, org, work):
    administrator, office = client_as("system_administrator"), client_as("head_office")
    for client, role in (
        (administrator, "system_administrator"),
        (office, "system_administrator"),
        (office, "leader"),
        (office, "head_office"),
    ):
        answer = post(client, f"/admin/org/person/delete/?id={org.people[role].id}")
        assert answer.status_code in (302, 403), role
        with work() as session:
            person = session.get(Person, org.people[role].id)
            assert person.active and person.deleted_at is None, role
