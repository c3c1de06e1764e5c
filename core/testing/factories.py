"""A small chain of shops with somebody in every role, and browsers that are signed in as them.

``org`` makes the chain on the test's own database: 2 regions with 2 areas each with 2 stores each, and a
department beside the first stores. ``client_as("clerk")`` is a browser of the clerk of the first store;
``client_as("clerk", org.stores[5])`` of a clerk made for that place. Nobody has a password, because hashing
one takes longer than most tests: sessions are made directly. The people read English, so that a test can
name a text as the code writes it. Forms need their CSRF token as everywhere; ``post`` sends it.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from sqlalchemy.orm import Session
    from werkzeug.test import TestResponse

    from core.access.person import CurrentPerson
    from core.app import House
    from core.org.models import Node, Person

PLACES_OF_ROLES = {
    "system_administrator": "chain", "head_office": "chain", "it": "chain", "leader": "chain",
    "area_manager": "area", "store_manager": "store", "deputy": "store", "clerk": "store", "technician": "store",
}  # fmt: skip
"""Every shipped role, and where its person works: the chain, the first area or the first store."""


@dataclass
class Organisation:
    """The chain of one test. Rows are detached: read them, and load them again to change them."""

    chain: "Node"
    department: "Node"
    regions: list["Node"] = field(default_factory=list)
    areas: list["Node"] = field(default_factory=list)
    stores: list["Node"] = field(default_factory=list)
    people: dict[str, "Person"] = field(default_factory=dict)
    """By role: the nine at their usual places."""
    clerks: list["Person"] = field(default_factory=list)
    """One more clerk for each store, in the order of the stores."""

    @property
    def nodes(self) -> list["Node"]:
        """Every place, from the chain downwards."""
        return [self.chain, *self.regions, *self.areas, *self.stores, self.department]

    def usual_place(self, role: str) -> "Node":
        """Where the person of a shipped role works."""
        return {"chain": self.chain, "area": self.areas[0], "store": self.stores[0]}[PLACES_OF_ROLES[role]]


def make_node(session: "Session", kind: str, code: str, parent: "Node | None") -> "Node":
    """Add a place with its levels."""
    from core.org.models import Node
    from core.org.tree import set_levels

    node = Node(kind=kind, code=code, name=f"{kind} {code}")
    session.add(node)
    session.flush()
    set_levels(node, parent)
    session.flush()
    return node


def make_person(session: "Session", username: str, node: "Node", role: str = "", **values: Any) -> "Person":
    """Add a person who works at a place and holds a role there, if one is named."""
    from core.org.models import Person

    person = Person(username=username, node_id=node.id, **{"name": f"Name of {username}", "locale": "en"} | values)
    session.add(person)
    session.flush()
    if role:
        give_role(session, person, role, node)
    return person


def give_role(session: "Session", person: "Person", role: str, node: "Node", **days: Any) -> Any:
    """Let a person hold a role (named by its code) at a place, from ``from_day`` to ``to_day``."""
    from sqlalchemy import select

    from core.auth.models import Assignment, Role
    from core.auth.rights import rights_changed

    role_id = session.scalars(select(Role.id).where(Role.code == role)).one()
    assignment = Assignment(person_id=person.id, role_id=role_id, node_id=node.id, **days)
    session.add(assignment)
    session.flush()
    rights_changed(session)
    return assignment


def make_role(session: "Session", code: str, rank: int = 20, **grants: str) -> Any:
    """Add a role; ``grants`` are levels by permission with double underscores: ``org__store__list="node"``."""
    from core.auth.models import Grant, Role
    from core.auth.rights import rights_changed

    role = Role(code=code, name=code, rank=rank)
    session.add(role)
    session.flush()
    for name, level in grants.items():
        session.add(Grant(role_id=role.id, permission=name.replace("__", ":"), level=level))
    session.flush()
    rights_changed(session)
    return role


def make_organisation(session: "Session") -> Organisation:
    """Make the chain with all its places and people."""
    from core.org.setup import ensure_chain

    chain = ensure_chain(session)
    org = Organisation(chain=chain, department=chain)
    for number in (1, 2):
        org.regions.append(make_node(session, "region", f"R{number}", chain))
    for number in range(1, 5):
        org.areas.append(make_node(session, "area", f"A{number}", org.regions[(number - 1) // 2]))
    for number in range(1, 9):
        org.stores.append(make_node(session, "store", f"S{number}", org.areas[(number - 1) // 2]))
    org.department = make_node(session, "department", "D1", org.areas[0])
    for role in PLACES_OF_ROLES:
        org.people[role] = make_person(session, role, org.usual_place(role), role)
    for store in org.stores:
        org.clerks.append(make_person(session, f"clerk.{store.code.lower()}", store, "clerk"))
    return org


def find_organisation(session: "Session") -> Organisation | None:
    """The chain that `make_organisation` has made, as it stands in the database; None where it has not."""
    from sqlalchemy import select

    from core.org.models import Node, Person

    nodes = {node.code: node for node in session.scalars(select(Node))}
    if "D1" not in nodes:
        return None
    people = {person.username: person for person in session.scalars(select(Person))}
    [chain] = (node for node in nodes.values() if node.kind == "chain")
    numbers = range(1, 9)
    return Organisation(
        chain, nodes["D1"], [nodes[f"R{n}"] for n in numbers[:2]], [nodes[f"A{n}"] for n in numbers[:4]],
        [nodes[f"S{n}"] for n in numbers], {role: people[role] for role in PLACES_OF_ROLES},
        [people[f"clerk.s{n}"] for n in numbers],
    )  # fmt: skip


def enable_plugins(session: "Session", host: Any) -> None:
    """Switch every plugin that could be loaded on, for the whole chain."""
    from sqlalchemy import select, update

    from core.registry.models import PluginIntent, Revision

    known = {intent.name: intent for intent in session.scalars(select(PluginIntent))}
    for name in sorted(name for name, plugin in host.plugins.items() if plugin.is_loaded):
        intent = known.get(name) or PluginIntent(name=name)
        intent.enabled = True
        session.add(intent)
    session.flush()
    session.execute(update(Revision).values(plugins=Revision.plugins + 1))


def sign_in(client: "FlaskClient", person: "Person") -> "FlaskClient":
    """Sign a browser in as a person, past the password; returns the same browser."""
    from core.auth import sessions

    with acting(client.application) as session:
        token = sessions.start(session, person.id, "a test", "127.0.0.1")
    with client.session_transaction() as cookie:
        cookie["_user_id"] = token
        cookie["_fresh"] = True
    return client


def token(client: "FlaskClient") -> str:
    """The CSRF token that a page of this browser would hold."""
    import flask
    from flask_wtf.csrf import generate_csrf

    with client.session_transaction() as cookie:
        kept = cookie.setdefault("csrf_token", secrets.token_hex(20))
    with client.application.test_request_context():
        flask.session["csrf_token"] = kept
        return generate_csrf()


def post(client: "FlaskClient", url: str, data: Any = None, **options: Any) -> "TestResponse":
    """Send a form with its CSRF token."""
    return client.post(url, data={"csrf_token": token(client), **(data or {})}, **options)


@contextmanager
def acting(app: "Flask", person: "CurrentPerson | None" = None) -> Iterator["Session"]:
    """Give a writing session in which ``person`` (else the system) acts; committed at the end."""
    from core.access.person import SYSTEM, acting_as

    with acting_as(person or SYSTEM), app.extensions["backoffice"].database.transaction() as session:
        yield session


@pytest.fixture
def house(app: "Flask") -> "House":
    """What belongs to the application: settings, database, host, views, guards."""
    return app.extensions["backoffice"]


@pytest.fixture
def plugins_on(app: "Flask") -> None:
    """Every plugin that is installed is on, for the whole chain."""
    with acting(app) as session:
        enable_plugins(session, app.extensions["backoffice"].host)


@pytest.fixture
def work(app: "Flask") -> "Callable[..., AbstractContextManager[Session]]":
    """``with work() as session:`` gives a writing session of the system; ``work(person)`` one of a person."""

    def start(person: "CurrentPerson | None" = None) -> "AbstractContextManager[Session]":
        return acting(app, person)

    return start


@pytest.fixture
def chain_of_the_template() -> None:
    """Says to ``database_url`` that the chain is to be in its copy."""


@pytest.fixture
def org(work: "Callable[..., AbstractContextManager[Session]]", chain_of_the_template: None) -> Organisation:
    """The chain of this test."""
    with work() as session:
        return find_organisation(session) or make_organisation(session)


@pytest.fixture
def client_as(app: "Flask", org: Organisation) -> "Callable[..., FlaskClient]":
    """A function from a shipped role, and a place unless it is the usual one, to a signed-in browser."""

    def make(role: str, node: "Node | None" = None) -> "FlaskClient":
        if node is None:
            return sign_in(app.test_client(), org.people[role])
        with acting(app) as session:
            person = make_person(session, f"{role}.{node.code.lower()}.{secrets.token_hex(2)}", node, role)
        return sign_in(app.test_client(), person)

    return make
