"""From roles and places to a person's rights."""

from datetime import date
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from core import clock
from core.access.person import CurrentPerson, Place, Reach
from core.access.scope import unscoped
from core.auth.models import Assignment, Grant, Role
from core.org.models import Node, Person
from core.registry.models import Revision

CACHED_PEOPLE = 3000


def rights_changed(session: Session) -> None:
    """Make every process forget the rights it knows, as soon as this transaction commits.

    It also holds the row of the revision until then: what is asked afterwards, nobody else is changing.
    """
    session.execute(update(Revision).values(rights=Revision.rights + 1))


def acting_person(session: Session, person_id: int, revision: int, version: int) -> CurrentPerson:
    """Return the person with their rights of today; cached until the rights revision or the row changes."""
    key = (revision, clock.working_day(), version)
    known = session.info["people"]
    cached = known.get(person_id)
    if cached and cached[0] == key:
        return cached[1]  # type: ignore[no-any-return]
    person = load_person(session, person_id)
    known[person_id] = (key, person)
    known.move_to_end(person_id)
    if len(known) > CACHED_PEOPLE:
        known.popitem(last=False)
    return person


def load_person(session: Session, person_id: int) -> CurrentPerson:
    """Read a person's assignments of this working day and return them with the union of what these grant."""
    with unscoped("rights decide the scope"):
        row = session.scalars(select(Person).where(Person.id == person_id)).one()
        held = session.execute(_assignments_of(person_id, clock.working_day())).all()
        grants = session.execute(
            select(Grant.role_id, Grant.permission, Grant.level).where(
                Grant.role_id.in_({role.id for _assignment, role, _node in held})
            )
        ).all()
    rights: dict[str, Reach] = {}
    for _assignment, role, node in held:
        for role_id, permission, level in grants:
            if role_id == role.id:
                rights[permission] = rights.get(permission, Reach()) | reach_of(level, node)
    return CurrentPerson(
        id=row.id, username=row.username, name=row.name, locale=row.locale,
        must_change_password=row.must_change_password,
        rank=max((role.rank for _a, role, _n in held), default=0),
        everything=any(role.everything for _a, role, _n in held),
        rights=rights,
        places=tuple(
            Place(node.id, node.kind, node.name, node.area_id, node.region_id, role.code, role.name)
            for _a, role, node in held
        ),
    )  # fmt: skip


def _assignments_of(person_id: int, day: date) -> Any:
    return (
        select(Assignment, Role, Node)
        .join(Role, Role.id == Assignment.role_id)
        .join(Node, Node.id == Assignment.node_id)
        .where(
            Assignment.person_id == person_id,
            or_(Assignment.from_day.is_(None), Assignment.from_day <= day),
            or_(Assignment.to_day.is_(None), Assignment.to_day >= day),
        )
        .order_by(Role.rank.desc(), Assignment.id)
    )


def reach_of(level: str, node: Node) -> Reach:
    """Return how far a grant of `level` goes for an assignment at `node`."""
    if level == "own":
        return Reach(own=True)
    if level == "all" or node.kind == "chain":
        return Reach(everything=True)
    match node.kind:
        case "region":
            return Reach(regions=frozenset({node.id}))
        case "area":
            return Reach(areas=frozenset({node.id}))
        case _:
            return Reach(nodes=frozenset({node.id}))
