"""How a store does beside its peers, day by day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from core.api import Node, planned_once
from plugins.daily_reports.models import DayReport
from plugins.daily_reports.rollups import peer_achievement


@dataclass(frozen=True)
class Trend:
    """A store's days beside the average of its peers, in whole percent of the target, oldest first."""

    days: list[date]
    own: list[int | None]
    peers: list[int | None]
    amounts: list[Decimal | None]
    targets: list[Decimal | None]
    peer_count: int

    @property
    def own_average(self) -> int | None:
        """The store's achievement over all these days."""
        return _average(self.own)

    @property
    def peer_average(self) -> int | None:
        """The peers' achievement over all these days."""
        return _average(self.peers)


def _average(percents: list[int | None]) -> int | None:
    known = [percent for percent in percents if percent is not None]
    return round(sum(known) / len(known)) if known else None


_OWN = planned_once(
    select(
        Node.id, Node.kind, Node.code, Node.name, Node.area_id, Node.region_id, Node.peer_group, Node.format,
        DayReport.day, DayReport.target_amount, DayReport.amount,
    )
    .outerjoin(
        DayReport, (DayReport.node_id == Node.id) & (DayReport.day >= bindparam("since")) & (DayReport.day <= bindparam("until"))
    )
    .where(Node.code == bindparam("code"), Node.deleted_at.is_(None))
)  # fmt: skip


def own_days(session: Session, code: str, until: date, days: int = 28) -> Sequence[Any]:
    """Return the place with this code beside each of its last `days` days; beside none where it has none."""
    values = {"code": code, "since": until - timedelta(days=days - 1), "until": until}
    return session.execute(_OWN, values).all() if code.isprintable() else []


def trend_of(session: Session, own: Sequence[Any], until: date, days: int = 28) -> Trend:
    """Return the last `days` days of a store (its `own_days`) and of the other stores of its peer group.

    Of the peers only the average achievement is given: no foreign amounts.
    """
    since = until - timedelta(days=days - 1)
    peers, count = peer_achievement(session, own[0], since, until)
    span = [since + timedelta(days=n) for n in range(days)]
    known = {row.day: row for row in own}
    rows = [known.get(each) for each in span]
    return Trend(
        span, [_percent(row) for row in rows], [peers.get(each) for each in span],
        [row and row.amount for row in rows], [row and row.target_amount for row in rows], count,
    )  # fmt: skip


def _percent(row: Any) -> int | None:
    if row is None or not row.target_amount or row.amount is None:
        return None
    return round(row.amount * 100 / row.target_amount)
