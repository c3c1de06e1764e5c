"""Editing rows together: seen first, then written as one batch, and undone in one step."""

import re
from html import unescape

import pytest
from sqlalchemy import func, select

from core.access.scope import unscoped
from core.audit import AuditEntry
from core.org.models import Node
from core.testing.factories import post

SHELF = "/admin/shelf/shelf/"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def app(shelf_app):
    return shelf_app


@pytest.fixture
def rows(work, org):
    """Four shelves in the first store and one in another area; a function that reads them again."""
    from plugins.shelf.models import Shelf

    with work() as session:
        session.add_all(
            Shelf(code=f"C{n}", name=f"row {n}", node_id=org.stores[0].id, pieces=n, worth=n) for n in range(4)
        )
        session.add(Shelf(code="F", name="elsewhere", node_id=org.stores[4].id, pieces=9))

    def read():
        with work() as session:
            return list(session.scalars(select(Shelf).order_by(Shelf.id)))

    return read


def preview(client, rows, field, value):
    fields = {"rowid": [row.id for row in rows], "field": field, field: value, "step": "preview"}
    return post(client, f"{SHELF}bulk/", fields)


def confirm(client, page):
    """Press the button of the preview."""
    form = re.search(r'<form class="sheet-form".*?</form>', page.text, re.S)[0]
    fields = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form):
        fields.setdefault(name, []).append(unescape(value))
    return client.post(f"{SHELF}bulk/", data=fields)


def undo_address(client):
    with client.session_transaction() as cookie:
        return next((toast["undo_url"] for toast in cookie.get("toasts", []) if toast["undo_url"]), None)


def toasts(client):
    with client.session_transaction() as cookie:
        return [toast["text"] for toast in cookie.pop("toasts", [])]


def entries(work):
    with work() as session, unscoped("a test"):
        return list(
            session.scalars(
                select(AuditEntry).where(AuditEntry.resource == "shelf:shelf", AuditEntry.action == "updated")
            )
        )


def test_nothing_changes_before_one_has_seen_it_and_then_all_in_one_batch(client_as, rows, work):
    boss, before = client_as("head_office"), rows()
    start = post(boss, f"{SHELF}action/", {"action": "edit", "rowid": [row.id for row in before[:3]]})
    assert start.status_code == 200 and 'value="level"' in start.text and 'name="rowid" value="2"' in start.text
    page = preview(boss, before[:3], "pieces", "2")
    assert page.status_code == 200 and [row.pieces for row in rows()] == [0, 1, 2, 3, 9]
    text = unescape(page.text)
    assert re.search(r"row 0</a></th><td class=\"soft\">0</td><td><strong>2</strong>", text)
    assert re.findall(r"<dd>(\d+)</dd>", text) == ["2", "1", "0"], "two will change, one is already so"
    assert confirm(boss, page).status_code == 302
    assert [row.pieces for row in rows()] == [2, 2, 2, 3, 9]
    written = entries(work)
    assert [(entry.row_id, entry.changes) for entry in written] == [
        ("1", {"pieces": [0, 2]}),
        ("2", {"pieces": [1, 2]}),
    ]
    assert len({entry.batch for entry in written}) == 1 and written[0].batch


def test_every_kind_of_field_goes_there_and_back(client_as, rows, org):
    boss, before = client_as("head_office"), rows()[:2]
    for field, value in {
        "worth": "1,000.50", "pieces": "7", "counted_on": "2026-02-28", "locked": "1", "level": "low", "keeper_id": str(org.people["clerk"].id),
    }.items():  # fmt: skip
        old = [getattr(row, field) for row in rows()]
        page = preview(boss, before, field, value)
        assert confirm(boss, page).status_code == 302, field
        assert len({getattr(row, field) for row in rows()[:2]}) == 1 and getattr(rows()[0], field) not in old, field
        address = undo_address(boss)
        assert toasts(boss)[-1] == "2 rows are changed."
        assert post(boss, address).status_code == 302
        assert [getattr(row, field) for row in rows()] == old, field
        assert toasts(boss)[-1] == "Undone: 2 rows are as before."


