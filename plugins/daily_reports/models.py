"""The store's day is one record a node and date; what belongs to it hangs on it."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Boolean, Date, ForeignKey, Index, Integer, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.api import N_, Id, InNode, Instant, Money, Row, clock, plugin_base

Base = plugin_base("daily_reports")

GAP_REASONS = {
    "few_visitors": N_("Few visitors"),
    "low_conversion": N_("Visitors did not buy"),
    "out_of_stock": N_("Out of stock"),
    "price": N_("Our price was higher"),
    "competitor": N_("Competitor's promotion"),
    "staff": N_("Short of staff"),
    "weather": N_("Weather"),
    "big_order": N_("A large order"),
    "promotion": N_("Our promotion worked"),
    "other": N_("Other"),
}
SURPLUS_REASONS = {"big_order", "promotion"}
"""The reasons why it was more than the target; the rest say why it was less, `other` says either."""
TENDERS = {
    "wechat": N_("WeChat"),
    "alipay": N_("Alipay"),
    "card": N_("Bank card"),
    "cash": N_("Cash"),
    "other": N_("Other"),
}


class DayReport(Row, InNode, Base):
    """Target, result and review of one node on one business day."""

    __tablename__ = "daily_reports_day"
    __scope__ = "node"
    __resource__ = "daily_reports:day"
    __table_args__ = (
        UniqueConstraint("node_id", "day"),
        Index("ix_daily_reports_day_day", "day", "id"),
        Index("ix_daily_reports_day_area_id_day", "area_id", "day", "id"),
        Index("ix_daily_reports_day_region_id_day", "region_id", "day", "id"),
        Index("ix_daily_reports_day_state_day", "state", "day", "id"),
        Index("ix_daily_reports_day_area_id_state_day", "area_id", "state", "day", "id"),
        Index("ix_daily_reports_day_area_id_node_id_day", "area_id", "node_id", "day", "id"),
        {"sqlite_autoincrement": True},
    )

    day: Mapped[date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(String(12))
    imported: Mapped[bool] = mapped_column(Boolean, default=False)

    target_amount: Mapped[Decimal | None] = mapped_column(Money, default=None)
    target_units: Mapped[int | None] = mapped_column(Integer, default=None)
    target_attach_percent: Mapped[Decimal | None] = mapped_column(Numeric(5, 2), default=None)
    suggested_amount: Mapped[Decimal | None] = mapped_column(Money, default=None)
    """What the page had filled in, kept to see how good the suggestion is."""
    target_at: Mapped[datetime | None] = mapped_column(Instant, default=None)
    target_by: Mapped[int | None] = mapped_column(Id, default=None)
    target_late_minutes: Mapped[int | None] = mapped_column(Integer, default=None)

    amount: Mapped[Decimal | None] = mapped_column(Money, default=None)
    source_amount: Mapped[Decimal | None] = mapped_column(Money, default=None)
    """What a sales source offered when the day was closed; differs from `amount` when it was overwritten."""
    units: Mapped[int | None] = mapped_column(Integer, default=None)
    visitors: Mapped[int | None] = mapped_column(Integer, default=None)
    buyers: Mapped[int | None] = mapped_column(Integer, default=None)
    tenders: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    """Takings by tender, `{tender: yuan as text}`."""
    figures: Mapped[dict[str, str] | None] = mapped_column(JSON, default=None)
    """The further figures of a department's form, `{name: number as text}`."""
    gap_reasons: Mapped[list[str]] = mapped_column(JSON, default=list)
    gap_note: Mapped[str] = mapped_column(String(200), default="")
    reflection: Mapped[str] = mapped_column(Text, default="")
    tomorrow: Mapped[str] = mapped_column(Text, default="")
    reported_at: Mapped[datetime | None] = mapped_column(Instant, default=None)
    reported_by: Mapped[int | None] = mapped_column(Id, default=None)
    report_late_minutes: Mapped[int | None] = mapped_column(Integer, default=None)

    reviewed_at: Mapped[datetime | None] = mapped_column(Instant, default=None)
    reviewed_by: Mapped[int | None] = mapped_column(Id, default=None)
    review_comment: Mapped[str] = mapped_column(Text, default="")

    @property
    def achievement(self) -> int | None:
        """Return the result in whole percent of the target; None without either."""
        if not self.target_amount or self.amount is None:
            return None
        return round(self.amount * 100 / self.target_amount)

    @property
    def gap(self) -> Decimal | None:
        """Return the result less the target, in yuan; None without either."""
        return None if self.target_amount is None or self.amount is None else self.amount - self.target_amount

    @property
    def takings(self) -> Decimal | None:
        """Return the sum of the takings by tender, in yuan; None where none were reported."""
        return sum(map(Decimal, self.tenders.values()), Decimal()) if self.tenders else None


