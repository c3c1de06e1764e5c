"""Figures are written in sets, for customers wherever they are known, and their twelve months kept right on each write.

`Customer.year_profit` is the gross profit of a record and of those merged into it over the last twelve full months. It
stands on the row so that a list of a million is sorted and filtered by its index; every night, and with the first
write of a month, all rows follow the calendar.
"""

from collections.abc import Collection, Iterable
from itertools import islice
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, true, update
from sqlalchemy.orm import Session, aliased

from core.api import across_scopes, among
from plugins.customers.contribution.models import Contribution, YearKept
from plugins.customers.contribution.months import full_year
from plugins.customers.models import Customer
from plugins.customers.persons import person_id

TOGETHER = 2000
WHY = "what a customer brings counts wherever they are known"


def replace(session: Session, source: str, figures: Iterable[Any]) -> None:
    """Write what a source tells, each of a customer and month; what it told of these before is gone."""
    customer_ids, rest = set(), iter(figures)
    with across_scopes(WHY):
        while some := list(islice(rest, TOGETHER)):
            told = among(
                session, [Contribution.customer_id, Contribution.month], [(one.customer_id, one.month) for one in some]
            )
            gone = delete(Contribution).where(Contribution.source == source, told)
            session.execute(gone.execution_options(synchronize_session=False))
            session.execute(insert(Contribution), [
                {"customer_id": one.customer_id, "month": one.month, "source": source, "revenue": one.revenue, "profit": one.profit}
                for one in some
            ])  # fmt: skip
            customer_ids |= {one.customer_id for one in some}
    keep_right(session, customer_ids)


def keep_right(session: Session, customer_ids: Collection[int] | None = None) -> int:
    """Keep the twelve months right of customers, named by any of their records, or of all; return how many changed.

    Those who write at once come one after the other: the later one adds up what the earlier one wrote.
    """
    months = full_year()
    with across_scopes(WHY):
        session.flush()
        kept = session.scalars(select(YearKept).order_by(YearKept.id).limit(1).with_for_update()).one_or_none()
        if kept is None or kept.last_month != months[-1]:
            customer_ids = None
        total = select(func.coalesce(func.sum(Contribution.profit), 0)).where(
            Contribution.month.between(months[0], months[-1])
        )
        changed = _follow(session, customer_ids)
        kept = kept or YearKept()
        kept.last_month, kept.profit = months[-1], session.scalar(total)
        session.add(kept)
        session.flush()
    return changed


def follow_merge(session: Session, customer_ids: Collection[int]) -> None:
    """Let each of these records, which stand for a person, say what it stands for now; the chain's sum stays as it was."""
    with across_scopes(WHY):
        session.flush()
        _write(session, customer_ids)


def _follow(session: Session, customer_ids: Collection[int] | None) -> int:
    if customer_ids is None:
        return _write(session, None)
    changed, rest = 0, iter(customer_ids)
    while some := list(islice(rest, TOGETHER)):
        changed += _write(session, set(session.scalars(select(person_id()).where(Customer.id.in_(some)))))
    return changed


def _write(session: Session, ids: Collection[int] | None) -> int:
    """Write the sums of these records that stand, or of all, where they differ; neither version nor date of a row move by it."""
    record, months = aliased(Customer), full_year()
    theirs = true() if ids is None else or_(record.id.in_(ids), record.merged_into_id.in_(ids))
    made = (
        select(person_id(record).label("person"), func.sum(Contribution.profit).label("profit"))
        .join(record, record.id == Contribution.customer_id)
        .where(Contribution.month.between(months[0], months[-1]), theirs).group_by(person_id(record)).subquery()
    )  # fmt: skip
    profit = func.coalesce(made.c.profit, 0)
    late = select(record.id, profit.label("profit")).outerjoin(made, made.c.person == record.id)
    late = late.where(record.year_profit != profit, true() if ids is None else record.id.in_(ids)).subquery()
    now = (
        update(Customer)
        .where(Customer.id == late.c.id)
        .values(year_profit=late.c.profit, updated_at=Customer.updated_at)
    )
    return session.execute(now.execution_options(synchronize_session=False)).rowcount  # type: ignore[attr-defined]
