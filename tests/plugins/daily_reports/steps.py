"""What a store and its area manager do in these tests, and where."""

from datetime import date
from decimal import Decimal

from plugins.daily_reports import after_the_report, services
from plugins.daily_reports.services import Result, Target

FRIDAY = date(2026, 11, 20)
KEY = "0b4e5f4e-6f0c-4a8e-9d7e-3a7f1f0a9b11"
"""What a form was opened with."""
FETCH = {"X-Requested-With": "fetch"}
"""What the page's script sends along."""


def page(code, day="2026-11-20", what=""):
    """The address of a store's day, or of one of its forms."""
    return f"/day/at/{code}/{day}/{what}"


def set_target(session, store, amount=8000, *, day=FRIDAY, key="morning", seen=None, **values):
    seen = present_version(session, store, day) if seen is None else seen
    return services.set_target(session, store, day, Target(Decimal(amount), **values), key=key, seen_version=seen)


def close_day(session, store, amount=9000, *, day=FRIDAY, key="evening", seen=None, **values):
    seen = present_version(session, store, day) if seen is None else seen
    return services.close_day(session, store, day, Result(Decimal(amount), **values), key=key, seen_version=seen)


def present_version(session, store, day):
    """What a form that is opened now would send along."""
    report = services.find(session, store.id, day)
    return report.version if report else 0


def correct(session, store, figure, value, reason="counted again", *, day=FRIDAY):
    after_the_report.correct(session, services.find(session, store.id, day), figure, value, reason)
