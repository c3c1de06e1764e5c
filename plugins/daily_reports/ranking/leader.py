"""What a leader asks before ten: how was yesterday, how is the month, whom to praise, whom to call, and why."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import bindparam, case, func, or_, select
from sqlalchemy.orm import Session

from core.api import CurrentPerson, Node, _, clock, criteria, gettext, planned_once
from plugins.daily_reports.models import GAP_REASONS, DayReport, MonthTarget
from plugins.daily_reports.ranking import method, reading, snapshots
from plugins.daily_reports.ranking.models import STORE, Ranking, RankingRow

LIST = "daily_reports:day:list"
MANY = 5


@dataclass(frozen=True)
class Name:
    """A store to praise or to call, with the reason. Achievement in tenths of a percent."""

    code: str
    name: str
    achievement: int
    why: str

    @property
    def percent(self) -> str:
        """The achievement as text."""
        return reading.percent(self.achievement)


@dataclass(frozen=True)
class Screen:
    """A leader's morning. Amounts in yuan."""

    day: date
    sold: Decimal
    target: Decimal
    percent: int | None
    """Result in whole percent of the target, of those stores that have both; None without any."""
    reported: int
    month_sold: Decimal
    month_plan: Decimal | None
    month_until: date | None
    month_gone: int
    """How much of the month is over, in whole percent."""
    on_time: int | None
    """How many of the stores were in time, in whole percent; None when nothing was due."""
    missing: int
    praise: list[Name]
    call: list[Name]
    is_ranked: bool

    @property
    def month_percent(self) -> int | None:
        """What is sold in whole percent of the month's plan."""
        return round(self.month_sold * 100 / self.month_plan) if self.month_plan else None


def screen_of(session: Session, person: CurrentPerson) -> Screen:
    """Return the screen for a person's part of the chain; four statements for any number of stores."""
    last, asked = snapshots.last_day(clock.now()), _asked(person)
    first = last.replace(day=1)
    told = session.execute(asked.day, {"day": last}).one()
    rankings = {row.kind: row for row in session.execute(asked.rankings, {"day": last, "month": first})}
    day, month = rankings.get("day"), rankings.get("month")
    praise, call = _names(session, asked, day.id, last) if day else ([], [])
    return Screen(
        last, told.sold or Decimal(), told.target or Decimal(), _percent(told), told.reported,
        month.sold or Decimal() if month else Decimal(), session.scalar(asked.plan, {"month": first}), month.until if month else None,
        round(100 * last.day / monthrange(last.year, last.month)[1]),
        round(100 * day.on_time / day.judged) if day and day.judged else None, day.missing if day else 0, praise, call, day is not None,
    )  # fmt: skip


def percent_of(session: Session, person: CurrentPerson, day: date) -> int | None:
    """Return a day's result in whole percent of the target, of the stores that have both."""
    return _percent(session.execute(_asked(person).day, {"day": day}).one())


def _percent(told: Any) -> int | None:
    return round(told.both_sold * 100 / told.both_target) if told.both_target else None


def _names(session: Session, asked: "Asked", ranking_id: int, day: date) -> tuple[list[Name], list[Name]]:
    """Return the best that reached their yardstick, and the furthest from it, with what the store said itself."""
    found = session.execute(asked.names, {"ranking": ranking_id, "day": day}).all()
    words = reading.Words("day")
    praise = [row for row in found if row.best <= MANY and row.achievement >= 1000]
    call = sorted((row for row in found if row.least <= MANY and row.achievement < 1000), key=lambda row: row.least)
    return [_name(row, words) for row in praise], [_name(row, words) for row in call]


def _name(row: Any, words: reading.Words) -> Name:
    return Name(row.code, row.name, row.achievement, _why(row, words))


def _why(row: Any, words: reading.Words) -> str:
    """Return the group rank with its change, then what the store named as its reason."""
    said = [gettext(GAP_REASONS[code]) for code in row.gap_reasons or () if code in GAP_REASONS]
    moved = (
        ""
        if row.rank is None or row.rank_before in (None, row.rank)
        else _(", %(moved)s", moved=f"{row.rank_before - row.rank:+d}".replace("-", "−"))
    )
    place = "" if row.rank is None else _("%(rank)s in its group", rank=row.rank) + moved
    if row.reason == method.MISSING:
        said = [words.of(row.state, row.reason, row.reason_day, row.reason_achievement)]
    return " · ".join(filter(None, (place, "、".join(said))))


class Asked(NamedTuple):
    """The statements of a screen, for one person's reach."""

    day: Any
    rankings: Any
    plan: Any
    names: Any


@lru_cache(maxsize=500)
def _asked(person: CurrentPerson) -> Asked:
    """Return the statements; to build them takes longer than to run them, and a person's reach does not change."""
    amount, target = DayReport.amount, DayReport.target_amount
    both = amount.is_not(None) & target.is_not(None)
    day = (
        select(
            func.sum(amount).label("sold"), func.sum(target).label("target"), func.sum(case((both, amount))).label("both_sold"),
            func.sum(case((both, target))).label("both_target"), func.count(amount).label("reported"),
        )
        .join(Node, Node.id == DayReport.node_id)
        .where(DayReport.day == bindparam("day"), Node.kind == "store", criteria(DayReport, person, LIST))
    )  # fmt: skip
    of_day = (Ranking.kind == "day") & (Ranking.begins == bindparam("day"))
    of_month = (Ranking.kind == "month") & (Ranking.begins == bindparam("month"))
    rankings = (
        select(
            Ranking.id, Ranking.kind, Ranking.until, func.sum(RankingRow.amount).label("sold"), func.sum(RankingRow.days_on_time).label("on_time"),
            func.sum(RankingRow.days_judged).label("judged"), func.count(case((RankingRow.reason == method.MISSING, 1))).label("missing"),
        )
        .outerjoin(RankingRow, (RankingRow.ranking_id == Ranking.id) & criteria(RankingRow, person, LIST))
        .where(Ranking.subject == STORE, or_(of_day, of_month))
        .group_by(Ranking.id, Ranking.kind, Ranking.until)
    )  # fmt: skip
    plan = (
        select(func.sum(MonthTarget.amount))
        .join(Node, Node.id == MonthTarget.node_id)
        .where(MonthTarget.month == bindparam("month"), Node.kind == "store", criteria(MonthTarget, person, LIST))
    )
    return Asked(*map(planned_once, (day, rankings, plan, _names_asked(person))))


def _names_asked(person: CurrentPerson) -> Any:
    order = RankingRow.achievement
    placed = (
        select(
            RankingRow.id, func.row_number().over(order_by=(order.desc(), RankingRow.id)).label("best"),
            func.row_number().over(order_by=(order, RankingRow.id)).label("least"),
        )
        .where(RankingRow.ranking_id == bindparam("ranking"), order.is_not(None), criteria(RankingRow, person, LIST))
        .subquery()
    )  # fmt: skip
    return (
        select(
            Node.code, Node.name, RankingRow.state, RankingRow.rank, RankingRow.rank_before, RankingRow.achievement, RankingRow.reason,
            RankingRow.reason_day, RankingRow.reason_achievement, DayReport.gap_reasons, placed.c.best, placed.c.least,
        )
        .join(placed, placed.c.id == RankingRow.id)
        .join(Node, Node.id == RankingRow.node_id)
        .outerjoin(DayReport, (DayReport.node_id == RankingRow.node_id) & (DayReport.day == bindparam("day")))
        .where(or_(placed.c.best <= MANY, placed.c.least <= MANY))
        .order_by(placed.c.best)
    )  # fmt: skip