def test_undo_leaves_alone_what_somebody_has_changed_since(client_as, rows, work):
    boss, before = client_as("head_office"), rows()
    confirm(boss, preview(boss, before[:3], "pieces", "50"))
    address = undo_address(boss)
    toasts(boss)
    with work() as session:
        session.get(type(before[0]), before[1].id).pieces = 51
        session.get(type(before[0]), before[2].id).note = "another field"
    assert post(boss, address).status_code == 302
    assert [row.pieces for row in rows()] == [0, 51, 2, 3, 9]
    assert rows()[2].note == "another field"
    assert toasts(boss) == ["Undone, except 1 rows that were changed since."]
    post(boss, address)
    assert [row.pieces for row in rows()] == [0, 51, 2, 3, 9], "once more changes nothing"


@on_sqlite
def test_a_row_that_changes_while_one_looks_at_the_preview_stays_theirs(client_as, rows, work):
    boss, before = client_as("head_office"), rows()
    page = preview(boss, before[:3], "pieces", "50")
    with work() as session:
        session.get(type(before[0]), before[1].id).pieces = 51
    confirm(boss, page)
    assert [row.pieces for row in rows()] == [50, 51, 50, 3, 9]
    assert toasts(boss)[0] == "1 rows were changed by somebody meanwhile and are as they left them."


@on_sqlite
def test_without_a_preview_of_ours_nothing_is_written(client_as, rows):
    boss, before = client_as("head_office"), rows()
    for token in (None, "", "x", "e30.x"):
        fields = {"rowid": [before[0].id], "field": "pieces", "pieces": "50", "value": "50", "_confirmed": "1"}
        answer = post(boss, f"{SHELF}bulk/", fields | ({"version_token": token} if token is not None else {}))
        assert answer.status_code == 200 and "Nothing is saved yet" in answer.text
    assert [row.pieces for row in rows()] == [0, 1, 2, 3, 9]


@on_sqlite
def test_what_cannot_be_written_is_said_before(client_as, rows):
    boss, before = client_as("head_office"), rows()
    for field, value, words in (
        ("pieces", "x", "is not a whole number"), ("pieces", "", "fill this in"), ("level", "huge", "not one of the choices"),
        ("keeper_id", "999999", "no such choice"), ("keeper_id", "x", "whole number"), ("nothing", "1", "Choose what to change"),
        ("name", "all alike", "Choose what to change"), ("node_id", "1", "Choose what to change"), ("", "", "Choose what to change"),
    ):  # fmt: skip
        answer = preview(boss, before[:2], field or "x", value)
        assert answer.status_code == 422 and words in unescape(answer.text), (field, value)
    page = preview(boss, before[:3], "level", "full")
    assert "An empty shelf is not full." in page.text and re.findall(r"<dd>(\d+)</dd>", page.text) == ["2", "0", "1"]
    confirm(boss, page)
    assert [row.level for row in rows()] == [None, "full", "full", None, None]
    toasts(boss)
    confirm(boss, preview(boss, before, "pieces", "666"))
    assert toasts(boss) == ["Not that many, please."] and [row.pieces for row in rows()] == [0, 1, 2, 3, 9], (
        "all or none"
    )


def test_rows_of_elsewhere_mixed_in_stay_as_they_are(client_as, rows, org):
    manager, before = client_as("store_manager"), rows()
    page = preview(manager, before, "pieces", "50")
    assert "elsewhere" not in page.text and f'value="{before[4].id}"' not in page.text
    fields = {"rowid": [row.id for row in before], "field": "pieces", "pieces": "50", "_confirmed": "1"}
    forged = re.search(r'name="version_token" value="([^"]+)"', page.text)[1]
    assert post(manager, f"{SHELF}bulk/", fields | {"version_token": forged}).status_code == 302
    assert [row.pieces for row in rows()] == [50, 50, 50, 50, 9]
    for address in ("action/", "bulk/"):
        assert post(manager, SHELF + address, {"action": "edit", "rowid": [before[4].id]}).status_code == 404
    foreign_keeper = preview(manager, before[:1], "keeper_id", str(org.clerks[4].id))
    assert foreign_keeper.status_code == 422 and "Name of clerk.s5" not in foreign_keeper.text


