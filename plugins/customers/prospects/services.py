"""A prospect is begun, moved on, won or lost; a step that is not in the table is refused.

not spoken to yet → in talk → won / lost (with the reason);  lost → in talk, when they think again
"""

from datetime import date

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.api import Node, _, clock, current_person, typed
from plugins.customers.models import Customer
from plugins.customers.prospects.models import OPEN, Prospect

STEPS = {
    "new": ("new", "talking", "won", "lost"),
    "talking": ("talking", "won", "lost"),
    "lost": ("talking",),
    "won": (),
}
"""State → what may follow; the same state again only moves the next date."""


def begin(session: Session, node: Node, customer: Customer, wish: str, next_on: date) -> Prospect:
    """Note what a customer thinks of; who notes it is at it. BadValue while another is open at this store."""
    _must_be_ahead(next_on)
    if not wish:
        raise typed.BadValue(_("What are they thinking of? A few words are enough."))
    prospect = Prospect(
        customer_id=customer.id, node_id=node.id, wish=wish, next_on=next_on, owner_id=current_person().id
    )
    try:
        with session.begin_nested():
            session.add(prospect)
            session.flush()
    except IntegrityError:
        raise typed.BadValue(_("Somebody here is at it already: move that one on.")) from None
    return prospect


def step(session: Session, prospect: Prospect, state: str, next_on: date | None = None, reason: str = "") -> None:
    """Move a prospect on. BadValue for a step that is not possible, a loss without its reason, a date gone by."""
    if state not in STEPS[prospect.state]:
        raise typed.BadValue(_("This is over, or was moved on meanwhile. Please look again."))
    if state == "lost" and not reason:
        raise typed.BadValue(_("Please say why it was lost: next time it helps."))
    if state in OPEN:
        if next_on is None:
            raise typed.BadValue(_("When do you come back to them?"))
        _must_be_ahead(next_on)
    prospect.next_on = next_on if state in OPEN and next_on else clock.today()
    prospect.state, prospect.reason = state, reason if state == "lost" else ""
    session.flush()


def _must_be_ahead(next_on: date) -> None:
    if next_on < clock.today():
        raise typed.BadValue(_("The next date lies in the past."))


def due(session: Session, person_id: int, most: int) -> list[tuple[Prospect, Customer]]:
    """Return whom a person comes back to today or should have before, longest waiting first."""
    query = (
        select(Prospect, Customer)
        .join(Customer, Customer.id == Prospect.customer_id)
        .where(
            Prospect.owner_id == person_id, Prospect.state.in_(OPEN), Prospect.next_on <= clock.today(),
            Customer.deleted_at.is_(None),
        )
    )  # fmt: skip
    return [
        (prospect, customer)
        for prospect, customer in session.execute(query.order_by(Prospect.next_on, Prospect.id).limit(most))
    ]
