"""A ranking that was published, its rows, and what was corrected in it since."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import BigInteger, Date, ForeignKey, Index, Integer, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.api import Id, InNode, Instant, Money, Row, clock
from plugins.daily_reports.models import Base

STORE, PERSON = "store", "person"
ACHIEVEMENT = "achievement"


class Ranking(Row, Base):
    """The ranking of one period, as it was published."""

    __tablename__ = "daily_reports_ranking"
    __scope__ = "global"
    __audit__ = False
    __table_args__ = (UniqueConstraint("subject", "metric", "kind", "begins"), {"sqlite_autoincrement": True})

    subject: Mapped[str] = mapped_column(String(10))
    """Who is ranked: `store` or `person`."""
    metric: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(10))
    begins: Mapped[date] = mapped_column(Date)
    ends: Mapped[date] = mapped_column(Date)
    until: Mapped[date] = mapped_column(Date)
    """The last day counted; a week or month that still runs is counted anew each night."""
    ranked: Mapped[int] = mapped_column(Integer, default=0)
    """How many have a rank."""
    computed_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    followed_until: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    """Late reports and corrections up to this moment are in."""

    @property
    def is_final(self) -> bool:
        """Whether the period is over: from now on only corrections change a row."""
        return self.until >= self.ends


class RankingRow(InNode, Base):
    """Where one store or person stands. The amounts are for those in whose reach the store lies."""

    __tablename__ = "daily_reports_ranking_row"
    __scope__ = "node"
    __resource__ = "daily_reports:day"
    __audit__ = False
    __table_args__ = (UniqueConstraint("ranking_id", "node_id", "person_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    ranking_id: Mapped[int] = mapped_column(Id, ForeignKey("daily_reports_ranking.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(Id, default=0)
    """0 in a ranking of stores."""
    peer_group: Mapped[str] = mapped_column(String(60))
    state: Mapped[str] = mapped_column(String(10))
    rank: Mapped[int | None] = mapped_column(Integer, default=None)
    achievement: Mapped[int | None] = mapped_column(Integer, default=None)
    """In tenths of a percent."""
    rank_before: Mapped[int | None] = mapped_column(Integer, default=None)
    """In the same group, in the period before, as it was known when this one was made."""
    achievement_before: Mapped[int | None] = mapped_column(Integer, default=None)
    reason: Mapped[str] = mapped_column(String(20), default="")
    reason_day: Mapped[date | None] = mapped_column(Date, default=None)
    reason_achievement: Mapped[int | None] = mapped_column(Integer, default=None)
    days_open: Mapped[int] = mapped_column(BigInteger, default=0)
    """The open days that count, one bit each from the period's first day on."""
    days_reported: Mapped[int] = mapped_column(SmallInteger, default=0)
    days_judged: Mapped[int] = mapped_column(SmallInteger, default=0)
    """On how many of them something was due; not on imported ones."""
    days_on_time: Mapped[int] = mapped_column(SmallInteger, default=0)
    amount: Mapped[Decimal] = mapped_column(Money, default=Decimal())
    """What was sold on these days."""
    yardstick: Mapped[Decimal | None] = mapped_column(Money, default=None)
    """What that is measured by; fixed when the ranking was made."""


class RankingCorrection(Base):
    """A published row that was changed later: what it said before, who changed it, when and why."""

    __tablename__ = "daily_reports_ranking_correction"
    __scope__ = "global"
    __audit__ = False
    __append_only__ = True
    __table_args__ = (
        Index("ix_daily_reports_ranking_correction_ranking_id", "ranking_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    ranking_id: Mapped[int] = mapped_column(Id, ForeignKey("daily_reports_ranking.id", ondelete="CASCADE"))
    node_id: Mapped[int] = mapped_column(Id, ForeignKey("org_node.id"))
    person_id: Mapped[int] = mapped_column(Id, default=0)
    rank_before: Mapped[int | None] = mapped_column(Integer, default=None)
    rank_after: Mapped[int | None] = mapped_column(Integer, default=None)
    achievement_before: Mapped[int | None] = mapped_column(Integer, default=None)
    at: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[int | None] = mapped_column(Id, default=None)
    cause: Mapped[str] = mapped_column(String(12))
    """`late`: a report came after the ranking; `figure`: a figure was corrected; `anew`: computed anew."""
    cause_node_id: Mapped[int | None] = mapped_column(Id, default=None)
    """The store whose figure it was."""
    note: Mapped[str] = mapped_column(String(200), default="")
    """Why it was computed anew; everybody may read it."""
