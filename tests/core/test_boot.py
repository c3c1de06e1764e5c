"""Starting: nothing is written, nothing unguarded goes up, and no page of the house breaks its own policy."""

import gc
import re
import weakref
from html.parser import HTMLParser

import pytest
from flask import Blueprint
from sqlalchemy import Column, Integer, Table, event, inspect

from core.access.guards import Guard
from core.app import create_app
from core.db import metadata
from core.registry.host import Host
from core.testing.factories import acting, enable_plugins, make_organisation, sign_in

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_starting_touches_no_database(settings):
    """Two workers that made tables at once raced and died: only a command writes the schema."""
    from sqlalchemy import create_engine

    said = []
    engine = create_engine(settings.database_url)

    @event.listens_for(type(engine), "connect")
    def connected(*_arguments):
        said.append("connected")

    try:
        create_app(settings).extensions["backoffice"].database.dispose()
        assert said == []
    finally:
        event.remove(type(engine), "connect", connected)
        engine.dispose()


@on_sqlite
def test_an_empty_database_is_not_filled_by_starting_or_by_being_asked(settings, tmp_path):
    empty = settings.model_copy(update={"database_url": f"sqlite:///{tmp_path / 'empty.sqlite'}"})
    app = create_app(empty)
    client = app.test_client()
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    with app.extensions["backoffice"].database.engine.connect() as connection:
        assert inspect(connection).get_table_names() == []
    app.extensions["backoffice"].database.dispose()


@on_sqlite
def test_an_unguarded_route_of_core_stops_the_start(settings, monkeypatch):
    blueprint = Blueprint("unguarded", __name__)
    blueprint.add_url_rule("/unguarded", view_func=lambda: "open")

    real = Host.ask

    def ask(self, hook, name):
        answer = real(self, hook, name)
        return [*answer, blueprint] if (hook, name) == ("backoffice_blueprints", "core.admin.plugin") else answer

    monkeypatch.setattr(Host, "ask", ask)
    with pytest.raises(Exception, match="/unguarded.*has no guard"):
        create_app(settings)


@on_sqlite
def test_a_table_without_a_scope_stops_the_start(settings):
    table = Table("core_unclassified", metadata, Column("id", Integer, primary_key=True))
    try:
        with pytest.raises(RuntimeError, match="core_unclassified"):
            create_app(settings)
    finally:
        metadata.remove(table)


@on_sqlite
def test_production_needs_a_secret_of_its_own(settings, tmp_path):
    from config.settings import Settings

    with pytest.raises(ValueError, match="BACKOFFICE_SECRET_KEY"):
        Settings(env="production", data_dir=tmp_path / "none", secret_key="").prepared()
    made = Settings(env="development", data_dir=tmp_path / "dev", secret_key="").prepared()
    assert len(made.secret_key) == 64
    assert (
        Settings(env="development", data_dir=tmp_path / "dev", secret_key="").prepared().secret_key == made.secret_key
    )
    assert (tmp_path / "dev" / "secret_key").stat().st_mode & 0o077 == 0


class Policy(HTMLParser):
    """Gathers what the policy would block: scripts and styles in the page, handlers, other hosts."""

    def __init__(self):
        super().__init__()
        self.problems = []
        self.inside = ""

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        for name, value in attributes:
            if name.startswith("on") or name == "style":
                self.problems.append(f"<{tag} {name}={value!r}>")
            if name in ("src", "href", "action", "formaction", "poster", "data") and re.match(
                r"(?i)\s*(https?:)?//|\s*javascript:", value or ""
            ):
                self.problems.append(f"<{tag} {name}={value!r}>")
        if tag == "script" and "src" not in given and given.get("type") not in ("application/json",):
            self.problems.append("<script> without src")
        if tag in ("style", "iframe", "object", "embed", "base"):
            self.problems.append(f"<{tag}>")
        if tag == "form" and given.get("method", "get").lower() == "post":
            self.inside = "form"
            self.problems.append("a form without its token")
        if tag == "input" and given.get("name") == "csrf_token" and given.get("value"):
            self.problems = [problem for problem in self.problems if problem != "a form without its token"]
        if tag == "html" and not given.get("lang"):
            self.problems.append("no language")


