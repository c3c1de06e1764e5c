"""One person whose every right ends at one place, and rows on both sides of that border."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import inspect, select

from core.access.scope import model_of
from core.auth.models import Grant, Role, UserSession
from core.auth.rights import load_person
from core.db import mappers, tables_of
from core.inbox import Message
from core.org.models import Node, Person
from core.testing.access_matrix.calling import Caller
from core.testing.access_matrix.contents import Contents
from core.testing.access_matrix.making import RowMaker
from core.testing.access_matrix.values import CANARY, MISSING
from core.testing.factories import acting, give_role, make_person, sign_in


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
