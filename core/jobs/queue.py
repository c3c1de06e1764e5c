"""Jobs: what a person has asked for and a worker does, one after the other.

A worker claims the oldest waiting job with one update, does it with the rights its person has *then*,
and keeps what it made in the folder `made`. A worker that dies leaves its job to the next one: a
job must be harmless to do twice.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import delete, or_, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from core import clock, inbox
from core.access.person import SYSTEM, Forbidden, acting_as, current_person
from core.access.scope import unscoped
from core.auth.rights import load_person
from core.db import current_session
from core.jobs.limits import LONGEST, at_hand, check_limit, left_behind, seconds_of
from core.jobs.models import Job
from core.language import _, current_locale, speaking
from core.registry.models import Revision

log = structlog.get_logger("jobs")
LOST_AFTER = LONGEST + timedelta(minutes=5)
"""A job of another machine, of which nothing was heard for so long, is begun again; see `take_back` for this one's."""
TRIES = 3
KEPT_DAYS = 7
"""So long a finished job and its file are kept."""
SECONDS_BETWEEN_SIGNS = 1.0


class JobRefused(Exception):
    """The job cannot be done; the text says why and what to do, for the person who asked."""


@dataclass(frozen=True)
class JobKind:
    """Something a worker can do. `name` is `plugin.what`; `run` is called with a `Work`.

    `writes` says that `run` changes the database: all of it in one transaction, or nothing. `run` raises
    JobRefused for what the person should read; any other error is logged, and the job is not possible. One that
    takes longer than `limit` (at most an hour) is ended with its worker, and tried again after the others.
    """

    name: str
    run: Callable[["Work"], None]
    writes: bool = False
    limit: timedelta | None = None

    def __post_init__(self) -> None:
        check_limit(self.limit)


class Work:
    """One job in the hands of a worker."""

    def __init__(self, house: Any, job: Job, session: Session) -> None:
        self.house, self.session = house, session
        self.id, self.arguments = job.id, job.arguments
        self.file_name, self.url = "", ""
        self._last_sign = time.monotonic()

    @property
    def path(self) -> Path:
        """Where to write the file the job makes; `made` then gives it its name."""
        return file_of(self.house, self.id)

    def made(self, file_name: str) -> None:
        """Say that the file at `path` is complete, and what it is called when it is taken away."""
        self.file_name = file_name

    def see(self, url: str) -> None:
        """Say at which address of ours the result is to be seen."""
        self.url = url

    def progress(self, part: float) -> None:
        """Say how far the work is, 0 to 1. Cheap enough to be called for every row."""
        if time.monotonic() - self._last_sign < SECONDS_BETWEEN_SIGNS:
            return
        self._last_sign = time.monotonic()
        # On SQLite a job that writes holds the only lock: then the sign is left out.
        with suppress(OperationalError), self.house.database.session(writes=True, patience=0.05) as own:
            _note(own, self.id, percent=min(99, int(part * 100)), seen_at=clock.now())
            own.commit()


def file_of(house: Any, job_id: int) -> Path:
    """Return where the file of a job lies, whether it is there or not."""
    folder: Path = house.settings.data_dir / "made"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / str(job_id)


def ask_for(session: Session, kind: str, title: str, **arguments: Any) -> Job:
    """Queue a job for the current person and return it; it is done after this transaction commits.

    `arguments` are kept as JSON. The page of the job is `url_for("jobs.job", job_id=job.id)`.
    """
    person = current_person()
    job = Job(kind=kind, title=title[:120], arguments=arguments, person_id=person.id, locale=current_locale())
    session.add(job)
    session.flush()
    return job


def run_waiting(house: Any) -> int:
    """Do the jobs that wait, one after the other; return how many were done."""
    count = 0
    while job := _claim(house):
        _run(house, job)
        count += 1
    return count


def take_back(house: Any) -> None:
    """Let the jobs be begun again at which a worker of this machine has ended; one that had its tries is given up."""
    for job_id, minutes in left_behind(house):
        with acting_as(SYSTEM), house.database.transaction() as session, unscoped("the worker serves everybody"):
            job = session.get(Job, job_id)
            if job is None or job.state != "running":
                continue
            with speaking(job.locale):
                told = (
                    _("Ended after %(minutes)s minutes: it had not come to an end.", minutes=minutes)
                    if minutes
                    else _("Its worker ended before it was done.")
                )
            _note(session, job_id, state="waiting", problem=told)
        house.host.hooks.note(job.kind.split(".")[0], f"job {job.kind}", told)
        log.error("job ended before it was done", job=job_id, kind=job.kind, tries=job.tries, minutes=minutes)
        if job.tries >= TRIES:
            _end(house, job, problem=told)


