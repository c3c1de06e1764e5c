"""One Alembic history per plugin, each with a version table of its own.

With a shared table, a plugin that was removed from disk would make every Alembic command fail. Web
workers never migrate: the commands do, under a lock, and a failure leaves schema and data as they were.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session

from core import models  # noqa: F401 - every table of core must be known
from core.access.guard import GuardedSession
from core.access.person import SYSTEM, acting_as
from core.auth.shipped import seed_grants
from core.db import Database, tables_of
from core.failed_migrations import BrokenReferences, MigrationsFailed, UpgradeFailed, explained, keep, reason_of
from core.registry.host import Host
from core.registry.models import FailedUpgrade, Revision, everybody_looks_again
from core.revisions import newest_in

CORE_VERSIONS = Path(__file__).resolve().parent.parent / "migrations" / "versions"
LOCK = 7_013_001
STATEMENT_SECONDS = 600


class TakenBack(Exception):
    """A rehearsal is over: nothing of it is kept."""


def version_table(plugin: str | None) -> str:
    """Return the name of the table that holds the schema version of core (None) or a plugin."""
    return f"alembic_version_{plugin or 'core'}"


def versions_folder(host: Host, plugin: str | None) -> Path:
    """Return the folder of migration scripts of core (None) or a plugin."""
    return CORE_VERSIONS if plugin is None else host.plugins[plugin].installed.folder / "migrations" / "versions"


def _config(host: Host, plugin: str | None, connection: Connection | None = None) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(CORE_VERSIONS.parent))
    config.set_main_option("version_locations", str(versions_folder(host, plugin)))
    config.set_main_option("path_separator", "newline")
    config.attributes.update(
        connection=connection, version_table=version_table(plugin), tables={table.name for table in tables_of(plugin)},
        applied=[],
    )  # fmt: skip
    return config


def head(host: Host, plugin: str | None) -> str | None:
    """Return the newest revision on disk, read once by a process; None for a plugin without tables."""
    if plugin not in host.heads:
        host.heads[plugin] = newest_in(versions_folder(host, plugin))
    return host.heads[plugin]


def current(connection: Connection, plugin: str | None) -> str | None:
    """Return the revision the database is at; None before the first."""
    table = version_table(plugin)
    if not _is_there(connection, table):
        return None
    return connection.execute(text(f"SELECT version_num FROM {table}")).scalar()


def _is_there(connection: Connection, table: str) -> bool:
    if connection.dialect.name == "postgresql":  # whose catalogue SQLAlchemy takes ten times as long to ask
        return connection.execute(text("SELECT to_regclass(:table) IS NOT NULL"), {"table": table}).scalar_one()
    return connection.dialect.has_table(connection, table)


@contextmanager
def _locked(database: Database, seconds: int = STATEMENT_SECONDS) -> Iterator[Connection]:
    """Give a connection in a transaction that nobody else migrates in; at the end all of it holds, or nothing."""
    engine = database.engine.execution_options(writes=True)
    with explained(seconds), engine.connect() as connection, _no_cascades(database, connection), connection.begin():
        if not database.is_sqlite:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        with _limited(database, connection, seconds):
            yield connection
        if database.is_sqlite and (orphans := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
            raise BrokenReferences(f"rows would point to nothing, first in table {orphans[0][0]}: nothing was changed")


@contextmanager
def _limited(database: Database, connection: Connection, seconds: int) -> Iterator[None]:
    """Let no statement take longer than so many seconds."""
    if not database.is_sqlite:
        connection.execute(text(f"SET LOCAL statement_timeout = {seconds * 1000}"))
        yield
        return
    deadline = [0.0]

    def begins(*_statement: Any) -> None:
        deadline[0] = time.monotonic() + seconds

    raw: Any = connection.connection.driver_connection
    event.listen(connection, "before_cursor_execute", begins)
    begins()
    raw.set_progress_handler(lambda: time.monotonic() > deadline[0], 50_000)
    try:
        yield
    finally:
        raw.set_progress_handler(None, 0)


@contextmanager
def _no_cascades(database: Database, connection: Connection) -> Iterator[None]:
    """SQLite changes a table by copying and dropping it: the rows that point to it must not go with the old one."""
    if not database.is_sqlite:
        yield
        return
    raw = connection.connection.driver_connection
    raw.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]  # without effect inside a transaction
    try:
        yield
    finally:
        raw.execute("PRAGMA foreign_keys=ON")  # type: ignore[union-attr]


def upgrade(database: Database, host: Host, plugin: str | None = None, seconds: int = STATEMENT_SECONDS) -> str | None:
    """Bring core (None) or one plugin to its head in one transaction; return the revision reached.

    Raises `MigrationsFailed` when a lock does not come, or a statement takes longer than so many seconds; like
    any other failure that leaves schema and rows as they were.
    """
    host.heads.pop(plugin, None)
    if target := head(host, plugin):
        try:
            with _locked(database, seconds) as connection:
                _to_head(host, plugin, connection, seconds)
        except (UpgradeFailed, BrokenReferences) as error:
            if plugin is not None:
                keep(database, plugin, host.plugins[plugin].installed.folder, target, error)
            raise
    with acting_as(SYSTEM), database.transaction() as session:
        _seed(session, host, plugin)
        if failed := session.get(FailedUpgrade, plugin or ""):
            session.delete(failed)
        everybody_looks_again(session)
    return target


def rehearse(database: Database, host: Host, plugin: str | None = None, seconds: int = STATEMENT_SECONDS) -> list[str]:
    """Upgrade core (None) or one plugin, take it all back, and return the SQL that was run."""
    run: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.split(None, 1)[0].upper() not in ("SELECT", "PRAGMA"):
            run.append(f"{statement.strip()};")

    host.heads.pop(plugin, None)
    with suppress(TakenBack), _locked(database, seconds) as connection:
        event.listen(connection, "before_cursor_execute", note)
        _to_head(host, plugin, connection, seconds)
        raise TakenBack
    return run


def steps(host: Host, plugin: str | None, connection: Connection) -> list[Any]:
    """Return the scripts (`.revision`, `.doc`) between the database and the head, in the order in which they run."""
    from alembic.script import ScriptDirectory
    from alembic.script.revision import RevisionError

    scripts, at = ScriptDirectory.from_config(_config(host, plugin)), current(connection, plugin)
    try:
        return list(scripts.iterate_revisions(head(host, plugin), at))[::-1]
    except RevisionError as error:
        raise MigrationsFailed(
            f"the tables are at {at}, which this code does not know: install the newer one"
        ) from error
    except Exception as error:
        raise MigrationsFailed(f"a migration cannot be read: {type(error).__name__}: {error}") from error


def outstanding(database: Database, host: Host, plugin: str | None) -> list[Any]:
    """Return the same for a connection of its own; raises `MigrationsFailed` when the tables are ahead of the code."""
    with database.engine.connect() as connection:
        return steps(host, plugin, connection)


def _to_head(host: Host, plugin: str | None, connection: Connection, seconds: int) -> None:
    from alembic import command

    if current(connection, plugin) == head(host, plugin):
        return
    config = _config(host, plugin, connection)
    planned = [step.revision for step in steps(host, plugin, connection)]
    try:
        command.upgrade(config, "head")
    except Exception as error:
        step = [*planned, planned[-1]][len(config.attributes["applied"])]
        raise UpgradeFailed(step, reason_of(error, seconds)) from error


def _seed(session: Session, host: Host, plugin: str | None) -> None:
    if plugin is None and session.get(Revision, 1) is None:
        session.add(Revision(id=1))
        session.flush()
    permissions = host.collect("backoffice_permissions", only=set() if plugin is None else {plugin})
    seed_grants(session, [permission for _name, answer in permissions for permission in answer])


def upgrade_everything(
    database: Database, host: Host, tell: Callable[[str, str], None] = lambda name, outcome: None
) -> None:
    """Bring core and every loaded plugin to its head; safe to repeat.

    A plugin whose migration fails stops nobody else. `tell` hears each name with what became of it; at the
    end `MigrationsFailed` is raised when there was any.
    """
    tell("core", upgrade(database, host) or "")
    failed: dict[str, Exception] = {}
    for plugin in host.plugins.values():
        if not plugin.is_loaded:
            tell(plugin.name, f"left out, because it cannot be loaded: {plugin.failure}")
            continue
        try:
            tell(plugin.name, upgrade(database, host, plugin.name) or "no tables")
        except Exception as error:
            failed[plugin.name] = error
            tell(plugin.name, f"failed: {error}")
    if failed:
        raise MigrationsFailed(f"not up to date: {', '.join(failed)}") from next(iter(failed.values()))


def upgrade_all(url: str) -> None:
    """Bring the database at `url` to the head of core and of every plugin in this tree."""
    from config.settings import Settings

    host = Host()
    host.load(Settings(database_url=url).plugins_dir)
    database = Database(url, GuardedSession)
    try:
        upgrade_everything(database, host)
    finally:
        database.dispose()


def pending(database: Database, host: Host, plugin: str | None) -> bool:
    """Say whether the database is not at the head of core (None) or a plugin."""
    with database.engine.connect() as connection:
        return is_behind(connection, host, plugin)


def is_behind(connection: Connection, host: Host, plugin: str | None) -> bool:
    """Say the same on a connection that is open already."""
    return current(connection, plugin) != head(host, plugin)


def new_revision(database: Database, host: Host, plugin: str | None, message: str) -> None:
    """Write a migration script from the difference between models and database (for developers)."""
    from alembic import command

    folder = versions_folder(host, plugin)
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(database) as connection:
        command.revision(
            _config(host, plugin, connection), message, autogenerate=True, version_path=str(folder),
            rev_id=f"{len(list(folder.glob('*.py'))) + 1:04d}_{plugin or 'core'}",
        )  # fmt: skip
