"""One row per business write, in the same transaction: who, when, what it was and what it became.

The rows are made at flush, so that no way of writing through the ORM escapes them. Fields declared
personal (`info={"personal": …}`) are kept as masks: an erasure leaves the audit whole.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Index, String, event, insert, inspect
from sqlalchemy.orm import Mapped, Session, UOWTransaction, mapped_column

from core import clock
from core.access.guard import GuardedSession
from core.access.person import current_person
from core.access.scope import model_of, unscoped
from core.db import Base, Id, Instant, planned_once
from core.model_facts import model_fact
from core.org.models import InNode
from core.search.columns import searched_of

_batch: ContextVar[str | None] = ContextVar("batch", default=None)
_reason: ContextVar[str | Callable[[Any], str]] = ContextVar("reason", default="")
SILENT_COLUMNS = {"id", "version", "created_at", "updated_at", "area_id", "region_id"}


class AuditEntry(Base):
    """What happened to one row. Append-only."""

    __tablename__ = "audit_entry"
    __scope__ = "node"
    __resource__ = "audit:entry"
    __audit__ = False
    __append_only__ = True
    __table_args__ = (
        Index("ix_audit_entry_resource_row_id", "resource", "row_id", "id"),
        Index("ix_audit_entry_batch", "batch"),
        Index("ix_audit_entry_node_id", "node_id", "id"),
        Index("ix_audit_entry_area_id", "area_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    person_id: Mapped[int | None] = mapped_column(Id, default=None)
    person_name: Mapped[str] = mapped_column(String(60))
    resource: Mapped[str] = mapped_column(String(80))
    row_id: Mapped[str] = mapped_column(String(60))
    node_id: Mapped[int | None] = mapped_column(Id, default=None)
    area_id: Mapped[int | None] = mapped_column(Id, default=None)
    region_id: Mapped[int | None] = mapped_column(Id, default=None)
    action: Mapped[str] = mapped_column(String(20))
    changes: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`{field: [before, after]}`"""
    reason: Mapped[str] = mapped_column(String(400), default="")
    batch: Mapped[str | None] = mapped_column(String(40), default=None)

    @classmethod
    def scope_columns(cls) -> dict[str, Any]:
        """Return the column to compare for each level a person can hold."""
        return {"node": cls.node_id, "area": cls.area_id, "region": cls.region_id}


_WRITTEN: Any = planned_once(insert(AuditEntry.__table__))
"""Into the table, past the class: nobody asks for the entry again."""


@contextmanager
def audited_as(*, batch: str | None = None, reason: str | Callable[[Any], str] = "") -> Iterator[None]:
    """Mark the writes inside the block with a batch (that can be undone whole) and a reason.

    Where each of many rows has a reason of its own, `reason` is the function that returns it for a row.
    """
    tokens = _batch.set(batch or _batch.get()), _reason.set(reason or _reason.get())
    try:
        yield
    finally:
        _batch.reset(tokens[0])
        _reason.reset(tokens[1])


def record(
    session: Session,
    *,
    resource: str,
    row_id: object,
    action: str,
    changes: dict[str, Any] | None = None,
    reason: str = "",
    levels: tuple[int | None, int | None, int | None] = (None, None, None),
) -> None:
    """Write an entry for something that is no row's change: an export, a number shown, a plugin switched."""
    person = current_person()
    session.add(
        AuditEntry(
            person_id=person.id, person_name=person.name, resource=resource, row_id=str(row_id), action=action,
            changes=changes or {}, reason=reason or _why(None), batch=_batch.get(),
            node_id=levels[0], area_id=levels[1], region_id=levels[2],
        )
    )  # fmt: skip


@model_fact
def subject_of(model: Any) -> str:
    """Return under which name the changes of a model's rows are kept: its resource.

    For rows that hang on others of the same resource their table: a number of theirs is not one of those.
    """
    resource: str = getattr(model, "__resource__", model.__tablename__)
    if isinstance(model.__scope__, tuple) and model.__scope__[0] == "via":
        [key] = model.__table__.c[model.__scope__[1]].foreign_keys
        if getattr(model_of(key.column.table), "__resource__", "") == resource:
            return model.__tablename__  # type: ignore[no-any-return]
    return resource


@event.listens_for(GuardedSession, "after_flush")
def _record_changes(session: Session, _context: UOWTransaction) -> None:
    entries = [entry for row in (*session.new, *session.dirty, *session.deleted) if (entry := _entry(session, row))]
    if entries:
        with unscoped("the audit is written whoever acts"):
            session.connection().execute(_WRITTEN, entries)


def _entry(session: Session, row: Any) -> dict[str, Any] | None:
    if not getattr(row, "__audit__", True):
        return None
    action = "created" if row in session.new else "deleted" if row in session.deleted else "updated"
    changes = dict(_changes(row, action))
    if action == "updated" and not changes:
        return None
    if "deleted_at" in changes:
        action = "binned" if changes.pop("deleted_at")[1] else "restored"
    person = current_person()
    levels = (row.node_id, row.area_id, row.region_id) if isinstance(row, InNode) else (None, None, None)
    return {
        "at": clock.now(), "person_id": person.id, "person_name": person.name,
        "resource": subject_of(type(row)), "row_id": "/".join(map(str, inspect(row).mapper.primary_key_from_instance(row))),
        "node_id": levels[0], "area_id": levels[1], "region_id": levels[2],
        "action": action, "changes": changes, "reason": _why(row), "batch": _batch.get(),
    }  # fmt: skip


def _why(row: Any) -> str:
    reason = _reason.get()
    if isinstance(reason, str):
        return reason
    return "" if row is None else reason(row)


def _changes(row: Any, action: str) -> Iterator[tuple[str, list[Any]]]:
    state = inspect(row)
    for name, personal in _audited(type(row)):
        if action == "updated" and name not in state.committed_state:  # where SQLAlchemy keeps what a value was
            continue
        history = state.attrs[name].history
        after = history.added[0] if history.added else (history.unchanged[0] if history.unchanged else None)
        before = None if action == "created" else (history.deleted[0] if history.deleted else after)
        if action == "deleted":
            after = None
        if before != after:
            yield name, [masked(before, personal), masked(after, personal)]


@model_fact
def _audited(model: Any) -> tuple[tuple[str, str | None], ...]:
    """Return the attributes whose changes are told, each with how it is personal."""
    return tuple(
        (attribute.key, attribute.columns[0].info.get("personal"))
        for attribute in inspect(model).column_attrs
        if attribute.key not in SILENT_COLUMNS
        and not searched_of(attribute.columns[0])
        and "counted" not in attribute.columns[0].info  # what is counted from other rows is nobody's doing
    )


def masked(value: Any, personal: str | None = None) -> Any:
    """Return `value` as the audit keeps it: JSON, and unreadable when it is personal."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if personal == "secret":
        return "•••"
    if personal:
        text = str(value)
        return text[:3] + "****" + text[-4:] if len(text) > 8 else "****"
    if isinstance(value, Decimal | datetime | date | time):
        return str(value)
    return value
