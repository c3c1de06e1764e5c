"""Who may do what with which row: every address of the URL map, tried by people who must not get through.

The matrix knows no table and no page by name. It reads the URL map and the views of an application, makes
rows of every mapped table out of its columns, with a canary in every text and amount of the rows that are
out of reach, and lets somebody whose every right ends at one place knock on every door. Each ``check_…``
raises AssertionError at the first door that opens, and returns how many it tried.

``plugin="loyalty"`` keeps it to the addresses and tables of one plugin and what it requires.

A plugin extends it with a file ``access_values.py`` beside its tests, which may hold

- ``ROUTE_VALUES``: ``{(endpoint or blueprint, argument): function}`` for the parts of addresses, and with
  ``"?name"`` for what follows the question mark. The function gets the `Site` and ``own``, ``foreign`` or
  ``missing``, and returns the value;
- ``ROW_VALUES``: ``{table: {column: value or function of the row's number}}`` where any text will not do;
- ``EVERYBODYS``: ``{resource: reason}`` for views whose rows have no place;
- ``PUBLIC`` and ``SIGNED_IN``: ``{endpoint: reason}`` for addresses that are open to the world, or to
  everybody who is signed in.
"""

import importlib.util
import io
import itertools
import re
import sqlite3
import zipfile
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Boolean, Date, Float, Integer, Numeric, String, Time, inspect, select, update

from core import clock
from core.access.scope import is_through, link_of, model_of, unscoped
from core.admin.model_view import ModelView
from core.auth.models import Grant, Role, UserSession
from core.auth.rights import load_person
from core.db import Instant, Money, mappers, metadata, tables_of
from core.inbox import Message
from core.org.models import Node, Person
from core.registry.models import Revision
from core.testing.factories import acting, give_role, make_person, sign_in, token

CANARY = "Qz7xw"
CANARY_SEEN = re.compile(r"Qz7xw[0-9a-z]+|987,654|987654\.32")
"""A canary is followed by its number, so that a search for it, echoed in the page, is no sighting."""

PUBLIC = {
    "auth.login": "one signs in here",
    "health.alive": "a balancer asks whether the process is up",
    "health.ready": "a balancer asks whether to send requests",
    "health.metrics": "the monitoring reads it, from the loopback or with its token",
}
SIGNED_IN = {
    "admin.index": "it shows only the doors one may open",
    "auth.account": "one's own account",
    "auth.end_session": "one's own account",
    "auth.language": "one's own account",
    "auth.logout": "everybody may leave",
    "auth.password": "one's own account",
    "home.index": "one's own home",
    "home.change_pin": "one's own home",
    "home.mark_all": "one's own messages",
    "home.mark_message": "one's own messages",
    "home.messages": "one's own messages",
    "home.open_message": "one's own messages",
    "jobs.file": "one's own jobs",
    "jobs.index": "one's own jobs",
    "jobs.job": "one's own jobs",
}
EVERYBODYS = {"auth.role": "a role belongs to no place"}
ROUTE_VALUES: dict[tuple[str, str], Any] = {
    ("*", "export_type"): lambda site, kind: "csv",
    ("home", "message_id"): lambda site, kind: site.messages[kind],
    ("jobs", "job_id"): lambda site, kind: MISSING if kind == "missing" else getattr(site, kind)["jobs_job"][0],
    ("auth", "session_id"): lambda site, kind: site.sessions[kind],
    ("plugins", "name"): lambda site, kind: "nowhere",
    ("plugin_settings", "name"): lambda site, kind: "nowhere",
    ("plugin_upgrade", "name"): lambda site, kind: "nowhere",
    ("plugin_purge", "name"): lambda site, kind: "nowhere",
}
ROW_VALUES: dict[str, dict[str, Any]] = {
    "org_node": {"kind": "store", "format": "community"},
    "org_person": {"locale": "en", "password_hash": None, "active": True},
    "audit_entry": {"action": "updated", "changes": {}, "batch": None},
}
MISSING = 10**9
ATTACKS = ("", "9" * 40, "１", "0", "-1", "abc", "²", "1 or 1=1", "1e3", "0x1", "%00", "1.0")
VOLATILE = {"auth_session", "auth_attempt", "registry_revision"}
"""Tables that every request may write without touching anybody's business."""


def load_values(path: Path) -> None:
    """Take in what the tests of a plugin add, in the file ``access_values.py`` beside them."""
    spec = importlib.util.spec_from_file_location(f"access_values_of_{path.parent.name}", path)
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    for name in ("ROUTE_VALUES", "ROW_VALUES", "EVERYBODYS", "PUBLIC", "SIGNED_IN"):
        globals()[name].update(getattr(module, name, {}))


