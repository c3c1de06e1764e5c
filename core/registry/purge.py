"""Taking a plugin's data away for good: first out into files, then dropped, in one transaction."""

import csv
import re
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Select, Table, delete, inspect, select, text
from sqlalchemy.orm import Session

from core.access.scope import unscoped
from core.auth.models import Grant, SeededPermission
from core.auth.rights import rights_changed
from core.db import tables_of
from core.language import _
from core.migrate import version_table
from core.registry.host import Host
from core.registry.manifest import RESERVED
from core.registry.models import FailedUpgrade, PilotNode, PluginIntent, SettingChange
from core.registry.switching import PluginRefused, hold, note_switch


def purge(session: Session, host: Host, name: str, folder: Path) -> dict[str, int]:
    """Write each table of a disabled plugin to `folder/TABLE.csv` and drop it; returns rows by table.

    Its rights and settings go too: installed again, it starts like a new one. Raises `PluginRefused` for a name that
    is core's own or unknown, for a plugin that is on, and while another plugin's tables point to its own.
    """
    from core.search.schema import drop_search  # draws in alembic, which no page needs

    hold(session, name)
    tables = tables_to_purge(session, host, name)
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, int] = {}
    with unscoped("a purge takes everything"):
        connection = session.connection()
        for table in tables:
            rows[table.name] = _write(connection, select(table), folder / f"{table.name}.csv")
        changes = select(SettingChange.__table__).where(SettingChange.plugin == name)
        if count := _write(connection, changes, folder / "settings.csv"):
            rows["settings"] = count
            session.execute(delete(SettingChange).where(SettingChange.plugin == name))
        else:
            (folder / "settings.csv").unlink()
        for table in tables:
            drop_search(connection, table.name)
            table.drop(connection)
        connection.execute(text(f"DROP TABLE IF EXISTS {version_table(name)}"))
        _forget_rights(session, name)
        for model in (PilotNode, FailedUpgrade):
            for row in session.scalars(select(model).where(model.plugin == name)):
                session.delete(row)
        session.flush()
        if intent := session.get(PluginIntent, name):
            session.delete(intent)
    note_switch(session, name, "purged", {table: [count, 0] for table, count in rows.items()})
    return rows


def tables_to_purge(session: Session, host: Host, name: str) -> list[Table]:
    """Return what a purge drops, children before parents; raise `PluginRefused` when it may not be."""
    intents = dict(session.execute(select(PluginIntent.name, PluginIntent.enabled)).all())  # type: ignore[arg-type]
    if name in RESERVED or not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name not in {*host.plugins, *intents}:
        raise PluginRefused(_("There is no plugin named %(name)s.", name=name))
    if intents.get(name):
        raise PluginRefused(_("%(name)s is on: disable it first.", name=name))
    with unscoped("a purge takes everything"):
        return _tables_of_plugin(session.connection(), name, {*host.plugins, *intents})


def _tables_of_plugin(connection: Connection, name: str, others: set[str]) -> list[Table]:
    """Return a plugin's tables as the database has them, children before parents; its code is not needed.

    `sales_extra_line` belongs to the plugin `sales_extra` where there is one, or was one, else to `sales`.
    """
    inspector = inspect(connection)
    everything = set(inspector.get_table_names())
    cores = {table.name for table in tables_of(None)}
    versioned = {table.removeprefix("alembic_version_") for table in everything if table.startswith("alembic_version_")}
    longer = tuple(f"{other}_" for other in others | versioned if other.startswith(f"{name}_"))
    names = {
        table for table in everything - cores
        if table.startswith(f"{name}_") and not table.startswith(("alembic_", *longer))
    }  # fmt: skip
    for table in sorted(everything - names):
        for key in inspector.get_foreign_keys(table):
            if key["referred_table"] in names:
                raise PluginRefused(
                    _("%(table)s points to %(other)s: purge %(table)s first.", table=table, other=key["referred_table"])
                )
    found = MetaData()
    if names:
        found.reflect(connection, only=sorted(names))
    return [table for table in reversed(found.sorted_tables) if table.name in names]


def _forget_rights(session: Session, name: str) -> None:
    for model in (Grant, SeededPermission):
        for row in session.scalars(select(model).where(model.permission.startswith(f"{name}:", autoescape=True))):
            session.delete(row)
    rights_changed(session)


def _write(connection: Connection, query: Select[Any], path: Path) -> int:
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(query.selected_columns.keys())
        for row in connection.execute(query, execution_options={"yield_per": 1000}):
            writer.writerow(row)
            count += 1
    return count
