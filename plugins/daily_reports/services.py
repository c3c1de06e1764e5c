"""What a store does to its day: set its target, close it.

Plain functions over a session and plain values. Each finds or makes the one record of the node and
date, checks the table of states, and answers a form that was sent twice with the record it made.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from core.api import Node, _, clock, current_person, is_closed, planned_once
from plugins.daily_reports import hours, states
from plugins.daily_reports.departments.expected import template_of
from plugins.daily_reports.models import DayReport, PlanLine, Submission
from plugins.daily_reports.settings import report_grace

MOST_LINES = 3

# Every page of a day asks these: built once, they cost half.
_ONE_DAY = planned_once(
    select(DayReport).where(DayReport.node_id == bindparam("node"), DayReport.day == bindparam("on"))
)
_LINES = planned_once(select(PlanLine).where(PlanLine.report_id == bindparam("report")).order_by(PlanLine.position))
_SENT = planned_once(select(Submission.key).where(Submission.key == bindparam("key")))
_LAST_PLANNED = (
    select(DayReport.id)
    .where(DayReport.node_id == bindparam("node"), DayReport.day < bindparam("day"), DayReport.target_at.is_not(None))
    .order_by(DayReport.day.desc())
    .limit(1)
)
UNFINISHED = planned_once(
    select(PlanLine.what, PlanLine.who, PlanLine.due, PlanLine.carried)
    .where(PlanLine.report_id == _LAST_PLANNED.scalar_subquery(), ~PlanLine.done)
    .order_by(PlanLine.position)
)
"""See `unfinished_before`."""


class DayRefused(ValueError):
    """The day cannot be written now; the message says why and what to do."""


class Overtaken(Exception):
    """Somebody else has written this day since the form was opened."""

    def __init__(self, report: DayReport) -> None:
        super().__init__("overtaken")
        self.report = report


@dataclass(frozen=True)
class Line:
    """A plan line as it was typed."""

    what: str
    who: str = ""
    due: str = ""


@dataclass(frozen=True)
class Target:
    """The morning's form. Amounts in yuan."""

    amount: Decimal
    units: int | None = None
    attach_percent: Decimal | None = None
    suggested: Decimal | None = None
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Result:
    """The evening's form. Amounts in yuan."""

    amount: Decimal
    source_amount: Decimal | None = None
    units: int | None = None
    visitors: int | None = None
    buyers: int | None = None
    tenders: dict[str, Decimal] = field(default_factory=dict)
    gap_reasons: tuple[str, ...] = ()
    gap_note: str = ""
    reflection: str = ""
    tomorrow: str = ""
    done: frozenset[int] = frozenset()
    """Ids of the plan lines that are done."""
    figures: dict[str, str] = field(default_factory=dict)
    """The further figures of a department's form."""


def find(session: Session, node_id: int, day: date, *, for_update: bool = False) -> DayReport | None:
    """Return the record of a node and day within the acting person's scope; locked, and as it is now, `for_update`."""
    query = _ONE_DAY.with_for_update().execution_options(populate_existing=True) if for_update else _ONE_DAY
    return session.scalars(query, {"node": node_id, "on": day}).one_or_none()


def lines_of(session: Session, report: DayReport | None) -> list[PlanLine]:
    """Return the plan lines of a day, in order."""
    if report is None:
        return []
    return list(session.scalars(_LINES, {"report": report.id}))


def unfinished_before(session: Session, node: Node, day: date) -> list[Any]:
    """Return the lines of the node's last planned day before `day` that were not done: they are carried over.

    A day whose morning was missed has no plan, and loses none.
    """
    return list(session.execute(UNFINISHED, {"node": node.id, "day": day}))


def key_of(node_id: int, day: date, event: str, key: str) -> str:
    """Return the key under which a form of this node, day and event is remembered."""
    return sha256(f"{node_id} {day} {event} {key}".encode()).hexdigest()


def was_sent(session: Session, key: str) -> bool:
    """Say whether a form has come before; its key names node and day, so the record is theirs."""
    return session.scalar(_SENT, {"key": key}) is not None


def _claim(session: Session, node: Node, day: date, event: str) -> DayReport:
    """Return the new record, or the one that somebody made at the same moment, locked: they meet at the unique key."""
    try:
        with session.begin_nested():
            report = DayReport(node_id=node.id, day=day, state=states.next_state(None, event))
            session.add(report)
            session.flush()
            report.is_new = True  # type: ignore[attr-defined]
        return report
    except IntegrityError:
        report = find(session, node.id, day, for_update=True)
        if report is None:
            raise
        return report


