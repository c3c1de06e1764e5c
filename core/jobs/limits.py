"""How long work may take in the worker. The system ends the process whose time is over, however it hangs.

The worker is then started anew (see `core.jobs.supervisor`), and gives back what it was at. A process that is no
worker, such as a test that does a job itself, is never ended.
"""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

from core.registry.calls import HOST, is_alive
from core.registry.processes import folder_of

LONGEST = timedelta(hours=1)
"""What a kind of job or a task may ask for at most."""
ROUND_SECONDS = 60
"""How long everything else may take: claiming a job, asking plugins which tasks and kinds of jobs they have."""


def check_limit(limit: timedelta | None) -> None:
    """Raise ValueError for a limit that nobody may ask for."""
    if limit is not None and not timedelta() < limit <= LONGEST:
        raise ValueError(f"limit = {limit}: say how long it may take, at most an hour, or nothing")


def seconds_of(house: Any, work: Any) -> float:
    """Return how long a job of this kind, or a task, may take in this installation."""
    return work.limit.total_seconds() if work.limit else 60 * house.settings.work_minutes


@contextmanager
def ended_after(house: Any, seconds: float) -> Iterator[None]:
    """End this process, if it is a worker, where the block takes longer; the time of a block around it stands still."""
    if house.process is None or house.process.kind != "worker":
        yield
        return
    left, _interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, left)


@contextmanager
def at_hand(house: Any, job_id: int, seconds: float) -> Iterator[None]:
    """Leave behind which job this process is at, if it ends in the block; the next worker finds it in `left_behind`."""
    if house.process is None:
        yield
        return
    path = house.process.path.with_suffix(".job")
    with suppress(OSError):
        path.write_text(json.dumps([job_id, seconds, time.time()]))
    try:
        with ended_after(house, seconds):
            yield
    finally:
        path.unlink(missing_ok=True)


def left_behind(house: Any) -> Iterator[tuple[int, int]]:
    """Yield each job at which a process of this machine has ended, and after how many minutes its time was over.

    0 minutes when the process ended for another reason.
    """
    for path in folder_of(house).glob(f"{HOST}-*.job"):
        if is_alive(path.with_suffix(".call")):
            continue
        with suppress(OSError, ValueError):
            mine = path.rename(path.with_suffix(f".{os.getpid()}"))  # of several workers one takes it back
            job_id, seconds, began = json.loads(mine.read_text())
            mine.unlink()
            yield job_id, max(1, round(seconds / 60)) if time.time() - began >= seconds else 0
