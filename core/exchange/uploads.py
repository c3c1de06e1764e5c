"""The files people have brought for an import: kept until it is written, or nobody comes back for them."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy.orm import Session

from core.exchange import importing


def folder_of(house: Any) -> Path:
    """Return where they lie, each under the number of its batch."""
    folder: Path = house.settings.data_dir / "imports"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def forget_old(house: Any) -> int:
    """Remove what nobody came back for within `importing.KEPT_DAYS`; return how many files."""
    oldest = time.time() - importing.KEPT_DAYS * 24 * 3600
    return _remove(path for path in folder_of(house).iterdir() if path.stat().st_mtime < oldest)


def forget_with_rows(session: Session) -> str:
    """Remove old files and the rows that were read from them; the worker does it once a day."""
    importing.forget_old(session)
    return f"{forget_old(current_app.extensions['backoffice'])} files"


def forget_all(house: Any) -> int:
    """Remove every file that waits, because a person in one of them is forgotten; return how many.

    Nobody looks into them: what was checked can still be written, and with other columns is uploaded again.
    """
    return _remove(path for path in folder_of(house).iterdir() if path.name.isdigit())


def _remove(paths: Iterable[Path]) -> int:
    found = list(paths)
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)