def pages_of(app, org):
    """Every address that a GET answers with a page, with and without rows, for the system administrator."""
    from plugins.shelf.models import Item, Memo, Shelf

    with acting(app) as session:
        row = Shelf(code="C1", name="the row", node_id=org.stores[0].id, note="x", keeper_mobile="13812345678")
        session.add(row)
        session.flush()
        session.add_all([Item(shelf_id=row.id, name="x"), Memo(author_id=org.people["clerk"].id, name="x")])
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.endpoint.endswith((".static", ".ajax_lookup", ".export")):
            continue
        values = {
            "message_id": 1,
            "shelf_id": 1,
            "code": org.stores[0].code,
            "day": "2026-01-01",
            "name": "shelf",
            "job_id": 1,
        }
        address = rule.build({name: values[name] for name in rule.arguments if name in values})
        if address is not None:
            yield address[1]
            if rule.endpoint.endswith((".details_view", ".edit_view", ".grants_view")):
                yield f"{address[1]}?id=1"
            if rule.endpoint.endswith(".index_view"):
                yield f"{address[1]}?bin=1"


@on_sqlite
@pytest.mark.parametrize("locale", ["en", "zh_Hans_CN"])
def test_no_page_holds_what_its_policy_forbids(shelf_app, locale):
    from core.testing.factories import make_organisation

    with acting(shelf_app) as session:
        org = make_organisation(session)
        session.merge(org.people["system_administrator"]).locale = locale
    client = sign_in(shelf_app.test_client(), org.people["system_administrator"])
    seen = 0
    for address in [*pages_of(shelf_app, org), "/no-such-page", "/login"]:
        answer = (shelf_app.test_client() if address == "/login" else client).get(address)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy and "unsafe" not in policy and "object-src 'none'" in policy, address
        assert "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy and "form-action 'self'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        if answer.mimetype != "text/html" or answer.status_code in (301, 302):
            continue
        seen += 1
        parser = Policy()
        parser.feed(answer.text)
        assert not parser.problems, f"{address}: {parser.problems}"
    assert seen > 45


@on_sqlite
def test_static_files_are_kept_by_the_browser_under_an_address_that_changes_with_them(app, client):
    page = client.get("/login").text
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert addresses
    for address in addresses:
        address = address.split("#")[0]
        answer = client.get(address)
        assert answer.status_code == 200 and re.search(r"v=[0-9a-f]{10}$", address), address
        assert "max-age=31536000" in answer.headers["Cache-Control"]
    for outside in (
        "/static/core/../app.py",
        "/static/core/%2e%2e/app.py",
        "/static/core/..%2fapp.py",
        "/static/core/",
        "/admin/static/../",
    ):
        assert client.get(outside).status_code == 404, outside


@on_sqlite
def test_a_page_of_a_person_is_kept_by_nobody(shelf_app, client_as_of):
    client = client_as_of(shelf_app)
    for address in ("/", "/admin/", "/admin/org/person/", "/account/", "/inbox/"):
        assert client.get(address).headers["Cache-Control"] == "no-store", address


@pytest.fixture
def client_as_of():
    from core.testing.factories import make_organisation

    def make(app, role="system_administrator"):
        with acting(app) as session:
            org = make_organisation(session)
        return sign_in(app.test_client(), org.people[role])

    return make


@on_sqlite
def test_every_guard_is_known_and_every_permission_declared(app):
    house = app.extensions["backoffice"]
    with acting(app) as session:
        enable_plugins(session, house.host)
    for endpoint, guard in house.guards.items():
        assert isinstance(guard, Guard)
        assert guard.kind != "permission" or guard.permission in house.permissions, endpoint
    for name in house.permissions:
        assert len(name.split(":")) == 3


@on_sqlite
def test_an_application_that_is_over_and_the_classes_of_a_plugin_that_is_gone_leave_the_memory(open_shelves):
    with open_shelves() as app:
        with acting(app) as session:
            org = make_organisation(session)
        assert (
            sign_in(app.test_client(), org.people["system_administrator"]).get("/admin/shelf/shelf/").status_code == 200
        )
        house = app.extensions["backoffice"]
        over = [
            weakref.ref(thing) for thing in (app, house.database.engine, house.views["shelf.shelf"].model.__mapper__)
        ]
    del app, session, house
    gc.collect()
    assert [thing() for thing in over] == [None, None, None]
