"""The target the page fills in: what this weekday usually brings, times what the month still needs.

    suggestion = average of the last four same weekdays × need, rounded to 100 yuan
    need       = (month target − sold this month) ÷ what the remaining open days usually bring

`need` is 1 without a month target, and is held between 0.7 and 1.5: a target nobody can reach moves
nobody. A weekday without history takes the average of all days of the last four weeks.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from core.api import CalendarDay, Node, planned_once
from plugins.daily_reports.models import DayReport, MonthTarget

WEEKS = 4
LEAST_NEED, MOST_NEED = Decimal("0.7"), Decimal("1.5")
STEP = 100


# Every morning asks these of every store: built once, they cost half.
_SOLD = planned_once(select(DayReport.day, DayReport.amount).where(
    DayReport.node_id == bindparam("node"), DayReport.day >= bindparam("since"), DayReport.day < bindparam("before"),
    DayReport.amount.is_not(None),
))  # fmt: skip
_MONTH_TARGET = planned_once(
    select(MonthTarget.amount).where(MonthTarget.node_id == bindparam("node"), MonthTarget.month == bindparam("month"))
)
_CALENDARS = planned_once(
    select(CalendarDay.day, CalendarDay.node_id, CalendarDay.closed, Node.kind)
    .join(Node, Node.id == CalendarDay.node_id)
    .where(
        or_(Node.id.in_(bindparam("nodes", expanding=True)), Node.kind == "chain"),
        CalendarDay.day >= bindparam("since"), CalendarDay.day < bindparam("before"),
    )
)  # fmt: skip


@dataclass(frozen=True)
class Suggestion:
    """A suggested target and the figures it comes from, all in yuan."""

    amount: Decimal | None
    weekday_average: Decimal | None
    days_counted: int
    need: Decimal
    month_target: Decimal | None
    month_sold: Decimal
    open_days_left: int


def suggest(session: Session, node: Node, day: date) -> Suggestion:
    """Return the suggestion for one node and day; `amount` is None when there is nothing to go by."""
    month = day.replace(day=1)
    since = min(month, day - timedelta(weeks=WEEKS))
    sold = dict(session.execute(_SOLD, {"node": node.id, "since": since, "before": day}).all())  # type: ignore[arg-type]
    target = session.scalars(_MONTH_TARGET, {"node": node.id, "month": month}).one_or_none()
    return work_out(sold, day, target, closed_days(session, node, day))


def closed_days(session: Session, node: Node, day: date) -> set[date]:
    """Return the days from `day` to its month's end on which the node is closed."""
    above = [node.id, node.area_id, node.region_id]
    rows = session.execute(_CALENDARS, {"nodes": above, "since": day, "before": _next_month(day)}).all()
    spoken = {(each, "chain" if kind == "chain" else node_id): closed for each, node_id, closed, kind in rows}
    closed_days = {
        each for each, *_rest in rows
        if next((spoken[each, speaker] for speaker in (*above, "chain") if (each, speaker) in spoken), False)
    }  # fmt: skip
    for_good = node.closed_on or _next_month(day)
    return closed_days | {each for each in _days_ahead(day) if each >= for_good}


def _days_ahead(day: date) -> list[date]:
    """Return `day` and the days after it in its month."""
    return [day + timedelta(days=n) for n in range((_next_month(day) - day).days)]


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def work_out(sold: dict[date, Decimal], day: date, target: Decimal | None, closed: set[date]) -> Suggestion:
    """Apply the formula to plain figures: sales by day before `day`, the month's target, closed days ahead."""
    usual = _usual_by_weekday(sold, day)
    weekday_average, counted = usual[day.weekday()]
    month_sold = sum((amount for each, amount in sold.items() if each >= day.replace(day=1)), Decimal())
    ahead = [each for each in _days_ahead(day) if each == day or each not in closed]
    expected = sum((usual[each.weekday()][0] or Decimal() for each in ahead), Decimal())
    need = Decimal(1)
    if target is not None and expected > 0:
        need = min(max((target - month_sold) / expected, LEAST_NEED), MOST_NEED)
    if weekday_average is not None:
        amount = _rounded(weekday_average * need)
    elif target is not None:
        amount = _rounded(max(target - month_sold, Decimal()) / len(ahead))
    else:
        amount = None
    return Suggestion(amount, weekday_average, counted, need.quantize(Decimal("0.01")), target, month_sold, len(ahead))


def _usual_by_weekday(sold: dict[date, Decimal], day: date) -> list[tuple[Decimal | None, int]]:
    recent = {each: amount for each, amount in sold.items() if each >= day - timedelta(weeks=WEEKS)}
    overall = sum(recent.values(), Decimal()) / len(recent) if recent else None
    usual: list[tuple[Decimal | None, int]] = []
    for weekday in range(7):
        amounts = [amount for each, amount in recent.items() if each.weekday() == weekday]
        usual.append((sum(amounts, Decimal()) / len(amounts), len(amounts)) if amounts else (overall, 0))
    return usual


def _rounded(amount: Decimal) -> Decimal | None:
    steps = (amount / STEP).to_integral_value()
    return Decimal(steps * STEP) if steps > 0 else None
