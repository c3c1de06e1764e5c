"""Around every request: what a GET may not do, what it does not wait for, and what a bad caller or hook cannot break."""

import sqlite3
import time
from datetime import timedelta
from types import SimpleNamespace

import psycopg
import pytest
from sqlalchemy import select, text, update

from core import clock
from core.access.guards import Guard
from core.access.person import SYSTEM, acting_as, current_person
from core.access.scope import unscoped
from core.auth.models import UserSession
from core.db import session as current
from core.hookspecs import hookimpl
from core.inbox import Message
from core.org.models import Node, Person
from core.testing.factories import post

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MANY_DIGITS = "9" * 23
MOBILE = "13800138000"


@pytest.fixture
def route(app):
    """``route(function)``: the function answers at /a-test to whoever is signed in."""

    def add(function):
        app.config["PROPAGATE_EXCEPTIONS"] = False
        app.testing = False
        app.extensions["backoffice"].guards["a_test"] = Guard("signed_in", reason="a test")
        app.add_url_rule("/a-test", "a_test", function, methods=("GET", "POST"))
        return "/a-test"

    return add


def name_of(work, node):
    with work() as session:
        return session.get(Node, node.id).name


@pytest.mark.requirement("J4")
@pytest.mark.parametrize("way", ["row", "bulk"])
def test_a_get_that_writes_is_refused_and_leaves_nothing(org, work, client_as, route, way):
    with work() as session:
        session.add(Message(person_id=org.people["clerk"].id, key="k", title="before"))

    def view():
        if way == "row":
            current.scalars(select(Message)).one().title = "after"
            current.flush()
        else:
            current.execute(update(Message).values(title="after"))
        return "done"

    assert client_as("clerk").get(route(view)).status_code == 500
    with work() as session:
        assert session.scalars(select(Message.title)).one() == "before"


def test_the_same_write_in_a_post_is_kept(org, work, client_as, route):
    def view():
        current.add(Message(person_id=current_person().id, key="k", title="sent"))
        current.flush()
        return "done"

    assert post(client_as("clerk"), route(view)).status_code == 200
    with work() as session:
        assert session.scalars(select(Message.title)).one() == "sent"


def test_a_page_does_not_wait_for_who_is_writing(app, org, work, client_as, database_url):
    browser = client_as("clerk")
    with work() as session:
        session.execute(update(UserSession).values(seen_at=clock.now() - timedelta(hours=1)))
    if database_url.startswith("sqlite"):
        other = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
    else:
        other = psycopg.connect(database_url)
        other.execute("SELECT id FROM auth_session FOR UPDATE")
    try:
        started = time.monotonic()
        assert browser.get("/account/").status_code == 200
        assert time.monotonic() - started < 5, "far below the patience of a statement"
    finally:
        other.rollback()
        other.close()
    assert browser.get("/account/").status_code == 200
    with work() as session:
        assert clock.now() - session.scalars(select(UserSession.seen_at)).one() < timedelta(minutes=5)


def test_a_hook_that_fails_hurts_no_post_and_leaves_nothing_half_written(app, org, work, client_as, route):
    host = app.extensions["backoffice"].host

    @hookimpl
    def backoffice_home_cards(person):
        current.add(Message(person_id=person.id, key="half", title="half written"))
        current.flush()
        with unscoped("a test"):
            current.execute(text("SELECT nothing FROM nowhere"))

    host.hooks.add(SimpleNamespace(backoffice_home_cards=backoffice_home_cards), "sick")

    def view():
        node = current.get(Node, org.stores[0].id)
        node.name = "renamed"
        host.collect("backoffice_home_cards", person=current_person())
        assert current.scalars(select(Node.name).where(Node.id == node.id)).one() == "renamed"
        return "done"

    assert post(client_as("clerk"), route(view)).status_code == 200
    assert name_of(work, org.stores[0]) == "renamed"
    with work() as session:
        assert session.scalars(select(Message)).all() == []


