"""The one source of row scope: which rows of a table a permission opens to a person.

Every table declares `__scope__`: `global` (no row is another's), `node` (rows belong to a node, see
`core.org.models.InNode`), `own` (rows belong to the person in `__owner__`), `("via", column)`
(rows belong to the row `column` points to), or `("through", "table.column")` (a thing of the whole
chain that is seen where a row of another table, whose column points to it, is seen). `criteria`
turns it into SQL; views, exports, look-ups and the session guard all use it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Self

from sqlalchemy import BindParameter, ColumnElement, Table, false, or_, select, true

from core.access.person import CurrentPerson, Reach, current_person
from core.db import mappers, metadata
from core.model_facts import model_fact

SCOPES = {"global", "node", "own"}
LEVELS = ("regions", "areas", "nodes")

_unscoped: ContextVar[str | None] = ContextVar("unscoped", default=None)


@contextmanager
def unscoped(reason: str) -> Iterator[None]:
    """Lift the session guard inside the block. Core's exchange, sign-in, rollups and migrations only."""
    token = _unscoped.set(reason)
    try:
        yield
    finally:
        _unscoped.reset(token)


across_scopes = unscoped
"""The same door under the name a plugin's `rollups.py` opens it by: for averages over stores out of scope."""


def is_unscoped() -> bool:
    """Say whether the guard is lifted now."""
    return _unscoped.get() is not None


def criteria(model: type, person: CurrentPerson, permission: str) -> ColumnElement[bool]:
    """Return the SQL expression for the rows of `model` that `permission` opens to `person`."""
    return _within(model, person.id, person.reach(permission))


def form_of(reach: Reach) -> tuple[bool, int, int, int]:
    """Return what the criteria of a reach hang on besides its places: whether it has one's own rows, and none, one or many of each level."""
    return reach.own, *(min(len(ids), 2) for ids in (reach.regions, reach.areas, reach.nodes))  # type: ignore[return-value]


def criteria_of_form(model: type, permission: str, form: tuple[bool, int, int, int]) -> ColumnElement[bool]:
    """Return `criteria` for whoever acts when they are asked, of all whose reach by `permission` has this form."""
    places = [
        frozenset({_of_acting(permission, level, count > 1)} if count else ())
        for level, count in zip(LEVELS, form[1:], strict=True)
    ]
    person = _OfActing(None, callable_=lambda: current_person().id, unique=True)
    return _within(model, person, Reach(False, *places, own=form[0]))


def _of_acting(permission: str, level: str, has_many: bool) -> BindParameter[Any]:
    def places() -> Any:
        ids = sorted(getattr(current_person().reach(permission), level))
        return ids if has_many else next(iter(ids), None)

    return _OfActing(None, callable_=places, unique=True, expanding=has_many)


class _OfActing(BindParameter[Any]):
    """A parameter whose value is read off the reach of whoever acts when the statement runs.

    SQLAlchemy marks every part of a criterion as one; a parameter so marked is compared with itself, as SQL, at each look for
    its value, which takes longer than all else about it. Nothing asks it for the mark. What marks it is private: were it
    called otherwise one day, parameters would be marked again, and statements a little slower.
    """

    inherit_cache = True

    def _annotate(self, _values: Any) -> Self:
        return self


@model_fact
def _within(model: type, person_id: Any, reach: Reach) -> ColumnElement[bool]:
    if reach.everything:
        return true()
    scope = model.__scope__  # type: ignore[attr-defined]
    if is_through(model):
        return _led_to(model, model.id, person_id, reach)  # type: ignore[attr-defined]
    if isinstance(scope, tuple):
        column = getattr(model, scope[1])
        parent = model_of(next(iter(column.property.columns[0].foreign_keys)).column.table)
        if is_through(parent):  # the rows that lead to the parent lead to what hangs on it as well
            return _led_to(parent, column, person_id, reach)
        return column.in_(select(parent.id).where(_within(parent, person_id, reach)))  # type: ignore[attr-defined]
    parts = list(_level_parts(model, reach)) if hasattr(model, "scope_columns") else []
    if scope == "own" or (reach.own and getattr(model, "__owner__", None)):
        parts.append(getattr(model, model.__owner__) == person_id)  # type: ignore[attr-defined]
    if parts:
        return or_(*parts) if len(parts) > 1 else parts[0]
    is_everybodys = scope == "global" and not hasattr(model, "scope_columns")
    return true() if is_everybodys and (reach.regions or reach.areas or reach.nodes) else false()


def _led_to(model: type, column: Any, person_id: Any, reach: Reach) -> ColumnElement[bool]:
    """Ask each row for its own links: SQLite would put all links of an area together first for `IN`, for each statement."""
    link = link_of(model)
    query = select(link).where(link == column, _within(link.class_, person_id, reach))
    return query.correlate_except(link.class_).exists()


def _level_parts(model: Any, reach: Reach) -> Iterator[ColumnElement[bool]]:
    columns = model.scope_columns()
    for level, ids in (("region", reach.regions), ("area", reach.areas), ("node", reach.nodes)):
        one = next(iter(ids)) if len(ids) == 1 else None
        if getattr(one, "expanding", False):  # a parameter that stands for several
            yield columns[level].in_(one)
        elif one is not None:
            yield columns[level] == one
        elif ids:
            yield columns[level].in_(sorted(ids))


def is_through(model: Any) -> bool:
    """Say whether rows of `model` are seen where rows of another table lead to them."""
    return isinstance(model.__scope__, tuple) and model.__scope__[0] == "through"


@model_fact
def link_of(model: Any) -> Any:
    """Return the attribute through which rows of `model` are seen: of the other class, pointing here."""
    table, column = model.__scope__[1].split(".")
    return getattr(model_of(metadata.tables[table]), column)


@model_fact
def model_of(table: Table) -> type:
    """Return the class that is mapped to a table."""
    return next(mapper.class_ for mapper in mappers() if mapper.local_table is table)


def scoped_models() -> tuple[type, ...]:
    """Return every mapped class whose rows are not everybody's, also of a module that was imported just now."""
    return _scoped_models(len(metadata.tables))


@model_fact
def _scoped_models(_tables: int) -> tuple[type, ...]:
    return tuple(m.class_ for m in mappers() if m.class_.__scope__ != "global")


def undeclared_tables() -> list[str]:
    """Return the names of tables that no class with a valid `__scope__` declares."""
    declared = {
        mapper.local_table.name
        for mapper in mappers()
        if (scope := getattr(mapper.class_, "__scope__", None)) in SCOPES
        or (isinstance(scope, tuple) and scope[0] == "via" and hasattr(mapper.class_, scope[1]))
        or (isinstance(scope, tuple) and scope[0] == "through" and scope[1].split(".")[0] in metadata.tables)
    }
    return sorted(set(metadata.tables) - declared)
