"""What a leader asks before ten: how was yesterday, how is the month, whom to praise, whom to call, and why."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from core.api import CurrentPerson, Node, _, clock, criteria, gettext
from plugins.daily_reports.models import GAP_REASONS, DayReport, MonthTarget
from plugins.daily_reports.ranking import method, reading, snapshots
from plugins.daily_reports.ranking.models import Ranking, RankingRow

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
    """Return the screen for a person's part of the chain; seven statements for any number of stores."""
    last = snapshots.last_day(clock.now())
    ranking = reading.latest(session, "day", last)
    told = _day(session, person, last)
    month = reading.latest(session, "month", last)
    on_time, judged, missing = _shares(session, person, ranking)
    return Screen(
        last, told.sold or Decimal(), told.target or Decimal(), _percent(told), told.reported,
        _month_sold(session, person, month), _month_plan(session, person, last), month.until if month else None,
        round(100 * last.day / monthrange(last.year, last.month)[1]), round(100 * on_time / judged) if judged else None, missing,
        _names(session, person, ranking, is_praise=True), _names(session, person, ranking, is_praise=False), ranking is not None,
    )  # fmt: skip


def percent_of(session: Session, person: CurrentPerson, day: date) -> int | None:
    """Return a day's result in whole percent of the target, of the stores that have both."""
    return _percent(_day(session, person, day))


def _percent(told: Any) -> int | None:
    return round(told.both_sold * 100 / told.both_target) if told.both_target else None


def _day(session: Session, person: CurrentPerson, day: date) -> Any:
    amount, target = DayReport.amount, DayReport.target_amount
    both = amount.is_not(None) & target.is_not(None)
    query = select(
        func.sum(amount).label("sold"), func.sum(target).label("target"), func.sum(case((both, amount))).label("both_sold"),
        func.sum(case((both, target))).label("both_target"), func.count(amount).label("reported"),
    ).join(Node, Node.id == DayReport.node_id)  # fmt: skip
    return session.execute(
        query.where(DayReport.day == day, Node.kind == "store", criteria(DayReport, person, LIST))
    ).one()


def _month_sold(session: Session, person: CurrentPerson, month: Ranking | None) -> Decimal:
    if month is None:
        return Decimal()
    query = select(func.sum(RankingRow.amount)).where(
        RankingRow.ranking_id == month.id, criteria(RankingRow, person, LIST)
    )
    return session.scalar(query) or Decimal()


def _month_plan(session: Session, person: CurrentPerson, day: date) -> Decimal | None:
    query = select(func.sum(MonthTarget.amount)).join(Node, Node.id == MonthTarget.node_id)
    return session.scalar(
        query.where(MonthTarget.month == day.replace(day=1), Node.kind == "store", criteria(MonthTarget, person, LIST))
    )


def _shares(session: Session, person: CurrentPerson, ranking: Ranking | None) -> tuple[int, int, int]:
    if ranking is None:
        return 0, 0, 0
    query = select(
        func.sum(RankingRow.days_on_time), func.sum(RankingRow.days_judged), func.count(case((RankingRow.reason == method.MISSING, 1)))
    ).where(RankingRow.ranking_id == ranking.id, criteria(RankingRow, person, LIST))  # fmt: skip
    on_time, judged, missing = session.execute(query).one()
    return int(on_time or 0), int(judged or 0), missing


def _names(session: Session, person: CurrentPerson, ranking: Ranking | None, *, is_praise: bool) -> list[Name]:
    """Return the best that reached their yardstick, or the furthest from it, with what the store said itself."""
    if ranking is None:
        return []
    reached, order = RankingRow.achievement >= 1000, RankingRow.achievement
    query = (
        select(
            Node.code, Node.name, RankingRow.state, RankingRow.rank, RankingRow.rank_before, RankingRow.achievement, RankingRow.reason,
            RankingRow.reason_day, RankingRow.reason_achievement, DayReport.gap_reasons,
        )
        .join(Node, Node.id == RankingRow.node_id)
        .outerjoin(DayReport, (DayReport.node_id == RankingRow.node_id) & (DayReport.day == ranking.begins))
        .where(
            RankingRow.ranking_id == ranking.id, RankingRow.achievement.is_not(None), reached if is_praise else ~reached,
            criteria(RankingRow, person, LIST),
        )
        .order_by(order.desc() if is_praise else order, Node.code)
        .limit(MANY)
    )  # fmt: skip
    words = reading.Words(ranking.kind)
    return [Name(row.code, row.name, row.achievement, _why(row, words)) for row in session.execute(query)]


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
        said = [words.of(row)]
    return " · ".join(filter(None, (place, "、".join(said))))
