"""Who brings the profit: the customers in reach from the one that brings most down, with shares, in one statement.

Over the last twelve full months, of everybody who brought a gross profit or a loss in them, in the stores in reach:

- share: a customer's gross profit ÷ the gross profit of all of them;
- together: the same, of this customer and all above. Losses stand at the end, so it may pass 100 % on the way;
- the first fifth: as many customers as are a fifth of all, rounded up, from the top.

Without a gross profit above 0 there is nothing to have a share of.
"""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from core.api import CurrentPerson, criteria
from plugins.customers.contribution.models import Contribution, YearKept
from plugins.customers.contribution.months import full_year, year_up_to
from plugins.customers.models import Customer
from plugins.customers.persons import person_id, stands

SEE = "customers:contribution:list"
FIFTH = 5


@dataclass(frozen=True)
class Ranked:
    """One customer of the ranking; amounts in yuan."""

    id: int
    name: str
    code: str
    level: str
    rank: int
    revenue: Decimal
    profit: Decimal
    so_far: Decimal


@dataclass(frozen=True)
class Ranking:
    """The first customers, and what all of them come to."""

    months: list[date]
    rows: list[Ranked]
    people: int = 0
    whole: Decimal = Decimal(0)
    best: int = 0
    """So many customers are the first fifth,"""
    of_the_best: Decimal = Decimal(0)
    """and so much they bring."""


def share(part: Decimal, whole: Decimal) -> Decimal | None:
    """Return a part in percent with one decimal; None where the whole is not above 0."""
    return (100 * part / whole).quantize(Decimal("0.1"), ROUND_HALF_UP) if whole > 0 else None


def ranking(session: Session, person: CurrentPerson, limit: int) -> Ranking:
    """Return the first customers in a person's reach; in two statements besides the months, however many there are."""
    last = session.scalar(select(YearKept.last_month).order_by(YearKept.id).limit(1))
    months = year_up_to(last) if last else full_year()
    order = Customer.year_profit.desc(), Customer.id
    everybody = select(
        Customer.id, Customer.name, Customer.code, Customer.level, Customer.year_profit.label("profit"),
        func.row_number().over(order_by=order).label("rank"), func.count().over().label("people"),
        func.sum(Customer.year_profit).over().label("whole"),
        func.sum(Customer.year_profit).over(order_by=order, rows=(None, 0)).label("so_far"),
    ).where(
        Customer.year_profit != 0, stands(), Customer.deleted_at.is_(None), criteria(Customer, person, SEE),
    ).subquery()  # fmt: skip
    best = (everybody.c.people + FIFTH - 1) // FIFTH
    query = select(everybody, best.label("best")).where(or_(everybody.c.rank <= limit, everybody.c.rank == best))
    found = session.execute(query.order_by(everybody.c.rank)).all()
    if not found:
        return Ranking(months, [])
    first = found[0]
    last_best = next(row for row in found if row.rank == first.best)
    shown = found[:limit]
    revenues = _revenues(session, [row.id for row in shown], months)
    rows = [
        Ranked(
            row.id, row.name, row.code, row.level, row.rank, revenues.get(row.id, Decimal(0)), row.profit, row.so_far
        )
        for row in shown
    ]
    return Ranking(months, rows, first.people, first.whole, first.best, last_best.so_far)


def _revenues(session: Session, ids: list[int], months: list[date]) -> dict[int, Any]:
    """Return `{customer: revenue}` of customers, with all their records."""
    query = select(person_id(), func.sum(Contribution.revenue)).join(Customer, Customer.id == Contribution.customer_id)
    query = query.where(or_(Customer.id.in_(ids), Customer.merged_into_id.in_(ids)))
    query = query.where(Contribution.month.between(months[0], months[-1])).group_by(person_id())
    return dict(session.execute(query).all())  # type: ignore[arg-type]
