"""The history of one row, as its details page tells it."""

from typing import Any

from sqlalchemy import select

from core import clock
from core.audit import AuditEntry
from core.db import session
from core.language import N_, gettext
from core.access.scope import unscoped

ACTION_TITLES = {
    "created": N_("Created"),
    "updated": N_("Changed"),
    "deleted": N_("Removed"),
    "binned": N_("Put into the recycle bin"),
    "restored": N_("Restored"),
    "imported": N_("Imported"),
    "reverted": N_("Import reverted"),
}
SHOWN_ENTRIES = 20


def history_of(view: Any, row: Any) -> list[dict[str, Any]]:
    """Return who did what to a row the caller has already been allowed to read, newest first."""
    titles = {column.name: column.title for column in view.columns} | {f.name: f.title for f in view.fields}
    with unscoped("the row's own history"):
        entries = session.scalars(
            select(AuditEntry)
            .where(AuditEntry.resource == row.__resource__, AuditEntry.row_id == str(row.id))
            .order_by(AuditEntry.id.desc())
            .limit(SHOWN_ENTRIES)
        )
        return [
            {
                "when": f"{clock.local(entry.at):%Y-%m-%d %H:%M}",
                "who": entry.person_name,
                "title": gettext(ACTION_TITLES.get(entry.action, entry.action)),
                "reason": entry.reason,
                "text": [
                    (gettext(titles.get(name, name)), _plain(before), _plain(after))
                    for name, (before, after) in entry.changes.items()
                ],
            }
            for entry in entries
        ]


def _plain(value: Any) -> str:
    return "" if value is None else str(value)
