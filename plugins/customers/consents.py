"""What a customer has agreed to: per purpose and channel, to which text, from when to when."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.api import N_, clock, collect, current_person
from plugins.customers.models import Consent
from plugins.customers.persons import records_of

CHOICES = {
    ("service", "any"): N_("Keep name and number for after-sales service"),
    ("marketing", "sms"): N_("Offers by text message"),
    ("marketing", "call"): N_("Offers by telephone"),
    ("marketing", "wecom"): N_("Offers by WeCom"),
    ("profiling", "any"): N_("Remember what they like and buy"),
    ("sharing", "any"): N_("Pass on to partners of the chain"),
}
"""(purpose, channel) → what is asked, in the words shown to the customer."""
AT_THE_COUNTER = (("service", "any"), ("marketing", "sms"))
TEXT_VERSION = "2026-11"
"""Raised whenever the words above change."""


def given_to(session: Session, customer_id: int) -> dict[tuple[str, str], Consent]:
    """Return the consents of a customer that hold now, given under any of their records.

    What they took back under one record holds against an older yes under another: nobody has to say no twice.
    """
    rows = list(session.scalars(
        select(Consent).where(Consent.customer_id.in_(records_of(customer_id))).order_by(Consent.given_at, Consent.id)
    ))  # fmt: skip
    no = {
        (row.purpose, row.channel): row.withdrawn_at
        for row in sorted((row for row in rows if row.withdrawn_at), key=lambda row: row.withdrawn_at)
    }
    return {
        choice: row for row in rows
        if not row.withdrawn_at and ((choice := (row.purpose, row.channel)) not in no or no[choice] <= row.given_at)
    }  # fmt: skip


def give(session: Session, customer_id: int, choices: Any, how: str = "counter") -> None:
    """Note what a customer agrees to; what they have agreed to before stays as it was."""
    held = given_to(session, customer_id)
    for purpose, channel in choices:
        if (purpose, channel) in CHOICES and (purpose, channel) not in held:
            _end(session, customer_id, purpose, channel)
            session.add(Consent(
                customer_id=customer_id, purpose=purpose, channel=channel, text_version=TEXT_VERSION, how=how,
                given_by=current_person().id,
            ))  # fmt: skip
            session.flush()
            _tell(customer_id, purpose, channel, given=True)


def withdraw(session: Session, customer_id: int, purpose: str, channel: str) -> bool:
    """Take a consent back, at once; return whether there was one."""
    if (purpose, channel) not in given_to(session, customer_id):
        return False
    _end(session, customer_id, purpose, channel)
    _tell(customer_id, purpose, channel, given=False)
    return True


def _end(session: Session, customer_id: int, purpose: str, channel: str) -> None:
    """Let no yes to this stand under any record of a customer, also one that holds no more because of a later no."""
    query = select(Consent).where(Consent.customer_id.in_(records_of(customer_id)), Consent.withdrawn_at.is_(None))
    for consent in session.scalars(query.where(Consent.purpose == purpose, Consent.channel == channel)):
        consent.withdrawn_at, consent.withdrawn_by = clock.now(), current_person().id
    session.flush()


def _tell(customer_id: int, purpose: str, channel: str, *, given: bool) -> None:
    collect("customers_consent_changed", customer_id=customer_id, purpose=purpose, channel=channel, given=given)
