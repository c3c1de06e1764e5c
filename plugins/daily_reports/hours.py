"""When a day begins, is due, is late and is locked; all from the store's own hours."""

from datetime import date, datetime, time, timedelta
from functools import lru_cache

from core.api import Node, clock, typed

NIGHT_ENDS = time(3)
"""A form of yesterday is accepted until this hour, and the page shows yesterday until then."""
OPENS, CLOSES = time(9, 30), time(21, 30)
REPORT_GRACE = timedelta(minutes=30)
LOCK_AFTER = timedelta(hours=48)


def working_day(now: datetime) -> date:
    """Return the business day a person works on at `now`: until 03:00 it is still yesterday's."""
    return clock.local(now - timedelta(hours=NIGHT_ENDS.hour)).date()


def day_of(text: str) -> date | None:
    """Return the day an address names; None when it is none, or lies outside the years we count in."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in typed.YEARS else None


@lru_cache(maxsize=512)
def _instant(day: date, hour: time) -> datetime:
    # A chain has a handful of opening hours and a board asks for each of its stores.
    return clock.at(day, hour)


def target_due(node: Node, day: date) -> datetime:
    """Return when the target must be there: at opening."""
    return _instant(day, node.opens or OPENS)


def report_due(node: Node, day: date, grace: timedelta = REPORT_GRACE) -> datetime:
    """Return when the report must be there: `grace` after closing (the next morning for a night shop)."""
    opens, closes = node.opens or OPENS, node.closes or CLOSES
    return _instant(day if closes > opens else day + timedelta(days=1), closes) + grace


def target_ends(day: date) -> datetime:
    """Return until when a target of `day` is accepted: 03:00 of the night after."""
    return clock.at(day + timedelta(days=1), NIGHT_ENDS)


def locks_at(day: date) -> datetime:
    """Return when a day is locked: 48 hours after it has ended."""
    return clock.at(day + timedelta(days=1), time()) + LOCK_AFTER


def last_locked(now: datetime) -> date:
    """Return the newest day that is locked at `now`."""
    return clock.local(now - LOCK_AFTER).date() - timedelta(days=1)


def late_minutes(due: datetime, now: datetime) -> int:
    """Return by how many whole minutes `now` is past `due`; 0 when in time."""
    return max(0, int((now - due).total_seconds() // 60))