class Caller:
    """A browser that reports what breaks as a failed assertion, and sends the CSRF token with every form."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.token = token(client)

    def __call__(self, method: str, url: str, data: Any = None, **options: Any) -> Any:
        """Send a request; an answer of 500 or more is a failure whoever asks."""
        try:
            if method == "GET":
                answer = self.client.get(url, **options)
            else:
                answer = self.client.open(
                    url, method=method, data={"csrf_token": self.token, **(data or {})}, **options
                )
        except AssertionError:
            raise
        except Exception as error:
            raise AssertionError(f"{method} {url} broke: {type(error).__name__}: {error}") from error
        assert answer.status_code < 500, f"{method} {url} answered {answer.status_code}"
        return answer


# Addresses and rights


def rules_of(app: Any, plugin: str | None = None) -> list[tuple[Any, str]]:
    """Return each rule with each of its methods, but static files; of one plugin if it is named."""
    return [
        (rule, method)
        for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        if not is_static(app, rule.endpoint) and _is_of(app, rule.endpoint, plugin)
    ]


def _is_of(app: Any, endpoint: str, plugin: str | None) -> bool:
    return plugin is None or app.extensions["backoffice"].owners.get(endpoint.split(".")[0]) == plugin


def is_static(app: Any, endpoint: str) -> bool:
    """Say whether an endpoint only sends files of a static folder."""
    return getattr(app.view_functions[endpoint], "__name__", "") == "send_static_file"


def plain_url(rule: Any) -> str:
    """Return the address with something in the place of every argument."""
    values = dict.fromkeys(rule.arguments, "1" if "int:" in rule.rule else "x")
    return rule.build(values, append_unknown=False)[1]


def check_public_rules(app: Any, org: Any = None, plugin: str | None = None) -> int:
    """Nothing is open to the world but what is named, with a reason, here and at its route."""
    guards = app.extensions["backoffice"].guards
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert endpoints == set(guards), f"without a guard: {endpoints - set(guards)}"
    endpoints = {endpoint for endpoint in endpoints if _is_of(app, endpoint, plugin)}
    for endpoint in sorted(endpoints):
        guard = guards[endpoint]
        if guard.kind == "public":
            assert is_static(app, endpoint) or endpoint in PUBLIC, f"{endpoint} is open to the world"
        if guard.kind == "signed_in":
            assert endpoint in SIGNED_IN, f"{endpoint} is open to everybody who is signed in"
        assert guard.permission if guard.kind == "permission" else guard.reason, f"{endpoint}: {guard}"
        assert guard.kind in ("public", "signed_in", "permission") or is_static(app, endpoint), guard
    return len(endpoints)


def check_anonymous(app: Any, org: Any = None, plugin: str | None = None) -> int:
    """Who is not signed in is sent to the login page, or told 401, and learns nothing."""
    guards = app.extensions["backoffice"].guards
    call = Caller(app.test_client())
    tried = 0
    for rule, method in rules_of(app, plugin):
        if guards[rule.endpoint].kind not in ("signed_in", "permission"):
            continue
        for sent in (method, "OPTIONS", "HEAD"):
            if sent == "HEAD" and "GET" not in rule.methods:
                continue
            answer = call(sent, plain_url(rule))
            tried += 1
            if sent in ("GET", "HEAD", "OPTIONS"):
                assert answer.status_code == 302, f"{sent} {rule.rule}: {answer.status_code} for nobody"
                assert answer.headers["Location"].startswith("/login?next="), rule.rule
            else:
                assert answer.status_code == 401, f"{sent} {rule.rule}: {answer.status_code} for nobody"
            assert not CANARY_SEEN.search(answer.text)
        script = call(method, plain_url(rule), headers={"X-Requested-With": "fetch"})
        assert script.status_code == 401, f"{method} {rule.rule}: {script.status_code} for nobody's script"
    return tried


def check_tokens(app: Any, org: Any, plugin: str | None = None) -> int:
    """No form is taken without the token of its page, from anybody."""
    client = sign_in(app.test_client(), org.people["system_administrator"])
    tried = 0
    for rule, method in rules_of(app, plugin):
        if method == "GET":
            continue
        for data in ({}, {"csrf_token": "x"}):
            answer = client.open(plain_url(rule), method=method, data=data)
            tried += 1
            assert answer.status_code == 400, f"{method} {rule.rule} answered {answer.status_code} without a token"
    return tried


def check_signing_out(app: Any, org: Any) -> int:
    """After the logout a copy of the cookie opens nothing."""
    client, thief = sign_in(app.test_client(), org.people["clerk"]), app.test_client()
    assert client.get("/account/").status_code == 200
    thief.set_cookie("session", client.get_cookie("session").value)
    Caller(client)("POST", "/logout")
    for name, browser in (("the browser", client), ("the copy", thief)):
        assert browser.get("/account/").status_code == 302, f"{name} is still signed in after the logout"
    return 2


def check_switched_off(app: Any, org: Any, plugin: str | None = None) -> int:
    """A plugin that is off answers everybody, at each of its addresses, like an address that does not exist."""
    from core.registry.models import PluginIntent

    house = app.extensions["backoffice"]
    with acting(app) as session:
        for intent in session.scalars(select(PluginIntent)):
            intent.enabled = False
        session.flush()
        session.execute(update(Revision).values(plugins=Revision.plugins + 1))
    tried = 0
    for role in ("system_administrator", "store_manager", None):
        call = Caller(sign_in(app.test_client(), org.people[role]) if role else app.test_client())
        for rule, method in rules_of(app, plugin):
            if rule.endpoint.split(".")[0] not in house.owners:
                continue
            answer, unknown = call(method, plain_url(rule)), call(method, "/no/such/address")
            tried += 1
            assert answer.status_code == 404, (
                f"{role}: {method} {rule.rule} of a plugin that is off answered {answer.status_code}"
            )
            assert answer.data == unknown.data, (
                f"{role}: {method} {rule.rule} of a plugin that is off is told from nothing"
            )
        if role:
            menu = call("GET", "/admin/").text
            offered = [
                view.url for view in house.menu_views if view.endpoint in house.owners and f'"{view.url}/"' in menu
            ]
            assert not offered, f"{role}: the menu leads to {offered}"
    return tried


def check_permissions(app: Any, org: Any, plugin: str | None = None) -> int:
    """A person with every right but the one a route needs gets 403, on the very next request."""
    house = app.extensions["backoffice"]
    guards = {endpoint: guard for endpoint, guard in house.guards.items() if _is_of(app, endpoint, plugin)}
    needed = sorted({guard.permission for guard in guards.values() if guard.kind == "permission"})
    assert set(needed) <= set(house.permissions)
    with acting(app) as session:
        role = Role(code="all_but_one", name="all but one", rank=70)
        session.add(role)
        session.flush()
        for name in house.permissions:
            session.add(Grant(role_id=role.id, permission=name, level="all"))
        person = make_person(session, "all.but.one", org.chain, "all_but_one")
    call = Caller(sign_in(app.test_client(), person))
    tried = 0
    for name in needed:
        _set_level(app, role.id, name, None)
        for rule, method in rules_of(app, plugin):
            if house.guards[rule.endpoint].permission == name:
                answer = call(method, plain_url(rule))
                tried += 1
                assert answer.status_code == 403, f"{method} {rule.rule}: {answer.status_code} without {name}"
                assert name in answer.text, "the reason is told"
        _set_level(app, role.id, name, "all")
    return tried


def _set_level(app: Any, role_id: int, permission: str, level: str | None) -> None:
    with acting(app) as session:
        grant = session.scalars(
            select(Grant).where(Grant.role_id == role_id, Grant.permission == permission)
        ).one_or_none()
        if grant and not level:
            session.delete(grant)
        if level and not grant:
            session.add(Grant(role_id=role_id, permission=permission, level=level))
        session.flush()
        session.execute(update(Revision).values(rights=Revision.rights + 1))


def check_shipped_roles(app: Any, org: Any, plugin: str | None = None) -> int:
    """Each shipped role is let in exactly where its grants say, and nothing breaks for it."""
    house = app.extensions["backoffice"]
    tried = 0
    for code, person in org.people.items():
        call = Caller(sign_in(app.test_client(), person))
        with acting(app) as session:
            held = set(
                session.scalars(select(Grant.permission).join(Role, Role.id == Grant.role_id).where(Role.code == code))
            )
        for rule, method in rules_of(app, plugin):
            guard = house.guards[rule.endpoint]
            if rule.endpoint in ("auth.logout", "auth.login", "auth.language", "auth.end_session"):
                continue
            answer = call(method, plain_url(rule))
            tried += 1
            if guard.kind == "permission" and guard.permission not in held and code != "system_administrator":
                assert answer.status_code == 403, f"{code}: {method} {rule.rule} answered {answer.status_code}"
            elif guard.kind == "permission":
                # A right held is no right to every row: a service may still refuse, with its own reason.
                assert answer.status_code not in (302, 401) or "login" not in answer.headers.get("Location", "login"), (
                    f"{code}: {method} {rule.rule}"
                )
                assert answer.status_code != 403 or guard.permission not in answer.text, (
                    f"{code}: {method} {rule.rule} refused a right it has"
                )
    return tried


# Rows


@dataclass
class Site:
    """One person whose every right ends at one place, and rows on both sides of that border."""

    app: Any
    org: Any
    person: Any
    call: Any
    inside: set[int]
    """Ids of the nodes in reach; empty when only one's own rows are."""
    own: dict[str, list[int]] = field(default_factory=dict)
    """Ids by table of rows the person may change."""
    foreign: dict[str, list[int]] = field(default_factory=dict)
    messages: dict[str, int] = field(default_factory=dict)
    sessions: dict[str, int] = field(default_factory=dict)
    here: Any = None
    elsewhere: Any = None
    plugin: str | None = None

    @property
    def views(self) -> list[tuple[str, Any]]:
        """The views that are looked at, by resource."""
        return [
            (resource, view) for resource, view in sorted(self.house.views.items())
            if self.plugin in (None, view.plugin)
        ]  # fmt: skip

    @property
    def house(self) -> Any:
        """The application's house."""
        return self.app.extensions["backoffice"]

    @cached_property
    def contents(self) -> "Contents":
        """What its database holds."""
        return Contents(self.house.database)

    def must_be_signed_in(self) -> None:
        """Raise when the attack has thrown the attacker out: then the rest of it met nothing but the login page."""
        assert self.call("GET", "/account/").status_code == 200, "the attacker is no longer signed in"

    def current(self) -> Any:
        """The person as they act."""
        with acting(self.app) as session:
            return load_person(session, self.person.id)


