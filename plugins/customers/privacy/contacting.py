"""Whether a person may be contacted now: they agreed to it, and were not contacted too often."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.api import _, clock, current_person, setting
from plugins.customers import consents
from plugins.customers.models import Customer
from plugins.customers.privacy import rollups
from plugins.customers.privacy.models import Outreach


@dataclass(frozen=True)
class Answer:
    """Yes or no, and the reason in words a person understands; true means yes."""

    yes: bool
    reason: str = ""

    def __bool__(self) -> bool:
        return self.yes


def may_contact(session: Session, customer_id: int, purpose: str, channel: str) -> Answer:
    """Say whether a customer in reach may be contacted for a purpose by a channel now.

    They must have agreed to it. Offers, which is everything but service, have an end besides: so many within so
    many days, counted over the whole chain (settings `contacts_most`, `contacts_days`).
    """
    customer = _find(session, customer_id)
    if customer is None:
        return Answer(False, _("There is no such customer in your reach."))
    held = consents.given_to(session, customer.id)
    if not {(purpose, channel), (purpose, "any")} & held.keys():
        return Answer(False, _("They have not agreed to this."))
    most, days = setting("customers.contacts_most"), setting("customers.contacts_days")
    ids = frozenset(one.id for one in rollups.records_of(session, customer))
    if purpose != "service" and rollups.contacted_since(session, ids, clock.now() - timedelta(days=days)) >= most:
        return Answer(False, _("They had %(most)s offers within %(days)s days already.", most=most, days=days))
    return Answer(True)


def note_contact(session: Session, customer_id: int, purpose: str, channel: str) -> Answer:
    """Note that a customer is contacted now, when they may be; two campaigns at once come one after the other."""
    _find(session, customer_id, hold=True)
    answer = may_contact(session, customer_id, purpose, channel)
    if answer:
        session.add(Outreach(customer_id=customer_id, purpose=purpose, channel=channel, by=current_person().id))
        session.flush()
    return answer


def _find(session: Session, customer_id: int, *, hold: bool = False) -> Customer | None:
    query = select(Customer).where(Customer.id == customer_id, Customer.deleted_at.is_(None))
    return session.scalars(query.with_for_update() if hold else query).one_or_none()
