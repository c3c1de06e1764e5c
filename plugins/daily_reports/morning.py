"""What the morning's form is filled in with, in one statement: every store opens it before ten."""

from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from core.api import Node, Together
from plugins.daily_reports import calendars
from plugins.daily_reports.models import DayReport, MonthTarget
from plugins.daily_reports.services import UNFINISHED
from plugins.daily_reports.suggestion import WEEKS, Suggestion, days_ahead, work_out

_KNOWN = Together(
    sold=select(DayReport.day, DayReport.amount).where(
        DayReport.node_id == bindparam("node"), DayReport.day >= bindparam("since"), DayReport.day < bindparam("day"),
        DayReport.amount.is_not(None),
    ),
    targets=select(MonthTarget.amount).where(MonthTarget.node_id == bindparam("node"), MonthTarget.month == bindparam("month")),
    calendars=calendars.CALENDARS,
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
    month, ahead = day.replace(day=1), days_ahead(day)
    since = min(month, day - timedelta(weeks=WEEKS))
    asked = calendars.values_of(node, day, ahead[-1] + timedelta(days=1))
    known = _KNOWN(session, node=node.id, since=since, month=month, **asked)
    target = known.targets[0].amount if known.targets else None
    closed = calendars.closed_among(node, ahead, known.calendars)
    suggested = work_out(dict(known.sold), day, target, closed)
    return Morning(suggested, known.unfinished, calendars.is_closed(node, day, known.calendars))
