"""A worker that is ended, because its time was over or a plugin took it down, is followed by another."""

import os
import signal
import subprocess
from contextlib import suppress

import structlog

log = structlog.get_logger("jobs")
STOP_SECONDS = 10
"""So long a worker has to end when it is told to."""


def supervise(command: list[str], parent: int | None = None) -> int:
    """Run `command` again and again, until it ends by itself; return its exit code.

    What a worker has started itself ends with it. Stops on SIGTERM and SIGINT, and when `parent` has gone.
    """
    stop: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: stop.append(number))
    while True:
        worker = subprocess.Popen(command, process_group=0)  # noqa: S603
        while worker.poll() is None and not stop and (parent is None or os.getppid() == parent):
            with suppress(subprocess.TimeoutExpired):
                worker.wait(timeout=1)
        if is_told := worker.poll() is None:
            worker.terminate()
            with suppress(subprocess.TimeoutExpired):
                worker.wait(timeout=STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        code = worker.wait()
        if is_told or code >= 0:
            return 0 if is_told else code
        log.error("the worker was ended, another one takes over", signal=signal.Signals(-code).name)
