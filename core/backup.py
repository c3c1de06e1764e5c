"""A backup is one zip file: the database as of one moment, and the uploaded files.

SQLite is copied by its own online backup, PostgreSQL by `pg_dump` in one snapshot: both are consistent
while people work. A restore goes into an empty database only.
"""

import os
import shutil
import sqlite3
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.engine import URL

SQLITE_MEMBER, POSTGRES_MEMBER, FILES = "database.sqlite", "database.dump", "files"


class BackupFailed(RuntimeError):
    """The backup or restore did not happen; the message says why and what to do."""


def backup(database: Any, data_dir: Path, target: Path) -> None:
    """Write database and files to `target`; it appears only when it is whole."""
    with tempfile.TemporaryDirectory(dir=target.absolute().parent) as folder:
        dump = Path(folder) / (SQLITE_MEMBER if database.is_sqlite else POSTGRES_MEMBER)
        _dump_sqlite(database.url, dump) if database.is_sqlite else _dump_postgres(database.url, dump)
        whole = Path(folder) / "backup.zip"
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(dump, dump.name)
            for path in sorted((data_dir / FILES).rglob("*")):
                archive.write(path, path.relative_to(data_dir).as_posix())
        whole.chmod(0o600)
        with whole.open("rb") as file:
            os.fsync(file.fileno())
        whole.replace(target)


def restore(database: Any, data_dir: Path, source: Path) -> None:
    """Bring a backup into an empty database of the same kind; refuse one that has tables."""
    if inspect(database.engine).get_table_names():
        raise BackupFailed("this database is not empty: a restore goes into an empty one, so that nothing is lost")
    member = SQLITE_MEMBER if database.is_sqlite else POSTGRES_MEMBER
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(source) as archive:
        names = archive.namelist()
        if member not in names:
            raise BackupFailed(f"{source} is no backup of this kind of database: it holds no {member}")
        if any(name.startswith("/") or ".." in Path(name).parts for name in names):
            raise BackupFailed(f"{source} holds paths outside its folder")
        archive.extractall(folder)
        database.dispose()
        dump = Path(folder) / member
        _load_sqlite(database.url, dump) if database.is_sqlite else _load_postgres(database.url, dump)
        if (Path(folder) / FILES).is_dir():
            shutil.copytree(Path(folder) / FILES, data_dir / FILES, dirs_exist_ok=True)


def _dump_sqlite(url: URL, target: Path) -> None:
    with sqlite3.connect(url.database or "") as source, sqlite3.connect(target) as copy:
        source.backup(copy)


def _load_sqlite(url: URL, dump: Path) -> None:
    with sqlite3.connect(dump) as source, sqlite3.connect(url.database or "") as copy:
        source.backup(copy)


def _dump_postgres(url: URL, target: Path) -> None:
    _run(["pg_dump", "--format=custom", "--no-owner", "--file", str(target), _libpq(url)], url)


def _load_postgres(url: URL, dump: Path) -> None:
    _run(
        ["pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", "--dbname", _libpq(url), str(dump)], url
    )


def _libpq(url: URL) -> str:
    """Return the address without the password: everybody on the host may read a command line."""
    plain = URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
    return plain.render_as_string(hide_password=False)


def _run(command: list[str], url: URL) -> None:
    program = shutil.which(command[0]) or _newest(command[0])
    if program is None:
        raise BackupFailed(f"{command[0]} is not installed: install PostgreSQL's client programs on this host")
    environment = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})
    done = subprocess.run([program, *command[1:]], capture_output=True, text=True, check=False, env=environment)  # noqa: S603
    if done.returncode:
        raise BackupFailed(done.stderr.strip())


def _newest(program: str) -> str | None:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    return str(found[-1]) if found else None
