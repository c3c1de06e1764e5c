"""Rows on their way in: each stands, before and after, where the acting person may read, and points only there.

The session guard calls these around every flush. A row's own reach decides for rows of a place or of a
person; a foreign key to a scoped table, and so the parent of a `via` row, must lead to a row in scope.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import bindparam, inspect, select
from sqlalchemy.orm import Session

from core.access.person import CurrentPerson, current_person
from core.access.scope import is_through, is_unscoped, model_of
from core.db import planned_once
from core.model_facts import model_fact

PLACED_BY = ("node_id", "area_id", "region_id")


class ScopeViolation(Exception):
    """A statement or a row tried to leave the acting person's scope."""


def read_permission(model: Any) -> str:
    """Return the permission that opens a model's rows: `plugin:resource:read`."""
    return f"{model.__resource__}:read"


def note_in_reach(session: Session, row: Any) -> None:
    """Note that the guard has just let this row be read, held until the transaction ends: to write it asks no second time.

    That holds until anything else is written, which might take the row out of reach.
    """
    if not is_unscoped():
        session.info.setdefault("in_reach", set()).add(_note(session, row))


def forget_reach(session: Session) -> None:
    """Ask again whether rows are in reach: something is written."""
    session.info.pop("in_reach", None)


def _note(session: Session, row: Any) -> tuple[Any, ...]:
    held_by = session.get_nested_transaction() or session.get_transaction()
    return type(row), row.id, current_person(), held_by


def place(session: Session) -> None:
    """Before a flush: fill the levels of rows from their nodes; refuse rows that are, or would be, out of reach."""
    from core.org.models import InNode
    from core.org.tree import levels_of

    written = [*session.new, *session.dirty]
    placed = [row for row in written if isinstance(row, InNode) and _moves(row)]
    levels = levels_of(session, {row.node_id for row in placed}, held=True) if placed else {}  # type: ignore[misc]
    for row in placed:
        row.area_id, row.region_id = levels.get(row.node_id, (None, None))
    if is_unscoped():
        return
    for row in placed:
        if row.node_id not in levels:
            raise ScopeViolation(f"{type(row).__name__}: there is no node {row.node_id}")
    for row in (*session.dirty, *session.deleted):
        if getattr(row, "__append_only__", False):
            raise ScopeViolation(f"{type(row).__name__} is only ever added to")
    scoped = [row for row in (*written, *session.deleted) if row.__scope__ != "global"]
    if not scoped or current_person().everything:
        return
    for row in scoped:
        _hold(row, current_person())
    for model in {type(row) for row in scoped if is_through(row)}:
        present = (row for row in (*session.dirty, *session.deleted) if type(row) is model)
        noted = session.info.get("in_reach", ())
        _must_see(session, model, {row.id for row in present if _note(session, row) not in noted})
    check_references(session, session.deleted)


def _moves(row: Any) -> bool:
    """Say whether a row is new at its place: the levels of one that stays are those it has."""
    state = inspect(row)
    return not state.persistent or any(state.attrs[name].history.has_changes() for name in PLACED_BY)


def _hold(row: Any, person: CurrentPerson) -> None:
    if isinstance(row.__scope__, tuple) or getattr(row, "__append_only__", False):
        return
    reach = person.reach(read_permission(row))
    owner = getattr(row, "__owner__", "") if row.__scope__ == "own" or reach.own else ""
    for values in _before_and_after(row, (*PLACED_BY, owner)):
        if not (owner and values[3] == person.id) and not reach.holds(*values[:3]):
            raise ScopeViolation(f"{type(row).__name__} {values} is outside {person.username}'s reach")


def _before_and_after(row: Any, names: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    state = inspect(row)
    yield tuple(getattr(row, name, None) if name else None for name in names)
    if state.persistent:
        yield tuple(_kept(state, name) if name else None for name in names)


def _kept(state: Any, name: str) -> Any:
    if name not in state.attrs:
        return None
    history = state.attrs[name].load_history()
    return (history.deleted or history.unchanged or [None])[0]


def check_references(session: Session, rows: Iterable[Any]) -> None:
    """Refuse rows that point to a row out of the acting person's scope."""
    if is_unscoped():
        return
    pointed: dict[type, set[Any]] = {}
    for row in rows:
        state = inspect(row)
        for name, target, is_parent in _references_of(type(row)):
            if not is_parent and name not in state.committed_state:  # where SQLAlchemy keeps what a value was
                continue
            history = state.attrs[name].history
            values = (*history.added, *history.deleted, *history.unchanged) if is_parent else history.added
            pointed.setdefault(target, set()).update(value for value in values if value is not None)
    if not pointed or current_person().everything:
        return
    for target, ids in pointed.items():
        _must_see(session, target, ids)


def _must_see(session: Session, target: Any, ids: set[Any]) -> None:
    person = current_person()
    if getattr(target, "__owner__", "") == "id":
        ids = ids - {person.id}
    if not ids or person.reach(read_permission(target)).everything:
        return
    seen = set(session.scalars(_among(target), {"ids": sorted(ids)}))
    if missing := ids - seen:
        raise ScopeViolation(f"{target.__name__} {sorted(missing)} is outside {person.username}'s reach")


@model_fact
def _among(target: Any) -> Any:
    """Return the question which of some rows are there for the acting person."""
    return planned_once(select(target.id).where(target.id.in_(bindparam("ids", expanding=True))))


def references_of(model: Any) -> set[str]:
    """Return the names of the attributes that point to a scoped table."""
    return {name for name, _target, _is_parent in _references_of(model)}


@model_fact
def _references_of(model: Any) -> tuple[tuple[str, type, bool], ...]:
    """Return (attribute, scoped model it points to, whether it is the parent of a `via` row)."""
    found = []
    for attribute in inspect(model).column_attrs:
        for key in attribute.columns[0].foreign_keys:
            target = model_of(key.column.table)
            if target.__scope__ != "global":  # type: ignore[attr-defined]
                is_parent = isinstance(model.__scope__, tuple) and model.__scope__[1] == attribute.key
                found.append((attribute.key, target, is_parent))
    return tuple(found)