class RowMaker:
    """Makes a row of any mapped table out of its columns."""

    def __init__(self, session: Any, house: Any) -> None:
        self.session = session
        self.numbers = itertools.count(1)
        self.made: dict[Any, Any] = {}
        self.choices: dict[tuple[str, str], Any] = {}
        self.links: list[Any] = []
        """The rows through which things of the whole chain are seen where they were made."""
        for view in house.views.values():
            for declared in (*view.columns, *view.fields):
                if declared.choices:
                    self.choices[view.model.__tablename__, declared.name] = next(iter(declared.choices))

    def make(self, model: Any, node: Any, person: Any, *, canary: bool, linked: bool = True, **given: Any) -> Any:
        """Return a flushed row that belongs to `node` and `person`; the texts of one with a canary hold it.

        A thing of the whole chain gets the row through which it is seen there, unless it is not to be `linked`.
        """
        row = model(**given)
        number = next(self.numbers)
        for attribute in inspect(model).column_attrs:
            column = attribute.columns[0]
            if attribute.key not in given and not self._stays(attribute.key, column):
                setattr(row, attribute.key, self._value(model, attribute.key, column, number, node, person, canary))
        self.session.add(row)
        self.session.flush()
        if linked and is_through(model):
            link = link_of(model)
            self.links.append(self.make(link.class_, node, person, canary=canary, **{link.key: row.id}))
        return row

    @staticmethod
    def _stays(name: str, column: Any) -> bool:
        if name in ("version", "created_at", "updated_at", "deleted_at", "area_id", "region_id"):
            return True
        if column.nullable and any(key.column.table is column.table for key in column.foreign_keys):
            return True
        return column.primary_key and isinstance(column.type, Integer) and not column.foreign_keys

    def _value(self, model: Any, name: str, column: Any, number: int, node: Any, person: Any, canary: bool) -> Any:
        table = model.__tablename__
        if name in ROW_VALUES.get(table, {}):
            value = ROW_VALUES[table][name]
            return value(number) if callable(value) else value
        if name == "node_id":
            return node.id
        if name == getattr(model, "__owner__", ""):
            return person.id
        if (table, name) in self.choices:
            return self.choices[table, name]
        for key in column.foreign_keys:
            target = model_of(key.column.table)
            if is_through(target) and link_of(target).class_ is model:
                return self.make(target, node, person, canary=canary, linked=False).id
            return self._target(target, node, person, canary, column)
        return _plain_value(column, number, canary)

    def _target(self, target: Any, node: Any, person: Any, canary: bool, column: Any) -> Any:
        if target is Node:
            return node.id
        if target is Person:
            return person.id
        if target is Role:
            return self.session.scalars(select(Role.id).where(Role.code == "clerk")).one()
        same = [other.name for other in column.table.columns if other.references(inspect(target).local_table.c.id)]
        key = (target, same.index(column.name), node.id, person.id, canary)  # two columns never name one row
        if key not in self.made:
            self.made[key] = self.make(target, node, person, canary=canary)
        return inspect(self.made[key]).identity[0]


