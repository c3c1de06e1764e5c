"""The session that cannot see what the acting person may not.

Each ORM statement gets the scope of every table that has one; a statement that reaches such a table
past the ORM (Core, text, a bare connection, a bulk write by primary key) is refused outside
`unscoped(reason)`. Rows are checked on their way in, see `core.access.rows`. A write that the audit would
not see is refused whoever acts, and so is any write of a session that only reads.
"""

import sys
from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Column, Connection, Engine, TableClause, event, inspect, select
from sqlalchemy.orm import (
    FromStatement,
    LoaderCriteriaOption,
    Mapper,
    ORMExecuteState,
    Session,
    UOWTransaction,
)
from sqlalchemy.sql import visitors

from core.access import rows
from core.access.person import CurrentPerson, current_person
from core.access.rows import ScopeViolation, read_permission
from core.access.scope import criteria, criteria_of_form, form_of, is_unscoped, scoped_models
from core.access.statements import seen_in
from core.db import mappers
from core.model_facts import forgotten_with_models, model_fact

__all__ = ["GuardedSession", "OnlyReads", "ScopeViolation", "StatementRefused", "read_permission"]


class StatementRefused(ScopeViolation):
    """The code asked in a way that knows no scope: a fault of the code, not of the person."""


class OnlyReads(RuntimeError):
    """A session that was opened for reading was asked to write; a GET writes nothing."""


ONLY_READS = "this session only reads: a GET writes nothing; write in a POST, or in database.transaction()"


class GuardedSession(Session):
    """A session whose every read and write is held to the acting person's scope."""

    def get(self, entity: Any, ident: Any, **options: Any) -> Any:  # type: ignore[override]
        """Return the row with this primary key if it is in scope, else None; never from memory alone."""
        mapper = inspect(entity).mapper
        if mapper.class_.__scope__ == "global" or is_unscoped():
            return super().get(entity, ident, **options)
        if not isinstance(ident, dict):
            names = [mapper.get_property_by_column(column).key for column in mapper.primary_key]
            ident = dict(zip(names, ident if isinstance(ident, tuple | list) else (ident,), strict=True))
        query = select(entity).filter_by(**ident).options(*options.get("options") or ())
        lock = options.get("with_for_update")
        if lock:
            query = query.with_for_update(**(lock if isinstance(lock, dict) else {}))
        return self.scalar(query.execution_options(populate_existing=bool(lock or options.get("populate_existing"))))

    def connection(self, *args: Any, **options: Any) -> Connection:
        """Return the connection; only inside `unscoped(reason)`, because it knows no scope."""
        _only_unscoped("session.connection()")
        rows.forget_reach(self)
        return super().connection(*args, **options)

    def get_bind(self, mapper: Any = None, **options: Any) -> Engine | Connection:
        """Return the engine; only to SQLAlchemy itself, or inside `unscoped(reason)`: see `core.db.dialect_of`."""
        if not sys._getframe(1).f_globals["__name__"].startswith("sqlalchemy."):
            _only_unscoped("session.get_bind()")
        return super().get_bind(mapper, **options)

    @property
    def bind(self) -> Any:
        """The engine; as `get_bind`."""
        if not sys._getframe(1).f_globals["__name__"].startswith("sqlalchemy."):
            _only_unscoped("session.bind")
        return self._engine

    @bind.setter
    def bind(self, engine: Any) -> None:
        self._engine = engine

    def bulk_save_objects(self, *args: Any, **options: Any) -> None:
        """Write rows past the unit of work; only inside `unscoped(reason)`."""
        _only_unscoped("bulk_save_objects()")
        super().bulk_save_objects(*args, **options)

    def bulk_insert_mappings(self, *args: Any, **options: Any) -> None:
        """Write rows past the unit of work; only inside `unscoped(reason)`."""
        _only_unscoped("bulk_insert_mappings()")
        super().bulk_insert_mappings(*args, **options)

    def bulk_update_mappings(self, *args: Any, **options: Any) -> None:
        """Write rows past the unit of work; only inside `unscoped(reason)`."""
        _only_unscoped("bulk_update_mappings()")
        super().bulk_update_mappings(*args, **options)


