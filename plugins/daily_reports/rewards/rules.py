"""The rules: what a finished week shows of every store, and what is proposed for it.

A week is judged once a rule, from Monday 06:00 on, when every report of it is due. A rule that would hit more
of the stores than it allows stops and asks a person: then the rule, or the week, is likely to be wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Any, NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.api import Node, _, clock, closed_ids
from plugins.daily_reports.models import DayReport
from plugins.daily_reports.rewards import evidence, messages, services
from plugins.daily_reports.rewards.models import Rule, RuleRun
from plugins.daily_reports.rewards.services import Proposal
from plugins.daily_reports.rewards.states import StepRefused

WEEK = timedelta(days=7)
WEEKS_BACK = 2
"""A worker that stood still catches up so many weeks."""
BEGUN_WITHIN = timedelta(days=28)
"""A store without a record of its own for so long has not begun to work this way, and is not judged."""


@dataclass
class StoreWeek:
    """One store's week: the days it was open, and what it sent."""

    node_id: int
    peer_group: str
    open_days: list[date] = field(default_factory=list)
    reports: dict[date, Any] = field(default_factory=dict)


class Hit(NamedTuple):
    """A store that meets a rule, and why."""

    node_id: int
    evidence: list[Any]


def last_monday(today: date) -> date:
    """Return the Monday of the last finished week."""
    return today - timedelta(days=today.weekday() + 7)


def weeks_of_stores(session: Session, monday: date) -> list[StoreWeek]:
    """Return the week of every store that works with the day record: nine small queries for any number of stores."""
    days = [monday + timedelta(days=n) for n in range(7)]
    begun = set(
        session.scalars(
            select(DayReport.node_id)
            .where(DayReport.day >= days[-1] - BEGUN_WITHIN, DayReport.day <= days[-1], DayReport.imported.is_(False))
            .distinct()
        )
    )
    stores = session.execute(
        select(
            Node.id, Node.area_id, Node.region_id, Node.opened_on, Node.closed_on, Node.peer_group, Node.format
        ).where(Node.kind == "store", Node.deleted_at.is_(None), or_(Node.closed_on.is_(None), Node.closed_on > monday))
    ).all()
    found = {row.id: StoreWeek(row.id, row.peer_group or row.format or "") for row in stores if row.id in begun}
    for day in days:
        closed = closed_ids(session, stores, day)  # type: ignore[arg-type]
        for node_id, week in found.items():
            if node_id not in closed:
                week.open_days.append(day)
    columns = (
        DayReport.node_id, DayReport.day, DayReport.imported, DayReport.target_amount, DayReport.amount,
        DayReport.target_late_minutes, DayReport.report_late_minutes,
    )  # fmt: skip
    for row in session.execute(select(*columns).where(DayReport.day >= monday, DayReport.day <= days[-1])):
        if row.node_id in found:
            found[row.node_id].reports[row.day] = row
    return [week for week in found.values() if week.open_days]


def late_days(rule: Rule, weeks: list[StoreWeek]) -> list[Hit]:
    """Return who was late with, or missed, target or report on at least `threshold` open days."""
    hits = []
    for week in weeks:
        shown: list[Any] = []
        for day in week.open_days:
            report = week.reports.get(day)
            facts = evidence.of_report(report) if report else [[day.isoformat(), "no_report", None]]
            shown += [fact for fact in facts if fact[1] in evidence.LATE_KINDS]
        if len({fact[0] for fact in shown}) >= rule.threshold:
            hits.append(Hit(week.node_id, shown))
    return hits


def achievement(rule: Rule, weeks: list[StoreWeek]) -> list[Hit]:
    """Return who reached `threshold` percent of the week's targets, with target and result on every open day.

    A week with a gap is not judged: who leaves the bad day out must not win.
    """
    hits = []
    for week in weeks:
        reports = [week.reports.get(day) for day in week.open_days]
        if any(row is None or not row.target_amount or row.amount is None for row in reports):
            continue
        target, sold = (sum(getattr(row, name) for row in reports) for name in ("target_amount", "amount"))
        if sold * 100 >= rule.threshold * target:
            hits.append(Hit(week.node_id, [[row.day.isoformat(), "achievement", round(row.amount * 100 / row.target_amount)] for row in reports]))  # type: ignore[union-attr] # fmt: skip
    return hits


JUDGES: dict[str, Callable[[Rule, list[StoreWeek]], list[Hit]]] = {"late_days": late_days, "achievement": achievement}


def run_due(session: Session) -> int:
    """Let every active rule judge the finished weeks it has not judged; returns how many proposals were made."""
    newest = last_monday(clock.today())
    if clock.now() < clock.at(newest + WEEK, time(6)):
        newest -= WEEK
    made = 0
    for monday in (newest - n * WEEK for n in reversed(range(WEEKS_BACK))):
        judged = select(RuleRun.rule_id).where(RuleRun.week == monday)
        rules = session.scalars(select(Rule).where(Rule.active, Rule.since <= monday, Rule.id.not_in(judged))).all()
        weeks = weeks_of_stores(session, monday) if rules else []
        made += sum(run(session, rule, monday, weeks) for rule in rules)
    return made


def run(session: Session, rule: Rule, monday: date, weeks: list[StoreWeek]) -> int:
    """Let one rule judge one week, once; returns how many proposals were made."""
    hits = JUDGES[rule.metric](rule, weeks)
    too_many = len(hits) * 100 > rule.most_percent * len(weeks)
    try:
        with session.begin_nested():
            judged = RuleRun(
                rule_id=rule.id, week=monday, state="held" if too_many else "done", judged=len(weeks), hit=len(hits),
                hits=[list(hit) for hit in hits] if too_many else [],
            )  # fmt: skip
            session.add(judged)
            session.flush()
    except IntegrityError:
        return 0  # another worker was faster
    made = 0 if too_many else _propose(session, rule, monday, hits)
    messages.tell_run(session, judged, rule.name, made)
    return made


def _propose(session: Session, rule: Rule, monday: date, hits: list[Hit]) -> int:
    return len(services.propose_all(session, [
        (
            Proposal(hit.node_id, rule.kind, rule.name, rule.amount, monday, monday + timedelta(days=6), evidence=hit.evidence,
                     appeal_days=rule.appeal_days, rule_id=rule.id),
            services.key_of("rule", rule.id, monday, hit.node_id),
        )
        for hit in hits
    ]))  # fmt: skip


def decide(session: Session, held: RuleRun, *, release: bool) -> int:
    """Propose what a held run has found all the same, or drop it; returns how many proposals were made."""
    if held.state != "held":
        raise StepRefused(_("This was decided before."))
    rule = session.scalars(select(Rule).where(Rule.id == held.rule_id)).one()
    hits, held.state = [Hit(*hit) for hit in held.hits], "released" if release else "dropped"
    made = _propose(session, rule, held.week, hits) if release else 0
    session.flush()
    return made