def _plain_value(column: Any, number: int, canary: bool) -> Any:
    kind = column.type
    if isinstance(kind, JSON):
        return (
            {}
            if column.default is None
            else column.default.arg(None)
            if column.default.is_callable
            else column.default.arg
        )
    if column.info.get("personal") == "mobile":
        return f"139{number:08}"
    if isinstance(kind, Money):
        return Decimal("987654.32") if canary else Decimal(number)
    if isinstance(kind, Boolean):
        return True
    if isinstance(kind, Instant):
        return clock.now()
    if isinstance(kind, Date):
        return clock.today() - timedelta(days=number)
    if isinstance(kind, Time):
        return time(9, number % 60)
    if isinstance(kind, Numeric):
        return Decimal(1)
    if isinstance(kind, Float):
        return 0.5
    if isinstance(kind, Integer):
        return number
    if isinstance(kind, String):
        word = f"{CANARY}{number}" if canary else f"own{number}"
        return word if kind.length is None or kind.length >= len(word) else word[-kind.length :]
    raise AssertionError(f"{column}: teach the matrix to make a {kind!r}, or put it into ROW_VALUES")


def make_site(app: Any, org: Any, scope: str, plugin: str | None = None) -> Site:
    """Make a person whose every right has `scope` ("store", "area" or "own"), and rows here and elsewhere.

    With "crossed", they may list and read everywhere besides, and all the rest still in their store only.
    """
    house = app.extensions["backoffice"]
    here = org.areas[0] if scope == "area" else org.stores[0]
    with acting(app) as session:
        role = Role(code=f"insider_{scope}", name="insider", rank=70)
        session.add(role)
        session.flush()
        level = "own" if scope == "own" else "node"
        session.add_all(Grant(role_id=role.id, permission=name, level=level) for name in house.permissions)
        person = make_person(session, f"insider.{scope}", here, role.code)
        if scope == "crossed":
            reader = Role(code="reader", name="reader", rank=10)
            session.add(reader)
            session.flush()
            session.add_all(
                Grant(role_id=reader.id, permission=name, level="all")
                for name in house.permissions
                if name.endswith((":list", ":read"))
            )
            give_role(session, person, "reader", org.chain)
        inside = {org.stores[0].id}
        if scope == "area":
            inside = {org.areas[0].id, org.stores[0].id, org.stores[1].id, org.department.id}
        inside = set() if scope == "own" else inside
        other = org.stores[4]
        site = Site(app, org, person, None, inside, here=here, elsewhere=other, plugin=plugin)
        outside = [
            other,
            org.stores[0] if scope == "own" else org.areas[3] if scope == "area" else org.stores[1],
            org.chain,
        ]
        _make_rows(site, session, [here] if scope != "own" else [], outside, scope)
    site.call = Caller(sign_in(app.test_client(), person))
    stranger = org.people["leader"]
    sign_in(app.test_client(), stranger)
    with acting(app) as session:
        _make_messages(site, session, stranger)
    with acting(app) as session:
        ids = dict(session.execute(select(UserSession.person_id, UserSession.id)).all())
        site.sessions = {"own": ids[person.id], "foreign": ids[stranger.id], "missing": MISSING}
    return site


def _make_messages(site: Site, session: Any, stranger: Any) -> None:
    mine = Message(person_id=site.person.id, key="mine", title="own", url="/account/")
    theirs = Message(person_id=stranger.id, key="theirs", title=f"{CANARY}0", text=f"{CANARY}0", url="/account/")
    session.add_all([mine, theirs])
    session.flush()
    site.messages = {"own": mine.id, "foreign": theirs.id, "missing": MISSING}
    site.own["inbox_message"], site.foreign["inbox_message"] = [mine.id], [theirs.id]


def _make_rows(site: Site, session: Any, inside: list[Any], outside: list[Any], scope: str) -> None:
    maker = RowMaker(session, site.house)
    colleagues = {node.id: make_person(session, f"colleague.{scope}.{node.code.lower()}", node) for node in inside}
    strangers = {
        node.id: make_person(session, f"{CANARY}{scope}{node.id}", node, name=f"{CANARY}{node.id}") for node in outside
    }
    models = {mapper.class_ for mapper in mappers() if mapper.class_.__scope__ != "global"}
    models |= {view.model for view in site.house.views.values()}
    models &= _models_of(site)
    for model in sorted(models - {Role, Message}, key=lambda model: model.__tablename__):
        table = model.__tablename__
        site.own[table], site.foreign[table] = [], []
        if model is Node:
            _use_nodes(site, session, outside)
        elif model is Person:
            site.own[table] = [person.id for person in colleagues.values()] or [site.person.id]
            site.foreign[table] = [person.id for person in strangers.values()]
        else:
            own = [maker.make(model, node, colleagues[node.id], canary=False) for node in inside]
            if getattr(model, "__owner__", "") and (scope == "own" or model.__scope__ == "own"):
                own = [maker.make(model, site.here, site.person, canary=False)]
            foreign = [maker.make(model, node, strangers[node.id], canary=True) for node in outside]
            site.own[table] = [inspect(row).identity[0] for row in own]
            site.foreign[table] = [inspect(row).identity[0] for row in foreign]
    for row in maker.links:
        side = site.own if row.node_id in {node.id for node in inside} else site.foreign
        side[row.__tablename__].append(row.id)


