"""What a store does with its week in these tests. The week is that of Friday 2026-11-20."""

from datetime import date
from decimal import Decimal

from plugins.daily_reports.week import services
from plugins.daily_reports.week.services import Line, Plan, Summary

MONDAY = date(2026, 11, 16)
KEY = "5b4e5f4e-6f0c-4a8e-9d7e-3a7f1f0a9b11"
TRAINING = Line("train everybody on the new model", "each passes the test", 2, "Li")
WINDOW = Line("change the window")


def week_page(code, week="2026-11-16", what=""):
    """The address of a place's week, or of one of its forms."""
    return f"/day/week/at/{code}/{week}/{what}"


def set_plan(session, store, *lines, target=None, week=MONDAY, key="monday", seen=None):
    seen = present_version(session, store, week) if seen is None else seen
    plan = Plan(None if target is None else Decimal(target), lines)
    return services.set_plan(session, store, week, plan, key=key, seen_version=seen)


def sum_up(session, store, reflection="order earlier", *, done=(), week=MONDAY, key="sunday", seen=None, **values):
    seen = present_version(session, store, week) if seen is None else seen
    summary = Summary(reflection, done=frozenset(done), **values)
    return services.sum_up(session, store, week, summary, key=key, seen_version=seen)


def present_version(session, store, week=MONDAY):
    """What a form that is opened now would send along."""
    report = services.find(session, store.id, week)
    return report.version if report else 0


def lines_of(session, store, week=MONDAY):
    """Each line as (what, weeks it was carried, done)."""
    report = services.find(session, store.id, week)
    return [(line.what, line.carried, line.done) for line in services.lines_of(session, report)]