def _only_unscoped(what: str) -> None:
    if not is_unscoped():
        raise StatementRefused(f"{what} knows no scope: use the session's ORM statements, or unscoped(reason) in core")


class _Within(LoaderCriteriaOption):
    """The rows of a class that a statement may touch, also where an alias of it is joined by an ON of its own.

    SQLAlchemy 2.1 leaves such an alias to name the class itself: the rows of the alias would come unhindered. What it
    asks an option for there is private; were it called otherwise one day, the tests of the guard would say so.
    """

    # A class of its own has to say again what its cache key is made of; else each statement is compiled anew.
    _cache_key_traversal = LoaderCriteriaOption._traverse_internals

    def _resolve_where_criteria(self, ext_info: Any) -> Any:
        found = super()._resolve_where_criteria(ext_info)
        return ext_info._adapter.traverse(found) if ext_info.is_aliased_class else found


@model_fact
def _criteria_options(person: CurrentPerson, models: tuple[type, ...]) -> tuple[Any, ...]:
    reaches = ((model, person.reach(read_permission(model))) for model in models)
    return tuple(_option(model, form_of(reach)) for model, reach in reaches if not reach.everything)


@model_fact
def _option(model: type, form: tuple[bool, int, int, int]) -> _Within:
    # Not handed on to what loads later by itself: that comes to the guard again, and as whoever acts then.
    within = criteria_of_form(model, read_permission(model), form)
    return _Within(model, within, include_aliases=True, propagate_to_loaders=False)


_held_before: WeakKeyDictionary[Any, dict[tuple[Any, ...], Any]] = WeakKeyDictionary()
"""Statements as they were held to a scope. One that is built once is so for all whose reach has one form: to lay a scope on
it, and to find how SQLAlchemy knows its SQL, takes longer than to ask it."""
forgotten_with_models(_held_before.clear)


def _held_to(statement: Any, options: tuple[Any, ...]) -> Any:
    kept = _held_before.setdefault(statement, {})
    if options not in kept:
        kept[options] = statement.options(*options)
    return kept[options]


@model_fact
def _tables(models: tuple[type, ...]) -> frozenset[str]:
    # By name: a table can be described a second time, on other MetaData.
    return frozenset(_names(model.__table__ for model in models))  # type: ignore[attr-defined]


def _names(tables: Iterable[Any]) -> set[str]:
    return {table.name.lower() for table in tables if isinstance(table, TableClause)}


@event.listens_for(GuardedSession, "do_orm_execute")
def _hold_to_scope(state: ORMExecuteState) -> None:
    statement: Any = state.statement
    if statement.is_dml:
        if not _writes(state.session):
            raise OnlyReads(ONLY_READS)
        rows.forget_reach(state.session)
    if is_unscoped():
        return
    models = scoped_models()
    if statement.is_dml:
        _keep_to_the_audit(state)
    if not state.is_orm_statement or isinstance(statement, FromStatement):
        if isinstance(statement, FromStatement) or _reaches(statement, _tables(models)):
            raise StatementRefused("this statement reads or writes scoped tables past the ORM: use ORM classes")
        return
    person = current_person()
    if state.is_insert or state.is_update:
        _check_bulk_write(state, _tables(models))
    if state.is_insert or person.everything:
        return
    if state.is_column_load:
        model: Any = state.bind_mapper.class_  # type: ignore[union-attr]
        if model.__scope__ != "global":
            state.statement = statement.where(criteria(model, person, read_permission(model)))  # type: ignore[attr-defined]
        return
    seen = seen_in(statement)
    if seen.as_text or not _tables(models).isdisjoint(_names(seen.named - seen.tables)):
        raise StatementRefused("this statement reads scoped tables past the ORM: use ORM classes")
    held = models if state.is_relationship_load else _held(frozenset(seen.mappers), models)
    if options := _criteria_options(person, held):
        state.statement = _held_to(statement, options)  # type: ignore[attr-defined]


