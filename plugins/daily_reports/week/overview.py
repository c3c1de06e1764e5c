"""The week of an area or the chain, store by store; and the plans of a week for the Monday sheet."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from core.api import Node, criteria, current_person
from plugins.daily_reports.week.figures import Week, among, percent, weeks_of
from plugins.daily_reports.week.models import WeekLine, WeekReport
from plugins.daily_reports.week.states import days_of

READ = "daily_reports:week:read"


@dataclass(frozen=True)
class StorePlan:
    """The plan of one store's week: what was kept and what was not. The target is in yuan."""

    node_id: int
    code: str
    name: str
    target: Decimal | None
    is_planned: bool
    is_summed_up: bool
    kept: tuple[WeekLine, ...] = ()
    missed: tuple[WeekLine, ...] = ()
    """Not done, or not done yet."""
    reflection: str = ""


@dataclass
class Row:
    """One line of the page: a store's week, or an area's."""

    node: Node
    figures: Week = field(default_factory=Week)
    target: Decimal = Decimal()
    """What was planned on Monday; the sum of the days' targets where nothing was."""
    stores: int = 0
    planned: int = 0
    summed_up: int = 0
    kept: int = 0
    lines: int = 0

    @property
    def percent(self) -> int | None:
        """The result so far in whole percent of the week's target."""
        return percent(self.figures.amount, self.target)

    @property
    def meaning(self) -> str:
        """The colour of the result: good, watch, bad, or none without a target."""
        return self.figures.meaning(self.target)

    @property
    def measure(self) -> int | None:
        """What the page shows and sorts by: the achievement of a week that is over, the pace of one that goes on."""
        return self.percent if self.figures.is_over else self.figures.pace

    @property
    def order(self) -> tuple[bool, int, str]:
        """Where it stands on the page: who is furthest behind comes first, who has nothing yet last."""
        return (self.measure is None, self.measure or 0, self.node.code)

    def add(self, other: "Row") -> None:
        """Count another row in."""
        self.figures.add(other.figures)
        self.target += other.target
        self.stores += other.stores
        self.planned += other.planned
        self.summed_up += other.summed_up
        self.kept += other.kept
        self.lines += other.lines


def stores_of(session: Session, node: Node, week: date) -> list[Node]:
    """Return the stores at or under a node that who acts may read and that are open in a week, by code."""
    column = {"region": Node.region_id, "area": Node.area_id}.get(node.kind, Node.id)
    query = select(Node).where(Node.kind == "store", Node.deleted_at.is_(None), criteria(Node, current_person(), READ))
    if node.kind != "chain":
        query = query.where(column == node.id)
    days = days_of(week)
    found = session.scalars(query.order_by(Node.code))
    return [
        store for store in found
        if (store.opened_on is None or store.opened_on <= days[-1]) and (store.closed_on is None or store.closed_on > week)
    ]  # fmt: skip


def rows_of(session: Session, stores: Iterable[Node], week: date) -> list[Row]:
    """Return each store's week; the number of queries does not grow with the stores."""
    places = list(stores)
    figures = weeks_of(session, places, week)
    plans = _counts(session, places, week)
    return [_row(store, figures[store.id], plans.get(store.id)) for store in places]


def _counts(session: Session, stores: list[Node], week: date) -> dict[int, Any]:
    """Return each store's target, when it planned and summed up, and how many lines it has and has kept."""
    kept = func.sum(case((WeekLine.done, 1), else_=0))
    query = (
        select(
            WeekReport.node_id, WeekReport.target_amount, WeekReport.planned_at, WeekReport.summed_up_at,
            func.count(WeekLine.id).label("lines"), kept.label("kept"),
        )
        .outerjoin(WeekLine, WeekLine.week_id == WeekReport.id)
        .where(WeekReport.week == week)
        .group_by(WeekReport.id)
    )  # fmt: skip
    return {row.node_id: row for row in session.execute(among(query, WeekReport, stores))}


def _row(store: Node, figures: Week, plan: Any) -> Row:
    if plan is None:
        return Row(store, figures, figures.target, 1)
    target = figures.target if plan.target_amount is None else plan.target_amount
    planned, summed_up = int(plan.planned_at is not None), int(plan.summed_up_at is not None)
    return Row(store, figures, target, 1, planned, summed_up, plan.kept, plan.lines)


def by_area(session: Session, rows: Iterable[Row]) -> list[Row]:
    """Return the sums of the areas the rows lie in, by code; stores without an area stand for themselves."""
    found = list(rows)
    ids = {row.node.area_id for row in found if row.node.area_id}
    areas = {node.id: Row(node) for node in session.scalars(select(Node).where(Node.id.in_(ids)).order_by(Node.code))}
    alone = [row for row in found if row.node.area_id not in areas]
    for row in found:
        if row.node.area_id in areas:
            areas[row.node.area_id].add(row)
    return [*areas.values(), *alone]


def total_of(node: Node, rows: Iterable[Row]) -> Row:
    """Return several rows as one."""
    total = Row(node)
    for row in rows:
        total.add(row)
    return total


def week_plans(session: Session, node: Node, week: date) -> list[StorePlan]:
    """Return the week's plan of every store at or under `node` that who acts may read, by code; kept and missed lines.

    A store that has not planned is there without lines. `week` is the Monday. Two queries besides the stores'.
    """
    stores = stores_of(session, node, week)
    return list(_plans(session, stores, week).values())


def _plans(session: Session, stores: list[Node], week: date) -> dict[int, StorePlan]:
    found = among(select(WeekReport).where(WeekReport.week == week), WeekReport, stores)
    reports = {report.node_id: report for report in session.scalars(found)}
    ids = among(select(WeekReport.id).where(WeekReport.week == week), WeekReport, stores)
    lines: dict[int, list[WeekLine]] = {}
    for line in session.scalars(select(WeekLine).where(WeekLine.week_id.in_(ids)).order_by(WeekLine.position)):
        lines.setdefault(line.week_id, []).append(line)
    return {store.id: _plan(store, reports.get(store.id), lines) for store in stores}


def _plan(store: Node, report: WeekReport | None, lines: dict[int, list[WeekLine]]) -> StorePlan:
    if report is None:
        return StorePlan(store.id, store.code, store.name, None, False, False)
    own = lines.get(report.id, [])
    return StorePlan(
        store.id, store.code, store.name, report.target_amount, report.planned_at is not None,
        report.summed_up_at is not None, tuple(line for line in own if line.done),
        tuple(line for line in own if not line.done), report.reflection,
    )  # fmt: skip
