"""When rankings are published and corrected: by the worker, once each, also after it was away.

A day is ranked when it ends at 03:00. The week and the month that run are counted anew with each day, and
are final with their last one. What is final follows late reports and corrected figures, line by line.
"""

from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.api import _, clock, current_person
from plugins.daily_reports import hours
from plugins.daily_reports.models import Correction, DayReport
from plugins.daily_reports.ranking import people, rollups
from plugins.daily_reports.ranking.models import STORE, Ranking
from plugins.daily_reports.ranking.periods import KINDS, Period, days_between, period_of
from plugins.daily_reports.ranking.rollups import Cause

CATCH_UP_DAYS = 7
"""So many days back a worker that was away publishes by itself; what is older is made at the desk."""
LATE_DAYS = 4
"""A report is accepted until 48 hours after its day; what is older can only be corrected."""
FOLLOWED = timedelta(days=35)
OVERLAP = timedelta(minutes=10)
"""A write may be committed a little after the time it bears: so far back it is looked at again."""


def run(session: Session) -> str:
    """Publish what is due and follow what came late; returns a line for the log."""
    last = last_day(clock.now())
    made = publish_due(session, last - timedelta(days=CATCH_UP_DAYS - 1), last) + people.publish_due(session, last)
    return f"{made} rankings, {follow(session)} rows corrected"


def last_day(now: datetime) -> date:
    """Return the last business day that is over."""
    return hours.working_day(now) - timedelta(days=1)


def publish_due(session: Session, first: date, last: date) -> int:
    """Publish the rankings of every period that ends between two days, or runs on the last; returns how many."""
    made = 0
    for day in days_between(first, last):
        for period in (period_of(kind, day) for kind in KINDS):
            if day != min(period.ends, last):
                continue
            ranking = rollups.find(session, period)
            if ranking is None or ranking.until < day:
                rollups.publish(session, period, day)
                made += 1
    return made


def follow(session: Session) -> int:
    """Take late reports and corrected figures into final rankings; returns how many rows changed."""
    changed = 0
    for cause in sorted((*_late(session), *_corrected(session)), key=lambda cause: cause.at):
        covering = select(Ranking).where(
            Ranking.subject == STORE, Ranking.begins <= cause.day, Ranking.until >= cause.day, Ranking.until >= Ranking.ends,
            Ranking.followed_until < cause.at + OVERLAP,
        )  # fmt: skip
        for ranking in session.scalars(covering.order_by(Ranking.begins.desc(), Ranking.ends)).all():
            changed += rollups.follow(session, ranking, cause)
            ranking.followed_until = max(ranking.followed_until, cause.at)
    session.flush()
    return changed


def _late(session: Session) -> list[Cause]:
    since = last_day(clock.now()) - timedelta(days=LATE_DAYS)
    query = select(DayReport.node_id, DayReport.day, DayReport.reported_at, DayReport.reported_by).where(
        DayReport.day >= since, DayReport.reported_at > clock.at(since, time())
    )
    return [
        Cause("late", at, by, node_id=node_id, day=day)
        for node_id, day, at, by in session.execute(query)
        if at > hours.target_ends(day) - OVERLAP
    ]


def _corrected(session: Session) -> list[Cause]:
    query = (
        select(DayReport.node_id, DayReport.day, Correction.at, Correction.by)
        .join(DayReport, DayReport.id == Correction.report_id)
        .where(Correction.field == "amount", Correction.at >= clock.now() - FOLLOWED)
    )
    return [Cause("figure", at, by, node_id=node_id, day=day) for node_id, day, at, by in session.execute(query)]


class NotYet(ValueError):
    """The period has no day yet that is over; the message says when."""


def compute(session: Session, period: Period, note: str) -> int:
    """Publish a period that has no ranking, or compute its ranking anew with a reason; returns how many rows changed.

    For what the worker does not follow: an import, a changed month target or calendar, a period before its time.
    Raises `NotYet` for a period that has not begun to count, and ValueError without a reason.
    """
    last = last_day(clock.now())
    if period.begins > last:
        raise NotYet(_("This has not come yet: a day is ranked at 03:00 of the night after."))
    ranking = rollups.find(session, period)
    if ranking is None:
        return rollups.publish(session, period, min(last, period.ends)).ranked
    if not note:
        raise ValueError(_("Say why it is computed anew: everybody will read it."))
    return rollups.anew(session, ranking, Cause("anew", clock.now(), current_person().id, note=note))
