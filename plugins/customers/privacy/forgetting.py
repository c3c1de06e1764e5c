"""Forgetting a person with proof, and knowing their number when somebody types it again.

All records of the person, in the tables of every plugin and in what core keeps, are emptied in one
transaction, or nothing is. What is left is a proof without the person: who did it, when, why, how many rows
of which table, and a keyed hash of each number.
"""

import hmac
from collections import Counter
from collections.abc import Iterable
from datetime import date

from flask import current_app
from sqlalchemy.orm import Session

from core.api import N_, Emptied, _, clock, current_person, forget_person, hide_values, must, record, typed
from plugins.customers.models import Customer, Identity
from plugins.customers.privacy import personal, rollups
from plugins.customers.privacy.models import ErasedValue, Erasure
from plugins.customers.privacy.personal import PersonalData
from plugins.customers.rollups import locked


def everything_about(session: Session, customer: Customer) -> list[tuple[str, PersonalData]]:
    """Return (plugin, what it holds) of all the person's records; raises `MustFailed` when a plugin cannot answer."""
    ids = frozenset(one.id for one in rollups.records_of(session, customer))
    answers = must("customers_personal_data", customer_ids=ids)
    return [(plugin, part) for plugin, parts in answers for part in parts if part.rows]


def names_and_numbers(session: Session, customer: Customer) -> set[str]:
    """Return every name and number by which a person is known."""
    ids = frozenset(one.id for one in rollups.records_of(session, customer))
    return set(personal.names_and_numbers(session, ids))


def forget(session: Session, customer: Customer, reason: str) -> Erasure:
    """Empty everything that says who a customer is, and return the proof.

    Raises BadValue for somebody who was forgotten before, `MustFailed` when a plugin cannot answer.
    """
    records = locked(session, [customer.id])
    ids, customer = frozenset(records), records[customer.merged_into_id or customer.id]
    if is_forgotten(session, customer):
        raise typed.BadValue(_("This person is forgotten already."))
    digests = {digest(one.value) for one in rollups.rows_of(session, Identity, ids) if one.value}
    emptied: list[Emptied] = [one for _plugin, found in must("customers_erase", customer_ids=ids) for one in found]
    counts = Counter({one.model.__tablename__: len(one.ids) for one in emptied if one.ids})
    counts += Counter(forget_person(session, emptied))
    person = current_person()
    erasure = Erasure(
        customer_id=customer.id, code=customer.code, by=person.id, by_name=person.name,
        reason=hide_values(reason, {value for one in emptied for value in one.values}), counts=dict(counts),
    )  # fmt: skip
    session.add(erasure)
    session.flush()
    session.add_all(ErasedValue(erasure_id=erasure.id, digest=each) for each in sorted(digests))
    record(session, resource="customers:customer", row_id=customer.id, action=N_("forgotten"), reason=erasure.reason)
    session.flush()
    return erasure


def is_forgotten(session: Session, customer: Customer) -> bool:
    """Say whether a customer was forgotten: their record is empty for good."""
    return bool(rollups.rows_of(session, Erasure, frozenset(one.id for one in rollups.records_of(session, customer))))


def digest(value: str) -> str:
    """Return the keyed hash of a number: without the key of this installation nobody can try numbers out."""
    key = str(current_app.secret_key).encode()
    return hmac.digest(key, f"customers erased {value}".encode(), "sha256").hex()


def forgotten_on(session: Session, numbers: Iterable[str]) -> dict[str, date]:
    """Return `{number: the day on which its person was forgotten}` of those that were."""
    digests = {digest(number): number for number in numbers}
    found = rollups.erased_on(session, digests) if digests else {}
    return {digests[key]: clock.local(at).date() for key, at in found.items()}


def warning(day: date) -> str:
    """Return what is said before such a person is recorded again."""
    return _("This person asked to be forgotten on %(day)s: ask them before you record them again.", day=day)
