"""All the database holds, to prove that an attack has changed nothing of it."""

import sqlite3
from typing import Any

from core.access.scope import model_of
from core.db import metadata
from core.testing.access_matrix.values import VOLATILE


class Contents:
    """All the database holds, read again only when somebody has written, whoever and by whatever way.

    SQLite counts for a connection what the others have committed. On PostgreSQL the place of each row and the
    transaction that wrote it there name its version.
    """

    def __init__(self, database: Any) -> None:
        self._engine = database.engine
        self._watch = sqlite3.connect(database.url.database, isolation_level=None) if database.is_sqlite else None
        self._versions_of_rows = " UNION ALL ".join(
            f"SELECT '{name}', md5(string_agg(concat(ctid, xmin), ' ' ORDER BY ctid)) FROM \"{name}\""
            for name in metadata.tables
        )
        self._versions: Any = None
        self._rows: dict[tuple[str, Any], Any] = {}

    def rows(self) -> dict[tuple[str, Any], Any]:
        """Return each row, as the driver gives it, by its table and primary key; the same object while none changed."""
        versions = self._look()
        if versions != self._versions:
            self._versions, self._rows = versions, self._read()
        return self._rows

    def _look(self) -> list[Any]:
        if self._watch:
            return self._watch.execute("PRAGMA data_version").fetchall()
        with self._engine.connect() as connection:
            return list(connection.exec_driver_sql(self._versions_of_rows).fetchall())

    def _read(self) -> dict[tuple[str, Any], Any]:
        found = {}
        with self._engine.connect() as connection:
            for table in metadata.sorted_tables:
                rows = connection.exec_driver_sql(f'SELECT * FROM "{table.name}"')
                names = list(rows.keys())
                keys = [names.index(column.name) for column in table.primary_key]
                for row in rows.fetchall():
                    found[table.name, tuple(row[key] for key in keys)] = row
        return found


class Dump:
    """Everything the database holds that is not the person's own; it must stay as it is."""

    def __init__(self, site: Any) -> None:
        self.site = site
        self.rows = site.contents.rows()
        self._held = self.rows
        """What was looked at last and found in order."""

    def must_still_hold(self, where: str, *, own_too: bool = False) -> None:
        """Raise when a row that is not the person's own has changed, or a new one lies out of reach."""
        now = self.site.contents.rows()
        if now is self._held and not own_too:
            return
        own = {(table, (number,)) for table, numbers in self.site.own.items() for number in numbers if not own_too}
        own.add(("org_person", (self.site.person.id,)))
        for key, row in self.rows.items():
            if key[0] in VOLATILE or key in own:
                continue
            assert key in now, f"{where}: {key} is gone"
            assert now[key] == row, f"{where}: {key} has changed from {row} to {now[key]}"
        for key in now.keys() - self.rows.keys():
            if key[0] not in VOLATILE:
                self._must_be_inside(key, now[key]._mapping, where)
        for table, numbers in self.site.own.items():
            for number in numbers:
                if (table, (number,)) in now:
                    self._must_be_inside((table, (number,)), now[table, (number,)]._mapping, where)
        self._held = now

    def _must_be_inside(self, key: tuple[str, Any], row: Any, where: str) -> None:
        table = metadata.tables[key[0]]
        if key[0] == "audit_entry":
            assert row["person_id"] in (self.site.person.id, None) or key in self.rows, (
                f"{where}: written as somebody else: {row}"
            )
            return
        if key[0] in ("org_node", "inbox_message"):
            return
        model = model_of(table)
        owner = getattr(model, "__owner__", "")
        mine = owner and owner != "id" and row[owner] == self.site.person.id
        if "node_id" in row and not mine and key[0] != "org_person":
            assert not self.site.inside or row["node_id"] in self.site.inside, f"{where}: {key} lies elsewhere: {row}"
        for column in table.columns:
            for reference in column.foreign_keys:
                target = reference.column.table.name
                if row[column.name] is not None and target in self.site.foreign and target != "org_node":
                    assert row[column.name] not in self.site.foreign[target], (
                        f"{where}: {key} points elsewhere by {column.name}"
                    )
