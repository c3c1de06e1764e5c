"""What a search text means: a number, its end, a code, a part of a name."""

from typing import Any

from sqlalchemy import or_, select

from core.api import typed
from plugins.customers import numbers
from plugins.customers.models import Customer, Identity


def matching(text: str) -> Any:
    """Return the condition on `Customer` for a search text."""
    digits = numbers.digits_of(text)
    mine = Identity.kind == "mobile", Identity.until.is_(None), Identity.deleted_at.is_(None)
    if numbers.ending_of(text):
        return Customer.id.in_(select(Identity.customer_id).where(Identity.tail == digits, *mine))
    if between := numbers.beginning_of(text):
        return Customer.id.in_(select(Identity.customer_id).where(Identity.value.between(*between), *mine))
    plain = typed.text(text)
    return or_(Customer.code.istartswith(plain, autoescape=True), Customer.name.icontains(plain, autoescape=True))
