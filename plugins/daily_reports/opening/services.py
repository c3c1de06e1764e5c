"""Opening a store after the pattern of one that works: hours, calendar, weights, positions, habits; no people, no figures."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from core.api import CalendarDay, Node, add_place, clock, people_at, planned_once
from plugins.daily_reports.models import DayReport, MonthTarget, PlanLine
from plugins.daily_reports.opening.models import Opening
from plugins.daily_reports.week.models import WeekLine, WeekReport

ROLES = ("store_manager", "deputy", "clerk", "technician")
COPIED = ("format", "peer_group", "opens", "closes")
MOST_HABITS = 3
_OF_NODE = planned_once(select(Opening).where(Opening.node_id == bindparam("node")))
HABIT_DAYS = 56
"""Habits are what was planned most often in so many days."""


def open_store(session: Session, opening: Opening) -> Node:
    """Make the store an opening asks for (pattern, place above, code, name, first day) and fill the opening in.

    Takes over the pattern's format, peer group and hours, its own calendar from the first day on, its weights,
    how many people it has in each role, and what it plans most often.
    """
    pattern = session.get_one(Node, opening.copied_from_id)
    node = Node(kind="store", code=opening.code, name=opening.name, opened_on=opening.opened_on)
    for name in COPIED:
        setattr(node, name, getattr(pattern, name))
    add_place(session, node, session.get_one(Node, opening.parent_id))
    _copy_calendar(session, pattern, node)
    opening.node_id = node.id
    opening.weight, opening.weekdays = _last_habit(session, pattern)
    opening.positions = {
        role: count for role in ROLES if (count := len(people_at(session, {pattern.id}, {role}).get(pattern.id, ())))
    }
    opening.actions, opening.events = _actions(session, pattern), _events(session, pattern)
    session.add(opening)
    session.flush()
    return node


def _copy_calendar(session: Session, pattern: Node, node: Node) -> None:
    days = session.scalars(
        select(CalendarDay).where(CalendarDay.node_id == pattern.id, CalendarDay.day >= node.opened_on)
    )
    session.add_all(
        [CalendarDay(node_id=node.id, day=each.day, closed=each.closed, reason=each.reason) for each in days]
    )


def _last_habit(session: Session, pattern: Node) -> tuple[Decimal, list[Any] | None]:
    query = select(MonthTarget.weight, MonthTarget.weekdays).where(MonthTarget.node_id == pattern.id)
    last = session.execute(query.order_by(MonthTarget.month.desc()).limit(1)).first()
    return (last.weight, last.weekdays) if last else (Decimal(1), None)


def _actions(session: Session, pattern: Node) -> list[str]:
    query = (
        select(PlanLine.what)
        .join(DayReport, DayReport.id == PlanLine.report_id)
        .where(DayReport.node_id == pattern.id, DayReport.day >= _since(), PlanLine.carried == 0)
    )
    return [what for what, _count in _most_common(session.scalars(query))]


def _events(session: Session, pattern: Node) -> list[list[Any]]:
    query = (
        select(WeekLine.what, WeekLine.standard, WeekLine.due)
        .join(WeekReport, WeekReport.id == WeekLine.week_id)
        .where(WeekReport.node_id == pattern.id, WeekReport.week >= _since(), WeekLine.carried == 0)
    )
    return [list(event) for event, _count in _most_common(tuple(row) for row in session.execute(query))]


def _since() -> date:
    return clock.today() - timedelta(days=HABIT_DAYS)


def _most_common(things: Any) -> list[tuple[Any, int]]:
    counted = Counter(things).items()
    return sorted(counted, key=lambda item: (-item[1], str(item[0])))[:MOST_HABITS]


def of_node(session: Session, node_id: int) -> Opening | None:
    """Return how a store was opened; None for one that was not opened after a pattern."""
    return session.scalars(_OF_NODE, {"node": node_id}).one_or_none()