@on_sqlite
def test_nobody_undoes_the_batch_of_somebody_else(client_as, rows, work):
    boss, before = client_as("head_office"), rows()
    confirm(boss, preview(boss, before[:2], "pieces", "50"))
    address = undo_address(boss)
    other = client_as("leader")
    assert post(client_as("area_manager"), address).status_code == 404
    assert post(other, address).status_code == 404 or post(other, address).status_code == 403
    for batch in ("", "x", "%00", "0" * 32, entries(work)[0].batch[:-1]):
        assert post(boss, f"{SHELF}undo/?batch={batch}").status_code == 404
    assert [row.pieces for row in rows()][:2] == [50, 50]
    assert post(boss, address.replace("shelf/shelf", "shelf/item")).status_code == 404, "nor through another table"


@on_sqlite
def test_what_was_made_in_a_batch_is_not_emptied_by_an_undo(client_as, rows, work, org):
    from core.access.person import acting_as
    from core.audit import audited_as
    from core.auth.rights import load_person

    boss, before = client_as("head_office"), rows()
    with work() as session:
        person = load_person(session, org.people["head_office"].id)
        with acting_as(person), audited_as(batch="made"):
            session.add(type(before[0])(code="M", name="made", node_id=org.stores[0].id))
            session.flush()
    assert post(boss, f"{SHELF}undo/?batch=made").status_code == 404
    assert rows()[-1].name == "made"


@on_sqlite
def test_the_audit_names_who_undid_it(client_as, rows, work):
    boss, before = client_as("head_office"), rows()
    confirm(boss, preview(boss, before[:2], "pieces", "50"))
    post(boss, undo_address(boss))
    written = sorted(entries(work), key=lambda entry: entry.id)
    assert [entry.reason for entry in written] == ["", "", "Undo", "Undo"]
    assert {entry.person_name for entry in written} == {"Name of head_office"}
    assert len({entry.batch for entry in written}) == 2


@on_sqlite
def test_a_page_of_rows_is_taken_at_once_and_no_more_than_five_hundred(client_as, rows):
    boss = client_as("head_office")
    many = [*range(1, 600), "x", "-1", "１", "9" * 40]
    page = post(boss, f"{SHELF}action/", {"action": "edit", "rowid": many})
    assert page.status_code == 200 and "5" in page.text
    for nothing in ([], ["x"], ["9" * 40], ["0"]):
        assert post(boss, f"{SHELF}action/", {"action": "edit", "rowid": nothing}).status_code == 404
    assert post(boss, f"{SHELF}action/", {"action": "delete", "rowid": [1]}).status_code == 404


def test_stores_are_edited_together_at_the_desk(client_as, org, work):
    boss = client_as("head_office")
    fields = {"rowid": [store.id for store in org.stores], "field": "format", "format": "flagship"}
    page = post(boss, "/admin/org/store/bulk/", fields)
    token = re.search(r'name="version_token" value="([^"]+)"', page.text)[1]
    assert post(boss, "/admin/org/store/bulk/", fields | {"_confirmed": "1", "version_token": token}).status_code == 302
    with work() as session:
        assert session.scalar(select(func.count()).select_from(Node).where(Node.format == "flagship")) == 8
    assert post(boss, undo_address(boss)).status_code == 302
    with work() as session:
        assert session.scalar(select(func.count()).select_from(Node).where(Node.format == "flagship")) == 0
