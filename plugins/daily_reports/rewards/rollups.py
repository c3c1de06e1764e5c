"""The column: what is published, for everybody to read. Names and reasons leave this file, never an amount or a person."""

from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.api import Node, across_scopes
from plugins.daily_reports.rewards.models import Reward
from plugins.daily_reports.rewards.states import IN_THE_COLUMN

PAGE = 30


class Published(NamedTuple):
    """One line of the column."""

    id: int
    name: str
    kind: str
    state: str
    what: str
    why: str
    evidence: list[Any]
    since: date
    until: date


def column(session: Session, before: int | None = None) -> list[Published]:
    """Return the newest published rewards and penalties of the chain, older than `before`; one more than a page."""
    query = (
        select(
            Reward.id, Node.name, Reward.kind, Reward.state, Reward.what, Reward.why, Reward.evidence, Reward.since, Reward.until
        )
        .join(Node, Node.id == Reward.node_id)
        .where(Reward.state.in_(IN_THE_COLUMN))
    )  # fmt: skip
    if before is not None:
        query = query.where(Reward.id < before)
    with across_scopes("the column of published rewards and penalties"):
        return [Published(*row) for row in session.execute(query.order_by(Reward.id.desc()).limit(PAGE + 1))]
