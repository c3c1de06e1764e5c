"""How many records there are, without counting a million of them at each look.

Every hour (`EVERY`) the records up to a number are counted and kept; a page adds those that came since. Numbers are
given out before they are committed, so the hour counts up to the number that the hour before had reached: whoever was
still writing then has ended by now, and who has not is counted an hour later. What is taken away for good lets the kept
count be forgotten. So a file of a million customers is counted at each look for two hours at most.

Beside it stands how many people they come to, for a glance: see `counting`.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import JSON, ColumnElement, Integer, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.api import Id
from plugins.customers.models import Base, Customer

EVERY = timedelta(hours=1)


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
    people: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), default=None)
    """What `counting.count` found then; None where that is little work at each look."""


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
    forget(session)
    session.add(Counted(up_to_id=up_to, records=count, reached_id=reached))
    session.flush()
    return count


def keep(session: Session, people: dict[str, Any]) -> None:
    """Keep how many people there are beside the count that was made anew."""
    session.scalars(select(Counted)).one().people = people
    session.flush()


def kept(session: Session) -> dict[str, Any] | None:
    """Return what is kept of how many people there are."""
    return session.scalar(select(Counted.people))


def forget(session: Session) -> None:
    """Let the next look count all, as records are going for good."""
    session.execute(delete(Counted))
