"""The day the browsers live: Thursday 2026-03-05, and what people and networks do on it."""

from datetime import date, time
from decimal import Decimal

from core import clock
from plugins.daily_reports.models import DayReport

THURSDAY = date(2026, 3, 5)
MORNING, EVENING = "2026-03-05T09:00:00+08:00", "2026-03-05T21:10:00+08:00"
DAY = "/day/at/S1/2026-03-05/"


def target_set(target=50_000, day=THURSDAY, **values):
    """A morning that went well."""
    at = clock.at(day, time(9))
    return DayReport(
        **{
            "day": day,
            "state": "target_set",
            "target_amount": Decimal(target),
            "target_at": at,
            "target_late_minutes": 0,
        }
        | values
    )


def reported(amount, target=50_000, day=THURSDAY, **values):
    """A day that was closed in time by someone who is not in the test."""
    at = clock.at(day, time(21, 40))
    return target_set(
        target,
        day,
        **{"state": "reported", "amount": Decimal(amount), "reported_at": at, "report_late_minutes": 0} | values,
    )


def state_line(page, text):
    """Wait until the state line says it."""
    page.locator("#state", has_text=text).wait_for()


def lose_network(page):
    page.context.set_offline(True)


def find_network(page):
    page.context.set_offline(False)
