"""A worker that is ended, because its time was over or a plugin took it down, is followed by another."""

import os
import signal
import subprocess
from contextlib import suppress

import structlog

log = structlog.get_logger("jobs")


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
        was_killed = worker.poll() is None
        with suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGTERM if was_killed else signal.SIGKILL)
        code = worker.wait()
        if was_killed or code >= 0:
            return 0 if was_killed else code
        log.error("the worker was ended, another one takes over", signal=signal.Signals(-code).name)
