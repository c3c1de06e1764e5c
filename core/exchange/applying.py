"""Write what an import's check has found, all of it or nothing; and take it back, as far as nobody has changed it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import clock
from core.access.guard import ScopeViolation
from core.access.person import current_person
from core.access.scope import unscoped
from core.audit import record
from core.db import metadata
from core.exchange.bulk import among, insert_rows
from core.exchange.importing import CHUNK, ImportRefused, valued
from core.exchange.models import ImportBatch, ImportRow
from core.language import _, gettext
from core.org.models import InNode
from core.org.tree import levels_of


@dataclass(frozen=True, slots=True)
class StagedRow:
    """A row that an import creates, updates or finds unchanged, with the values of its columns."""

    number: int
    row_id: int
    row_version: int | None
    values: dict[str, Any]
    before: dict[str, Any]


def staged_rows(session: Session, view: Any, batch: ImportBatch, *statuses: str) -> Iterator[list[StagedRow]]:
    """Yield the rows of a batch in the file's order, some thousands at a time; for `after_import` too."""
    for status in statuses:
        last = 0
        while True:
            query = select(ImportRow).where(ImportRow.batch_id == batch.id, ImportRow.status == status, ImportRow.number > last)
            columns = (ImportRow.number, ImportRow.row_id, ImportRow.row_version, ImportRow.values, ImportRow.before)
            with unscoped("the rows of one batch"):
                found = session.execute(query.with_only_columns(*columns).order_by(ImportRow.number).limit(CHUNK)).all()
            if not found:
                break
            last = found[-1].number
            yield [StagedRow(n, row_id, version, valued(view.model, v), valued(view.model, b or {})) for n, row_id, version, v, b in found]


def apply(session: Session, view: Any, batch: ImportBatch) -> None:
    """Write every row that is not refused; the whole batch or nothing of it.

    Raises ImportRefused when it was applied before, when a record has changed since the check, or
    when another one has taken a code in the meantime; nothing is written then.
    """

    def write() -> None:
        for rows in staged_rows(session, view, batch, "created"):
            values = _placed(session, view, [{"id": row.row_id, **row.values} for row in rows])
            with unscoped("rows that were checked"):
                insert_rows(session, view.model.__table__, values)
        for rows in staged_rows(session, view, batch, "updated"):
            present = _versions(session, view, [row.row_id for row in rows], lock=True)
            if any(present.get(row.row_id) != row.row_version for row in rows):
                raise ImportRefused(_("Records of this file were changed after it was checked. Nothing was imported; check it again."))
            _update(session, view, {row.row_id: (row.row_version or 0, row.values) for row in rows})
        session.expire_all()
        view.after_import(session, batch, batch.options)

    batch.sample = {}
    _move_on(session, view, batch, "checked", "applied", "imported", write)


def revert(session: Session, view: Any, batch: ImportBatch) -> None:
    """Take an import back: what it made goes, what it changed is as before, `batch.counts` says how much.

    A row that somebody has changed since, or that others refer to, stays; its staged row says why.
    Raises ImportRefused when the batch is not applied, or already taken back.
    """
    counts = {"removed": 0, "restored": 0, "kept": 0}

    def write() -> None:
        for rows in staged_rows(session, view, batch, "created"):
            present = _versions(session, view, [row.row_id for row in rows], lock=True)
            untouched = [row.row_id for row in rows if present.get(row.row_id) == 1]
            referred = _referred_to(session, view.model.__table__, untouched)
            gone = [row_id for row_id in untouched if row_id not in referred]
            counts["removed"] += len(gone)
            with unscoped("rows this import made and nobody has touched"):
                session.execute(delete(view.model).where(_one_of(session, view.model.id, gone)).execution_options(synchronize_session=False))
            changed = [row.row_id for row in rows if present.get(row.row_id) != 1]
            counts["kept"] += _keep(session, batch, changed, _("Changed since, or gone: left as it is."))
            counts["kept"] += _keep(session, batch, sorted(referred), _("Other records refer to it: left as it is."))
        for rows in staged_rows(session, view, batch, "updated"):
            present = _versions(session, view, [row.row_id for row in rows], lock=True)
            mine = {row.row_id: row for row in rows if present.get(row.row_id) == (row.row_version or 0) + 1}
            _update(session, view, {row_id: (present[row_id], row.before) for row_id, row in mine.items()})
            counts["restored"] += len(mine)
            changed = [row.row_id for row in rows if row.row_id not in mine]
            counts["kept"] += _keep(session, batch, changed, _("Changed since, or gone: left as it is."))
        session.expire_all()
        view.after_revert(session, batch)
        batch.counts = batch.counts | counts

    _move_on(session, view, batch, "applied", "reverted", "reverted", write)


