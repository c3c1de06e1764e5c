"""What is done to a day that was reported: correct a figure, review it, lock it.

Plain functions over a session and plain values, as in `services.py`.
"""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.api import _, audited_as, clock, current_person, show
from plugins.daily_reports import hours, states
from plugins.daily_reports.models import Correction, DayReport, Submission
from plugins.daily_reports.services import DayRefused, key_of, was_sent

FIGURES = ("amount", "units", "visitors", "buyers")
"""What a correction line may change."""


def correct(session: Session, report: DayReport, figure: str, value: Any, reason: str, *, key: str = "") -> None:
    """Change a reported figure later: the old value and the reason are kept in a correction line.

    `report` is held for update; the same form (`key`) sent again changes nothing. Takings by tender stay as
    they were reported, also when the amount is corrected: the page says that they add up to another sum.
    """
    key = key_of(report.node_id, report.day, "correct", key) if key else ""
    if key and was_sent(session, key):
        return
    if figure not in FIGURES:
        raise DayRefused(_("This figure cannot be corrected."))
    if not reason:
        raise DayRefused(_("Say why it is corrected."))
    try:
        states.next_state(report.state, "correct")
    except states.TransitionRefused as error:
        raise DayRefused(str(error)) from error
    kind = "money" if figure == "amount" else "number"
    before = getattr(report, figure)
    counted = {"visitors": report.visitors, "buyers": report.buyers} | {figure: value}
    if figure in ("visitors", "buyers") and None not in counted.values() and counted["buyers"] > counted["visitors"]:
        raise DayRefused(_("More buyers than visitors: please check both."))
    session.add(Correction(
        report_id=report.id, field=figure, before=show(before, kind), after=show(value, kind), reason=reason, by=current_person().id,
    ))  # fmt: skip
    if key:
        session.add(Submission(key=key, report_id=report.id))
    with audited_as(reason=reason):
        setattr(report, figure, value)
        session.flush()


def review(session: Session, report: DayReport, event: str, comment: str, *, seen_version: int | None = None) -> None:
    """Mark a report as read, or return it with a comment; nobody reviews a report they sent themselves.

    `seen_version` is the version the reviewer looked at: figures that changed since are looked at again.
    """
    person = current_person()
    if seen_version is not None and seen_version != report.version:
        raise DayRefused(_("The store has changed this report since you opened it. Look at it once more."))
    if person.id is not None and person.id in (report.reported_by, report.target_by):
        raise DayRefused(_("Somebody else reviews what you sent."))
    if event == "return" and not comment:
        raise DayRefused(_("Say what is missing, so that the store knows what to do."))
    try:
        report.state = states.next_state(report.state, event)
    except states.TransitionRefused as error:
        raise DayRefused(str(error)) from error
    report.reviewed_at, report.reviewed_by, report.review_comment = clock.now(), person.id, comment
    session.flush()


def lock_due(session: Session) -> int:
    """Lock every day that ended more than 48 hours ago; returns how many."""
    query = select(DayReport).where(DayReport.state != states.LOCKED, DayReport.day <= hours.last_locked(clock.now()))
    # A report somebody is writing now is locked by the next run.
    due = session.scalars(query.order_by(DayReport.day).limit(5000).with_for_update(skip_locked=True)).all()
    for report in due:
        report.state = states.next_state(report.state, "lock")
    session.flush()
    return len(due)
