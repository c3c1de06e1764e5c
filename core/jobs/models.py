"""What the worker has to do, one row a job."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Base, Id, Instant
from core.language import N_

STATES = {
    "waiting": N_("Waiting"),
    "running": N_("Under way"),
    "done": N_("Ready"),
    "failed": N_("Not possible"),
}


class Job(Base):
    """Work that takes longer than a request: what, for whom, how far it is, what it made."""

    __tablename__ = "jobs_job"
    __scope__ = "own"
    __owner__ = "person_id"
    __resource__ = "jobs:job"
    __audit__ = False
    __table_args__ = (
        Index("ix_jobs_job_person_id", "person_id", "id"),
        Index(
            "ix_jobs_job_open", "id",
            postgresql_where=text("state IN ('waiting', 'running')"), sqlite_where=text("state IN ('waiting', 'running')"),
        ),
        {"sqlite_autoincrement": True},
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(80))
    """The name of the `JobKind` that does it: `exchange.export`."""
    title: Mapped[str] = mapped_column(String(120))
    """What the person reads, in the language in which they asked."""
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    person_id: Mapped[int] = mapped_column(Id, ForeignKey("org_person.id"))
    locale: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20), default="waiting")
    percent: Mapped[int] = mapped_column(Integer, default=0)
    problem: Mapped[str] = mapped_column(String(400), default="")
    """Why it failed, for the person who asked."""
    file_name: Mapped[str] = mapped_column(String(200), default="")
    """What the file it made is called; empty when it made none."""
    url: Mapped[str] = mapped_column(String(200), default="")
    """Where its result is to be seen, when that is a page."""
    tries: Mapped[int] = mapped_column(Integer, default=0)
    asked_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    seen_at: Mapped[datetime | None] = mapped_column(Instant, default=None)
    """When its worker last said that it is at it."""
    ended_at: Mapped[datetime | None] = mapped_column(Instant, default=None)
