"""The worker: a process beside the web server that does jobs as they come and tasks when they are due."""

import os
import signal
import time
from typing import Any

import structlog

from core.jobs.limits import ROUND_SECONDS, ended_after
from core.jobs.queue import run_waiting, take_back
from core.jobs.tasks import run_due_tasks
from core.registry import processes

log = structlog.get_logger("jobs")
POLL_SECONDS = 1
TASK_SECONDS = 20


def leave_at_once(house: Any) -> None:
    """End this process on SIGTERM, and blame nothing for it; its job is begun again by the next worker."""

    def leave(*_signal: Any) -> None:
        if house.process is not None:
            house.process.mark.wipe()
        os._exit(0)

    signal.signal(signal.SIGTERM, leave)


def run_worker(shell: Any, *, once: bool = False, parent: int | None = None) -> None:
    """Do what waits and what is due, again and again; with `parent`, as long as that process lives."""
    processes.begin(shell.house, "worker")
    processes.tell(shell.house)
    tasks_at = 0.0
    while parent is None or os.getppid() == parent:
        try:
            with shell.app.app_context(), ended_after(shell.house, ROUND_SECONDS):
                take_back(shell.house)
                if time.monotonic() >= tasks_at:
                    tasks_at = time.monotonic() + TASK_SECONDS
                    run_due_tasks(shell.house)
                run_waiting(shell.house)
        except Exception:
            if once:
                raise
            log.exception("the worker could not do its round")
        processes.tell(shell.house)
        if once:
            return
        time.sleep(POLL_SECONDS)