def _models_of(site: Site) -> set[Any]:
    """Return the tables that get rows: all, or those of core, of the plugin and of what it requires."""
    if site.plugin is None:
        return {mapper.class_ for mapper in mappers()}
    manifest = site.house.host.plugins[site.plugin].installed.manifest
    return {model_of(table) for name in (None, site.plugin, *manifest.requires) for table in tables_of(name)}


def _use_nodes(site: Site, session: Any, outside: list[Any]) -> None:
    """Places exist already. The name of a place above one's own is no secret, so it bears no canary."""
    above = {site.here.id, site.here.area_id, site.here.region_id, site.org.chain.id, *site.inside}
    for node in session.scalars(select(Node).where(Node.id.not_in(above - {None}))):
        if site.inside:
            node.name = node.address = f"{CANARY}{node.id}"
    site.own["org_node"] = sorted(site.inside)
    site.foreign["org_node"] = [node.id for node in outside]
    session.flush()


# The attack


def check_rows(site: Site) -> int:
    """Nothing of the rows elsewhere is read, counted, found, exported or changed through any view."""
    tried = 0
    for resource, view in site.views:
        if resource in EVERYBODYS:
            assert not hasattr(view.model, "scope_columns") and view.model.__scope__ == "global", resource
            continue
        tried += check_reading(site, view)
        tried += check_numbers(site, view)
        tried += check_writing(site, view)
    site.must_be_signed_in()
    return tried


def _must_not_show(answer: Any, what: str) -> None:
    text = answer.data.decode(errors="replace")
    if "spreadsheet" in (answer.mimetype or ""):
        book = zipfile.ZipFile(io.BytesIO(answer.data))
        text = " ".join(book.read(name).decode() for name in book.namelist() if name.endswith(".xml"))
    seen = CANARY_SEEN.search(text)
    assert not seen, f"{what} shows {seen[0]}: {text[max(0, seen.start() - 200) : seen.end() + 60]!r}"


def check_reading(site: Site, view: Any) -> int:
    """The list, its bin, print, exports, look-ups, searches and every filter and order show no row of elsewhere."""
    base, tried = f"{view.url}/", 0
    questions = [
        "",
        "bin=1",
        f"search={CANARY}",
        "search=1",
        f"columns={'&columns='.join(view.by_name)}",
        f"columns={'&columns='.join(view.by_name)}&bin=1",
    ]
    for column in view.columns:
        if column.sortable:
            questions += [f"sort={column.name}", f"sort={column.name}&desc=1"]
        if column.filter:
            questions += _filters_for(site, column)
    methods = {name for _url, name, _methods in view._urls}
    addresses = [
        address
        for method, address in (
            ("index_view", ""), ("print_view", "print/"), ("export", "export/csv/"), ("export", "export/xlsx/"), ("ajax_lookup", "ajax/lookup/"),
        )
        if method in methods
    ]  # fmt: skip
    for address in addresses:
        for question in questions if address == "" else questions[:3]:
            url = f"{base}{address}?{question}"
            answer = site.call("GET", url)
            tried += 1
            assert answer.status_code in (200, 302), f"{url} answered {answer.status_code}"
            _must_not_show(answer, url)
    for word in (CANARY, "", "1"):
        if "ajax_lookup" in methods:
            _must_not_show(site.call("GET", f"{base}ajax/lookup/?q={word}&limit=100000"), "the look-up")
    for number in site.own[view.model.__tablename__]:
        for more in ("", "&bin=1"):
            _must_not_show(site.call("GET", f"{base}details/?id={number}{more}"), f"{base}details/ of one's own row")
        _must_not_show(
            site.call("GET", f"{base}details/?id={number}", headers={"X-Requested-With": "drawer"}),
            f"{base}details/ of one's own row",
        )
        _must_not_show(site.call("GET", f"{base}edit/?id={number}"), f"{base}edit/ of one's own row")
    if "index_view" in methods:
        page = site.call("GET", base).text
        count = re.search(r"(\d+) in all", page)
        shown = len(re.findall(r'data-row="', page))
        assert (int(count[1]) if count else 0) == shown, f"{base} counts {count and count[1]} rows and shows {shown}"
    return tried


def _filters_for(site: Site, column: Any) -> list[str]:
    name = column.name
    if column.filter in ("range", "date"):
        return [f"{name}_from=2000-01-01", f"{name}_from=1", f"{name}_to=99999999", f"{name}_from=987654"]
    if column.filter == "boolean":
        return [f"{name}=1", f"{name}=0"]
    if column.lookup:
        target = site.house.views[column.lookup].model.__tablename__
        return [f"{name}={number}" for number in site.foreign.get(target, [])]
    if column.choices:
        return [f"{name}={value}" for value in column.choices]
    return [f"{name}={CANARY}", f"{name}={CANARY[:2]}", f"{name}=1"]


def view_rules(site: Site, view: Any) -> list[tuple[str, str, str]]:
    """Return (method of the view, HTTP method, address) of every address of a view that takes no argument."""
    found = []
    for rule, method in rules_of(site.app, site.plugin):
        if rule.endpoint.split(".")[0] == view.endpoint and not rule.arguments:
            found.append((rule.endpoint.split(".")[1], method, rule.rule))
    return found


