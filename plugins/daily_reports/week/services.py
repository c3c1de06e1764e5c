"""What is done to a week: plan it, tick what is done, sum it up.

The forms work as those of the day: one record a node and week, a form that is sent twice is answered with
the record it made, and who was overtaken is told and overwrites nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.api import Node, _, clock, current_person
from plugins.daily_reports import hours
from plugins.daily_reports.services import DayRefused, Overtaken, renew
from plugins.daily_reports.week import states
from plugins.daily_reports.week.models import WeekLine, WeekReport, WeekSubmission

MOST_LINES = 5


@dataclass(frozen=True)
class Line:
    """A key event as it was typed. `due` is a weekday, 0 for Monday."""

    what: str
    standard: str = ""
    due: int | None = None
    owner: str = ""


@dataclass(frozen=True)
class Plan:
    """Monday's form. The target is in yuan."""

    target: Decimal | None = None
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Summary:
    """Sunday's form: the words to the figures that the days give. `done` holds ids of lines."""

    reflection: str = ""
    next_week: str = ""
    done: frozenset[int] = frozenset()


def find(session: Session, node_id: int, week: date, *, for_update: bool = False) -> WeekReport | None:
    """Return the record of a node and week within the acting person's scope; held, and as it is now, `for_update`."""
    query = select(WeekReport).where(WeekReport.node_id == node_id, WeekReport.week == week)
    if for_update:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).one_or_none()


def lines_of(session: Session, report: WeekReport | None) -> list[WeekLine]:
    """Return the lines of a week, in order."""
    if report is None:
        return []
    return list(session.scalars(select(WeekLine).where(WeekLine.week_id == report.id).order_by(WeekLine.position)))


def unfinished_before(session: Session, node: Node, week: date) -> list[WeekLine]:
    """Return the lines of the node's last planned week before `week` that were not done: they are carried over."""
    planned = select(WeekReport).where(
        WeekReport.node_id == node.id, WeekReport.week < week, WeekReport.planned_at.is_not(None)
    )
    last = session.scalars(planned.order_by(WeekReport.week.desc()).limit(1)).one_or_none()
    return [line for line in lines_of(session, last) if not line.done]


def set_plan(session: Session, node: Node, week: date, plan: Plan, *, key: str, seen_version: int | None) -> WeekReport:
    """Plan a week; returns the one record, also when the same form is sent again.

    Raises `DayRefused` for a plan that is empty, too early or too late, and `Overtaken` when somebody was faster.
    """
    now = clock.now()
    if sent := _already_sent(session, _key_of(node, week, "plan", key)):
        return sent
    if not plan.lines and plan.target is None:
        raise DayRefused(_("The plan is empty. Write down a target, or one thing that matters this week."))
    if not states.plan_opens(week) <= now < states.plan_ends(week):
        raise DayRefused(_("A week is planned from the Sunday before until its end."))
    _check_open(node, week)
    report, was_sent = _claim(session, node, week, "plan", key, seen_version)
    if was_sent:
        return report
    report.target_amount = plan.target
    if report.planned_at is None:
        report.plan_late_minutes = hours.late_minutes(states.plan_due(week), now)
        report.planned_at = now
    report.planned_by = current_person().id
    renew(report)
    _replace_lines(session, report, plan.lines, unfinished_before(session, node, week))
    session.flush()
    return report


def sum_up(
    session: Session, node: Node, week: date, summary: Summary, *, key: str, seen_version: int | None
) -> WeekReport:
    """Sum a week up; returns the one record, also when the same form is sent again.

    Raises `DayRefused` before Saturday and when the week is locked, and `Overtaken` when somebody was faster.
    """
    now = clock.now()
    if sent := _already_sent(session, _key_of(node, week, "sum_up", key)):
        return sent
    if now < states.summary_opens(week):
        raise DayRefused(_("A week is summed up from its Saturday on."))
    if now >= states.locks_at(week):
        raise DayRefused(_("This week is locked since 48 hours after its end."))
    if not summary.reflection:
        raise DayRefused(_("One line is enough: what did the week teach you?"))
    _check_open(node, week)
    report, was_sent = _claim(session, node, week, "sum_up", key, seen_version)
    if was_sent:
        return report
    report.reflection, report.next_week = summary.reflection, summary.next_week
    if report.summed_up_at is None:
        report.summary_late_minutes = hours.late_minutes(states.summary_due(week), now)
    report.summed_up_at, report.summed_up_by = now, current_person().id
    renew(report)
    for line in lines_of(session, report):
        line.done = line.id in summary.done
    session.flush()
    return report


def tick(session: Session, report: WeekReport, line_id: int, done: bool) -> None:
    """Mark a line of the week's plan as done, or as open again; raises `DayRefused` when the week is locked."""
    if clock.now() >= states.locks_at(report.week):
        raise DayRefused(_("This week is locked since 48 hours after its end."))
    for line in lines_of(session, report):
        if line.id == line_id:
            line.done = done
            renew(report)
    session.flush()


def _check_open(node: Node, week: date) -> None:
    ends = week + timedelta(days=7)
    if (node.opened_on and node.opened_on >= ends) or (node.closed_on and node.closed_on <= week):
        raise DayRefused(_("%(name)s is not open in this week.", name=node.name))


def _key_of(node: Node, week: date, event: str, key: str) -> str:
    return sha256(f"week {node.id} {week} {event} {key}".encode()).hexdigest()


def _already_sent(session: Session, key: str) -> WeekReport | None:
    sent = session.scalars(select(WeekSubmission).where(WeekSubmission.key == key)).one_or_none()
    return session.scalars(select(WeekReport).where(WeekReport.id == sent.week_id)).one() if sent else None


def _claim(
    session: Session, node: Node, week: date, event: str, key: str, seen_version: int | None
) -> tuple[WeekReport, bool]:
    """Return the one record, held and in its next state, and whether this form had written it already."""
    key = _key_of(node, week, event, key)
    report = find(session, node.id, week, for_update=True)
    is_new = False
    if report is None:
        try:
            with session.begin_nested():
                report = WeekReport(node_id=node.id, week=week, state=states.TRANSITIONS[None, event])
                session.add(report)
                session.flush()
                is_new = True
        except IntegrityError:  # two who make it at once meet at the unique key
            report = find(session, node.id, week, for_update=True)
            if report is None:
                raise
    if sent := _already_sent(session, key):
        return sent, True
    if not is_new:
        if report.version != (seen_version or 0):
            raise Overtaken(report)
        if (report.state, event) not in states.TRANSITIONS:
            raise DayRefused(_("The week is summed up already; its plan stays as it was."))
        report.state = states.TRANSITIONS[report.state, event]
    session.add(WeekSubmission(key=key, week_id=report.id))
    return report, False


def _replace_lines(session: Session, report: WeekReport, lines: Iterable[Line], carried: list[WeekLine]) -> None:
    age = {line.what: line.carried + 1 for line in carried}
    present = lines_of(session, report)
    done = {line.what for line in present if line.done}
    wanted = [line for line in lines if line.what][:MOST_LINES]
    for position, line in enumerate(wanted):
        values: dict[str, Any] = {
            "what": line.what, "standard": line.standard, "due": line.due, "owner": line.owner,
            "done": line.what in done, "carried": age.get(line.what, 0),
        }  # fmt: skip
        if position < len(present):
            for name, value in values.items():
                setattr(present[position], name, value)
        else:
            session.add(WeekLine(week_id=report.id, position=position, **values))
    for old in present[len(wanted) :]:
        session.delete(old)
