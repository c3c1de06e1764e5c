"""The store's week: what it means to do, by when, what done looks like; and what it learned."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.api import Id, InNode, Instant, Money, Row, clock
from plugins.daily_reports.models import Base


class WeekReport(Row, InNode, Base):
    """Plan and summary of one node for one week.

    The week's result is never written here: it is the sum of its days, also after one of them is corrected.
    """

    __tablename__ = "daily_reports_week"
    __scope__ = "node"
    __resource__ = "daily_reports:week"
    __table_args__ = (
        UniqueConstraint("node_id", "week"),
        Index("ix_daily_reports_week_week", "week", "id"),
        Index("ix_daily_reports_week_area_id_week", "area_id", "week", "id"),
        {"sqlite_autoincrement": True},
    )

    week: Mapped[date] = mapped_column(Date)
    """The Monday."""
    state: Mapped[str] = mapped_column(String(12))
    target_amount: Mapped[Decimal | None] = mapped_column(Money, default=None)
    planned_at: Mapped[datetime | None] = mapped_column(Instant, default=None)
    planned_by: Mapped[int | None] = mapped_column(Id, default=None)
    plan_late_minutes: Mapped[int | None] = mapped_column(Integer, default=None)
    reflection: Mapped[str] = mapped_column(Text, default="")
    next_week: Mapped[str] = mapped_column(Text, default="")
    summed_up_at: Mapped[datetime | None] = mapped_column(Instant, default=None)
    summed_up_by: Mapped[int | None] = mapped_column(Id, default=None)
    summary_late_minutes: Mapped[int | None] = mapped_column(Integer, default=None)


class WeekLine(Row, Base):
    """A key event of a week: what, the standard by which it is done, by when, by whom."""

    __tablename__ = "daily_reports_week_line"
    __scope__ = ("via", "week_id")
    __resource__ = "daily_reports:week"
    __table_args__ = (UniqueConstraint("week_id", "position"), {"sqlite_autoincrement": True})

    week_id: Mapped[int] = mapped_column(Id, ForeignKey("daily_reports_week.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(Integer)
    what: Mapped[str] = mapped_column(String(120))
    standard: Mapped[str] = mapped_column(String(120), default="")
    due: Mapped[int | None] = mapped_column(Integer, default=None)
    """The weekday by which it is done, 0 for Monday; None for the week's end."""
    owner: Mapped[str] = mapped_column(String(40), default="")
    done: Mapped[bool] = mapped_column(Boolean, default=False)
    carried: Mapped[int] = mapped_column(Integer, default=0)
    """How many weeks it has been carried over."""


class WeekSubmission(Base):
    """A form of a week that was sent, by the key it was opened with: sending it again changes nothing."""

    __tablename__ = "daily_reports_week_submission"
    __scope__ = ("via", "week_id")
    __resource__ = "daily_reports:week"
    __audit__ = False
    __table_args__ = (Index("ix_daily_reports_week_submission_week_id", "week_id"),)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    week_id: Mapped[int] = mapped_column(Id, ForeignKey("daily_reports_week.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
