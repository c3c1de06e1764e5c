"""What a ranking is made from: stores, their open days, what they sold and what they are measured by.

Five statements for any number of stores and days, of tables and not of classes, which would make rows again of what
comes back; a ranking is made past everybody's scope. All amounts are whole fen, so that every database and every
other program comes to the same figure.
"""

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Integer, cast, extract, func, or_, select, type_coerce
from sqlalchemy.orm import Session

from core.api import CalendarDay, Node
from plugins.daily_reports.models import DayReport, MonthTarget
from plugins.daily_reports.ranking import method
from plugins.daily_reports.ranking.method import Contender, DayFigures, Shared
from plugins.daily_reports.ranking.periods import Period, days_between, months_between

FEN = BigInteger
WEIGHT = 10_000
"""Weekday weights have up to four places; they are counted in whole ten-thousandths."""
ALIKE = [1] * 7
Closed = dict[int, set[date]]


class Told(NamedTuple):
    """What a store told of a day. The amount in fen."""

    amount: int | None
    is_judged: bool
    is_on_time: bool


NOTHING = Told(None, True, False)


def contenders_of(session: Session, period: Period, until: date) -> list[Contender]:
    """Return every store of the period with its open days up to `until`."""
    stores = stores_of(session, period.begins, until)
    months = months_between(period.begins, until)
    closed = closed_days(session, stores, months[0].begins, months[-1].ends)
    usual, known = _usual(session, period.begins)
    plans = _plans(session, months)
    told = told_between(session, period.begins, until)
    begins = [month.begins for month in months]
    days = [(day, begins.index(day.replace(day=1))) for day in period.days(until)]
    found = []
    for store in stores:
        shut, said = closed.get(store.id, frozenset()), told.get(store.id, {})
        sticks = [
            _yardstick(plans.get((store.id, month.begins)), usual.get(store.id), month, store, shut) for month in months
        ]
        open_days, judged, on_time, is_known = [], 0, 0, store.id in known
        for day, of_month in days:
            if day in shut or not _exists(store, day):
                continue
            answer, stick = said.get(day, NOTHING), sticks[of_month]
            open_days.append(DayFigures(day, answer.amount, stick.of(day) if stick else None))
            judged += answer.is_judged
            on_time += answer.is_on_time
            is_known = is_known or answer.amount is not None
        levels = store.area_id, store.region_id
        found.append(Contender((store.id, 0), groups_of_store(store), open_days, is_known, levels, judged, on_time))
    return found


def stores_of(session: Session, first: date, last: date) -> list[Any]:
    """Return the stores that existed on one of these days, by code."""
    query = select(
        Node.id, Node.area_id, Node.region_id, Node.format, Node.peer_group, Node.opened_on, Node.closed_on
    ).where(
        Node.kind == "store", Node.deleted_at.is_(None),
        or_(Node.opened_on.is_(None), Node.opened_on <= last), or_(Node.closed_on.is_(None), Node.closed_on > first),
    )  # fmt: skip
    return list(session.execute(query.order_by(Node.code)).all())


def groups_of_store(store: Any) -> tuple[str, ...]:
    """Return where a store belongs: its peer group, else its format; then its format."""
    of_format = f"format:{store.format or ''}"
    return (store.peer_group, of_format) if store.peer_group else (of_format,)


def _exists(store: Any, day: date) -> bool:
    return not (store.opened_on and day < store.opened_on) and not (store.closed_on and day >= store.closed_on)


def closed_days(session: Session, stores: list[Any], first: date, last: date) -> Closed:
    """Return on which days each store is closed: by its own calendar, or the nearest above that speaks."""
    query = (
        select(CalendarDay.node_id, CalendarDay.day, CalendarDay.closed, Node.kind)
        .join(Node, Node.id == CalendarDay.node_id)
        .where(CalendarDay.day >= first, CalendarDay.day <= last)
    )
    said: dict[int | str, dict[date, bool]] = defaultdict(dict)
    for node_id, day, closed, kind in session.execute(query).all():
        said["chain" if kind == "chain" else node_id][day] = closed
    found: Closed = {}
    everywhere = said.pop("chain", {})
    for store in stores if said or everywhere else ():
        spoken = everywhere
        for level in (store.region_id, store.area_id, store.id):
            if level in said:
                spoken = spoken | said[level]
        if spoken:
            found[store.id] = {day for day, closed in spoken.items() if closed}
    return found


