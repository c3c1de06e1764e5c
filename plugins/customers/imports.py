"""What an import of customers must keep in order, a chunk of rows at a time.

A row is about the record that owns the number, also when that was merged into another one: what the file says
of it stays there, and comes back with it when the merge is undone.
"""

from collections import Counter
from typing import Any

from sqlalchemy.orm import Session

from core.api import _, chain_codes
from plugins.customers import rollups
from plugins.customers.identities import ONE_EACH
from plugins.customers.privacy import forgetting

USUAL = {"kind": "person", "party": "consumer", "level": "ordinary", "credit": "unknown"} | dict.fromkeys(
    ("level_reason", "credit_note", "address", "tags", "preferences"), ""
)
"""What a customer is of whom nothing else is said."""


def completed(session: Session, values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return new rows with their codes and what the file does not say; who has no name is called by their number."""
    codes = chain_codes(session, "C", len(values))
    rows = []
    for row, code in zip(values, codes, strict=True):
        said = {name: value for name, value in row.items() if value is not None}
        name = said.get("name") or said.get("external_id") or code
        rows.append(USUAL | said | {"code": code, "name": name})
    return rows


def refusals(session: Session, values: list[dict[str, Any]], ids: list[int | None]) -> dict[int, tuple[str, str]]:
    """Return the rows whose number, e-mail or WeCom id is another customer's, in the chain or in this file, or forgotten."""
    wrong: dict[int, tuple[str, str]] = {}
    for kind in ONE_EACH:
        said = Counter(row[kind] for row in values if row.get(kind))
        holders = rollups.holders_of(session, kind, said) if said else {}
        forgotten = forgetting.forgotten_on(session, said) if kind == "mobile" else {}
        for position, (row, row_id) in enumerate(zip(values, ids, strict=True)):
            value = row.get(kind)
            if not value:
                continue
            if value in forgotten and value not in holders:
                wrong.setdefault(position, (kind, forgetting.warning(forgotten[value])))
            elif holders.get(value, row_id) != row_id:
                wrong.setdefault(position, (kind, _("This belongs to another customer.")))
            elif said[value] > 1:
                wrong.setdefault(position, (kind, _("Several rows of this file say the same here.")))
    return wrong


def follow(session: Session, view: Any, batch: Any) -> None:
    """Write the identities and visits of what was imported."""
    for ids in view.imported_ids(session, batch, "created"):
        rollups.write_imported(session, ids)
    for rows in view.imported_rows(session, batch, "updated"):
        _change(session, [(row.row_id, row.before, row.values) for row in rows])


def take_back(session: Session, view: Any, batch: Any) -> None:
    """Remove them again, and give changed customers what they were known by."""
    for ids in view.imported_ids(session, batch, "created"):
        rollups.take_back_imported(session, ids)
    for rows in view.imported_rows(session, batch, "updated"):
        _change(session, [(row.row_id, row.before, row.before) for row in rows])


def _change(session: Session, rows: list[tuple[int, dict[str, Any], dict[str, Any]]]) -> None:
    """Write what rows, given as (customer, what they said before, what they say), are known by where it differs."""
    for kind in ONE_EACH:
        if values := {row_id: says.get(kind) for row_id, before, says in rows if kind in before}:
            rollups.change_imported(session, kind, values)
