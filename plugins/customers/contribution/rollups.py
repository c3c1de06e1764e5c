"""Figures are written in sets, for customers wherever they are known, and their twelve months kept right on each write.

`Customer.year_profit` is the gross profit of a record and of those merged into it over the last twelve full months. It
stands on the row so that a list of a million is sorted and filtered by its index. Each write keeps it right for the
months that all rows speak of; at night all rows follow the calendar.
"""

from collections.abc import Collection, Iterable
from datetime import date
from itertools import islice
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session, aliased

from core.api import across_scopes, among
from plugins.customers.contribution.models import Contribution, YearKept
from plugins.customers.contribution.months import full_year, year_up_to
from plugins.customers.models import Customer
from plugins.customers.persons import person_id

TOGETHER = 2000
_KEPT = select(YearKept).order_by(YearKept.id).limit(1)
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


def keep_right(session: Session, customer_ids: Collection[int]) -> None:
    """Keep the twelve months right of customers, named by any of their records, whose figures were just written.

    The months are those of all rows until `move_on`. Those who write at once come one after the other: the later one
    adds up what the earlier one wrote.
    """
    with across_scopes(WHY):
        session.flush()
        kept = session.scalars(_KEPT.with_for_update()).one_or_none()
        if kept is None:
            move_on(session)
        else:
            _follow(session, customer_ids, year_up_to(kept.last_month))
            kept.profit = _whole(session, kept.last_month)
            session.flush()


def move_on(session: Session) -> int:
    """Let all rows follow the calendar to the last twelve full months; return how many changed. Harmless to run twice."""
    months = full_year()
    with across_scopes(WHY):
        session.flush()
        kept = session.scalars(_KEPT.with_for_update()).one_or_none() or YearKept()
        changed = _write(session, months)
        kept.last_month, kept.profit = months[-1], _whole(session, months[-1])
        session.add(kept)
        session.flush()
    return changed


def follow_merge(session: Session, customer_ids: Collection[int]) -> None:
    """Let records that stand for a person, since now or again, say what they stand for; the chain's sum is as before."""
    with across_scopes(WHY):
        session.flush()
        if last_month := session.scalar(_KEPT.with_only_columns(YearKept.last_month)):
            _follow(session, customer_ids, year_up_to(last_month))


def _whole(session: Session, last_month: date) -> Any:
    months = year_up_to(last_month)
    query = select(func.coalesce(func.sum(Contribution.profit), 0))
    return session.scalar(query.where(Contribution.month.between(months[0], months[-1])))


def _follow(session: Session, customer_ids: Iterable[int], months: list[date]) -> None:
    rest = iter(customer_ids)
    while some := list(islice(rest, TOGETHER)):
        persons = set(session.scalars(select(person_id()).where(_one_of(session, Customer.id, some))))
        is_theirs = Customer.merged_into_id.is_not(None), _one_of(session, Customer.merged_into_id, persons)
        _write(session, months, persons, {*persons, *session.scalars(select(Customer.id).where(*is_theirs))})


def _write(
    session: Session, months: list[date], persons: Collection[int] | None = None, records: Collection[int] = ()
) -> int:
    """Write the sums of persons, of all their records, or of everybody, where they differ; return how many did.

    Neither the version of a row nor when it was changed moves by it: nobody has edited it.
    """
    record = aliased(Customer)
    made = (
        select(person_id(record).label("person"), func.sum(Contribution.profit).label("profit"))
        .join(record, record.id == Contribution.customer_id)
        .where(Contribution.month.between(months[0], months[-1])).group_by(person_id(record))
    )  # fmt: skip
    if persons is not None:
        made = made.where(_one_of(session, Contribution.customer_id, records))
    made_up = made.subquery()
    profit = func.coalesce(made_up.c.profit, 0)
    late = select(record.id, profit.label("profit")).outerjoin(made_up, made_up.c.person == record.id)
    late = late.where(record.year_profit != profit)
    if persons is not None:
        late = late.where(_one_of(session, record.id, persons))
    found = late.subquery()
    now = update(Customer).where(Customer.id == found.c.id).execution_options(synchronize_session=False)
    result: Any = session.execute(now.values(year_profit=found.c.profit, updated_at=Customer.updated_at))
    return result.rowcount  # type: ignore[no-any-return]


def _one_of(session: Session, column: Any, ids: Iterable[int]) -> Any:
    return among(session, [column], [(number,) for number in ids])
