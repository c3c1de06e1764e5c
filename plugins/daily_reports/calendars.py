"""On which days a node is closed, for a page that asks it together with other things."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from core.api import CalendarDay, Node, planned_once

CALENDARS = planned_once(
    select(CalendarDay.day, CalendarDay.node_id, CalendarDay.closed, Node.kind)
    .join(Node, Node.id == CalendarDay.node_id)
    .where(
        or_(Node.id.in_(bindparam("nodes", expanding=True)), Node.kind == "chain"),
        CalendarDay.day >= bindparam("day"), CalendarDay.day < bindparam("before"),
    )
)  # fmt: skip
"""What the calendars of a node and of the places above say of some days; its values are `values_of`."""


def values_of(node: Node, day: date, before: date) -> dict[str, Any]:
    """Return with which values to ask `CALENDARS` of the days from `day` until the one before `before`."""
    return {"nodes": [node.id, node.area_id, node.region_id], "day": day, "before": before}


def is_closed(node: Node, day: date, rows: Iterable[Any]) -> bool:
    """Say whether nothing is expected of a node on a day, by the rows of `CALENDARS`."""
    is_to_come = node.opened_on is not None and day < node.opened_on
    return is_to_come or day in closed_among(node, [day], rows)


def closed_among(node: Node, days: Iterable[date], rows: Iterable[Any]) -> set[date]:
    """Return those of `days` on which the node is closed: for good, or by the nearest calendar that speaks."""
    spoken = {(row.day, "chain" if row.kind == "chain" else row.node_id): row.closed for row in rows}
    speakers = (node.id, node.area_id, node.region_id, "chain")
    return {
        day for day in days
        if (node.closed_on and day >= node.closed_on)
        or next((spoken[day, speaker] for speaker in speakers if (day, speaker) in spoken), False)
    }  # fmt: skip


def closed_days(session: Session, node: Node, days: list[date]) -> set[date]:
    """Return those of `days`, which follow one another, on which the node is closed."""
    rows = session.execute(CALENDARS, values_of(node, days[0], days[-1] + timedelta(days=1)))
    return closed_among(node, days, rows)
