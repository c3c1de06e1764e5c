"""What must be known beyond the reader's stores: which gifts a person has got anywhere."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.api import across_scopes
from plugins.customers.gifts.models import GiftIssue
from plugins.customers.models import Customer
from plugins.customers.persons import records_of


def gifts_of(session: Session, customer: Customer, *, locked: bool = False) -> list[GiftIssue]:
    """Return the gifts a person has got at any store, under whichever of their merged records; the first one first.

    Two, where each of two records had one before they were known to be one person. `locked`: whoever else is about
    to give this person one waits until this transaction ends.
    """
    stands = customer.merged_into_id or customer.id
    query = select(GiftIssue).where(GiftIssue.customer_id.in_(records_of(stands)), GiftIssue.undone_at.is_(None))
    with across_scopes("one gift for each person of the chain"):
        if locked:
            session.execute(select(Customer.id).where(Customer.id == stands).with_for_update())
        return list(session.scalars(query.order_by(GiftIssue.id)))
