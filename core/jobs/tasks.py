"""Tasks that run by the clock, once each however many workers there are, also after a restart.

A task says how often it is due. A worker claims a run by moving the row `jobs_task_run` on, in the
transaction in which the task writes: what was not finished is due again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core import clock
from core.access.person import SYSTEM, acting_as
from core.db import Base, Instant
from core.jobs.limits import check_limit, ended_after, seconds_of
from core.registry.models import Revision

log = structlog.get_logger("jobs")
NEVER = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class ScheduledTask:
    """Something to do every so often. It must be harmless to run twice.

    `name` is `plugin.task`; `run` gets the session of its transaction and returns a line for the log. One that
    takes longer than `limit` (at most an hour) is ended with its worker, and left alone for an hour.
    """

    name: str
    every: timedelta
    run: Callable[[Session], str]
    limit: timedelta | None = None

    def __post_init__(self) -> None:
        check_limit(self.limit)


class TaskRun(Base):
    """When a task ran last."""

    __tablename__ = "jobs_task_run"
    __scope__ = "global"
    __audit__ = False

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    ran_at: Mapped[datetime] = mapped_column(Instant)
    outcome: Mapped[str] = mapped_column(String(400), default="")


def run_due_tasks(house: Any) -> list[str]:
    """Run every task that is due now, of core and of the plugins that are on; return the names of those that ran."""
    with acting_as(SYSTEM), house.database.transaction() as session:
        revision = session.scalars(select(Revision.plugins)).one()
        on = house.host.names_on(house.host.switches(session, revision), SYSTEM)
    ran = []
    for plugin, tasks in house.host.collect("backoffice_scheduled_tasks", only=on):
        for task in tasks:
            try:
                if _run_if_due(house, task, plugin):
                    ran.append(task.name)
            except Exception:
                house.host.hooks.note(plugin, f"task {task.name}")
                log.exception("task failed", plugin=plugin, task=getattr(task, "name", repr(task)))
    return ran


def _make_known(house: Any, task: ScheduledTask) -> None:
    with acting_as(SYSTEM), house.database.transaction() as session:
        if session.get(TaskRun, task.name) is None:
            session.add(TaskRun(name=task.name, ran_at=NEVER))


def _run_if_due(house: Any, task: ScheduledTask, plugin: str = "core") -> bool:
    what = f"task {task.name}"
    if house.host.hooks.rests(plugin, what):
        return False
    _make_known(house, task)
    with acting_as(SYSTEM), house.database.transaction() as session:
        free = select(TaskRun).where(TaskRun.name == task.name).with_for_update(skip_locked=True)
        run = session.scalars(free).one_or_none()
        if run is None or clock.now() - run.ran_at < task.every:
            return False  # another worker is at it, or it is not due
        run.ran_at = clock.now()
        with house.host.hooks.marked(plugin, what), ended_after(house, seconds_of(house, task)):
            run.outcome = (task.run(session) or "")[:400]
        log.info("task ran", task=task.name, outcome=run.outcome)
        return True
