"""Which records are one person: the one that stands for them, and those merged into it, in SQL.

Every query of a customer's things asks for `records_of` the customer; every list of customers shows those
that `stands`. What other plugins keep refers to the record it was written for, for ever, and is resolved when read.
"""

from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, or_, select
from sqlalchemy.orm import aliased

from plugins.customers.models import Customer

_RECORD, _PERSON = aliased(Customer), aliased(Customer)
"""Made once: making an alias of a wide table costs more than most queries with it."""


def person_id(record: Any = Customer) -> ColumnElement[int]:
    """Return the id of the record that stands for the person of a record (`Customer`, or an alias of it)."""
    return func.coalesce(record.merged_into_id, record.id)


def stands(record: Any = Customer) -> ColumnElement[bool]:
    """Return the condition that a record stands for its person: it was merged into no other."""
    return record.merged_into_id.is_(None)


def person_of(column: Any) -> ScalarSelect[int]:
    """Return the expression for the record that stands for the person whom `column`, or an id, points to.

    Also for a record that was merged long ago, in however many steps; NULL for one out of scope.
    """
    query = select(person_id(_PERSON)).where(_PERSON.id == column)
    return query.correlate_except(_PERSON).scalar_subquery()


def records_of(customer_id: Any) -> Select[tuple[int]]:
    """Return the query of the ids of all records of one person, named by any of them."""
    person = person_of(customer_id)
    query = select(_RECORD.id).where(or_(_RECORD.id == person, _RECORD.merged_into_id == person))
    return query.correlate_except(_RECORD)
