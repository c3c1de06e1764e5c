"""The figures of every store and area, counted for the whole chain in four statements."""

from datetime import timedelta
from typing import Any

from sqlalchemy import case, delete, func, insert, select
from sqlalchemy.orm import Session

from core.api import Node, across_scopes, clock
from plugins.customers.models import Customer, Visit, Visitor
from plugins.customers.quality.formula import COMPLETE_FROM, ENOUGH_LIKED, LIKED, SCORE
from plugins.customers.quality.models import PlaceQuality

DAYS = 30
"""New records are counted over so many days, today included."""


def count_anew(session: Session) -> int:
    """Write the figures of each place that has customers; return how many places. Harmless to run twice."""
    now = clock.now()
    with across_scopes("figures of every place, shown within each reader's reach"):
        nodes = {node.id: node for node in session.scalars(select(Node).where(Node.kind.in_(("store", "area"))))}
        rows = [
            _row(nodes[node_id], figures, recorded.get(node_id, (0, 0))) | {"counted_at": now}
            for column, recorded in ((Visitor.node_id, _recorded(session, "id")), (Visitor.area_id, _recorded(session, "area_id")))
            for node_id, *figures in session.execute(_figures(column)) if node_id in nodes
        ]  # fmt: skip
        session.execute(delete(PlaceQuality).execution_options(synchronize_session=False))
        if rows:
            session.execute(insert(PlaceQuality), rows)
    return len(rows)


def _figures(column: Any) -> Any:
    """Return the query of the sums over the customers of each place; who knows two stores of an area counts once."""
    here = select(column.label("node_id"), Visitor.customer_id).distinct().subquery()
    return (
        select(
            here.c.node_id, func.count(), func.sum(SCORE),
            func.sum(case((SCORE >= COMPLETE_FROM, 1), else_=0)), func.sum(case((LIKED >= ENOUGH_LIKED, 1), else_=0)),
        )
        .join(Customer, Customer.id == here.c.customer_id)
        .where(Customer.deleted_at.is_(None), Customer.merged_into_id.is_(None))
        .group_by(here.c.node_id)
    )  # fmt: skip


def _recorded(session: Session, level: str) -> dict[int, tuple[int, int]]:
    """Return `{place: (new records, people who made them)}` of the last days."""
    column = getattr(Node, level)
    query = select(column, func.count(), func.count(Visit.by.distinct())).join(Node, Node.id == Visit.node_id)
    query = query.where(Visit.reason == "recorded", Visit.day > clock.today() - timedelta(days=DAYS)).group_by(column)
    return {node_id: (count, clerks) for node_id, count, clerks in session.execute(query)}


def _row(node: Node, figures: list[Any], made: tuple[int, int]) -> dict[str, Any]:
    people, points, complete, liked = map(int, figures)
    recorded, clerks = made
    return {
        "node_id": node.id, "area_id": node.area_id, "region_id": node.region_id, "kind": node.kind, "people": people,
        "score": round(points / people), "complete": round(100 * complete / people), "liked": round(100 * liked / people),
        "recorded": recorded, "clerks": clerks, "per_clerk": round(recorded / clerks) if clerks else 0,
    }  # fmt: skip
