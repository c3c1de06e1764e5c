"""A PostgreSQL server that lives as long as a test run, in a temporary folder.

It uses the system's own PostgreSQL, so the tests meet the version and the extensions that production has.
It trusts every local connection and does not care about power loss: never put real data into it.
"""

import atexit
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from core.testing.children import dying_with_us

PREFERRED_VERSION = 15
"""The major version that production runs; another one is taken only when this one is not installed."""

_OPTIONS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
    "listen_addresses": "127.0.0.1",
    "timezone": "UTC",
}
_START_SECONDS = 60


class PostgresUnavailable(RuntimeError):
    """No PostgreSQL server is installed, or it did not start; the message says which and what to do."""


def server_programs() -> Path | None:
    """The folder that holds ``initdb`` and ``postgres``, or None when no server is installed."""
    installed = [
        path
        for path in Path("/usr/lib/postgresql").glob("*/bin")
        if path.parent.name.isdigit() and (path / "initdb").exists() and (path / "postgres").exists()
    ]
    if installed:
        versions = {int(path.parent.name): path for path in installed}
        return versions.get(PREFERRED_VERSION, versions[max(versions)])
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb and shutil.which("postgres") else None


class PostgresCluster:
    """One server with its data, from :meth:`start` until :meth:`stop` or the end of this process.

    PostgreSQL refuses to run as root; when we are root it runs as the system user ``postgres``.
    """

    def __init__(self) -> None:
        self.folder: Path | None = None
        self.port = 0
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Make an empty cluster and serve it on a free port of 127.0.0.1 and on a socket in its folder.

        :raises PostgresUnavailable: when no server is installed or it does not come up.
        """
        programs = server_programs()
        if programs is None:
            raise PostgresUnavailable("No PostgreSQL server is installed. On Debian: apt-get install postgresql")
        self.folder = Path(tempfile.mkdtemp(prefix="backoffice-postgres-"))
        atexit.register(self.stop)
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        self._run(
            programs / "initdb", "--pgdata", self.folder / "data", "--username", "postgres",
            "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions",
        )  # fmt: skip
        self.port = _free_port()
        self._serve(programs)

    def url(self, database: str = "postgres") -> str:
        """The address of one database of this cluster, for SQLAlchemy and for psycopg alike."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def stop(self) -> None:
        """End the server at once and delete its folder; harmless when it is not running."""
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)
            try:
                self._server.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
            self._server = None
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None
        atexit.unregister(self.stop)

    def _serve(self, programs: Path) -> None:
        assert self.folder is not None
        options = {**_OPTIONS, "port": str(self.port), "unix_socket_directories": str(self.folder)}
        command = [str(programs / "postgres"), "-D", str(self.folder / "data")]
        command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "server.log").open("wb") as log:
            self._server = subprocess.Popen(
                dying_with_us(command, signal="INT"), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.folder, start_new_session=True, **_unprivileged(),
            )  # fmt: skip
        self._wait_until_ready(programs)

    def _wait_until_ready(self, programs: Path) -> None:
        assert self.folder is not None and self._server is not None
        question = [str(programs / "pg_isready"), "--quiet", "--host", "127.0.0.1", "--port", str(self.port)]
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._server.poll() is None:
            if subprocess.run(question, check=False).returncode == 0:
                return
            time.sleep(0.05)
        log = (self.folder / "server.log").read_text(errors="replace")
        self.stop()
        raise PostgresUnavailable(f"PostgreSQL did not start. Its log:\n{log}")

    def _run(self, *command: object) -> None:
        done = subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=self.folder, check=False,
            **_unprivileged(),
        )  # fmt: skip
        if done.returncode:
            self.stop()
            raise PostgresUnavailable(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


def _unprivileged() -> dict[str, object]:
    if os.geteuid() != 0:
        return {}
    return {"user": "postgres", "group": "postgres", "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