def check_numbers(site: Site, view: Any) -> int:
    """A number of elsewhere is answered, at every address, exactly like one that does not exist; and changes nothing."""
    foreign = site.foreign[view.model.__tablename__]
    tried, before = 0, Dump(site)
    for name, method, url in view_rules(site, view):
        unknown = site.call(method, f"{url}?id={MISSING}", {"id": MISSING, "reason": "x"})
        numbers = [str(number) for number in foreign]
        if unknown.status_code == 404:
            numbers += [f"{foreign[0]}&bin=1", f"0{foreign[0]}", f"{foreign[0]}&id={MISSING}"]
            numbers += ATTACKS if name == "details_view" or not hasattr(ModelView, name) else ATTACKS[:3]
        for number in numbers:
            answer = site.call(method, f"{url}?id={number}", {"reason": "x"})
            tried += 1
            where = f"{method} {url}?id={number}"
            _must_not_show(answer, where)
            if unknown.status_code == 404:
                assert answer.status_code == 404, f"{where} answered {answer.status_code}"
                assert answer.data == unknown.data, f"{where}: a row of elsewhere is told from one that does not exist"
        if name == "delete_view":
            assert site.call(method, url, {"id": foreign[0]}).status_code == 404, (
                f"{method} {url} with the number in the form"
            )
        if method == "POST":
            before.must_still_hold(f"POST {url} with numbers of elsewhere")
    drawer = site.call("GET", f"{view.url}/details/?id={foreign[0]}", headers={"X-Requested-With": "drawer"})
    assert drawer.status_code == 404, f"the drawer of {view.resource} answered {drawer.status_code}"
    return tried


def check_writing(site: Site, view: Any) -> int:
    """No form, bulk edit or undo reaches a row of elsewhere, moves one there, or points to one."""
    methods, tried, before = {name for _url, name, _methods in view._urls}, 0, Dump(site)
    if {"bulk_view", "action_view"} <= methods:
        tried += _attack_in_bulk(site, view)
        before.must_still_hold(f"the bulk edit of {view.resource}")
        tried += _attack_by_undo(site, view)
        before = Dump(site)
    for name in ("create_view", "edit_view"):
        if name in methods:
            tried += _attack_by_form(site, view, name)
            before.must_still_hold(f"{name} of {view.resource}")
    return tried


def _attack_in_bulk(site: Site, view: Any, *, lookups: bool = True) -> int:
    table = view.model.__tablename__
    mixed = [*site.own[table], *site.foreign[table], "x", "-1", MISSING]
    tried = 0
    first = site.call("POST", f"{view.url}/action/", {"action": "edit", "rowid": mixed})
    if lookups:
        _must_not_show(first, f"the bulk edit of {view.resource}")
    only = site.call("POST", f"{view.url}/action/", {"action": "edit", "rowid": site.foreign[table]})
    assert only.status_code == 404, f"the bulk edit of {view.resource} opens rows of elsewhere"
    for declared in view.fields:
        if not declared.bulk:
            continue
        values = [*_bulk_values(declared, view)]
        if declared.lookup and lookups:
            target = site.house.views[declared.lookup].model.__tablename__
            values += [str(number) for number in site.foreign.get(target, [])]
        for value in values:
            fields = {"rowid": mixed, "field": declared.name, declared.name: value}
            seen = site.call("POST", f"{view.url}/bulk/", fields)
            if lookups:
                _must_not_show(seen, f"the preview of {view.resource}")
            chosen = {int(number) for number in re.findall(r'name="rowid" value="(\d+)"', seen.text)}
            assert not chosen & set(site.foreign[table]), f"the preview of {view.resource} holds rows of elsewhere"
            proof = re.search(r'name="version_token" value="([^"]+)"', seen.text)
            done = site.call(
                "POST", f"{view.url}/bulk/", fields | {"_confirmed": "1", "version_token": proof[1] if proof else ""}
            )
            tried += 2
            if declared.lookup and value not in _bulk_values(declared, view):
                assert done.status_code in (404, 422), (
                    f"{view.resource}.{declared.name} may point to {value}, which is elsewhere"
                )
    return tried


def _bulk_values(declared: Any, view: Any) -> list[str]:
    kind = declared.kind_for(view.model)
    if declared.choices:
        return [str(value) for value in list(declared.choices)[-1:]]
    plain = {
        "money": "5",
        "number": "5",
        "date": "2026-05-05",
        "time": "8:00",
        "boolean": "1",
        "lookup": "",
        "datetime": "",
        "mobile": "",
    }
    return [plain.get(kind, "changed")]


def _attack_by_undo(site: Site, view: Any) -> int:
    from core.audit import AuditEntry

    table = view.model.__tablename__
    name = next(declared.name for declared in view.fields if declared.bulk)
    with acting(site.app) as session, unscoped("a test"):
        for row_id in (*site.own[table], *site.foreign[table]):
            value = session.scalar(select(getattr(view.model, name)).where(view.model.id == row_id))
            kept = value if value is None or isinstance(value, bool | int | str) else str(value)
            for batch, who in (("theirs", site.org.people["leader"]), ("mine", site.person)):
                session.add(AuditEntry(
                    person_id=who.id, person_name="x", resource=view.model.__resource__, row_id=str(row_id), action="updated",
                    changes={name: [None, kept]}, batch=f"{batch}-{view.resource}",
                ))  # fmt: skip
    everything = Dump(site)
    refused = site.call("POST", f"{view.url}/undo/?batch=theirs-{view.resource}")
    assert refused.status_code == 404, f"somebody else's batch in {view.resource} is undone"
    everything.must_still_hold(f"undo of somebody else's batch in {view.resource}", own_too=True)
    # One's own batch, from the time when the rows of elsewhere were still one's own.
    site.call("POST", f"{view.url}/undo/?batch=mine-{view.resource}")
    everything.must_still_hold(f"undo in {view.resource}")
    return 2


