"""A running server for tests of plugins: several workers, people who are signed in, the shell beside it."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from core.registry import calls, processes
from core.testing.application import SECRET_KEY
from core.testing.factories import acting, sign_in
from core.testing.server import LiveServer

ROOT = Path(__file__).resolve().parents[2]


class Site:
    """The product on a database and a folder of plugins, served, and the shell of the same installation."""

    def __init__(self, app: Any, database_url: str, folder: Path, plugins_dir: Path, **options: Any) -> None:
        self._app, self._folder = app, folder
        self.environment = {
            "BACKOFFICE_ENV": "testing", "BACKOFFICE_DATABASE_URL": database_url, "BACKOFFICE_DATA_DIR": str(folder),
            "BACKOFFICE_SECRET_KEY": SECRET_KEY, "BACKOFFICE_PLUGINS_DIR": str(plugins_dir),
        }  # fmt: skip
        self.server = LiveServer(folder / "server.log", **options, **self.environment)

    def cookie(self, person: Any) -> str:
        """Sign a person in; returns what their browser sends."""
        client = sign_in(self._app.test_client(), person)
        return f"session={client.get_cookie('session').value}"

    def get(self, path: str, cookie: str = "", timeout: float = 30) -> tuple[int, str]:
        """Ask the server; 0 when it does not answer."""
        connection = HTTPConnection("127.0.0.1", int(self.server.url.rsplit(":", 1)[1]), timeout=timeout)
        try:
            connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, HTTPException) as error:
            return 0, repr(error)
        finally:
            connection.close()

    def shell(self, *words: str, code: int = 0) -> str:
        """Run one command of the installation in a process of its own; returns what it printed."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("BACKOFFICE_")}
        run = subprocess.run(
            [sys.executable, "-c", "from core.cli import main; main()", *words], capture_output=True, text=True,
            check=False, cwd=ROOT, env={**inherited, **self.environment, "PYTHONPATH": str(ROOT)}, timeout=60,
        )  # fmt: skip
        assert run.returncode == code, f"{words}: {run.stdout} {run.stderr}"
        return run.stdout

    def processes(self) -> list[processes.Seen]:
        """What the workers say of themselves."""
        return processes.alive(SimpleNamespace(settings=SimpleNamespace(data_dir=self._folder)))

    def until_all_have_answered(self, path: str, cookie: str, workers: int) -> list[tuple[int, str]]:
        """Ask, many at once, until each of so many workers knows the newest switch; returns every answer."""
        newest = self.revision()
        answers: list[tuple[int, str]] = []
        deadline = time.monotonic() + 60

        def is_known() -> bool:
            seen = self.processes()
            return len(seen) == workers and all(each.revision >= newest for each in seen)

        def ask() -> None:
            for _ in range(workers):
                answers.append(self.get(path, cookie))
            while not is_known() and time.monotonic() < deadline:
                answers.append(self.get(path, cookie))

        threads = [threading.Thread(target=ask) for _ in range(2 * workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert is_known(), [(each.name, each.revision, newest) for each in self.processes()]
        return answers

    def until_a_hook_is_left_alone(self, plugin: str, reason: str, path: str, cookie: str) -> list[tuple[int, str]]:
        """Ask until a worker says for which reason it leaves a hook of a plugin alone; returns every answer."""
        answers: list[tuple[int, str]] = []
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            answers.append(self.get(path, cookie))
            for seen in self.processes():
                if any(said["because"] == reason for said in seen.plugins[plugin]["hooks"].values()):
                    return answers
        raise AssertionError(f"nobody leaves {plugin} alone; {answers[-1]}")

    def until_a_call_is_long(self, seconds: float = calls.LONG_SECONDS) -> None:
        """Wait until one worker has been in a hook for so long that the others leave it alone."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for path in (self._folder / "processes").glob("*.call"):
                plugin, _hook, started = calls.read(path)
                if plugin and time.monotonic() - started > seconds:
                    return
            time.sleep(0.1)
        raise AssertionError("no call is long")

    def revision(self) -> int:
        """The number of the newest switch, from the database."""
        from sqlalchemy import select

        from core.registry.models import Revision

        with acting(self._app) as session:
            return session.scalars(select(Revision.plugins)).one()


@contextmanager
def load(ask: Callable[[], tuple[int, str]], threads: int = 2) -> Iterator[list[tuple[int, str]]]:
    """Ask again and again while the block runs; gives every answer."""
    answers: list[tuple[int, str]] = []
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            answers.append(ask())

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    try:
        yield answers
    finally:
        over.set()
        for worker in workers:
            worker.join()
