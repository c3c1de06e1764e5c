"""The session that cannot see what the acting person may not.

Each ORM statement gets the scope of every table that has one; a statement the ORM does not know
(Core, text, a bare connection) is refused on such tables outside `unscoped(reason)`. Rows are
checked on their way in: a new or moved row must lie within the person's reach.
"""

from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, TextClause, event
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction, with_loader_criteria
from sqlalchemy.sql import visitors

from core.access.person import CurrentPerson, current_person
from core.access.scope import criteria, is_unscoped, scoped_models


class ScopeViolation(Exception):
    """A statement or a row tried to leave the acting person's scope."""


class GuardedSession(Session):
    """A session whose every read and write is held to the acting person's scope."""

    def get(self, entity: Any, ident: Any, **options: Any) -> Any:  # type: ignore[override]
        """Return the row with this primary key if it is in scope, else None; never from memory alone."""
        if entity.__scope__ == "global" or is_unscoped():
            return super().get(entity, ident, **options)
        from sqlalchemy import inspect, select

        return self.scalar(select(entity).where(inspect(entity).primary_key[0] == ident))

    def connection(self, *args: Any, **options: Any) -> Connection:
        """Return the connection; only inside `unscoped(reason)`, because it knows no scope."""
        if not is_unscoped():
            raise ScopeViolation("session.connection() knows no scope: use the session, or unscoped(reason) in core")
        return super().connection(*args, **options)


def read_permission(model: Any) -> str:
    """Return the permission that opens a model's rows: `plugin:resource:read`."""
    return f"{model.__resource__}:read"


@lru_cache(maxsize=1000)
def _criteria_options(person: CurrentPerson, models: tuple[type, ...]) -> tuple[Any, ...]:
    return tuple(
        with_loader_criteria(model, criteria(model, person, read_permission(model)), include_aliases=True)
        for model in models
    )


@event.listens_for(GuardedSession, "do_orm_execute")
def _hold_to_scope(state: ORMExecuteState) -> None:
    if is_unscoped():
        return
    if not state.is_orm_statement:
        _refuse_scoped_tables(state.statement)
        return
    if state.is_column_load or not (state.is_select or state.is_update or state.is_delete):
        return
    person = current_person()
    if not person.everything:
        state.statement = state.statement.options(*_criteria_options(person, scoped_models()))


def _refuse_scoped_tables(statement: Any) -> None:
    scoped = {model.__table__ for model in scoped_models()}  # type: ignore[attr-defined]
    if isinstance(statement, TextClause) or any(part in scoped for part in visitors.iterate(statement)):
        raise ScopeViolation("this statement reads or writes scoped tables past the ORM: use ORM classes")


@event.listens_for(GuardedSession, "before_flush")
def _place_rows(session: Session, _context: UOWTransaction, _instances: Any) -> None:
    from core.org.models import InNode
    from core.org.tree import levels_of

    rows = [row for row in (*session.new, *session.dirty) if isinstance(row, InNode)]
    if not rows:
        return
    levels = levels_of(session, {row.node_id for row in rows})  # type: ignore[misc]
    for row in rows:
        area_id, region_id = levels.get(row.node_id, (None, None))
        row.area_id, row.region_id = area_id, region_id
        if is_unscoped():
            continue
        person = current_person()
        reach = person.reach(read_permission(row))
        own = reach.own and getattr(row, getattr(row, "__owner__", ""), None) == person.id
        if row.node_id not in levels or not (own or reach.holds(row.node_id, area_id, region_id)):
            raise ScopeViolation(f"{type(row).__name__} of node {row.node_id} is outside {person.username}'s reach")
