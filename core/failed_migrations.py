"""What goes wrong with a migration: said in words, and kept for IT until an upgrade works."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from core import clock
from core.access.person import SYSTEM, acting_as
from core.db import Database
from core.registry.models import FailedUpgrade


class MigrationsFailed(RuntimeError):
    """Some plugins could not be brought to their head; the message says which, or why."""


class UpgradeFailed(MigrationsFailed):
    """A step failed, and all of the upgrade is taken back; the message names the step."""

    def __init__(self, revision: str, reason: str) -> None:
        super().__init__(f"{revision}: {reason}; tables and rows are as they were")
        self.revision, self.reason = revision, reason


class BrokenReferences(MigrationsFailed):
    """A migration would leave rows that point to nothing; it is rolled back."""


@contextmanager
def explained(seconds: int) -> Iterator[None]:
    """Say what it means that a lock did not come, or a statement did not end."""
    try:
        yield
    except OperationalError as error:
        if meaning := _meaning(error, seconds):
            raise MigrationsFailed(meaning) from error
        raise


def reason_of(error: Exception, seconds: int) -> str:
    """Return in one line why a step failed."""
    said = getattr(error, "orig", None) or error
    lines = str(said).strip().splitlines() or [""]
    return _meaning(error, seconds) or f"{type(said).__name__}: {lines[0]}"


def _meaning(error: Exception, seconds: int) -> str:
    said = getattr(error, "orig", None)
    match getattr(said, "sqlstate", None) or str(said):
        case "55P03" | "database is locked":
            return "somebody else upgrades, or works in a table that is to change: nothing was changed; try again"
        case "57014" | "interrupted":
            return f"a statement took longer than {seconds} seconds: nothing was changed; allow more with --timeout"
    return ""


def keep(database: Database, plugin: str, folder: Path, head: str, error: MigrationsFailed) -> None:
    """Note for IT why the upgrade of a plugin to `head` failed, and where in its `folder`; the caller raises it as well."""
    cause = error.__cause__ or error
    frames = [frame for frame in traceback.extract_tb(cause.__traceback__) if frame.filename.startswith(str(folder))]
    told = "".join([*traceback.format_list(frames), *traceback.format_exception_only(cause)])
    with suppress(SQLAlchemyError), acting_as(SYSTEM), database.transaction() as session:
        session.merge(
            FailedUpgrade(
                plugin=plugin, revision=getattr(error, "revision", head), reason=getattr(error, "reason", str(error)),
                traceback=told, at=clock.now(),
            )
        )  # fmt: skip
