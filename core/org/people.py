"""Names and places of people, for pages that show who did something."""

from datetime import date

from sqlalchemy import ColumnElement, bindparam, or_, select
from sqlalchemy.orm import Session

from core import clock
from core.access.scope import unscoped
from core.auth.models import Assignment, Grant, Role
from core.org.models import Person

_NAMES = select(Person.id, Person.name).where(Person.id.in_(bindparam("ids", expanding=True)))


def names_of_people(session: Session, ids: set[int]) -> dict[int, str]:
    """Return `{person id: name}`, also of people above the one who reads: a signature is no secret."""
    if not ids:
        return {}
    with unscoped("a signature is shown with the record it stands under"):
        return dict(session.execute(_NAMES, {"ids": list(ids)}).all())  # type: ignore[arg-type]


def people_at(session: Session, node_ids: set[int], roles: set[str], day: date | None = None) -> dict[int, set[int]]:
    """Return `{node id: ids of the active people who hold one of these roles at that very node}` on a day."""
    return _people(session, node_ids, Role.code.in_(roles), day)


def people_who_may(
    session: Session, node_ids: set[int], permission: str, day: date | None = None
) -> dict[int, set[int]]:
    """Return `{node id: ids of the active people who hold a role with this permission at that very node}` on a day."""
    granted = select(Grant.role_id).where(Grant.permission == permission)
    return _people(session, node_ids, Role.id.in_(granted), day)


def _people(session: Session, node_ids: set[int], held: ColumnElement[bool], day: date | None) -> dict[int, set[int]]:
    day = day or clock.working_day()
    query = (
        select(Assignment.node_id, Assignment.person_id)
        .join(Role, Role.id == Assignment.role_id)
        .join(Person, Person.id == Assignment.person_id)
        .where(
            Assignment.node_id.in_(node_ids), held, Person.active, Person.deleted_at.is_(None),
            or_(Assignment.from_day.is_(None), Assignment.from_day <= day),
            or_(Assignment.to_day.is_(None), Assignment.to_day >= day),
        )
    )  # fmt: skip
    found: dict[int, set[int]] = {}
    with unscoped("whom a message reaches"):
        for node_id, person_id in session.execute(query):
            found.setdefault(node_id, set()).add(person_id)
    return found
