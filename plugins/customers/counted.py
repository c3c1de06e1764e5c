"""How many records there are, without counting a million of them at each look.

Every hour (`EVERY`) the records up to a number are counted and kept; a page adds those that came since. Numbers are
given out before they are committed, so the hour counts up to the number that the hour before had reached: whoever was
still writing then has ended by now, and who has not is counted an hour later. What is taken away for good lets the kept
count be forgotten. So a file of a million customers is counted at each look for two hours at most.

The hour counts the pairs that wait too, for who needs no more than about how many: ten thousand take a tenth of a
second. Where few wait, they are counted at each look, so that an answer is seen at once.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import JSON, ColumnElement, Integer, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.api import Id
from plugins.customers import doubtful
from plugins.customers.models import Base, Customer

EVERY = timedelta(hours=1)
MANY = 1_000
"""So many pairs that wait are not counted at each look."""


class Counted(Base):
    """The one count that is kept."""

    __tablename__ = "customers_counted"
    __scope__ = "global"
    __resource__ = "customers:customer"
    __audit__ = False

    up_to_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    """Of the records up to this number,"""
    records: Mapped[int] = mapped_column(Integer)
    """so many were there, in the recycle bin or not;"""
    reached_id: Mapped[int] = mapped_column(Id)
    """and the last number given out by then."""
    waiting: Mapped[list[int]] = mapped_column(JSON, default=list, server_default="[]")
    """How many pairs waited, as `doubtful.by_band` counts them; empty where they are few."""


def records() -> ColumnElement[int]:
    """Return the expression for how many records there are now, in the recycle bin or not."""
    kept = func.coalesce(select(Counted.records).scalar_subquery(), 0)
    up_to = func.coalesce(select(Counted.up_to_id).scalar_subquery(), 0)
    since: Any = select(func.count()).select_from(Customer).where(Customer.id > up_to).scalar_subquery()
    return kept + since


def count_anew(session: Session) -> int:
    """Keep the count up to where the last one had reached; return how many records that are. Harmless to run twice."""
    up_to = session.scalar(select(Counted.reached_id)) or 0
    count = session.scalar(select(func.count()).select_from(Customer).where(Customer.id <= up_to)) or 0
    reached = session.scalar(select(func.max(Customer.id))) or 0
    waiting = doubtful.by_band(session)
    forget(session)
    session.add(
        Counted(up_to_id=up_to, records=count, reached_id=reached, waiting=waiting if sum(waiting) >= MANY else [])
    )
    session.flush()
    return count


def waiting(session: Session) -> list[int] | None:
    """Return how many pairs waited when the hour counted, band by band; None where a look is to count them."""
    return session.scalar(select(Counted.waiting)) or None


def forget(session: Session) -> None:
    """Let the next look count all, as records are going for good."""
    session.execute(delete(Counted))
