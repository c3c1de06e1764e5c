"""What the worker does with a plugin's tables when IT asks for it at the desk: try an upgrade, upgrade, purge.

By the same code as the commands, and with the same right, which is asked again when the job begins.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from core import clock, migrate
from core.jobs.queue import JobRefused, Work
from core.language import _
from core.registry import switching
from core.registry.purge import purge as take_away


def rehearse(work: Work) -> None:
    """Upgrade, take it all back, and keep the SQL for the page that asked."""
    statements = _migrated(work, migrate.rehearse)
    work.path.write_text("\n".join(statements), "utf-8")
    work.made(f"{work.arguments['name']}-upgrade.sql")
    work.see(f"{work.arguments['page']}?job={work.id}")


def upgrade(work: Work) -> None:
    """Bring the tables to the step that was tried."""
    host, name = work.house.host, work.arguments["name"]
    if name in host.plugins:
        host.heads.pop(name, None)
        if migrate.head(host, name) != work.arguments["target"]:
            raise JobRefused(_("There are other steps than those you have seen: try them first."))
    _migrated(work, migrate.upgrade)
    work.see(work.arguments["page"])


def purge(work: Work) -> None:
    """Write the tables to files that stay on the server, and drop them."""
    name, folder = work.arguments["name"], purged_folder(work.house) / f"{work.arguments['name']}-{work.id}"
    try:
        rows = take_away(work.session, work.house.host, name, folder)
    except switching.PluginRefused as refusal:
        raise JobRefused(str(refusal)) from refusal
    lines = [str(folder), *(f"{table}.csv: {count:,}" for table, count in rows.items())]
    work.path.write_text("\n".join(lines), "utf-8")
    work.made(f"{name}-{clock.today()}.txt")
    work.see(f"{work.arguments['page']}?job={work.id}")


def purged_folder(house: Any) -> Path:
    """Return where the files of purged plugins lie, until somebody takes them away."""
    folder: Path = house.settings.data_dir / "purged"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _migrated(work: Work, step: Callable[..., Any]) -> Any:
    switching.require_whole_chain()
    work.session.rollback()  # nothing of this job may lie in the way of a table that changes
    try:
        switching.loaded(work.house.host, work.arguments["name"])
        return step(work.house.database, work.house.host, work.arguments["name"])
    except migrate.UpgradeFailed as error:
        told = _(
            "%(revision)s fails, and tables and rows are as they were: %(reason)s", revision=error.revision, reason=error.reason
        )  # fmt: skip
        raise JobRefused(told) from error
    except (migrate.MigrationsFailed, switching.PluginRefused) as error:
        raise JobRefused(str(error)) from error
