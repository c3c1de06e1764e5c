"""The rows of an import from its check on: what the file says, as JSON keeps it, and back."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from typing import Any

from sqlalchemy import Numeric, select
from sqlalchemy.orm import Session

from core.access.scope import unscoped
from core.db import Money
from core.exchange.models import ImportBatch, ImportRow
from core.model_facts import model_fact

CHUNK = 2000
"""So many rows are read, compared and written together."""
_WRITERS: dict[type, Callable[[Any], str]] = {
    date: date.isoformat, datetime: datetime.isoformat, time: time.isoformat, Decimal: str,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class StagedRow:
    """A row that an import creates, updates or finds unchanged, with the values of its columns."""

    number: int
    row_id: int
    row_version: int | None
    values: dict[str, Any]
    before: dict[str, Any]


def staged_rows(session: Session, view: Any, batch: ImportBatch, status: str) -> Iterator[list[StagedRow]]:
    """Yield the rows of a batch with one status, in the file's order, some thousands at a time."""
    last, columns = (
        0,
        (ImportRow.number, ImportRow.row_id, ImportRow.row_version, ImportRow.values, ImportRow.before),
    )
    query = select(*columns).where(ImportRow.batch_id == batch.id, ImportRow.status == status)
    query = query.order_by(ImportRow.number).limit(CHUNK)
    while True:
        with unscoped("the rows of one batch"):
            found = session.execute(query.where(ImportRow.number > last)).all()
        if not found:
            return
        last = found[-1].number
        yield [_staged(view.model, *row) for row in found]


def staged_ids(session: Session, batch: ImportBatch, status: str) -> Iterator[list[int]]:
    """Yield the ids of the same rows, for who needs no more of them."""
    query = select(ImportRow.row_id).where(ImportRow.batch_id == batch.id, ImportRow.status == status)
    with unscoped("the rows of one batch"):
        ids = iter(session.scalars(query.order_by(ImportRow.number)).all())
    while some := list(islice(ids, CHUNK)):
        yield some


def imports_of(session: Session, row: Any, limit: int) -> list[tuple[ImportBatch, StagedRow, str]]:
    """Return what imports did to a row, newest first: batch, staged row, and why a revert left it."""
    query = (
        select(ImportBatch, ImportRow)
        .join(ImportRow, ImportRow.batch_id == ImportBatch.id)
        .where(ImportRow.row_id == row.id, ImportRow.status.in_(("created", "updated")))
        .where(ImportBatch.subject == row.__resource__, ImportBatch.state != "checked")
        .order_by(ImportBatch.id.desc())
        .limit(limit)
    )
    with unscoped("the row's own history"):
        found = session.execute(query).all()
    return [
        (batch, _staged(type(row), r.number, r.row_id, r.row_version, r.values, r.before), r.reason)
        for batch, r in found
    ]


def _staged(model: Any, number: int, row_id: int, version: int | None, values: Any, before: Any) -> StagedRow:
    return StagedRow(number, row_id, version, valued(model, values), valued(model, before) if before else {})


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """Return values as JSON keeps them; `valued` reads them back."""
    return {name: write(value) if (write := _WRITERS.get(type(value))) else value for name, value in values.items()}


def valued(model: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a staged row with their values; what is no column is left out."""
    readers = _readers(model)
    return {
        name: read(value) if (read := readers[name]) and isinstance(value, str) else value
        for name, value in values.items()
        if name in readers
    }


@model_fact
def _readers(model: Any) -> dict[str, Callable[[str], Any] | None]:
    def reader(type_: Any) -> Callable[[str], Any] | None:
        return Decimal if isinstance(type_, Money | Numeric) else getattr(type_.python_type, "fromisoformat", None)

    return {column.name: reader(column.type) for column in model.__table__.columns}