class PlanLine(Row, Base):
    """Something to be done on a day: what, who, when. An unfinished one is carried over."""

    __tablename__ = "daily_reports_plan_line"
    __scope__ = ("via", "report_id")
    __resource__ = "daily_reports:day"
    __table_args__ = (UniqueConstraint("report_id", "position"), {"sqlite_autoincrement": True})

    report_id: Mapped[int] = mapped_column(Id, ForeignKey("daily_reports_day.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(Integer)
    what: Mapped[str] = mapped_column(String(120))
    who: Mapped[str] = mapped_column(String(40), default="")
    due: Mapped[str] = mapped_column(String(20), default="")
    done: Mapped[bool] = mapped_column(Boolean, default=False)
    carried: Mapped[int] = mapped_column(Integer, default=0)
    """How many days it has been carried over."""


class Correction(Base):
    """A later change of a reported figure: the old value and the reason stay."""

    __tablename__ = "daily_reports_correction"
    __scope__ = ("via", "report_id")
    __resource__ = "daily_reports:day"
    __table_args__ = (Index("ix_daily_reports_correction_report_id", "report_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    report_id: Mapped[int] = mapped_column(Id, ForeignKey("daily_reports_day.id", ondelete="CASCADE"))
    field: Mapped[str] = mapped_column(String(40))
    before: Mapped[str] = mapped_column(String(200), default="")
    after: Mapped[str] = mapped_column(String(200), default="")
    reason: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    by: Mapped[int | None] = mapped_column(Id, default=None)


class Submission(Base):
    """A form that was sent, by the key it was opened with: sending it again changes nothing."""

    __tablename__ = "daily_reports_submission"
    __scope__ = ("via", "report_id")
    __resource__ = "daily_reports:day"
    __audit__ = False
    __table_args__ = (Index("ix_daily_reports_submission_report_id", "report_id"),)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Of the form's key, its place, day and kind: the same key on another form is another form."""
    report_id: Mapped[int] = mapped_column(Id, ForeignKey("daily_reports_day.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(Instant, default=clock.now)


class AbsentDay(Base):
    """A closed day that an import added to a store's calendar, so that the import can take it back."""

    __tablename__ = "daily_reports_absent_day"
    __scope__ = "global"
    __audit__ = False
    __table_args__ = (Index("ix_daily_reports_absent_day_batch_id", "batch_id"),)

    calendar_day_id: Mapped[int] = mapped_column(
        Id, ForeignKey("org_calendar_day.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    batch_id: Mapped[int] = mapped_column(Id, ForeignKey("exchange_batch.id", ondelete="CASCADE"))


class MonthTarget(Row, InNode, Base):
    """What a node is to sell in a month, and how the weekdays weigh in it."""

    __tablename__ = "daily_reports_month_target"
    __scope__ = "node"
    __resource__ = "daily_reports:month_target"
    __table_args__ = (
        UniqueConstraint("node_id", "month"),
        Index("ix_daily_reports_month_target_month", "month", "id"),
        Index("ix_daily_reports_month_target_area_id_month", "area_id", "month", "id"),
        {"sqlite_autoincrement": True},
    )

    month: Mapped[date] = mapped_column(Date)
    """The first day of the month."""
    amount: Mapped[Decimal] = mapped_column(Money)
    weight: Mapped[Decimal] = mapped_column(Numeric(10, 4), default=Decimal(1))
    """The node's share when the target of the node above is split."""
    weekdays: Mapped[list[Any] | None] = mapped_column(JSON, default=None)
    """Seven weights, Monday first; None counts every open day alike."""
