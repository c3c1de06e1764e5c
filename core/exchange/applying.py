"""Write what an import's check has found, all of it or nothing; take it back where nobody has changed it."""

from collections.abc import Callable
from typing import Any

from flask import current_app
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core import clock
from core.access.guard import ScopeViolation
from core.access.person import current_person
from core.access.scope import unscoped
from core.audit import record
from core.db import Deletable, metadata
from core.exchange.bulk import among, insert_rows
from core.exchange.mapping import ImportRefused
from core.exchange.models import ImportBatch, ImportRow
from core.exchange.staging import StagedRow, staged_rows
from core.language import _
from core.org.models import InNode
from core.org.tree import levels_of

Levels = dict[int, tuple[int | None, int | None]]
"""`{node: (area, region)}`"""


def apply(session: Session, view: Any, batch: ImportBatch) -> None:
    """Write every row that is not refused; the whole batch or nothing of it.

    Raises ImportRefused when it was applied before, when a record has changed since the check, or
    when another one has taken a code in the meantime; nothing is written then.
    """

    levels: Levels = {}

    def write() -> None:
        for rows in staged_rows(session, view, batch, "created"):
            values = _placed(session, view, [{"id": row.row_id, **row.values} for row in rows], levels)
            with unscoped("rows that were checked"):
                insert_rows(session, view.model.__table__, values)
            _must_refer_to_what_is_there(session, view, rows)
        for rows in staged_rows(session, view, batch, "updated"):
            present = _versions(session, view, [row.row_id for row in rows])
            if any(present.get(row.row_id) != row.row_version for row in rows):
                raise ImportRefused(
                    _("Records of this file were changed after it was checked. Nothing was imported; check it again.")
                )
            _update(session, view, [(row.row_id, present[row.row_id], row.values) for row in rows], levels)
            _must_refer_to_what_is_there(session, view, rows)
        session.expire_all()
        batch.sample = {}
        view.after_import(session, batch, batch.options)

    _move_on(session, view, batch, ("checked", "applied", "imported"), write)


def revert(session: Session, view: Any, batch: ImportBatch) -> None:
    """Take an import back: what it made goes, what it changed is as before; `batch.counts` says how much.

    A row that somebody has changed since, or that others refer to, stays; its staged row says why.
    Raises ImportRefused when the batch is not applied, or already taken back.
    """
    counts = {"removed": 0, "restored": 0, "kept": 0}
    levels: Levels = {}

    def write() -> None:
        view.before_revert(session, batch)
        for rows in staged_rows(session, view, batch, "created"):
            ids = [row.row_id for row in rows]
            present = _versions(session, view, ids)
            untouched = [row_id for row_id in ids if present.get(row_id) == 1]
            referred = _referred_to(session, view.model.__table__, untouched)
            counts["removed"] += _remove(session, view.model, [i for i in untouched if i not in referred])
            counts["kept"] += _keep_changed(session, batch, [i for i in ids if present.get(i) != 1])
            counts["kept"] += _keep(session, batch, sorted(referred), _("Other records refer to it: left as it is."))
        for rows in staged_rows(session, view, batch, "updated"):
            present = _versions(session, view, [row.row_id for row in rows])
            untouched = [row for row in rows if present.get(row.row_id) == (row.row_version or 0) + 1]
            _update(session, view, [(row.row_id, present[row.row_id], row.before) for row in untouched], levels)
            counts["restored"] += len(untouched)
            changed = {row.row_id for row in rows} - {row.row_id for row in untouched}
            counts["kept"] += _keep_changed(session, batch, sorted(changed))
        session.expire_all()
        batch.counts = batch.counts | counts
        view.after_revert(session, batch)

    _move_on(session, view, batch, ("applied", "reverted", "reverted"), write)


def _move_on(
    session: Session, view: Any, batch: ImportBatch, step: tuple[str, str, str], write: Callable[[], None]
) -> None:
    """Claim the batch, write, and tell the audit; a failure leaves everything as it was."""
    before, after, action = step
    current_person().require(f"{view.permission}:import")
    claim = update(ImportBatch).where(ImportBatch.id == batch.id, ImportBatch.state == before)
    claim = claim.values({"state": after, f"{after}_at": clock.now()}).returning(ImportBatch.id)
    try:
        with session.begin_nested():
            with unscoped("one's own batch"):
                session.flush()
                if not session.execute(claim).all():
                    session.refresh(batch)
                    raise ImportRefused(_not_in_state(batch.state))
            write()
            told = {"resource": view.resource, "file": batch.file_name, **batch.counts}
            changes = {name: [None, value] for name, value in told.items()}
            record(session, resource="exchange:batch", row_id=batch.id, action=action, changes=changes)
            session.flush()
    except IntegrityError as error:
        reason = _(
            "Somebody has written the same records in the meantime, or others depend on them. "
            "Nothing was changed; check the file again."
        )
        raise ImportRefused(reason) from error