@pytest.mark.parametrize(
    "address",
    ["/inbox/{}/", "/admin/org/person/details/?id={}", "/admin/org/person/edit/?id={}", "/admin/org/person/?after={}",
     "/admin/auth/assignment/new/?person_id={}", "/admin/org/person/history/?id={}"],
)  # fmt: skip
def test_a_number_no_column_holds_leads_nowhere(client_as, address):
    client = client_as("head_office")
    for number in (MANY_DIGITS, str(2**63), f"-{MANY_DIGITS}"):
        assert client.get(address.format(number)).status_code in (200, 400, 404), number


@pytest.mark.parametrize("address", ["/inbox/{}/read", "/account/sessions/{}/end"])
def test_a_number_no_column_holds_writes_nothing(client_as, address):
    client = client_as("clerk")
    for number in (MANY_DIGITS, str(2**63)):
        assert post(client, address.format(number)).status_code == 404
    assert post(client, address.format(2**63 - 1)).status_code == 302


def test_a_form_with_a_number_no_column_holds_is_refused(client_as):
    form = {"person_id": MANY_DIGITS, "role_id": MANY_DIGITS, "node_id": MANY_DIGITS}
    assert post(client_as("head_office"), "/admin/auth/assignment/new/", form).status_code == 422


@pytest.fixture
def log_lines(monkeypatch):
    """What is logged from here on, as a list of dictionaries."""
    import structlog

    lines = []

    def keep(_logger, _method, event):
        lines.append(str(structlog.processors.format_exc_info(_logger, _method, dict(event))))
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[keep], cache_logger_on_first_use=False)
    yield lines
    structlog.configure(**before)


def test_the_log_of_a_clash_holds_no_mobile_number(app, org, client_as, route, log_lines, capfd):
    def view():
        current.add(Person(username="clerk", name="n", node_id=org.stores[0].id, mobile=MOBILE))
        current.flush()
        return "done"

    assert post(client_as("head_office"), route(view)).status_code == 409
    written = capfd.readouterr()
    assert "somebody else was faster" in "".join([*log_lines, written.out, written.err])
    assert MOBILE not in "".join([*log_lines, written.out, written.err])


@on_sqlite
def test_a_number_that_is_shown_stands_on_the_page_and_not_in_the_cookie(app, org, work, client_as):
    from base64 import urlsafe_b64decode
    from zlib import decompress

    with work() as session:
        session.get(Person, org.people["clerk"].id).mobile = MOBILE
    client = client_as("head_office")
    answer = post(client, f"/admin/org/person/unmask/?id={org.people['clerk'].id}", {"reason": "the customer waits"})
    assert (answer.status_code, MOBILE in answer.text) == (200, True)
    payload = client.get_cookie("session").value.lstrip(".").split(".")[0]
    plain = urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    if client.get_cookie("session").value.startswith("."):
        plain = decompress(plain)
    assert MOBILE.encode() not in plain


@on_sqlite
def test_the_reason_for_showing_a_number_is_asked_for_and_has_an_end(org, client_as):
    client, address = client_as("head_office"), f"/admin/org/person/unmask/?id={org.people['clerk'].id}"
    for reason, status in (("", 400), ("x" * 401, 400), ("x" * 400, 200)):
        assert post(client, address, {"reason": reason}).status_code == status


@on_sqlite
def test_a_statement_that_knows_no_scope_is_a_fault_in_the_log_and_a_404_to_the_person(
    app, client_as, route, log_lines, capfd
):
    def view():
        return str(current.execute(text("SELECT mobile FROM org_person")).all())

    assert client_as("clerk").get(route(view)).status_code == 404
    written = capfd.readouterr()
    assert "a fault in the code" in "".join([*log_lines, written.out, written.err])


@on_sqlite
def test_who_only_reads_holds_nothing_from_one_statement_to_the_next(app, org):
    with acting_as(SYSTEM), app.extensions["backoffice"].database.session(writes=False) as session:
        assert session.get(Node, org.stores[0].id)
        with unscoped("a test"):
            assert not session.connection().connection.dbapi_connection.in_transaction
