"""From a file to rows that a person can look at before they are written.

`check` reads the file once, in chunks: columns become fields, texts become values, references are
resolved and existing rows compared in sets. What it finds stands in `exchange_row`, every reason for
a refusal beside it, and nothing else is written. `core.exchange.applying` writes it and takes it back.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from core import clock
from core.access.person import current_person
from core.access.scope import unscoped
from core.exchange.checking import Check
from core.exchange.mapping import ImportRefused, columns_to_fields, options_of, require_fields
from core.exchange.models import ImportBatch, ImportRow
from core.exchange.reading import Row, Table
from core.exchange.staging import CHUNK
from core.language import _, gettext

KEPT_DAYS = 7
"""So long an uploaded file, a check that was never applied, and refused rows are kept."""
SAMPLE_CHARACTERS = 60


def open_batch(
    session: Session, view: Any, file_name: str, table: Table, *, chosen: dict[str, str] | None = None,
    match: Iterable[str] = (), options: dict[str, str] | None = None,
) -> ImportBatch:  # fmt: skip
    """Return a new batch for a file; `chosen` says where columns go, the others find their field by name.

    Raises ImportRefused when a choice does not exist, Forbidden when the person may not import here.
    """
    person = current_person()
    person.require(f"{view.permission}:import")
    match = list(match) or list(view.import_key)
    require_fields(view, match)
    sample = [text[:SAMPLE_CHARACTERS] for text in next(table.rows()).values]
    batch = ImportBatch(
        resource=view.resource, subject=view.model.__resource__, file_name=file_name[-200:], match=match,
        mapping=columns_to_fields(view, table.headers, chosen or {}), options=options_of(view, options or {}),
        sample=dict(zip(table.headers, sample, strict=True)), person_id=person.id, person_name=person.name,
    )  # fmt: skip
    session.add(batch)
    session.flush()
    forget_old(session)
    return batch


def forget_old(session: Session) -> None:
    """Remove checks that were never applied, and refused rows, after `KEPT_DAYS`."""
    old = ImportBatch.created_at < clock.now() - timedelta(days=KEPT_DAYS)
    refused = ImportRow.batch_id.in_(select(ImportBatch.id).where(old)), ImportRow.status == "refused"
    with unscoped("what nobody came back for"):
        session.execute(delete(ImportRow).where(*refused).execution_options(synchronize_session=False))
        session.execute(delete(ImportBatch).where(old, ImportBatch.state.in_(("checking", "checked"))))


def check(
    session: Session, view: Any, batch: ImportBatch, table: Table,
    watch: Callable[[Iterator[Row]], Iterable[Row]] = iter,
) -> None:  # fmt: skip
    """Find out what the file would do, into `exchange_row` and `batch.counts`; an earlier check is forgotten.

    Raises ImportRefused when no column holds the key. UnreadableFile may come after good rows: then the
    caller's transaction must be rolled back.
    """
    batch.counts = {}
    with unscoped("one's own batch"):
        session.execute(delete(ImportRow).where(ImportRow.batch_id == batch.id))
    if problem := missing_key(view, batch):
        raise ImportRefused(problem)
    checking = Check(session, view, batch)
    rows, count = iter(watch(table.rows())), 0
    while chunk := list(islice(rows, CHUNK)):
        checking.take(chunk)
        count += len(chunk)
    if checking.contradicted:
        checking.refuse_contradicted(table.rows())
    query = select(ImportRow.status, func.count(ImportRow.number.distinct())).where(ImportRow.batch_id == batch.id)
    with unscoped("one's own batch"):
        found = dict(session.execute(query.group_by(ImportRow.status)).all())  # type: ignore[arg-type]
    none = dict.fromkeys(("created", "updated", "unchanged", "refused"), 0)
    batch.counts = none | found | {"rows": count, "repeated": checking.repeated}


def missing_key(view: Any, batch: ImportBatch) -> str:
    """Return what to say when no column holds the key by which a record is found again, else nothing."""
    fields = [f for f in view.fields if f.name in batch.match and f.name not in batch.mapping.values()]
    titles = ", ".join(gettext(declared.title) for declared in fields)
    text = _(
        "No column of the file says “%(titles)s”, by which a record is found again. Choose one.",
        titles=titles,
    )
    return text if fields else ""
