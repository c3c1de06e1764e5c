"""The refused rows of an import, each with its reason, as a file that can be corrected and imported."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from core.access.scope import unscoped
from core.exchange.models import ImportBatch, ImportRow
from core.exchange.writing import BOM, csv_line
from core.language import _

TOGETHER = 1000


def refused_rows(batch: ImportBatch) -> Any:
    """Return the query for the refusals of a batch, in the file's order; a row has one for each reason."""
    refused = ImportRow.batch_id == batch.id, ImportRow.status == "refused"
    return select(ImportRow).where(*refused).order_by(ImportRow.number, ImportRow.id)


def refused_lines(session: Session, batch: ImportBatch) -> Iterator[str]:
    """Return the lines of a csv: row, column, value and reason of each refusal, then the row itself."""
    headings = csv_line([_("Row"), _("Column"), _("Value"), _("Reason"), *batch.mapping])
    return chain([BOM + headings], _lines(session, batch))


def _lines(session: Session, batch: ImportBatch) -> Iterator[str]:
    place, last = tuple_(ImportRow.number, ImportRow.id), (0, 0)
    while True:
        with unscoped("a batch the caller was allowed to see"):
            rows = session.scalars(refused_rows(batch).where(place > last).limit(TOGETHER)).all()
        for row in rows:
            texts = [row.values.get(column, "") for column in batch.mapping]
            yield csv_line([row.number, row.column, row.value, row.reason, *texts])
        if not rows:
            return
        last = (rows[-1].number, rows[-1].id)
