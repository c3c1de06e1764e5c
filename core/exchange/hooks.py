"""What a view may answer when a file says less, or other things, than its table needs.

A check reads chunks of some thousand rows and asks `import_resolve` for references, `import_values`,
`import_defaults` for the rows that are new, and `import_check`. Each gets whole chunks, so that one
query serves them all. A key of `values` that is no column of the table is kept for `after_import`.
The form's `check` and `fill` go row by row and are not asked: what they hold must be held here too.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from flask import current_app
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.access.person import current_person
from core.access.scope import criteria
from core.exchange.models import ImportBatch
from core.exchange.staging import StagedRow, staged_ids, staged_rows
from core.org.models import Node

Values = dict[str, Any]


class ImportHooks:
    """The part of an import that a view may override."""

    permission: str

    def import_resolve(self, session: Session, field: Any, texts: set[str]) -> dict[str, int]:
        """Return `{text: id}` for the references in a file that the person may choose, in one query.

        A row is meant by its import key or code, or by its title when only one row in reach has it.
        """
        target = current_app.extensions["backoffice"].views[field.lookup]
        names = [target.title_column, *(["code"] if hasattr(target.model, "code") else target.import_key[:1])]
        keys = [getattr(target.model, name) for name in dict.fromkeys(filter(None, names))]
        reach = target.conditions("list")
        if target.model is Node:
            reach.append(criteria(Node, current_person(), f"{self.permission}:import"))
        query = select(target.model.id, *keys).where(or_(*(key.in_(texts) for key in keys)), *reach)
        found = session.execute(query).all()
        answer: dict[str, int] = {}
        for position in range(1, len(keys) + 1):
            said = Counter(row[position] for row in found)
            answer |= {row[position]: row.id for row in found if said[row[position]] == 1}
        return {text: row_id for text, row_id in answer.items() if text in texts}

    def import_among(self) -> list[Any]:
        """Return the conditions of the rows that a file can mean; others are neither changed by it nor in its way."""
        return []

    def import_values(self, session: Session, values: list[Values], options: dict[str, str]) -> list[Values]:
        """Return the rows of a chunk as the table means them, as many and in this order, to be compared."""
        return values

    def import_defaults(self, session: Session, values: list[Values], options: dict[str, str]) -> list[Values]:
        """Return the rows that will be new, completed with what the file does not say."""
        return values

    def import_check(self, session: Session, values: list[Values], ids: list[int | None]) -> dict[int, tuple[str, str]]:
        """Return what is wrong with rows of a chunk as `{position: (field, reason)}`; a new row has no id."""
        return {}

    def after_import(self, session: Session, batch: ImportBatch, options: dict[str, str]) -> None:
        """Do what follows an import, in its transaction; `imported_rows` tells what it wrote."""

    def before_revert(self, session: Session, batch: ImportBatch) -> None:
        """Take back, in the same transaction, what `after_import` wrote beside rows that nobody has touched since."""

    def after_revert(self, session: Session, batch: ImportBatch) -> None:
        """Do what follows when an import was taken back, in the same transaction."""

    def imported_rows(self, session: Session, batch: ImportBatch, status: str) -> Iterator[list[StagedRow]]:
        """Yield the rows that are `created`, `updated` or `unchanged`, some thousands at a time."""
        return staged_rows(session, self, batch, status)

    def imported_ids(self, session: Session, batch: ImportBatch, status: str) -> Iterator[list[int]]:
        """Yield no more than the ids of the same rows, some thousands at a time."""
        return staged_ids(session, batch, status)
