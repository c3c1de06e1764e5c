"""The product served as in production, as a child process of a test."""

import os
import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import monotonic, sleep

from core.testing.children import dying_with_us

ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 30


class LiveServer:
    """gunicorn on a free port of 127.0.0.1, from :meth:`start` to :meth:`stop`.

    It may be stopped and started again within a test; the address stays the same.

    :param log: the file that takes what the server prints.
    :param timeout: after how many seconds a request costs its worker.
    :param environment: settings of the server; no other ``BACKOFFICE_`` setting reaches it.
    """

    def __init__(self, log: Path, *, workers: int = 2, timeout: int = 30, **environment: str) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self._log = log
        self._options = [
            "--config",
            "python:config.gunicorn",
            "--workers",
            str(workers),
            "--timeout",
            str(timeout),
            "--graceful-timeout",
            "2",
            "--no-control-socket",
        ]
        self._port = 0
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("BACKOFFICE_")}
        self._environment = {**inherited, **environment, "PYTHONUNBUFFERED": "1"}

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start the server and wait until it is up.

        :raises RuntimeError: with all it printed, when it does not come up.
        """
        with socket.socket() as listener, self._log.open("ab") as log:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # The socket is bound here and handed over, so nobody can take the port in between.
            listener.bind(("127.0.0.1", self._port))
            listener.listen(64)
            self._port = listener.getsockname()[1]
            command = [sys.executable, "-m", "gunicorn", "wsgi:app", *self._options]
            self.process = subprocess.Popen(
                dying_with_us([*command, "--bind", f"fd://{listener.fileno()}"]),
                pass_fds=[listener.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env=self._environment,
                start_new_session=True,
            )
        self._wait_until_up()

    def move_clock(self, instant: str) -> None:
        """Serve on, at the same address, with the clock at an ISO instant: "2026-03-05T23:58:00+08:00"."""
        self.stop()
        self._environment["BACKOFFICE_PRETEND_NOW"] = instant
        self.start()

    def stop(self) -> None:
        """End the server and all its workers; harmless when it is not running."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None

    def messages(self) -> str:
        """All it printed so far."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def _wait_until_up(self) -> None:
        assert self.process is not None
        deadline = monotonic() + _START_SECONDS
        while (problem := self._problem()) and monotonic() < deadline and self.process.poll() is None:
            sleep(0.05)
        if problem:
            self.stop()
            raise RuntimeError(f"The server did not come up ({problem}). It printed:\n{self.messages()}")

    def _problem(self) -> str | None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            status = connection.getresponse().status
            return None if status == 200 else f"/healthz answered {status}"
        except (HTTPException, OSError) as error:
            return repr(error)
        finally:
            connection.close()