def _attack_by_form(site: Site, view: Any, name: str, *, only_places: bool = False) -> int:
    table, tried = view.model.__tablename__, 0
    if not site.own[table]:
        return 0
    with acting(site.app) as session:
        row = session.scalars(select(view.model).where(view.model.id == site.own[table][0])).one()
        good = {declared.name: _typed(declared, view, getattr(row, declared.name)) for declared in view.fields}
    number = site.own[table][0]
    url = f"{view.url}/new/" if name == "create_view" else f"{view.url}/edit/?id={number}"
    for declared in view.fields:
        if not declared.lookup or (declared.only_new and name == "edit_view"):
            continue
        target = site.house.views[declared.lookup].model.__tablename__
        if site.house.views[declared.lookup].resource in EVERYBODYS or (only_places and target != "org_node"):
            continue
        for foreign in (*site.foreign[target], MISSING, "0", "-1", "9" * 30, "1.5", "x"):
            page = site.call("GET", url)
            version = re.search(r'name="_version" value="([^"]+)"', page.text)
            fields = (
                good
                | _fresh(view, name)
                | {declared.name: str(foreign)}
                | ({"_version": version[1]} if version else {})
            )
            answer = site.call("POST", url, fields)
            tried += 1
            where = f"{view.resource}: {name} with {declared.name}={foreign}"
            assert answer.status_code in (403, 404, 422), f"{where} answered {answer.status_code}"
            if not only_places:
                _must_not_show(answer, where)
    for foreign in site.foreign[table] if not only_places else ():
        # The number of a row of elsewhere in the form, beside the address of one's own.
        page = site.call("GET", url)
        version = re.search(r'name="_version" value="([^"]+)"', page.text)
        fields = (
            good
            | _fresh(view, name)
            | {"id": foreign, "pk": foreign, "node_id": site.elsewhere.id, "area_id": site.elsewhere.area_id}
        )
        fields |= {getattr(view.model, "__owner__", "id"): site.org.people["leader"].id} | (
            {"_version": version[1]} if version else {}
        )
        _must_not_show(site.call("POST", url, fields), f"{view.resource}: {name} with a number of elsewhere")
        tried += 1
    return tried


_fresh_numbers = itertools.count(1)


def _fresh(view: Any, name: str) -> dict[str, str]:
    """Return new values for fields that are unique, so that nothing else but the attack is wrong with a form."""
    if name == "edit_view":
        return {}
    fresh = {}
    for declared in view.fields:
        column = getattr(view.model, declared.name)
        if (
            isinstance(column.type, String)
            and not declared.choices
            and declared.kind_for(view.model) == "text"
            and declared.parse is None
        ):
            fresh[declared.name] = f"fresh{next(_fresh_numbers)}"
        elif isinstance(column.type, Date):
            fresh[declared.name] = str(date(2030, 1, 1) + timedelta(days=next(_fresh_numbers)))
    return fresh


def _typed(declared: Any, view: Any, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, datetime):
        return value.date().isoformat()
    return str(value)


def check_crossed(site: Site) -> int:
    """Who may read everywhere and write in one store writes, exports and moves nothing anywhere else."""
    tried = 0
    for resource, view in site.views:
        if resource in EVERYBODYS:
            continue
        table, before = view.model.__tablename__, Dump(site)
        for _name, method, url in view_rules(site, view):
            permission = site.house.guards[f"{view.endpoint}.{_name}"].permission
            if permission.endswith((":list", ":read")):
                continue
            unknown = site.call(method, f"{url}?id={MISSING}")
            for number in site.foreign[table] if unknown.status_code == 404 else ():
                answer = site.call(method, f"{url}?id={number}", {"reason": "x", "rowid": number, "action": "edit"})
                tried += 1
                assert answer.status_code == 404, (
                    f"{method} {url}?id={number} answered {answer.status_code} to a reader"
                )
            before.must_still_hold(f"{method} {url} by a reader")
        if "export" in view.actions:
            _must_not_show(site.call("GET", f"{view.url}/export/csv/"), f"the export of {resource} for a reader")
        methods = {name for _url, name, _methods in view._urls}
        if {"bulk_view", "action_view"} <= methods:
            tried += _attack_in_bulk(site, view, lookups=False)
            before.must_still_hold(f"the bulk edit of {resource} by a reader")
        site.must_be_signed_in()
        for name in ("create_view", "edit_view"):
            if name in methods:
                tried += _attack_by_form(site, view, name, only_places=True)
                before.must_still_hold(f"{name} of {resource} by a reader")
    return tried


def check_session(site: Site) -> int:
    """Past every view, the session itself reads and writes nothing elsewhere."""
    from core.access.guard import ScopeViolation

    person, tried = site.current(), 0
    for mapper in sorted(mappers(), key=lambda mapper: mapper.class_.__tablename__):
        model = mapper.class_
        foreign = site.foreign.get(model.__tablename__, [])
        if model.__scope__ == "global" or not foreign:
            continue
        key, before = getattr(model, mapper.get_property_by_column(mapper.primary_key[0]).key), Dump(site)
        with acting(site.app, person) as session:
            assert not set(session.scalars(select(key))) & set(foreign), (
                f"the session shows {model.__name__} of elsewhere"
            )
            assert session.get(model, foreign[0]) is None, (
                f"the session finds {model.__name__} of elsewhere by its number"
            )
            try:
                session.query(model).filter(key.in_(foreign)).delete()
            except ScopeViolation:
                tried += 1
        before.must_still_hold(f"a delete of {model.__name__}")
        tried += 3
        if getattr(model, "__append_only__", False):
            continue
        with acting(site.app, person) as session:
            maker = RowMaker(session, site.house)
            try:
                maker.make(model, site.elsewhere, site.org.people["leader"], canary=True)
            except ScopeViolation:
                tried += 1
            else:
                raise AssertionError(f"the session takes a new {model.__name__} for elsewhere")
            session.rollback()
    return tried


