"""What an import of customers must keep in order, a chunk of rows at a time.

A row is about the record that owns the number, also when that was merged into another one: what the file says
of it stays there, and comes back with it when the merge is undone.
"""

from collections import Counter
from typing import Any

from sqlalchemy.orm import Session

from core.api import _, chain_codes
from plugins.customers import rollups
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
    """Return the rows whose number is another customer's, in the chain or in this file."""
    said = Counter(row["mobile"] for row in values if row.get("mobile"))
    holders = rollups.holders_of(session, said)
    forgotten = forgetting.forgotten_on(session, said)
    wrong = {}
    for position, (row, row_id) in enumerate(zip(values, ids, strict=True)):
        number = row.get("mobile")
        if not number:
            continue
        if number in forgotten and number not in holders:
            wrong[position] = ("mobile", forgetting.warning(forgotten[number]))
        elif holders.get(number, row_id) != row_id:
            wrong[position] = ("mobile", _("This number belongs to another customer."))
        elif said[number] > 1:
            wrong[position] = ("mobile", _("Several rows of this file have this number."))
    return wrong


def follow(session: Session, view: Any, batch: Any) -> None:
    """Write the identities and visits of what was imported."""
    for rows in view.imported_rows(session, batch, "created"):
        rollups.write_imported(session, [row.row_id for row in rows])
    for rows in view.imported_rows(session, batch, "updated"):
        numbers = {row.row_id: row.values.get("mobile") for row in rows if "mobile" in row.before}
        if numbers:
            rollups.change_imported(session, numbers)


def take_back(session: Session, view: Any, batch: Any) -> None:
    """Remove them again, and give changed customers their earlier number."""
    for rows in view.imported_rows(session, batch, "created"):
        rollups.take_back_imported(session, [row.row_id for row in rows])
    for rows in view.imported_rows(session, batch, "updated"):
        numbers = {row.row_id: row.before["mobile"] for row in rows if "mobile" in row.before}
        if numbers:
            rollups.change_imported(session, numbers)
