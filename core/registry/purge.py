"""Taking a plugin's data away for good: first out into files, then dropped, in one transaction."""

import csv
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, Table, delete, inspect, select, text
from sqlalchemy.orm import Session

from core import audit
from core.access.scope import unscoped
from core.language import _
from core.migrate import version_table
from core.registry.models import PilotNode, PluginIntent
from core.registry.states import PluginRefused


def tables_of_plugin(session: Session, name: str, others: set[str]) -> list[Table]:
    """Return a plugin's tables as the database has them, children before parents; its code is not needed.

    `others` are the names of all plugins: `sales_extra_line` belongs to `sales_extra`, not to `sales`.
    """
    longer = [other for other in others if other != name and other.startswith(f"{name}_")]
    with unscoped("a purge looks at tables"):
        connection = session.connection()
        names = [
            table for table in inspect(connection).get_table_names()
            if table.startswith(f"{name}_") and not any(table.startswith(f"{other}_") for other in longer)
        ]  # fmt: skip
        found = MetaData()
        found.reflect(connection, only=names, resolve_fks=False)
    return list(reversed(found.sorted_tables))


def purge(session: Session, name: str, others: set[str], folder: Path) -> dict[str, int]:
    """Write each table of a disabled plugin to `folder/TABLE.csv` and drop it; returns rows by table."""
    intent = session.get(PluginIntent, name)
    if intent is not None and intent.enabled:
        raise PluginRefused(_("%(name)s is on: disable it first.", name=name))
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, int] = {}
    tables = tables_of_plugin(session, name, others)
    with unscoped("a purge takes everything"):
        connection = session.connection()
        for table in tables:
            rows[table.name] = _write(connection, table, folder / f"{table.name}.csv")
        for table in tables:
            table.drop(connection)
        connection.execute(text(f"DROP TABLE IF EXISTS {version_table(name)}"))
    session.execute(delete(PilotNode).where(PilotNode.plugin == name))
    session.execute(delete(PluginIntent).where(PluginIntent.name == name))
    audit.record(session, resource="registry:plugin", row_id=name, action="purged", changes={k: [v, 0] for k, v in rows.items()})
    return rows


def _write(connection: Any, table: Table, path: Path) -> int:
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(table.columns.keys())
        for row in connection.execution_options(yield_per=1000).execute(select(table)):
            writer.writerow(row)
            count += 1
    return count
