"""Rewards and penalties out of the day record, the rules that propose them, and what was paid."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Boolean, Date, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.api import N_, Id, InNode, Instant, Money, Row, clock
from plugins.daily_reports.models import Base

KINDS = {"reward": N_("Reward"), "penalty": N_("Penalty")}
KIND_MEANINGS = {"reward": "good", "penalty": "bad"}
METRICS = {
    "late_days": N_("Days late in the week, at least"),
    "achievement": N_("The week in percent of the ranking, at least"),
    "best_of_group": N_("Best of its peer group in the week"),
}
RUN_STATES = {
    "done": N_("Proposed"),
    "held": N_("Waits for your decision"),
    "released": N_("Proposed after a look"),
    "dropped": N_("Dropped"),
}


class Rule(Row, Base):
    """Something a week can show of a store, and what is proposed then. Changed by head office, not in code."""

    __tablename__ = "daily_reports_reward_rule"
    __scope__ = "global"
    __resource__ = "daily_reports:reward_rule"

    name: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(10))
    metric: Mapped[str] = mapped_column(String(20))
    threshold: Mapped[int] = mapped_column(Integer, default=0)
    """Days, or whole percent of the ranking's yardstick."""
    amount: Mapped[Decimal] = mapped_column(Money)
    appeal_days: Mapped[int] = mapped_column(Integer, default=3)
    most_percent: Mapped[int] = mapped_column(Integer, default=30)
    """A week in which more of the stores would be hit stops, and asks a person."""
    since: Mapped[date] = mapped_column(Date)
    """Weeks that began earlier are not judged."""
    active: Mapped[bool] = mapped_column(Boolean, default=True)


class RuleRun(Row, Base):
    """That a rule has judged a week: once, whoever asks and however often."""

    __tablename__ = "daily_reports_reward_run"
    __scope__ = "global"
    __resource__ = "daily_reports:reward_run"
    __table_args__ = (UniqueConstraint("rule_id", "week"), {"sqlite_autoincrement": True})

    rule_id: Mapped[int] = mapped_column(Id, ForeignKey("daily_reports_reward_rule.id", ondelete="CASCADE"))
    week: Mapped[date] = mapped_column(Date)
    """Its Monday."""
    state: Mapped[str] = mapped_column(String(12))
    judged: Mapped[int] = mapped_column(Integer)
    """Stores looked at."""
    hit: Mapped[int] = mapped_column(Integer)
    hits: Mapped[list[Any]] = mapped_column(JSON, default=list)
    """What a held run would propose: `[[node id, evidence], …]`."""


class Reward(Row, InNode, Base):
    """One reward or penalty of a store, or of one person in it."""

    __tablename__ = "daily_reports_reward"
    __scope__ = "node"
    __resource__ = "daily_reports:reward"
    __owner__ = "person_id"
    __table_args__ = (
        UniqueConstraint("key"),
        Index("ix_daily_reports_reward_state", "state", "id"),
        Index("ix_daily_reports_reward_area_id", "area_id", "id"),
        Index("ix_daily_reports_reward_region_id", "region_id", "id"),
        Index("ix_daily_reports_reward_until", "until", "id"),
        Index("ix_daily_reports_reward_rule_id", "rule_id"),
        Index("ix_daily_reports_reward_corrects_id", "corrects_id"),
        Index("ix_daily_reports_reward_payroll_id", "payroll_id"),
        {"sqlite_autoincrement": True},
    )

    kind: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(12))
    what: Mapped[str] = mapped_column(String(120))
    why: Mapped[str] = mapped_column(String(400), default="")
    """What the proposer wrote, for everybody to read; a rule's reason is its evidence."""
    amount: Mapped[Decimal] = mapped_column(Money)
    """Yuan, never negative: the kind says which way."""
    person_id: Mapped[int | None] = mapped_column(Id, default=None)
    """Whom it is for; None: the store as a whole."""
    since: Mapped[date] = mapped_column(Date)
    until: Mapped[date] = mapped_column(Date)
    """The first and the last day it is about."""
    evidence: Mapped[list[Any]] = mapped_column(JSON, default=list)
    """`[[day as text, what it shows, figure], …]`, in order; see `evidence.py`."""
    appeal_days: Mapped[int] = mapped_column(Integer, default=3)
    rule_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("daily_reports_reward_rule.id", ondelete="SET NULL"), default=None
    )
    corrects_id: Mapped[int | None] = mapped_column(Id, ForeignKey("daily_reports_reward.id"), default=None)
    """The settled entry this one puts right."""
    key: Mapped[str] = mapped_column(String(64))
    """Of the form it was proposed with, or of rule, store and week: the same one is the same record."""
    proposed_by: Mapped[int | None] = mapped_column(Id, default=None)
    """None: a rule."""
    approved_by: Mapped[int | None] = mapped_column(Id, default=None)
    appealed_by: Mapped[int | None] = mapped_column(Id, default=None)
    appeal_ends: Mapped[datetime | None] = mapped_column(Instant, default=None)
    effective_at: Mapped[datetime | None] = mapped_column(Instant, default=None)
    payroll_id: Mapped[int | None] = mapped_column(Id, ForeignKey("daily_reports_payroll.id"), default=None)

    @property
    def signed(self) -> Decimal:
        """The amount as the payroll adds it up: a penalty is less than nothing."""
        return -self.amount if self.kind == "penalty" else self.amount


class Step(Base):
    """One step of a reward or penalty: who, when and why. Only ever added to."""

    __tablename__ = "daily_reports_reward_step"
    __scope__ = ("via", "reward_id")
    __resource__ = "daily_reports:reward"
    __append_only__ = True
    __audit__ = False
    __table_args__ = (
        Index("ix_daily_reports_reward_step_reward_id", "reward_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    reward_id: Mapped[int] = mapped_column(Id, ForeignKey("daily_reports_reward.id", ondelete="CASCADE"))
    event: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(12))
    """Where it led."""
    amount: Mapped[Decimal] = mapped_column(Money)
    reason: Mapped[str] = mapped_column(String(400), default="")
    at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    by: Mapped[int | None] = mapped_column(Id, default=None)


class PayrollLine(Row, InNode, Base):
    """What the payroll of a month takes over for a store, or for one person in it."""

    __tablename__ = "daily_reports_payroll"
    __scope__ = "node"
    __resource__ = "daily_reports:payroll"
    __table_args__ = (
        Index("ix_daily_reports_payroll_month", "month", "id"),
        Index("ix_daily_reports_payroll_area_id", "area_id", "id"),
        {"sqlite_autoincrement": True},
    )

    month: Mapped[date] = mapped_column(Date)
    """The first day of the month."""
    person_id: Mapped[int | None] = mapped_column(Id, default=None)
    entries: Mapped[int] = mapped_column(Integer)
    rewards: Mapped[Decimal] = mapped_column(Money)
    penalties: Mapped[Decimal] = mapped_column(Money)
    net: Mapped[Decimal] = mapped_column(Money)
