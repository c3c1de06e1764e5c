"""Time as the chain lives it: stored in UTC, shown and counted in Shanghai."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
WORK_ENDS = 3
"""Hours after midnight until which a day's work may be finished, and until which a stand-in's rights hold."""


_shift = timedelta()


def pretend(start: datetime) -> None:
    """Let the clock run from `start` (aware). Only a testing server asks for it."""
    global _shift
    _shift = start - datetime.now(UTC)


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC) + _shift


def local(instant: datetime) -> datetime:
    """Return `instant` on Shanghai's clock."""
    return instant.astimezone(SHANGHAI)


def today() -> date:
    """Return the business day: the calendar date in Shanghai."""
    return local(now()).date()


def working_day() -> date:
    """Return the day whose work goes on now: until 03:00 in Shanghai it is still yesterday's."""
    return local(now() - timedelta(hours=WORK_ENDS)).date()


def at(day: date, clock: time) -> datetime:
    """Return the instant of `clock` on `day` in Shanghai."""
    return datetime.combine(day, clock, SHANGHAI)


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """Return the first instant of a business day and the first of the next."""
    return at(day, time()), at(day + timedelta(days=1), time())