def _step(report: DayReport, event: str, seen_version: int | None) -> None:
    is_new = report.__dict__.pop("is_new", False)
    if not is_new and report.version != (seen_version or 0):
        raise Overtaken(report)
    before = None if is_new else report.state
    try:
        report.state = states.next_state(before, event)
    except states.TransitionRefused as error:
        raise DayRefused(str(error)) from error


def check_day(session: Session, node: Node, day: date) -> None:
    """Raise `DayRefused` for a day on which nothing is expected: in the future, closed, of a department without a form."""
    if node.kind == "department" and template_of(session, node.id) is None:
        raise DayRefused(_("Head office has not made a form for this department yet."))
    if day > hours.working_day(clock.now()):
        raise DayRefused(_("%(day)s has not come yet. Choose today.", day=day))
    if is_closed(session, node, day):
        raise DayRefused(
            _(
                "%(name)s is closed on %(day)s. If it is open, ask head office to open the day in the calendar.",
                name=node.name,
                day=day,
            )
        )


def set_target(
    session: Session, node: Node, day: date, target: Target, *, key: str, seen_version: int | None
) -> DayReport:
    """Set the day's target and plan; returns the one record, also when the same form is sent again.

    Raises `DayRefused` for a wrong day or state and `Overtaken` when somebody was faster.
    """
    key = key_of(node.id, day, "set_target", key)
    report = find(session, node.id, day, for_update=True)
    if report and was_sent(session, key):
        return report
    check_day(session, node, day)
    now = clock.now()
    if now >= hours.target_ends(day):
        raise DayRefused(
            _(
                "The morning of %(day)s is over: its target was accepted until 03:00. Report the result instead.",
                day=day,
            )
        )
    if report is None:
        report = _claim(session, node, day, "set_target")
        if was_sent(session, key):
            return report
    _step(report, "set_target", seen_version)
    report.target_amount, report.target_units = target.amount, target.units
    report.target_attach_percent, report.suggested_amount = target.attach_percent, target.suggested
    if report.target_at is None:
        report.target_at = now
        report.target_late_minutes = hours.late_minutes(hours.target_due(node, day), now)
    report.target_by = current_person().id
    renew(report)
    carried = unfinished_before(session, node, day) if target.lines else []
    _replace_lines(session, report, target.lines, carried)
    session.add(Submission(key=key, report_id=report.id))
    session.flush()
    return report


def renew(report: Any) -> None:
    """Let the next flush write a new version of a record, also when only its lines change: who overtakes is seen."""
    report.updated_at = clock.now()
    flag_modified(report, "updated_at")


def _replace_lines(session: Session, report: DayReport, lines: tuple[Line, ...], carried: list[Any]) -> None:
    age = {line.what: line.carried + 1 for line in carried}
    present = lines_of(session, report)
    done = {line.what for line in present if line.done}
    wanted = [line for line in lines if line.what][:MOST_LINES]
    for old, line in zip(present, wanted, strict=False):
        old.what, old.who, old.due = line.what, line.who, line.due
        old.done, old.carried = line.what in done, age.get(line.what, 0)
    for old in present[len(wanted) :]:
        session.delete(old)
    for position in range(len(present), len(wanted)):
        line = wanted[position]
        session.add(PlanLine(
            report_id=report.id, position=position, what=line.what, who=line.who, due=line.due, carried=age.get(line.what, 0),
        ))  # fmt: skip


def close_day(
    session: Session, node: Node, day: date, result: Result, *, key: str, seen_version: int | None
) -> DayReport:
    """Report the day's result; returns the one record, also when the same form is sent again.

    Raises `DayRefused` for a wrong day or state and `Overtaken` when somebody was faster.
    """
    key = key_of(node.id, day, "report", key)
    report = find(session, node.id, day, for_update=True)
    if report and was_sent(session, key):
        return report
    check_day(session, node, day)
    now = clock.now()
    if now >= hours.locks_at(day):
        raise DayRefused(
            _("%(day)s is locked since 48 hours after its end. Ask your area manager for a correction.", day=day)
        )
    if report is None:
        report = _claim(session, node, day, "report")
        if was_sent(session, key):
            return report
    _step(report, "report", seen_version)
    for name in ("amount", "source_amount", "units", "visitors", "buyers", "gap_note", "reflection", "tomorrow"):
        setattr(report, name, getattr(result, name))
    report.tenders = {tender: str(amount) for tender, amount in result.tenders.items()}
    report.gap_reasons, report.figures = list(result.gap_reasons), result.figures or None
    if report.reported_at is None:
        report.report_late_minutes = hours.late_minutes(hours.report_due(node, day, report_grace(node)), now)
    report.reported_at, report.reported_by = now, current_person().id
    renew(report)
    for line in lines_of(session, report):
        line.done = line.id in result.done
    session.add(Submission(key=key, report_id=report.id))
    session.flush()
    return report
