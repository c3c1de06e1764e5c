"""What the Monday sheet shows of a week: each store's result, gap and reasons, plans, rewards, three to learn from."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from core.api import Node, clock, closed_ids, criteria, current_person
from plugins.daily_reports import boards, hours
from plugins.daily_reports.models import DayReport, PlanLine
from plugins.daily_reports.ranking.models import RankingRow
from plugins.daily_reports.ranking.periods import Period
from plugins.daily_reports.ranking.reading import Line, lines_of
from plugins.daily_reports.ranking.rollups import find as ranking_of
from plugins.daily_reports.rewards import states
from plugins.daily_reports.rewards.models import Reward
from plugins.daily_reports.settings import report_grace

READ = "daily_reports:monday:read"
REASONS, LESSONS = 2, 3
ON_PAPER = 44
"""So many lines of stores, plans and rewards fit on one page beside the rest."""
FEWEST_LINES, MOST_LINES = 3, 12


@dataclass
class StoreWeek:
    """One store's week, or the sum of several. Amounts in yuan."""

    code: str
    name: str
    target: Decimal = Decimal()
    amount: Decimal = Decimal()
    """Target and result of the days that have both, so that the percentage compares like with like."""
    sold: Decimal = Decimal()
    due: int = 0
    in_time: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    kept: int = 0
    planned: int = 0
    open_days: int = 0
    reported: int = 0
    standing: Line | None = None
    """Where it stands in its peer group, when the week's ranking is published."""

    @property
    def percent(self) -> int | None:
        """The result in whole percent of the target."""
        return round(self.amount * 100 / self.target) if self.target else None

    @property
    def gap(self) -> Decimal | None:
        """The result less the target."""
        return self.amount - self.target if self.target else None

    @property
    def meaning(self) -> str:
        """Good, watch, bad, or none without a figure."""
        return boards.meaning_of(self.percent)

    @property
    def on_time(self) -> int | None:
        """In whole percent, how many of the days that were due came in time."""
        return round(100 * self.in_time / self.due) if self.due else None

    def add(self, other: "StoreWeek") -> None:
        """Count another one in."""
        for name in ("target", "amount", "sold", "due", "in_time", "kept", "planned", "open_days", "reported"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.reasons += other.reasons


@dataclass
class Area:
    """An area's stores, best first, and their sum."""

    total: StoreWeek
    stores: list[StoreWeek]


@dataclass(frozen=True)
class Lesson:
    """A store to learn from, and what it wrote on its best day."""

    name: str
    percent: int
    day: date
    said: str


@dataclass(frozen=True)
class Sheet:
    """Everything on the paper."""

    node: Node
    monday: date
    total: StoreWeek
    areas: list[Area]
    lessons: list[Lesson]
    missed: list[tuple[str, PlanLine]]
    """Plan lines that were not done: store, line. The ones carried over longest first."""
    missed_more: int
    rewards: list[tuple[str, Reward]]
    rewards_more: int
    is_ranked: bool

    @property
    def sunday(self) -> date:
        """The last day of the week."""
        return self.monday + timedelta(days=6)

    @property
    def is_over(self) -> bool:
        """Whether every day of the week has been."""
        return hours.working_day(clock.now()) > self.sunday


def sheet_of(session: Session, node: Node, monday: date) -> Sheet:
    """Return the sheet of a week for a node, of what the acting person may read; the queries do not grow with the stores."""
    nodes = _stores(session, node, monday)
    weeks, best = _weeks(session, node, nodes, monday)
    ranking = ranking_of(session, Period("week", monday))
    for line in lines_of(session, current_person(), ranking, *_below(RankingRow, node)) if ranking else ():
        if line.node_id in weeks:
            weeks[line.node_id].standing = line
    missed = _plans(session, node, weeks, monday)
    areas = _areas(session, nodes, weeks)
    total = _sum(node.code, node.name, [area.total for area in areas])
    lines = max(FEWEST_LINES, min(MOST_LINES, (ON_PAPER - len(nodes)) // 2)) if node.kind != "chain" else MOST_LINES
    rewards, rewards_in_all = _rewards(session, node, monday, lines)
    names = {store.id: store.name for store in nodes}
    return Sheet(
        node, monday, total, areas, _lessons(weeks, best), [(names[node_id], line) for node_id, line in missed[:lines]],
        max(0, len(missed) - lines), rewards, max(0, rewards_in_all - lines), ranking is not None,
    )  # fmt: skip


def _below(model: Any, node: Node) -> list[Any]:
    """Return the condition that a row lies at or under a node."""
    column = {"region": "region", "area": "area"}.get(node.kind, "node")
    return [] if node.kind == "chain" else [model.scope_columns()[column] == node.id]


def _stores(session: Session, node: Node, monday: date) -> list[Node]:
    sunday = monday + timedelta(days=6)
    query = select(Node).where(
        Node.kind == "store", Node.deleted_at.is_(None), criteria(Node, current_person(), READ), *_below(Node, node),
        or_(Node.opened_on.is_(None), Node.opened_on <= sunday), or_(Node.closed_on.is_(None), Node.closed_on > monday),
    )  # fmt: skip
    return list(session.scalars(query.order_by(Node.code)))


def _weeks(
    session: Session, node: Node, nodes: list[Node], monday: date
) -> tuple[dict[int, StoreWeek], dict[int, Any]]:
    """Return each store's week, and the day on which it did best, by the store's id."""
    days = [monday + timedelta(days=n) for n in range(7)]
    columns = (
        DayReport.node_id, DayReport.day, DayReport.target_amount, DayReport.amount, DayReport.imported, DayReport.gap_reasons,
        DayReport.target_late_minutes, DayReport.report_late_minutes, DayReport.reflection, DayReport.gap_note,
    )  # fmt: skip
    query = select(*columns).where(DayReport.day >= days[0], DayReport.day <= days[-1], *_below(DayReport, node))
    reports = {(row.node_id, row.day): row for row in session.execute(query)}
    now = clock.now()
    weeks, best = {store.id: StoreWeek(store.code, store.name) for store in nodes}, dict[int, Any]()
    for day in days:
        closed = closed_ids(session, nodes, day)
        for store in nodes:
            row, week = reports.get((store.id, day)), weeks[store.id]
            if row is not None:
                _count(week, row)
                if _share(row) > _share(best.get(store.id)):
                    best[store.id] = row
            if store.id not in closed:
                week.open_days += 1
                if not (row and row.imported) and (
                    (row and row.amount is not None) or now > hours.report_due(store, day, report_grace(store))
                ):
                    week.due += 1
                    week.in_time += bool(row and _is_in_time(row))
    return weeks, best


def _count(week: StoreWeek, row: Any) -> None:
    week.sold += row.amount or 0
    week.reasons.update(row.gap_reasons or ())
    if row.amount is not None and row.target_amount:
        week.target, week.amount, week.reported = (
            week.target + row.target_amount,
            week.amount + row.amount,
            week.reported + 1,
        )


def _is_in_time(row: Any) -> bool:
    there = row.target_amount is not None and row.amount is not None
    return there and not row.target_late_minutes and not row.report_late_minutes


def _share(row: Any) -> Decimal:
    return (
        row.amount / row.target_amount
        if row is not None and row.target_amount and row.amount is not None
        else Decimal(-1)
    )


def _plans(session: Session, node: Node, weeks: dict[int, StoreWeek], monday: date) -> list[tuple[int, PlanLine]]:
    """Count what the plans of the days came to, each thing once, and return what was not done."""
    query = (
        select(DayReport.node_id, PlanLine)
        .join(DayReport, DayReport.id == PlanLine.report_id)
        .where(DayReport.day >= monday, DayReport.day <= monday + timedelta(days=6), *_below(DayReport, node))
        .order_by(DayReport.day, PlanLine.position)
    )
    last: dict[tuple[int, str], PlanLine] = {}
    done: set[tuple[int, str]] = set()
    for node_id, line in session.execute(query):
        last[node_id, line.what] = line
        if line.done:
            done.add((node_id, line.what))
    for node_id, what in last:
        if node_id in weeks:
            weeks[node_id].planned += 1
            weeks[node_id].kept += (node_id, what) in done
    missed = [(key[0], line) for key, line in last.items() if key not in done and key[0] in weeks]
    return sorted(missed, key=lambda item: (-item[1].carried, item[0], item[1].id))


def _areas(session: Session, nodes: list[Node], weeks: dict[int, StoreWeek]) -> list[Area]:
    grouped: dict[int | None, list[StoreWeek]] = {}
    for store in nodes:
        grouped.setdefault(store.area_id, []).append(weeks[store.id])
    names = dict(session.execute(select(Node.id, Node.name).where(Node.id.in_([key for key in grouped if key]))).all())  # type: ignore[arg-type]
    areas = [
        Area(_sum("", names.get(key, ""), stores), sorted(stores, key=_by_achievement))
        for key, stores in grouped.items()
    ]
    return sorted(areas, key=lambda area: _by_achievement(area.total))


def _by_achievement(week: StoreWeek) -> tuple[Any, ...]:
    return (week.percent is None, -(week.percent or 0), week.code, week.name)


def _sum(code: str, name: str, weeks: list[StoreWeek]) -> StoreWeek:
    total = StoreWeek(code, name)
    for week in weeks:
        total.add(week)
    return total


def _lessons(weeks: dict[int, StoreWeek], best: dict[int, Any]) -> list[Lesson]:
    """Return the best stores that reported every open day and wrote what they learned."""
    found = [
        Lesson(week.name, week.percent, best[node_id].day, best[node_id].reflection or best[node_id].gap_note)
        for node_id, week in sorted(weeks.items(), key=lambda item: _by_achievement(item[1]))
        if week.percent is not None
        and week.reported >= week.open_days
        and (best[node_id].reflection or best[node_id].gap_note)
    ]
    return found[:LESSONS]


def _rewards(session: Session, node: Node, monday: date, lines: int) -> tuple[list[tuple[str, Reward]], int]:
    """Return what is proposed or published for days of the week, what waits for a decision first; and how many there are."""
    these = (
        Reward.state.in_((states.PROPOSED, states.PUBLISHED, states.APPEALED, states.EFFECTIVE)), Reward.until >= monday,
        Reward.since <= monday + timedelta(days=6), *_below(Reward, node),
    )  # fmt: skip
    query = select(Node.name, Reward).join(Node, Node.id == Reward.node_id).where(*these)
    found = session.execute(
        query.order_by(Reward.state != states.PROPOSED, Reward.kind, Reward.amount.desc(), Reward.id).limit(lines)
    ).all()
    return [(name, reward) for name, reward in found], session.scalar(
        select(func.count()).select_from(Reward).where(*these)
    ) or 0
