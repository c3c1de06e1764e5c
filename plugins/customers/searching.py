"""What a search text means: a number, its end, a code, a part of a name."""

from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import aliased

from core.api import session, typed
from plugins.customers import numbers
from plugins.customers.models import Customer, Identity
from plugins.customers.persons import person_id, stands

MOST_MERGED = 200
"""So many people found by the name of a merged record are named one by one, so that the index of the names stays in use."""


def matching(text: str) -> Any:
    """Return the condition on `Customer` for a search text; the record that stands is found by every record's name and number."""
    digits = numbers.digits_of(text)
    mine = Identity.kind == "mobile", Identity.until.is_(None), Identity.deleted_at.is_(None)
    if numbers.ending_of(text):
        return Customer.id.in_(_people().where(Identity.tail == digits, *mine))
    if between := numbers.beginning_of(text):
        return Customer.id.in_(_people().where(Identity.value.between(*between), *mine))
    plain = typed.text(text)
    fits = or_(Customer.code.istartswith(plain, autoescape=True), Customer.name.icontains(plain, autoescape=True))
    merged = set(session.scalars(select(Customer.merged_into_id).where(~stands(), fits).limit(MOST_MERGED)))
    return or_(fits, Customer.id.in_(sorted(merged))) if merged else fits  # type: ignore[type-var]


def _people() -> Any:
    record = aliased(Customer)
    return select(person_id(record)).join(Identity, Identity.customer_id == record.id)