def _claim(house: Any) -> Job | None:
    lost = (Job.state == "running") & (Job.seen_at < clock.now() - LOST_AFTER)
    free = select(Job.id).where(or_(Job.state == "waiting", lost)).order_by(Job.tries, Job.id).limit(1)
    taken = {"state": "running", "seen_at": clock.now(), "tries": Job.tries + 1}
    with acting_as(SYSTEM), house.database.transaction() as session, unscoped("the worker serves everybody"):
        found = session.scalars(free.with_for_update(skip_locked=True)).one_or_none()
        if found is None:
            return None
        session.execute(update(Job).where(Job.id == found).values(taken))
        return session.get(Job, found)


def _run(house: Any, job: Job) -> None:
    if job.tries > TRIES:
        _end(house, job, problem=_("It was begun several times and never finished. Please tell IT."))
        return
    try:
        with speaking(job.locale), _at_work(house, job) as work:
            kind = _kind_of(house, job.kind, work.session)
            with house.database.session(writes=True) if kind.writes else _reading(work.session) as session:
                with current_session(session), at_hand(house, job.id, seconds_of(house, kind)):
                    work.session = session
                    kind.run(work)
                    session.commit()
    except (JobRefused, Forbidden) as refusal:
        _end(house, job, problem=str(refusal))
    except Exception:
        house.host.hooks.note(job.kind.split(".")[0], f"job {job.kind}")
        log.exception("job failed", job=job.id, kind=job.kind)
        with speaking(job.locale):
            _end(house, job, problem=_("Something went wrong. Nothing was changed; IT can read the cause in the log."))
    else:
        _end(house, job, file_name=work.file_name, url=work.url)


@contextmanager
def _at_work(house: Any, job: Job) -> Iterator[Work]:
    with house.database.session(writes=False) as session, current_session(session):
        person = load_person(session, job.person_id)
        with acting_as(person):
            yield Work(house, job, session)


@contextmanager
def _reading(session: Session) -> Iterator[Session]:
    yield session


def _kind_of(house: Any, name: str, session: Session) -> JobKind:
    """Return the kind, if the plugin it belongs to is on for the person."""
    revision = session.scalars(select(Revision.plugins)).one()
    on = house.host.names_on(house.host.switches(session, revision), current_person())
    for _owner, kinds in house.host.collect("backoffice_job_kinds", only=on):
        for kind in kinds:
            if kind.name == name:
                return kind
    raise JobRefused(_("The module this belongs to is switched off."))


def _end(house: Any, job: Job, *, problem: str = "", file_name: str = "", url: str = "") -> None:
    state = "failed" if problem else "done"
    with acting_as(SYSTEM), speaking(job.locale), house.database.transaction() as session:
        _note(
            session, job.id,
            state=state, percent=100, problem=problem[:400], file_name=file_name, url=url, ended_at=clock.now(),
        )  # fmt: skip
        title = _("%(title)s: not possible", title=job.title) if problem else _("%(title)s: ready", title=job.title)
        inbox.send(
            session, {job.person_id}, key=f"job:{job.id}", title=title[:120], text=problem, url=f"/jobs/{job.id}"
        )
    log.info("job ended", job=job.id, kind=job.kind, state=state)


def _note(session: Session, job_id: int, **values: Any) -> None:
    with unscoped("the worker's own job"):
        session.execute(update(Job).where(Job.id == job_id).values(values))


def forget_old_jobs(session: Session) -> str:
    """Remove what ended more than a week ago, with the files; the worker does it once a day."""
    old = Job.ended_at < clock.now() - timedelta(days=KEPT_DAYS)
    with unscoped("what nobody takes any more"):
        gone = session.scalars(delete(Job).where(old).returning(Job.id)).all()
    house = current_app.extensions["backoffice"]
    for job_id in gone:
        file_of(house, job_id).unlink(missing_ok=True)
    return f"{len(gone)} jobs"
