"""What other plugins may ask of the customers; each answer stays within what the acting person may see."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ScalarSelect, Select, select, union_all
from sqlalchemy.orm import aliased

from core.api import session, typed
from plugins.customers import numbers, services
from plugins.customers.contribution import rollups as contribution
from plugins.customers.contribution.models import IMPORTED
from plugins.customers.derived import DerivedValue
from plugins.customers.models import Customer, Identity
from plugins.customers.persons import person_id, person_of, records_of, stands
from plugins.customers.privacy import contacting
from plugins.customers.privacy.contacting import Answer
from plugins.customers.privacy.personal import PersonalData
from plugins.customers.searching import matching
from plugins.customers.timeline import TimelineEntry

__all__ = [
    "Answer",
    "CustomerCard",
    "DerivedValue",
    "Figures",
    "PersonalData",
    "TimelineEntry",
    "card",
    "find_by_number",
    "ids_matching",
    "may_contact",
    "name_column",
    "names_of",
    "note_contact",
    "note_visit",
    "person_of",
    "put_contributions",
    "records_of",
]


@dataclass(frozen=True)
class Figures:
    """What a customer brought in a month, named by its first day: revenue and gross profit, in yuan; both may be below 0."""

    customer_id: int
    month: date
    revenue: Decimal
    profit: Decimal


@dataclass(frozen=True)
class CustomerCard:
    """A customer as other plugins may show them."""

    id: int
    code: str
    name: str
    masked_mobile: str
    level: str
    credit: str
    url: str


def card(customer_id: int) -> CustomerCard | None:
    """Return a customer's card, by the id of any of their records; None when there is none in the person's reach."""
    return _card(select(Customer).where(Customer.id == person_of(customer_id)))


def find_by_number(text: str) -> CustomerCard | None:
    """Return who has this mobile number now, of the stores in reach. Raises BadValue when it is no number."""
    number = numbers.read_mobile(text)
    ids = select(person_of(Identity.customer_id)).where(
        Identity.kind == "mobile", Identity.value == number, Identity.until.is_(None), Identity.deleted_at.is_(None)
    )
    return _card(select(Customer).where(Customer.id.in_(ids)))


def _card(query: Select[Any]) -> CustomerCard | None:
    customer = session.scalars(query.where(Customer.deleted_at.is_(None))).one_or_none()
    if customer is None:
        return None
    return CustomerCard(
        customer.id, customer.code, customer.name, typed.mask_mobile(customer.mobile) if customer.mobile else "",
        customer.level, customer.credit, f"/customers/at/{customer.code}/",
    )  # fmt: skip


def names_of(ids: set[int]) -> dict[int, str]:
    """Return `{customer id: name}` in one query, of those in reach; also of those in the recycle bin.

    The name is that of the record that stands for the person now; so it is in `name_column`.
    """
    person = aliased(Customer)
    query = select(Customer.id, person.name).join(person, person.id == person_id()).where(Customer.id.in_(ids))
    return dict(session.execute(query).all()) if ids else {}  # type: ignore[arg-type]


def name_column(column: Any) -> ScalarSelect[str]:
    """Return the SQL expression for the name of the customer that `column` points to, for a list's export."""
    return select(Customer.name).where(Customer.id == person_of(column)).scalar_subquery()


def ids_matching(text: str) -> Select[tuple[int]]:
    """Return the query of the ids of customers that a search text means: number, last four digits, code, part of a name.

    With the ids of all their records: a row of another plugin refers to the one it was written for.
    """
    people = select(Customer.id).where(matching(text), Customer.deleted_at.is_(None), stands())
    merged = aliased(Customer)
    records = union_all(people, select(merged.id).where(merged.merged_into_id.in_(people)))
    return select(Customer.id).where(Customer.id.in_(records))


def note_visit(customer_id: int, node_id: int, reason: str) -> None:
    """Note that a customer in reach was dealt with at a place today; `reason` is a text marked with `N_`, short."""
    customer = session.scalars(select(Customer).where(Customer.id == customer_id)).one()
    services.note_visit(session, customer, node_id, reason)


def may_contact(customer_id: int, purpose: str, channel: str) -> Answer:
    """Say whether a customer in reach may be contacted for a purpose by a channel now, and why not.

    They must have agreed, and had fewer offers lately than the chain allows itself; service is not counted.
    """
    return contacting.may_contact(session, customer_id, purpose, channel)


def note_contact(customer_id: int, purpose: str, channel: str) -> Answer:
    """Note a contact just before it is made; without a yes nothing is noted, and it must not be made."""
    return contacting.note_contact(session, customer_id, purpose, channel)


def put_contributions(source: str, figures: Iterable[Figures]) -> None:
    """Write what a plugin, `source`, knows customers to have brought; what it said of these customers and months before goes.

    For customers of the whole chain, by any of their records, each month of one once; a few statements for thousands.
    What others tell of the same month is added up: a plugin tells only what no other source does. Raises ValueError
    for the name that sheets have, and for a month that is not named by its first day.
    """
    told = list(figures)
    if source == IMPORTED or any(one.month.day != 1 for one in told):
        raise ValueError(f"contributions of {source!r} come by the plugin's name and the first day of each month")
    contribution.replace(session, source, told)
