"""Which customer a sheet of another system means."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.api import among, criteria, current_person, typed
from plugins.customers.models import Customer, Identity


def customers_meant(session: Session, texts: Iterable[str], permission: str) -> dict[str, int]:
    """Return `{text: id}` of the customers in reach of a right who have this code, number elsewhere or mobile number.

    A text that means two of them means none. The record is the one that has the number, also when it was merged.
    """
    told = {text: text for text in texts}
    found: dict[str, set[int]] = {text: set() for text in told}
    theirs = Identity.kind == "mobile", Identity.until.is_(None), Identity.deleted_at.is_(None)
    for column, keys, conditions in (
        (Customer.code, told, ()),
        (Customer.external_id, told, ()),
        (Identity.value, {text: number for text in told if (number := _number(text))}, (Identity.customer_id == Customer.id, *theirs)),
    ):  # fmt: skip
        if not keys:
            continue
        has_it = among(session, [column], [(key,) for key in set(keys.values())])
        within = Customer.deleted_at.is_(None), criteria(Customer, current_person(), permission)
        owners: dict[Any, int] = dict(
            session.execute(select(column, Customer.id).where(has_it, *conditions, *within)).all()
        )  # type: ignore[arg-type]
        for text, key in keys.items():
            found[text] |= {owners[key]} if key in owners else set()
    return {text: next(iter(ids)) for text, ids in found.items() if len(ids) == 1}


def _number(text: str) -> str:
    try:
        return typed.mobile(text)
    except typed.BadValue:
        return ""
