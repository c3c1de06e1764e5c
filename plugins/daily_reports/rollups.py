"""Figures over stores that are not in the reader's scope: only averages leave this file, never an amount."""

from datetime import date

from sqlalchemy import Select, func, literal, or_, select
from sqlalchemy.orm import Session

from core.api import Node, across_scopes, clock
from plugins.daily_reports.models import DayReport

FEWEST_PEERS = 3
"""With fewer peers an average would tell a single store's figures."""


def peers_of(node: Node) -> Select[tuple[int]]:
    """Return the query of the ids of the other open stores of the peer group (of the format where no group is set)."""
    same = Node.peer_group == node.peer_group if node.peer_group else Node.format == node.format
    return select(Node.id).where(
        literal(node.kind) == "store",
        Node.kind == "store",
        same,
        Node.id != node.id,
        Node.deleted_at.is_(None),
        or_(Node.closed_on.is_(None), Node.closed_on > clock.today()),
    )


def peer_achievement(session: Session, node: Node, since: date, until: date) -> tuple[dict[date, int], int]:
    """Return the peers' achievement in whole percent by day, and how many peers there are.

    A day on which too few of them have reported tells nothing.
    """
    peers = peers_of(node)
    count = session.scalar(select(func.count()).select_from(peers.subquery())) or 0
    if count < FEWEST_PEERS:
        return {}, count
    query = (
        select(DayReport.day, func.sum(DayReport.amount), func.sum(DayReport.target_amount))
        .where(
            DayReport.node_id.in_(peers), DayReport.day >= since, DayReport.day <= until,
            DayReport.amount.is_not(None), DayReport.target_amount.is_not(None),
        )
        .group_by(DayReport.day)
        .having(func.count() >= FEWEST_PEERS)
    )  # fmt: skip
    with across_scopes("the average of a peer group"):
        return {day: round(sold * 100 / target) for day, sold, target in session.execute(query) if target}, count
