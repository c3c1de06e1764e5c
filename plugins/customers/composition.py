"""Who the customers in reach are, by a few questions: how many of each level, kind and party, where, since when."""

from typing import Any

from sqlalchemy import extract, func, select
from sqlalchemy.orm import Session

from core.api import N_, CurrentPerson, criteria, gettext, names_of_nodes
from plugins.customers.models import Customer, Visitor
from plugins.customers.words import KINDS, LEVELS, PARTIES

LIST = "customers:customer:list"
TITLES = {
    "level": N_("By level"), "party": N_("By party"), "kind": N_("Persons and companies"), "area": N_("By area"),
    "store": N_("By store"), "month": N_("By month of the first visit"),
}  # fmt: skip


def composition(session: Session, person: CurrentPerson) -> dict[str, list[tuple[str, int]]]:
    """Return `{question: [(answer, customers)]}` in four statements, however many customers and places there are.

    A customer of two stores counts in each of them, and once in everything else.
    """
    stands = Customer.deleted_at.is_(None), Customer.merged_into_id.is_(None)
    columns = (Customer.level, Customer.party, Customer.kind)
    query = select(*columns, func.count()).where(*stands, criteria(Customer, person, LIST)).group_by(*columns)
    counted = session.execute(query).all()
    found = {
        name: [(gettext(titles[value]), sum(row[3] for row in counted if row[position] == value)) for value in titles]
        for position, (name, titles) in enumerate((("level", LEVELS), ("party", PARTIES), ("kind", KINDS)))
    }
    for name, column in (("area", Visitor.area_id), ("store", Visitor.node_id)):
        found[name] = _by_place(session, person, column, stands)
    return found | {"month": _by_month(session, person, stands)}


def _by_place(session: Session, person: CurrentPerson, column: Any, stands: Any) -> list[tuple[str, int]]:
    query = select(column, func.count(Visitor.customer_id.distinct())).join(
        Customer, Customer.id == Visitor.customer_id
    )
    query = query.where(*stands, criteria(Visitor, person, LIST), column.is_not(None)).group_by(column)
    rows = session.execute(query.order_by(func.count(Visitor.customer_id.distinct()).desc(), column)).all()
    names = names_of_nodes({node_id for node_id, _count in rows})
    return [(names.get(node_id, ""), count) for node_id, count in rows]


def _by_month(session: Session, person: CurrentPerson, stands: Any) -> list[tuple[str, int]]:
    """Return the months in which customers came to a place in reach first, oldest first."""
    first = select(Visitor.customer_id, func.min(Visitor.first_on).label("day")).where(criteria(Visitor, person, LIST))
    first = first.group_by(Visitor.customer_id).subquery()
    year, month = extract("year", first.c.day), extract("month", first.c.day)
    query = select(year, month, func.count(Customer.id)).join(first, first.c.customer_id == Customer.id).where(*stands)
    query = query.group_by(year, month).order_by(year, month)
    return [(f"{int(y)}-{int(m):02}", count) for y, m, count in session.execute(query)]