def _usual(session: Session, begins: date) -> tuple[dict[int, list[int] | None], set[int]]:
    """Return what each store usually sells by weekday, from the four weeks before, and who has reported at all."""
    table = DayReport.__table__.c
    weekday = cast(extract("dow", table.day), Integer)
    query = (
        select(table.node_id, weekday, cast(func.sum(type_coerce(table.amount, FEN)), FEN), func.count())
        .where(table.day >= begins - timedelta(weeks=method.WEEKS), table.day < begins, table.amount.is_not(None))
        .group_by(table.node_id, weekday)
    )
    weeks: dict[int, tuple[list[int], list[int]]] = defaultdict(lambda: ([0] * 7, [0] * 7))
    for node_id, sunday_first, total, count in session.execute(query).all():
        monday_first = (sunday_first + 6) % 7
        sums, counts = weeks[node_id]
        sums[monday_first], counts[monday_first] = total, count
    return {node_id: method.usual(*week) for node_id, week in weeks.items()}, set(weeks)


def _plans(session: Session, months: list[Period]) -> dict[tuple[int, date], tuple[int, list[int] | None]]:
    """Return the month targets by place and month: fen, and the weekday weights if head office gave some."""
    plan = MonthTarget.__table__.c
    query = select(plan.node_id, plan.month, type_coerce(plan.amount, FEN), plan.weekdays)
    query = query.where(plan.month.in_([month.begins for month in months]))
    return {
        (node_id, month): (amount, weekdays and [round(Decimal(str(weight)) * WEIGHT) for weight in weekdays])
        for node_id, month, amount, weekdays in session.execute(query).all()
    }


def _yardstick(
    plan: tuple[int, list[int] | None] | None, usual: list[int] | None, month: Period, store: Any, shut: Any
) -> Shared | None:
    """Return what the days of a month are measured by."""
    if plan is None:
        return Shared(1, usual, 1) if usual else None
    target, weights = plan
    return method.shared(target, weights or usual or ALIKE, _open_days(month, store, shut))


def _open_days(month: Period, store: Any, shut: Any) -> list[int]:
    """Return how many open days of each weekday a month has for a store."""
    if not shut and not store.opened_on and not store.closed_on:
        return _weekdays(month)
    counts = [0] * 7
    for day in month.days():
        counts[day.weekday()] += day not in shut and _exists(store, day)
    return counts


@lru_cache(maxsize=60)
def _weekdays(month: Period) -> list[int]:
    counts = Counter(day.weekday() for day in month.days())
    return [counts[weekday] for weekday in range(7)]


def told_between(
    session: Session, first: date, last: date, nodes: set[int] | None = None
) -> dict[int, dict[date, Told]]:
    """Return what stores (all, unless named) told of the days between two, the last included."""
    told = DayReport.__table__.c
    query = select(
        told.node_id, told.day, type_coerce(told.amount, FEN), told.imported,
        told.target_amount.is_(None), told.target_late_minutes, told.report_late_minutes,
    ).where(told.day >= first, told.day <= last)  # fmt: skip
    if nodes is not None:
        query = query.where(told.node_id.in_(nodes))
    found: dict[int, dict[date, Told]] = defaultdict(dict)
    for node_id, day, amount, imported, no_target, target_late, report_late in session.execute(query).all():
        on_time = not (imported or no_target or amount is None or target_late or report_late)
        found[node_id][day] = Told(amount, not imported, on_time)
    return found


def as_bits(days: list[date], begins: date) -> int:
    """Return days as one number, a bit for each from `begins` on."""
    return sum(1 << (day - begins).days for day in days)


def from_bits(bits: int, begins: date) -> list[date]:
    """Return the days that `as_bits` was given."""
    return [day for n, day in enumerate(days_between(begins, begins + timedelta(days=30))) if bits >> n & 1]
