"""What became of the plans of a week: the key events of the week's own plan; of a store that made none, the lines of its days."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.api import Node
from plugins.daily_reports.models import DayReport, PlanLine
from plugins.daily_reports.week.overview import week_plans


@dataclass(frozen=True)
class Missed:
    """Something that was planned and not done."""

    node_id: int
    what: str
    who: str
    carried: int
    """How often it was carried over."""


@dataclass
class Plan:
    """One store's plans of a week."""

    kept: int = 0
    missed: list[Missed] = field(default_factory=list)


def plans_of(session: Session, node: Node, monday: date, *conditions: Any) -> dict[int, Plan]:
    """Return the plans of a week of every store at or under a node, by its id; `conditions` hold the days to the node."""
    plans = _of_the_days(session, monday, *conditions)
    for store in week_plans(session, node, monday):
        if store.kept or store.missed:
            missed = [Missed(store.node_id, line.what, line.owner, line.carried) for line in store.missed]
            plans[store.node_id] = Plan(len(store.kept), missed)
    return plans


def _of_the_days(session: Session, monday: date, *conditions: Any) -> dict[int, Plan]:
    """Count each thing once, however often it was carried over to the next day."""
    query = (
        select(DayReport.node_id, PlanLine)
        .join(DayReport, DayReport.id == PlanLine.report_id)
        .where(DayReport.day >= monday, DayReport.day <= monday + timedelta(days=6), *conditions)
        .order_by(DayReport.day, PlanLine.position)
    )
    last: dict[tuple[int, str], PlanLine] = {}
    done: set[tuple[int, str]] = set()
    for node_id, line in session.execute(query):
        last[node_id, line.what] = line
        if line.done:
            done.add((node_id, line.what))
    plans: dict[int, Plan] = {}
    for (node_id, what), line in last.items():
        plan = plans.setdefault(node_id, Plan())
        if (node_id, what) in done:
            plan.kept += 1
        else:
            plan.missed.append(Missed(node_id, what, line.who, line.carried))
    return plans
