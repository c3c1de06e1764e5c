"""What core itself keeps of a person, emptied when they are forgotten: audit, imported rows, messages, jobs.

A plugin empties its own rows and says which; core follows them by table, number and field. A name is hidden where
core tells of these rows; a number is nobody else's, and is looked for in every text that core keeps.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import current_app
from sqlalchemy import Text, cast, or_, select
from sqlalchemy.orm import Session

from core.access.scope import unscoped
from core.audit import AuditEntry, subject_of
from core.exchange import uploads
from core.exchange.models import ImportBatch, ImportRow
from core.inbox import Message
from core.jobs.models import Job

HIDDEN = "•••"
FILES = "uploaded files"
"""Under this name the files that were removed stand beside the tables."""
_NUMBER = re.compile(r"(?=.*[\d@]).{7,}")
"""A mobile number, an e-mail address, the name of an account: what is looked for everywhere."""
KEPT_TEXTS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (AuditEntry, ("changes", "reason")),
    (ImportRow, ("values", "before", "value", "reason")),
    (ImportBatch, ("sample",)),
    (Message, ("title", "text")),
    (Job, ("title", "arguments", "problem")),
)


@dataclass(frozen=True)
class Emptied:
    """Rows of one table out of which a plugin took a person: which fields, and the names and numbers that stood there."""

    model: Any
    ids: frozenset[int]
    fields: frozenset[str]
    values: frozenset[str] = frozenset()


def forget_person(session: Session, emptied: Iterable[Emptied]) -> dict[str, int]:
    """Empty what core keeps of rows that were emptied just now; return how many rows by table.

    The audit keeps who did what and when, an imported row that it was there; the values are gone. A row of an
    import that was not applied yet is refused, and no uploaded file is kept: nobody knows what else it holds.
    """
    emptied = list(emptied)
    values = {value for one in emptied for value in one.values}
    touched: set[Any] = set()
    session.flush()
    with unscoped("a person is forgotten in everything that core keeps"):
        for one in emptied:
            touched.update(_in_the_audit(session, one, values))
            touched.update(_in_imports(session, one))
        touched.update(_wherever(session, values))
        _refuse_what_waits(session, {row for row in touched if isinstance(row, ImportRow)})
        session.flush()
    counts = Counter(row.__tablename__ for row in touched)
    counts[FILES] = uploads.forget_all(current_app.extensions["backoffice"])
    return {name: count for name, count in sorted(counts.items()) if count}


def hide_values(kept: Any, values: Iterable[str]) -> Any:
    """Return a text, or what JSON keeps, with each of the values hidden."""
    if isinstance(kept, str):
        for value in sorted(values, key=len, reverse=True):
            kept = re.sub(rf"(?<!\d){re.escape(value)}(?!\d)" if value.isdigit() else re.escape(value), HIDDEN, kept)
        return kept
    if isinstance(kept, list):
        return [hide_values(each, values) for each in kept]
    if isinstance(kept, dict):
        return {name: hide_values(each, values) for name, each in kept.items()}
    return kept


def _in_the_audit(session: Session, one: Emptied, values: set[str]) -> Iterable[AuditEntry]:
    query = select(AuditEntry).where(
        AuditEntry.resource == subject_of(one.model), AuditEntry.row_id.in_({str(row_id) for row_id in one.ids})
    )
    for entry in session.scalars(query):
        changes = {
            name: [HIDDEN if value else value for value in pair] if name in one.fields else hide_values(pair, values)
            for name, pair in entry.changes.items()
        }
        if _put(entry, changes=changes, reason=hide_values(entry.reason, values)):
            yield entry


def _in_imports(session: Session, one: Emptied) -> Iterable[ImportRow]:
    query = select(ImportRow).join(ImportBatch, ImportBatch.id == ImportRow.batch_id)
    query = query.where(ImportRow.row_id.in_(one.ids), ImportBatch.subject == subject_of(one.model))
    for row in session.scalars(query):
        kept = {name: value for name, value in row.values.items() if name not in one.fields}
        before = row.before and {name: value for name, value in row.before.items() if name not in one.fields}
        if _put(row, values=kept, before=before):
            yield row


def _wherever(session: Session, values: set[str]) -> Iterable[Any]:
    """Yield what holds one of the numbers, wherever it came from; a name beside it goes too."""
    numbers = {value for value in values if _NUMBER.fullmatch(value)}
    sought = numbers | {json.dumps(value)[1:-1] for value in numbers}  # as JSON columns write what is not ASCII
    for model, names in KEPT_TEXTS if sought else ():
        texts = [cast(getattr(model, name), Text) for name in names]
        holds = or_(*(text.contains(value, autoescape=True) for text in texts for value in sought))
        for row in session.scalars(select(model).where(holds)):
            _put(row, **{name: hide_values(getattr(row, name), values) for name in names})
            yield row


def _refuse_what_waits(session: Session, rows: set[ImportRow]) -> None:
    query = select(ImportBatch.id).where(
        ImportBatch.id.in_({row.batch_id for row in rows}), ImportBatch.state == "checked"
    )
    waiting = set(session.scalars(query))
    for row in rows:
        if row.batch_id in waiting:
            row.status = "refused"


def _put(row: Any, **values: Any) -> bool:
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    return bool(changed)