def _not_in_state(state: str) -> str:
    return {
        "checking": _("This file is still being checked."),
        "checked": _("This import was not applied yet."),
        "applied": _("This import is already applied."),
        "reverted": _("This import was already taken back."),
    }[state]


def _placed(session: Session, view: Any, rows: list[dict[str, Any]], levels: Levels) -> list[dict[str, Any]]:
    """Fill area and region from the node, and remember it in `levels`; a node out of the person's reach stops everything."""
    placed = [row for row in rows if "node_id" in row] if issubclass(view.model, InNode) else []
    if unknown := {row["node_id"] for row in placed} - levels.keys():
        levels |= levels_of(session, unknown)
    person = current_person()
    reach = person.reach(f"{view.permission}:import")
    for row in placed:
        row["area_id"], row["region_id"] = levels.get(row["node_id"], (None, None))
        if row["node_id"] not in levels or not reach.holds(row["node_id"], row["area_id"], row["region_id"]):
            raise ScopeViolation(f"an imported row of node {row['node_id']} is outside {person.username}'s reach")
    return rows


def _versions(session: Session, view: Any, ids: list[int]) -> dict[int, int]:
    """Return `{id: version}` of those rows that the person may change, locked until the end."""
    query = select(view.model.id, view.model.version).where(_one_of(session, view.model.id, ids))
    query = query.where(*view.conditions("import")).with_for_update(of=view.model)
    with unscoped("held to the reach of the import permission"):
        return dict(session.execute(query).all())  # type: ignore[arg-type]


def _update(session: Session, view: Any, rows: list[tuple[int, int, dict[str, Any]]], levels: Levels) -> None:
    """Write rows given as (id, version, values), and raise their versions."""
    table = view.model.__table__
    values_of = _placed(session, view, [dict(values) for _id, _version, values in rows], levels)
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for (row_id, version, _values), values in zip(rows, values_of, strict=True):
        bound = {f"new_{name}": value for name, value in values.items()}
        alike.setdefault(tuple(values), []).append(bound | {"which": row_id, "new_version": version + 1})
    for names, group in alike.items():
        new = {name: bindparam(f"new_{name}") for name in (*names, "version")}
        with unscoped("rows that were checked"):
            session.execute(update(table).where(table.c.id == bindparam("which")).values(new), group)


def _must_refer_to_what_is_there(session: Session, view: Any, rows: list[StagedRow]) -> None:
    """Refuse what refers to a record that went into the recycle bin after the check: a person may be forgotten by now.

    Asked after the rows are written, which wait for whoever is putting it there at the same moment.
    """
    for field in view.fields:
        ids = {row.values.get(field.name) for row in rows} - {None} if field.lookup else set()
        target = current_app.extensions["backoffice"].views[field.lookup].model if ids else None
        if target is None or not issubclass(target, Deletable):
            continue
        gone = select(target.id).where(_one_of(session, target.id, sorted(ids)), target.deleted_at.is_not(None))
        with unscoped("what checked rows refer to"):
            if session.scalar(gone.limit(1)) is not None:
                raise ImportRefused(
                    _(
                        "Records that this file names were deleted after it was checked. Nothing was imported; check it again."
                    )
                )


def _remove(session: Session, model: Any, ids: list[int]) -> int:
    with unscoped("rows this import made and nobody has touched"):
        query = delete(model).where(_one_of(session, model.id, ids))
        session.execute(query.execution_options(synchronize_session=False))
    return len(ids)


def _referred_to(session: Session, table: Any, ids: list[int]) -> set[int]:
    keys = [key.parent for t in metadata.tables.values() for key in t.foreign_keys if key.column is table.c.id]
    with unscoped("what is referred to stays"):
        return {
            row_id
            for column in keys
            for row_id in session.scalars(select(column).where(_one_of(session, column, ids)).distinct())
        }


def _keep_changed(session: Session, batch: ImportBatch, ids: list[int]) -> int:
    return _keep(session, batch, ids, _("Changed since, or gone: left as it is."))


def _keep(session: Session, batch: ImportBatch, ids: list[int], reason: str) -> int:
    staged = update(ImportRow).where(ImportRow.batch_id == batch.id, _one_of(session, ImportRow.row_id, ids))
    with unscoped("one's own batch"):
        session.execute(staged.values(reason=reason).execution_options(synchronize_session=False))
    return len(ids)


def _one_of(session: Session, column: Any, ids: list[int]) -> Any:
    return among(session, [column], [(number,) for number in ids])
