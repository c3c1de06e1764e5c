"""The card on a person's home."""

from typing import Any

from sqlalchemy import func, select

from core.api import CurrentPerson, HomeCard, _, clock
from plugins.customers.models import Customer, Visit
from plugins.customers.pages.addresses import CREATE, counters_of
from plugins.customers.persons import person_id


def cards_of(session: Any, person: CurrentPerson) -> list[HomeCard]:
    """Return how many customers one's store has seen today, and the way to the counter."""
    if not person.may(CREATE):
        return []
    nodes = counters_of(person)
    if not nodes:
        return []
    here = Visit.node_id.in_([node.id for node in nodes]), Visit.day == clock.working_day()
    people = select(func.count(person_id().distinct())).join(Visit, Visit.customer_id == Customer.id)
    count = session.scalar(people.where(*here))
    return [
        HomeCard(
            _("Customers today"), number=str(count), unit=_("people"), url="/customers/", note=_("Find or record one"),
        )
    ]  # fmt: skip