@model_fact
def _held(mappers: frozenset[Mapper[Any]], models: tuple[type, ...]) -> tuple[type, ...]:
    """Return the scoped models whose rows a statement over these classes can reach.

    Each option costs every statement a little, and every plugin brings more models. A class that can draw
    in others while the statement is compiled (by a relationship, a subquery as attribute, a base class) gets all.
    """
    if not mappers or not all(_is_plain(mapper) for mapper in mappers):
        return models
    reached = {mapper.class_ for mapper in mappers}
    return tuple(model for model in models if model in reached)


def _is_plain(mapper: Mapper[Any]) -> bool:
    columns = (column for attribute in mapper.column_attrs for column in attribute.columns)
    return not mapper.relationships and mapper.polymorphic_on is None and not mapper.inherits and all(
        isinstance(column, Column) for column in columns
    )  # fmt: skip


def _reaches(statement: Any, tables: frozenset[str]) -> bool:
    """Say whether a statement that is none of the ORM's names a scoped table, or SQL as text."""
    seen = seen_in(statement)
    return seen.as_text or not tables.isdisjoint(_names(seen.named | seen.tables))


def _writes(session: Session) -> bool:
    return session.info.get("writes", True)  # type: ignore[no-any-return]


def _keep_to_the_audit(state: ORMExecuteState) -> None:
    """Refuse an update or delete of many rows that the audit would not see, or that reads a scoped table beside."""
    statement: Any = state.statement
    if statement.is_insert:
        return
    name = statement.table.name
    model = next((mapper.class_ for mapper in mappers() if mapper.local_table.name == name), None)
    if model and (getattr(model, "__audit__", True) or getattr(model, "__append_only__", False)):
        raise StatementRefused(
            f"{model.__name__} rows are changed one by one, so that the audit sees each: or unscoped(reason)"
        )
    for part in visitors.iterate(statement):
        entity = part._annotations.get("parententity")
        if entity is None or entity.mapper.class_.__scope__ == "global":
            continue
        if entity.is_aliased_class or entity.mapper.local_table.name != name:
            # Loader criteria hold the target only, not what an update or delete reads beside it.
            raise StatementRefused(f"a write of many rows reads {entity.mapper.class_.__name__}: select its ids first")


def _check_bulk_write(state: ORMExecuteState, tables: frozenset[str]) -> None:
    statement: Any = state.statement
    if statement.table.name.lower() not in tables:
        return
    if state.is_insert or isinstance(state.parameters, list):
        raise StatementRefused(
            "rows of a scoped table are added and changed one by one: session.add, or unscoped(reason)"
        )
    model = state.bind_mapper.class_  # type: ignore[union-attr]
    fixed = {"id", "node_id", "area_id", "region_id", getattr(model, "__owner__", "id")} | rows.references_of(model)
    given = {getattr(column, "key", column) for column in (statement._values or ())} | set(state.parameters or ())
    if moved := fixed & given:
        raise StatementRefused(f"an update of many rows cannot move them: {', '.join(sorted(moved))}")


@event.listens_for(GuardedSession, "before_flush")
def _place_rows(session: Session, _context: UOWTransaction, _instances: Any) -> None:
    if not _writes(session) and (session.new or session.deleted or any(map(session.is_modified, session.dirty))):
        raise OnlyReads(ONLY_READS)
    rows.place(session)
    rows.forget_reach(session)


@event.listens_for(GuardedSession, "after_flush")
def _check_references(session: Session, _context: UOWTransaction) -> None:
    rows.check_references(session, (*session.new, *session.dirty))
