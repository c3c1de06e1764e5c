"""The history of one row, as its details page tells it."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from core import clock
from core.access.scope import unscoped
from core.audit import SILENT_COLUMNS, AuditEntry, masked
from core.db import session
from core.exchange.staging import imports_of
from core.language import N_, _, gettext

ACTION_TITLES = {
    "created": N_("Created"),
    "updated": N_("Changed"),
    "deleted": N_("Removed"),
    "binned": N_("Put into the recycle bin"),
    "restored": N_("Restored"),
    "imported": N_("Imported"),
    "reverted": N_("Import reverted"),
    "exported": N_("Exported"),
}
SHOWN_ENTRIES = 20


def history_of(view: Any, row: Any) -> list[dict[str, Any]]:
    """Return who did what to a row the caller has already been allowed to read, newest first; imports too."""
    titles = {column.name: column.title for column in view.columns} | {f.name: f.title for f in view.fields}
    with unscoped("the row's own history"):
        entries = session.scalars(
            select(AuditEntry)
            .where(AuditEntry.resource == row.__resource__, AuditEntry.row_id == str(row.id))
            .order_by(AuditEntry.id.desc())
            .limit(SHOWN_ENTRIES)
        )
        told = [(entry.at, entry.person_name, entry.action, entry.reason, entry.changes) for entry in entries]
    told = sorted([*told, *_imports(row)], key=lambda entry: entry[0], reverse=True)[:SHOWN_ENTRIES]
    return [
        {
            "when": f"{clock.local(at):%Y-%m-%d %H:%M}",
            "who": who,
            "title": gettext(ACTION_TITLES.get(action, action)),
            "reason": reason,
            "text": [
                (gettext(titles.get(name, name)), _plain(before), _plain(after))
                for name, (before, after) in changes.items()
            ],
        }
        for at, who, action, reason, changes in told
    ]


def _imports(row: Any) -> Iterator[tuple[Any, ...]]:
    """Yield what imports did to a row; their staged rows are its audit."""
    for batch, staged, kept in imports_of(session, row, SHOWN_ENTRIES):
        names = [name for name in staged.before or staged.values if name not in SILENT_COLUMNS]
        changes = {}
        for name in names:
            personal = row.__table__.columns[name].info.get("personal")
            pair = [masked(value.get(name), personal) for value in (staged.before, staged.values)]
            if pair[0] != pair[1]:
                changes[name] = pair
        yield batch.applied_at, batch.person_name, "imported", batch.file_name, changes
        if batch.reverted_at and not kept:
            back = {name: [after, before] for name, (before, after) in changes.items()}
            yield batch.reverted_at, batch.person_name, "reverted", batch.file_name, back


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return "" if value is None else str(value)
