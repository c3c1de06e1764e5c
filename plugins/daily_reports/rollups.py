"""Figures over stores that are not in the reader's scope: only averages leave this file, never an amount."""

from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, func, or_, select
from sqlalchemy.orm import Session

from core.api import Node, across_scopes, clock, planned_once
from plugins.daily_reports.models import DayReport

FEWEST_PEERS = 3
"""With fewer peers an average would tell a single store's figures."""


class Peers(NamedTuple):
    """What is asked of the other open stores that are like one; built once, because to build takes longer than to run."""

    ids: Any
    count: Any
    days: Any
    """By day what they sold and aimed at together, where enough have reported; in each row how many they are."""


def _peers(alike: ColumnElement[bool]) -> Peers:
    ids = select(Node.id).where(
        Node.kind == "store", Node.kind == bindparam("kind"), alike, Node.id != bindparam("node"),
        Node.deleted_at.is_(None), or_(Node.closed_on.is_(None), Node.closed_on > bindparam("today")),
    )  # fmt: skip
    peers = ids.cte()
    count = select(func.count()).select_from(peers)
    days = (
        select(DayReport.day, func.sum(DayReport.amount), func.sum(DayReport.target_amount), count.scalar_subquery().label("peers"))
        .where(
            DayReport.node_id.in_(select(peers.c.id)), DayReport.day >= bindparam("since"), DayReport.day <= bindparam("until"),
            DayReport.amount.is_not(None), DayReport.target_amount.is_not(None),
        )
        .group_by(DayReport.day)
        .having(func.count() >= FEWEST_PEERS)
    )  # fmt: skip
    return Peers(ids, planned_once(count), planned_once(days))


_OF_GROUP = _peers(Node.peer_group == bindparam("alike"))
_OF_FORMAT = _peers(Node.format.is_not_distinct_from(bindparam("alike")))


def peers_of(node: Any) -> tuple[Peers, dict[str, Any]]:
    """Return what to ask of the peer group (of the stores of the format where no group is set), and with which values."""
    values = {"kind": node.kind, "node": node.id, "alike": node.peer_group or node.format, "today": clock.today()}
    return _OF_GROUP if node.peer_group else _OF_FORMAT, values


def peer_achievement(session: Session, node: Any, since: date, until: date) -> tuple[dict[date, int], int]:
    """Return the peers' achievement in whole percent by day, and how many peers there are.

    A day on which too few of them have reported tells nothing.
    """
    peers, values = peers_of(node)
    with across_scopes("the average of a peer group"):
        days = session.execute(peers.days, values | {"since": since, "until": until}).all()
        count = days[0].peers if days else session.scalar(peers.count, values)
    return {day: round(sold * 100 / target) for day, sold, target, _peers in days if target}, count or 0
