"""The rules: what a finished week shows of every store, and what is proposed for it.

A week is judged once a rule, from Monday 06:00 on, when every report of it is due. A rule that would hit more
of the stores than it allows stops and asks a person: then the rule, or the week, is likely to be wrong.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Any, NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.api import Node, _, clock, closed_ids
from plugins.daily_reports.models import DayReport
from plugins.daily_reports.ranking.models import RankingRow
from plugins.daily_reports.ranking.periods import Period
from plugins.daily_reports.ranking.rollups import find as ranking_of
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
        select(Node.id, Node.area_id, Node.region_id, Node.opened_on, Node.closed_on).where(
            Node.kind == "store", Node.deleted_at.is_(None), or_(Node.closed_on.is_(None), Node.closed_on > monday)
        )
    ).all()
    found = {row.id: StoreWeek(row.id) for row in stores if row.id in begun}
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


def late_days(session: Session, rule: Rule, monday: date, weeks: list[StoreWeek]) -> list[Hit]:
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


def achievement(session: Session, rule: Rule, monday: date, weeks: list[StoreWeek]) -> list[Hit] | None:
    """Return who reached `threshold` percent in the week's published ranking, with a result on every open day.

    Measured by the ranking's yardstick and not by the targets of the mornings: else the lowest target would win.
    A week with a gap is not rewarded: who leaves the bad day out must not win.
    """
    standings = _standings(session, monday)
    if standings is None:
        return None
    hits = []
    for week in weeks:
        reached = standings[week.node_id].achievement if week.node_id in standings else None
        reports = [week.reports.get(day) for day in week.open_days]
        if (
            reached is not None
            and reached >= rule.threshold * 10
            and all(row and row.amount is not None for row in reports)
        ):
            hits.append(Hit(week.node_id, [*_days(reports), [week.open_days[-1].isoformat(), "week", reached]]))
    return hits


def best_of_group(session: Session, rule: Rule, monday: date, weeks: list[StoreWeek]) -> list[Hit] | None:
    """Return who is first of its peer group in the week's published ranking, from `threshold` percent on; who ties shares."""
    standings = _standings(session, monday)
    if standings is None:
        return None
    return [
        Hit(week.node_id, [*_days(week.reports.values()), [week.open_days[-1].isoformat(), "rank", 1]])
        for week in weeks
        if (row := standings.get(week.node_id)) and row.rank == 1 and (row.achievement or 0) >= rule.threshold * 10
    ]


def _standings(session: Session, monday: date) -> dict[int, RankingRow] | None:
    """Return the rows of the week's ranking by store; None until it is final."""
    ranking = ranking_of(session, Period("week", monday))
    if ranking is None or not ranking.is_final:
        return None
    rows = session.scalars(select(RankingRow).where(RankingRow.ranking_id == ranking.id, RankingRow.person_id == 0))
    return {row.node_id: row for row in rows}


def _days(reports: Iterable[Any]) -> list[Any]:
    return [fact for row in reports for fact in evidence.of_report(row) if fact[1] == "achievement"]


Judge = Callable[[Session, Rule, date, list[StoreWeek]], list[Hit] | None]
JUDGES: dict[str, Judge] = {"late_days": late_days, "achievement": achievement, "best_of_group": best_of_group}


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
    """Let one rule judge one week, once; returns how many proposals were made. Without the week's ranking it waits."""
    hits = JUDGES[rule.metric](session, rule, monday, weeks)
    if hits is None:
        return 0
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