def _move_on(session: Session, view: Any, batch: ImportBatch, before: str, after: str, action: str, write: Callable[[], None]) -> None:
    current_person().require(f"{view.permission}:import")
    try:
        with session.begin_nested():
            with unscoped("one's own batch"):
                session.flush()
                claim = update(ImportBatch).where(ImportBatch.id == batch.id, ImportBatch.state == before)
                moved = session.execute(claim.values({"state": after, f"{after}_at": clock.now()}))
                if moved.rowcount != 1:  # type: ignore[attr-defined]
                    raise ImportRefused(_not_in_state(session, batch))
            write()
            told = {"resource": [None, view.resource], "file": [None, batch.file_name]}
            told |= {name: [None, count] for name, count in batch.counts.items()}
            record(session, resource="exchange:batch", row_id=batch.id, action=action, changes=told)
            session.flush()
    except IntegrityError as error:
        raise ImportRefused(
            _("Somebody has written the same records in the meantime, or others depend on them. Nothing was changed; check the file again.")
        ) from error


def _not_in_state(session: Session, batch: ImportBatch) -> str:
    session.refresh(batch)
    return {
        "checked": _("This import was not applied yet."),
        "applied": _("This import is already applied."),
        "reverted": _("This import was already taken back."),
    }[batch.state]


def _placed(session: Session, view: Any, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Fill area and region from the node; a node out of the person's reach stops everything."""
    if not issubclass(view.model, InNode) or not any("node_id" in row for row in rows):
        return rows
    levels = levels_of(session, {row["node_id"] for row in rows if "node_id" in row})
    reach = current_person().reach(f"{view.permission}:import")
    for row in rows:
        if "node_id" in row:
            area_id, region_id = levels.get(row["node_id"], (None, None))
            if row["node_id"] not in levels or not reach.holds(row["node_id"], area_id, region_id):
                raise ScopeViolation(f"an imported row of node {row['node_id']} is outside {current_person().username}'s reach")
            row |= {"area_id": area_id, "region_id": region_id}
    return rows


def _versions(session: Session, view: Any, ids: list[int], *, lock: bool) -> dict[int, int]:
    query = select(view.model.id, view.model.version).where(_one_of(session, view.model.id, ids), *view.conditions("import"))
    with unscoped("held to the reach of the import permission"):
        return dict(session.execute(query.with_for_update(of=view.model) if lock else query).all())  # type: ignore[arg-type]


def _update(session: Session, view: Any, rows: dict[int, tuple[int, dict[str, Any]]]) -> None:
    table = view.model.__table__
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    placed = _placed(session, view, [dict(values) for _version, values in rows.values()])
    for (row_id, (version, _values)), values in zip(rows.items(), placed, strict=True):
        bound = {f"new_{name}": value for name, value in values.items()} | {"which": row_id, "new_version": version + 1}
        alike.setdefault(tuple(values), []).append(bound)
    for names, group in alike.items():
        values = {name: bindparam(f"new_{name}") for name in (*names, "version")}
        with unscoped("rows that were checked"):
            session.execute(update(table).where(table.c.id == bindparam("which")).values(values), group)


def _referred_to(session: Session, table: Any, ids: list[int]) -> set[int]:
    keys = [key.parent for other in metadata.tables.values() for key in other.foreign_keys if key.column is table.c.id]
    with unscoped("what is referred to stays"):
        return {found for column in keys for found in session.scalars(select(column).where(_one_of(session, column, ids)).distinct())}


def _one_of(session: Session, column: Any, ids: list[int]) -> Any:
    return among(session, [column], [(number,) for number in ids])


def _keep(session: Session, batch: ImportBatch, ids: list[int], reason: str) -> int:
    staged = update(ImportRow).where(ImportRow.batch_id == batch.id, _one_of(session, ImportRow.row_id, ids)).values(reason=reason)
    with unscoped("one's own batch"):
        session.execute(staged.execution_options(synchronize_session=False))
    return len(ids)


def history_of(session: Session, row: Any, limit: int) -> list[tuple[ImportBatch, StagedRow, str]]:
    """Return what imports did to a row, newest first: the batch, the row as it was staged, why a revert kept it."""
    query = (
        select(ImportBatch, ImportRow)
        .join(ImportRow, ImportRow.batch_id == ImportBatch.id)
        .where(ImportRow.row_id == row.id, ImportBatch.subject == row.__resource__, ImportBatch.state != "checked")
        .where(ImportRow.status.in_(("created", "updated")))
        .order_by(ImportBatch.id.desc())
        .limit(limit)
    )
    with unscoped("the row's own history"):
        found = session.execute(query).all()
    return [
        (batch, StagedRow(r.number, r.row_id, r.row_version, valued(type(row), r.values), valued(type(row), r.before or {})), r.reason)
        for batch, r in found
    ]
