"""What the days say of a week: target, result, punctuality, reasons, plan lines kept; of one store or of many.

Days count from Monday to Sunday. A day is due when its store is open on it and its report is overdue or
there; imported history is never late. A line of a day's plan that came back until it was done is kept
once; one that was never done in the week is missed once.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.api import Node, clock, closed_ids
from plugins.daily_reports import boards, calendars, hours, months
from plugins.daily_reports.models import DayReport, MonthTarget, PlanLine
from plugins.daily_reports.settings import report_grace
from plugins.daily_reports.suggestion import days_ahead
from plugins.daily_reports.week.states import days_of

WEEKS = 4
STEP = 100
NAMED_ONE_BY_ONE = 200


@dataclass
class Week:
    """The figures of one node's week, or the sum of several. Amounts in yuan."""

    target: Decimal = Decimal()
    """The sum of the days' targets."""
    amount: Decimal = Decimal()
    reported: int = 0
    """Days that have a result."""
    due: int = 0
    """Days on which a target and a result had to be there by now."""
    in_time: int = 0
    """Days on which both came in time."""
    asked: Decimal = Decimal()
    """The targets of the days that have reported."""
    met: Decimal = Decimal()
    """The results of the days that had a target."""
    is_over: bool = False
    reasons: Counter[str] = field(default_factory=Counter)
    days: list[Any] = field(default_factory=list)
    """Of one node: each day's row, or None, Monday first."""

    @property
    def on_time(self) -> int | None:
        """How many of the days that were due came in time, in whole percent; None while nothing is due."""
        return round(100 * self.in_time / self.due) if self.due else None

    @property
    def pace(self) -> int | None:
        """What the days that have reported brought, in whole percent of their targets."""
        return percent(self.met, self.asked)

    def meaning(self, target: Decimal | None) -> str:
        """Return the colour of the result: by the week's target when it is over, by the pace until then."""
        return boards.meaning_of(percent(self.amount, target) if self.is_over else self.pace)

    def add(self, other: "Week") -> None:
        """Count the days of another week in."""
        self.target += other.target
        self.amount += other.amount
        self.reported += other.reported
        self.due += other.due
        self.in_time += other.in_time
        self.asked += other.asked
        self.met += other.met
        self.is_over = other.is_over
        self.reasons += other.reasons


def percent(amount: Decimal, target: Decimal | None) -> int | None:
    """Return a result in whole percent of a target; None without one."""
    return round(amount * 100 / target) if target else None


def weeks_of(session: Session, nodes: Iterable[Node], week: date) -> dict[int, Week]:
    """Return the figures of each node for a week, with as many queries for one node as for a thousand."""
    places = list(nodes)
    days = days_of(week)
    columns = (
        DayReport.id, DayReport.node_id, DayReport.day, DayReport.target_amount, DayReport.amount, DayReport.imported,
        DayReport.target_late_minutes, DayReport.report_late_minutes, DayReport.gap_reasons,
    )  # fmt: skip
    query = select(*columns).where(DayReport.day >= days[0], DayReport.day <= days[-1])
    rows = {(row.node_id, row.day): row for row in session.execute(among(query, DayReport, places))}
    now = clock.now()
    closed = {day: closed_ids(session, places, day) for day in days if day <= hours.working_day(now)}
    return {node.id: _week(node, [rows.get((node.id, day)) for day in days], days, closed, now) for node in places}


def among(query: Any, model: Any, nodes: list[Node]) -> Any:
    """Hold a query to some places; of very many the whole reach is read, and the rest is left aside."""
    return query.where(model.node_id.in_([node.id for node in nodes])) if len(nodes) <= NAMED_ONE_BY_ONE else query


def _week(node: Node, rows: list[Any], days: list[date], closed: dict[date, set[int]], now: datetime) -> Week:
    week = Week(days=rows, is_over=hours.working_day(now) > days[-1])
    for day, row in zip(days, rows, strict=True):
        if row is not None:
            week.target += row.target_amount or 0
            if row.amount is not None:
                week.amount += row.amount
                week.reported += 1
                if row.target_amount:
                    week.asked += row.target_amount
                    week.met += row.amount
                week.reasons.update(row.gap_reasons or ())
        if node.id in closed.get(day, {node.id}) or (row is not None and row.imported):
            continue
        is_there = row is not None and row.amount is not None
        if is_there or now > hours.report_due(node, day, report_grace(node)):
            week.due += 1
            late = not is_there or row.target_amount is None or row.target_late_minutes or row.report_late_minutes
            week.in_time += not late
    return week


def day_lines(session: Session, node: Node, week: date) -> tuple[list[str], list[str]]:
    """Return what the node's day plans of a week brought about, and what they did not, each thing once."""
    query = (
        select(PlanLine.what, PlanLine.done)
        .join(DayReport, DayReport.id == PlanLine.report_id)
        .where(DayReport.node_id == node.id, DayReport.day >= week, DayReport.day < week + timedelta(days=7))
        .order_by(DayReport.day, PlanLine.position)
    )
    done: dict[str, bool] = {}
    for what, is_done in session.execute(query):
        done[what] = done.get(what, False) or is_done
    return [what for what, kept in done.items() if kept], [what for what, kept in done.items() if not kept]


def suggested_target(session: Session, node: Node, week: date) -> Decimal | None:
    """Return the week's share of the month's target (of two months, where it lies in both), else the usual week.

    The usual week is the average of the last four weeks that have results. Rounded to 100 yuan; None without
    either.
    """
    days = days_of(week)
    shares: dict[date, Decimal] = {}
    for first in sorted({day.replace(day=1) for day in days}):
        target = session.scalars(
            select(MonthTarget).where(MonthTarget.node_id == node.id, MonthTarget.month == first)
        ).one_or_none()
        if target is not None:
            shares |= months.day_shares(target, calendars.closed_days(session, node, days_ahead(first)))
    planned = sum((shares.get(day, Decimal()) for day in days), Decimal())
    return _rounded(planned) or _rounded(_usual(session, node, week))


def _usual(session: Session, node: Node, week: date) -> Decimal:
    query = select(DayReport.day, DayReport.amount).where(
        DayReport.node_id == node.id, DayReport.day >= week - timedelta(weeks=WEEKS), DayReport.day < week,
        DayReport.amount.is_not(None),
    )  # fmt: skip
    sums: Counter[int] = Counter()
    for day, amount in session.execute(query):
        sums[(week - day - timedelta(days=1)).days // 7] += amount
    return Decimal(sum(sums.values())) / len(sums) if sums else Decimal()


def _rounded(amount: Decimal) -> Decimal | None:
    return Decimal(STEP) * (amount / STEP).to_integral_value() or None
