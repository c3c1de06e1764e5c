"""What the morning's form is filled in with, in one statement: every store opens it before ten."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from core.api import CalendarDay, Node, Together, planned_once
from plugins.daily_reports.models import DayReport, MonthTarget
from plugins.daily_reports.services import UNFINISHED
from plugins.daily_reports.suggestion import WEEKS, Suggestion, days_ahead, next_month, work_out

_CALENDARS = planned_once(
    select(CalendarDay.day, CalendarDay.node_id, CalendarDay.closed, Node.kind)
    .join(Node, Node.id == CalendarDay.node_id)
    .where(
        or_(Node.id.in_(bindparam("nodes", expanding=True)), Node.kind == "chain"),
        CalendarDay.day >= bindparam("day"), CalendarDay.day < bindparam("next_month"),
    )
)  # fmt: skip
_KNOWN = Together(
    sold=select(DayReport.day, DayReport.amount).where(
        DayReport.node_id == bindparam("node"), DayReport.day >= bindparam("since"), DayReport.day < bindparam("day"),
        DayReport.amount.is_not(None),
    ),
    targets=select(MonthTarget.amount).where(MonthTarget.node_id == bindparam("node"), MonthTarget.month == bindparam("month")),
    calendars=_CALENDARS,
    unfinished=UNFINISHED,
)  # fmt: skip


class Morning(NamedTuple):
    """What is known of a node before its day is planned."""

    suggested: Suggestion
    """Its amount is None when there is nothing to go by."""
    unfinished: list[Any]
    """The lines of its last plan that come back: `what`, `who`, `due`, `carried`."""
    is_closed: bool


def morning_of(session: Session, node: Node, day: date) -> Morning:
    """Return what is known of a node in the morning of `day`."""
    month = day.replace(day=1)
    since = min(month, day - timedelta(weeks=WEEKS))
    known = _KNOWN(session, node=node.id, since=since, month=month, **_calendars_of(node, day))
    closed = _closed(node, day, known.calendars)
    suggested = work_out(dict(known.sold), day, next((row.amount for row in known.targets), None), closed)
    is_to_come = node.opened_on is not None and day < node.opened_on
    return Morning(suggested, known.unfinished, is_to_come or day in closed)


def closed_days(session: Session, node: Node, day: date) -> set[date]:
    """Return the days from `day` to its month's end on which the node is closed."""
    return _closed(node, day, session.execute(_CALENDARS, _calendars_of(node, day)).all())


def _calendars_of(node: Node, day: date) -> dict[str, Any]:
    return {"nodes": [node.id, node.area_id, node.region_id], "day": day, "next_month": next_month(day)}


def _closed(node: Node, day: date, rows: Iterable[Any]) -> set[date]:
    """Return the closed days by what the calendars say, the nearest to the node first."""
    spoken = {(row.day, "chain" if row.kind == "chain" else row.node_id): row.closed for row in rows}
    speakers = (node.id, node.area_id, node.region_id, "chain")
    closed = {
        each for each, _speaker in spoken
        if next(spoken[each, speaker] for speaker in speakers if (each, speaker) in spoken)
    }  # fmt: skip
    for_good = node.closed_on or next_month(day)
    return closed | {each for each in days_ahead(day) if each >= for_good}
