"""Reminders by the clock: before a cut-off, at it, and to the area's manager half an hour after.

Each is sent once: its row is written in the transaction that sends it, and is unique by place, day and
kind, however many workers there are and however often they restart. A reminder that could not be sent
within three hours of its time is left out: by then it would only annoy.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import Date, Integer, String, UniqueConstraint, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.api import InNode, Instant, Node, Row, _, clock, closed_ids, inbox, is_on_at, people_at, people_who_may
from plugins.daily_reports import hours
from plugins.daily_reports.departments.expected import UPDATE, excused, reporting
from plugins.daily_reports.models import Base, DayReport
from plugins.daily_reports.settings import report_grace
from plugins.daily_reports.week import states as weeks
from plugins.daily_reports.week.models import WeekReport

AREA_MANAGER = {"area_manager"}
BEFORE, AFTER, STALE = timedelta(minutes=15), timedelta(minutes=30), timedelta(hours=3)
MOST_NAMES = 8


class Reminder(Row, InNode, Base):
    """A reminder that was sent."""

    __tablename__ = "daily_reports_reminder"
    __scope__ = "node"
    __resource__ = "daily_reports:day"
    __audit__ = False
    __table_args__ = (UniqueConstraint("node_id", "day", "kind"), {"sqlite_autoincrement": True})

    day: Mapped[date] = mapped_column(Date)
    kind: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    reached: Mapped[int] = mapped_column(Integer, default=0)
    """How many people got it; 0 where nobody is in charge."""


@dataclass(frozen=True)
class Step:
    """One kind of reminder: what is missing, when it is sent, until when, and to whom."""

    kind: str
    what: str
    due: Callable[[Node, date], datetime]
    offset: timedelta
    lasts: timedelta = STALE
    to_area: bool = False

    def is_due(self, node: Node, day: date, now: datetime) -> bool:
        """Say whether it is time to send it, and not too late."""
        begins = self.due(node, day) + self.offset
        return begins <= now < begins + self.lasts


def _report_due(node: Node, day: date) -> datetime:
    return hours.report_due(node, day, report_grace(node))


STEPS = (
    Step("target_before", "target", hours.target_due, -BEFORE, BEFORE),
    Step("target_due", "target", hours.target_due, timedelta()),
    Step("target_area", "target", hours.target_due, AFTER, to_area=True),
    Step("report_before", "report", _report_due, -BEFORE, BEFORE),
    Step("report_due", "report", _report_due, timedelta()),
    Step("report_area", "report", _report_due, AFTER, to_area=True),
)
WEEK_STEPS = (
    Step("week_plan", "plan", lambda _node, monday: weeks.plan_due(monday), -timedelta(hours=1)),
    Step("week_summary", "summary", lambda _node, monday: clock.at(monday + timedelta(days=6), time(20)), timedelta()),
)


def remind_due(session: Session) -> int:
    """Send every reminder that is due now and was not sent yet; returns how many people were reached."""
    now = clock.now()
    today = clock.local(now).date()
    reached = sum(_of_day(session, day, now) for day in (today - timedelta(days=1), today))
    return reached + sum(_of_week(session, week, now) for week in {weeks.monday_of(today), weeks.present_week(now)})


def _of_day(session: Session, day: date, now: datetime) -> int:
    waiting = _waiting(session, day)
    reached = 0
    for step in STEPS:
        due = [node for node, lacks in waiting if step.what in lacks and step.is_due(node, day, now)]
        claimed = _claim(session, due, day, step.kind)
        reached += (
            _tell_areas(session, claimed, day, step) if step.to_area else _tell_stores(session, claimed, day, step)
        )
    return reached


def _waiting(session: Session, day: date) -> list[tuple[Node, set[str]]]:
    """Return the places that are open on a day and lack its target or its report."""
    query = (
        select(Node, DayReport.target_amount, DayReport.amount)
        .outerjoin(DayReport, (DayReport.node_id == Node.id) & (DayReport.day == day))
        .where(reporting(), Node.deleted_at.is_(None), DayReport.amount.is_(None))
        .order_by(Node.code)
    )
    found = [(node, target) for node, target, _amount in session.execute(query)]
    places = [node for node, _target in found]
    closed = closed_ids(session, places, day) | excused(session, places, day)
    return [
        (node, {"report"} if target is not None else {"target", "report"})
        for node, target in found
        if node.id not in closed and is_on_at("daily_reports", node)
    ]


def _of_week(session: Session, week: date, now: datetime) -> int:
    query = (
        select(Node, WeekReport.planned_at, WeekReport.summed_up_at)
        .outerjoin(WeekReport, (WeekReport.node_id == Node.id) & (WeekReport.week == week))
        .where(Node.kind == "store", Node.deleted_at.is_(None))
        .order_by(Node.code)
    )
    reached = 0
    for step in WEEK_STEPS:
        if not step.is_due(Node(), week, now):
            continue
        found = session.execute(query).all()
        closed = closed_ids(session, [row[0] for row in found], hours.working_day(now))
        due = [
            node
            for node, planned, summed_up in found
            if (planned if step.what == "plan" else summed_up) is None
            and node.id not in closed
            and is_on_at("daily_reports", node)
        ]
        reached += _tell_stores(session, _claim(session, due, week, step.kind), week, step)
    return reached


def _claim(session: Session, nodes: Iterable[Node], day: date, kind: str) -> list[tuple[Node, Reminder]]:
    """Return the places that nobody has sent this reminder to, each with the row that says that it is sent now."""
    places = list(nodes)
    if not places:
        return []
    sent = set(session.scalars(select(Reminder.node_id).where(Reminder.day == day, Reminder.kind == kind)))
    claimed = []
    for node in places:
        if node.id in sent:
            continue
        try:
            with session.begin_nested():
                reminder = Reminder(node_id=node.id, day=day, kind=kind)
                session.add(reminder)
                session.flush()
        except IntegrityError:
            continue  # another worker was faster
        claimed.append((node, reminder))
    return claimed


def _tell_stores(session: Session, claimed: list[tuple[Node, Reminder]], day: date, step: Step) -> int:
    people = people_who_may(session, {node.id for node, _reminder in claimed}, UPDATE) if claimed else {}
    for node, reminder in claimed:
        title, text = _words(step, node, day)
        page = f"/day/week/at/{node.code}/{day}/" if step in WEEK_STEPS else f"/day/at/{node.code}/{day}/"
        reminder.reached = _send(session, people.get(node.id, set()), reminder, title, text, page)
    session.flush()
    return sum(reminder.reached for _node, reminder in claimed)


def _tell_areas(session: Session, claimed: list[tuple[Node, Reminder]], day: date, step: Step) -> int:
    by_area: dict[int, list[tuple[Node, Reminder]]] = {}
    for node, reminder in claimed:
        if node.area_id is not None:
            by_area.setdefault(node.area_id, []).append((node, reminder))
    people = people_at(session, set(by_area), AREA_MANAGER) if by_area else {}
    total = 0
    for area_id, late in by_area.items():
        title = (
            _("%(count)s stores have not set their target", count=len(late))
            if step.what == "target"
            else _("%(count)s stores have not reported their result", count=len(late))
        )
        names = "、".join(node.name for node, _reminder in late[:MOST_NAMES])
        text = _("%(names)s and more", names=names) if len(late) > MOST_NAMES else names
        is_past = day < hours.working_day(clock.now())
        page = f"/day/missing/?day={day}" if is_past else "/day/missing/"
        total += _send(session, people.get(area_id, set()), late[0][1], title, text, page)
        for _node, reminder in late:
            reminder.reached = len(people.get(area_id, ()))
    session.flush()
    return total


def _send(session: Session, people: set[int], reminder: Reminder, title: str, text: str, page: str) -> int:
    return inbox.send(session, people, key=f"reminder:{reminder.id}", title=title, text=text, url=page) if people else 0


def _words(step: Step, node: Node, day: date) -> tuple[str, str]:
    due = f"{clock.local(step.due(node, day)):%H:%M}"
    if step.what == "plan":
        return _("Please plan the week"), _("%(name)s: due at %(time)s.", name=node.name, time=due)
    if step.what == "summary":
        return _("Please sum up the week"), _("%(name)s: three minutes, the figures are there already.", name=node.name)
    title = _("Please set today's target") if step.what == "target" else _("Please report today's result")
    if step.offset:
        return title, _("%(name)s: due at %(time)s.", name=node.name, time=due)
    return title, _("%(name)s: it was due at %(time)s and counts as late from now on.", name=node.name, time=due)