def check_other_pages(site: Site) -> int:
    """Pages that are no table's: a place or number of elsewhere is as unknown as one that does not exist."""
    endpoints = {view.endpoint for view in site.house.views.values()}
    tried, before = 0, Dump(site)
    for rule, method in rules_of(site.app, site.plugin):
        blueprint = rule.endpoint.split(".")[0]
        if blueprint in endpoints or rule.endpoint in ("auth.logout", "auth.password", "health.metrics"):
            continue
        names = sorted(rule.arguments) + [
            name for (of, name) in ROUTE_VALUES if name.startswith("?") and of in (rule.endpoint, blueprint)
        ]
        answers = {}
        kinds = ("own", "foreign", "missing") if names else ("own",)
        for kind in kinds if rule.endpoint != "auth.end_session" else kinds[1:]:
            values = {name: route_value(site, rule.endpoint, name, kind) for name in names}
            url = rule.build({name: value for name, value in values.items() if not name.startswith("?")})[1]
            url += "?" + "&".join(f"{name[1:]}={value}" for name, value in values.items() if name.startswith("?"))
            answers[kind] = site.call(method, url)
            _must_not_show(answers[kind], f"{method} {url}")
            tried += 1
        if not names:
            continue
        where = f"{method} {rule.rule} of elsewhere"
        assert answers["foreign"].status_code == answers["missing"].status_code, (
            f"{where} answered {answers['foreign'].status_code}"
        )
        assert answers["foreign"].status_code != 200, f"{where} is shown"
        if answers["missing"].status_code == 404:
            assert answers["foreign"].data == answers["missing"].data, f"{where} is told from one that does not exist"
        if method != "GET":
            before.must_still_hold(where)
    site.must_be_signed_in()
    return tried


def route_value(site: Site, endpoint: str, name: str, kind: str) -> Any:
    """Return what stands in an address for a row of one's own, of elsewhere, or of nobody."""
    for key in ((endpoint, name), (endpoint.split(".")[0], name), ("*", name)):
        if key in ROUTE_VALUES:
            return ROUTE_VALUES[key](site, kind)
    raise AssertionError(
        f"{endpoint} takes {name}: put ({endpoint!r}, {name!r}) into ROUTE_VALUES, see core.testing.access_matrix"
    )


class Contents:
    """All the database holds, read again only when somebody has written, whoever and by whatever way.

    SQLite counts for a connection what the others have committed. On PostgreSQL the place of each row and the
    transaction that wrote it there name its version.
    """

    def __init__(self, database: Any) -> None:
        self._engine = database.engine
        self._watch = sqlite3.connect(database.url.database, isolation_level=None) if database.is_sqlite else None
        self._versions_of_rows = " UNION ALL ".join(
            f"SELECT '{name}', md5(string_agg(concat(ctid, xmin), ' ' ORDER BY ctid)) FROM \"{name}\""
            for name in metadata.tables
        )
        self._versions: Any = None
        self._rows: dict[tuple[str, Any], Any] = {}

    def rows(self) -> dict[tuple[str, Any], Any]:
        """Return each row, as the driver gives it, by its table and primary key; the same object while none changed."""
        versions = self._look()
        if versions != self._versions:
            self._versions, self._rows = versions, self._read()
        return self._rows

    def _look(self) -> list[Any]:
        if self._watch:
            return self._watch.execute("PRAGMA data_version").fetchall()
        with self._engine.connect() as connection:
            return list(connection.exec_driver_sql(self._versions_of_rows).fetchall())

    def _read(self) -> dict[tuple[str, Any], Any]:
        found = {}
        with self._engine.connect() as connection:
            for table in metadata.sorted_tables:
                rows = connection.exec_driver_sql(f'SELECT * FROM "{table.name}"')
                names = list(rows.keys())
                keys = [names.index(column.name) for column in table.primary_key]
                for row in rows.fetchall():
                    found[table.name, tuple(row[key] for key in keys)] = row
        return found


class Dump:
    """Everything the database holds that is not the person's own; it must stay as it is."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.rows = site.contents.rows()
        self._held = self.rows
        """What was looked at last and found in order."""

    def must_still_hold(self, where: str, *, own_too: bool = False) -> None:
        """Raise when a row that is not the person's own has changed, or a new one lies out of reach."""
        now = self.site.contents.rows()
        if now is self._held and not own_too:
            return
        own = {(table, (number,)) for table, numbers in self.site.own.items() for number in numbers if not own_too}
        own.add(("org_person", (self.site.person.id,)))
        for key, row in self.rows.items():
            if key[0] in VOLATILE or key in own:
                continue
            assert key in now, f"{where}: {key} is gone"
            assert now[key] == row, f"{where}: {key} has changed from {row} to {now[key]}"
        for key in now.keys() - self.rows.keys():
            if key[0] not in VOLATILE:
                self._must_be_inside(key, now[key]._mapping, where)
        for table, numbers in self.site.own.items():
            for number in numbers:
                if (table, (number,)) in now:
                    self._must_be_inside((table, (number,)), now[table, (number,)]._mapping, where)
        self._held = now

    def _must_be_inside(self, key: tuple[str, Any], row: Any, where: str) -> None:
        table = metadata.tables[key[0]]
        if key[0] == "audit_entry":
            assert row["person_id"] in (self.site.person.id, None) or key in self.rows, (
                f"{where}: written as somebody else: {row}"
            )
            return
        if key[0] in ("org_node", "inbox_message"):
            return
        model = model_of(table)
        owner = getattr(model, "__owner__", "")
        mine = owner and owner != "id" and row[owner] == self.site.person.id
        if "node_id" in row and not mine and key[0] != "org_person":
            assert not self.site.inside or row["node_id"] in self.site.inside, f"{where}: {key} lies elsewhere: {row}"
        for column in table.columns:
            for reference in column.foreign_keys:
                target = reference.column.table.name
                if row[column.name] is not None and target in self.site.foreign and target != "org_node":
                    assert row[column.name] not in self.site.foreign[target], (
                        f"{where}: {key} points elsewhere by {column.name}"
                    )
