"""The states of a week, as a table: (state, event) → next state; and when each step is due and accepted.

    Sunday before → the plan is accepted      Monday 12:00 → it is due
    Saturday      → the summary is accepted   Monday after 09:00 → it is due, before the meeting
    48 hours after Sunday's end the week is locked, together with its last day.

A week is locked by the clock, not by a task. A transition that is not in the table is refused with the reason.
"""

from datetime import date, datetime, time, timedelta

from core.api import N_, clock
from plugins.daily_reports import hours

PLANNED, SUMMED_UP = "planned", "summed_up"
STATES = {PLANNED: N_("Planned"), SUMMED_UP: N_("Summed up")}
MEANINGS = {PLANNED: "none", SUMMED_UP: "good"}
TRANSITIONS: dict[tuple[str | None, str], str] = {
    (None, "plan"): PLANNED,
    (PLANNED, "plan"): PLANNED,
    (None, "sum_up"): SUMMED_UP,  # Monday was missed, and counts as missed
    (PLANNED, "sum_up"): SUMMED_UP,
    (SUMMED_UP, "sum_up"): SUMMED_UP,
}
PLAN_DUE, SUMMARY_DUE = time(12), time(9)


def monday_of(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def days_of(week: date) -> list[date]:
    """Return the seven days of a week."""
    return [week + timedelta(days=n) for n in range(7)]


def present_week(now: datetime) -> date:
    """Return the Monday of the week whose work goes on at `now`: until Monday 03:00 it is still the last."""
    return monday_of(hours.working_day(now))


def plan_opens(week: date) -> datetime:
    """Return from when a plan is accepted: the Sunday before."""
    return clock.at(week - timedelta(days=1), time())


def plan_due(week: date) -> datetime:
    """Return when the plan must be there: Monday noon."""
    return clock.at(week, PLAN_DUE)


def plan_ends(week: date) -> datetime:
    """Return until when a plan is accepted: while the week goes on."""
    return hours.target_ends(week + timedelta(days=6))


def summary_opens(week: date) -> datetime:
    """Return from when a summary is accepted: Saturday."""
    return clock.at(week + timedelta(days=5), time())


def summary_due(week: date) -> datetime:
    """Return when the summary must be there: on the Monday after, before the meeting."""
    return clock.at(week + timedelta(days=7), SUMMARY_DUE)


def locks_at(week: date) -> datetime:
    """Return when the week is locked: together with its Sunday."""
    return hours.locks_at(week + timedelta(days=6))
