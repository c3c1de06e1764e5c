"""An application behind gunicorn, started for a measurement and ended after it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from core.testing.children import dying_with_us
from tests.bench.load import median

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30


class Served:
    """One application on a free port of the loopback.

    :param application: what gunicorn serves, `module:name`.
    :param first: the address whose answer says that it is up.
    """

    def __init__(
        self,
        application: str,
        first: str,
        log: Path,
        environment: dict[str, str],
        *,
        workers: int = 2,
        config: str = "",
    ) -> None:
        self.port = 0
        self.seconds_to_first_answer = 0.0
        self._command = [
            sys.executable,
            "-m",
            "gunicorn",
            application,
            "--workers",
            str(workers),
            "--no-control-socket",
        ]
        self._command += ["--config", config] if config else []
        self._first = first
        self._log = log
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("BACKOFFICE_")}
        inherited.pop("PYTHONDONTWRITEBYTECODE", None)  # an installation has its code compiled
        self._environment = {**inherited, "PYTHONPYCACHEPREFIX": str(log.parent / "compiled"), **environment}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Served":
        """Start it and wait for its first answer.

        :raises RuntimeError: with what it printed, when there is none.
        """
        started = time.perf_counter()
        with socket.socket() as listener, self._log.open("ab") as log:
            listener.bind(("127.0.0.1", 0))
            listener.listen(512)
            self.port = listener.getsockname()[1]
            self._process = subprocess.Popen(
                dying_with_us([*self._command, "--bind", f"fd://{listener.fileno()}"]),
                pass_fds=[listener.fileno()], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT,
                env=self._environment,
            )  # fmt: skip
        while not self._answers():
            if self._process.poll() is not None or time.perf_counter() - started > START_SECONDS:
                self.stop()
                raise RuntimeError(f"{self._command[3]} did not start:\n{self._log.read_text(errors='replace')}")
            time.sleep(0.005)
        self.seconds_to_first_answer = time.perf_counter() - started
        return self

    def _answers(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=START_SECONDS)
        try:
            connection.request("GET", self._first)
            return connection.getresponse().status == 200
        except (HTTPException, OSError):
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """End it with its workers; harmless when it is not running."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def worker_megabytes(self, figure: str = "VmRSS") -> float:
        """Return what the largest worker holds in memory (`VmHWM`: has held at most)."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return max(_kilobytes(child, figure) for child in children) / 1024


def _kilobytes(process: str, figure: str) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{figure}:")).split()[1])


def starts(servers: dict[str, Served], times: int) -> dict[str, float]:
    """Return the median time from the start of each to its first answer; the very first one compiles and is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in servers}
    for _round in range(1 + times):
        for name, server in servers.items():
            with serving(server):
                taken[name].append(server.seconds_to_first_answer)
    return {name: median(seconds[1:]) for name, seconds in taken.items()}


@contextmanager
def serving(*applications: Served) -> Iterator[None]:
    """Keep applications running inside the block."""
    try:
        for application in applications:
            application.start()
        yield
    finally:
        for application in applications:
            application.stop()
