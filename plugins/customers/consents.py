"""What a customer has agreed to: per purpose and channel, to which text, from when to when."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from core.api import N_, clock, collect, current_person, gettext
from plugins.customers import rollups
from plugins.customers.consent_texts import CHOICES, VERSION, ids_of_today
from plugins.customers.models import Consent, Customer
from plugins.customers.persons import person_id, records_of

AT_THE_COUNTER = (("service", "any"), ("marketing", "sms"))
HOWS = {"counter": N_("at the counter"), "self": N_("on their own page")}
"""Where a person says yes or takes it back."""


def given_to(session: Session, customer_id: int) -> dict[tuple[str, str], Consent]:
    """Return the consents of a customer that hold now, given under any of their records.

    What they took back under one record holds against an older yes under another: nobody has to say no twice.
    """
    query = select(Consent).where(Consent.customer_id.in_(records_of(customer_id)))
    return holding(list(session.scalars(query.order_by(Consent.given_at, Consent.id))))


def holding(rows: Sequence[Any]) -> dict[tuple[str, str], Any]:
    """Return those of a person's consents that hold now; the rows come in the order they were given."""
    no = {
        (row.purpose, row.channel): row.withdrawn_at
        for row in sorted((row for row in rows if row.withdrawn_at), key=lambda row: row.withdrawn_at)
    }
    return {
        choice: row for row in rows
        if not row.withdrawn_at and ((choice := (row.purpose, row.channel)) not in no or no[choice] <= row.given_at)
    }  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """One thing a customer may agree to, as their card and their own page show it."""

    purpose: str
    channel: str
    title: str
    """As it is asked today, in the language of the page."""
    held: Any
    words: str
    """What they said yes to, where these are not the words of today."""


def choices_of(held: dict[tuple[str, str], Any], words: dict[tuple[str, str], str | None]) -> list[Choice]:
    """Return everything a customer may agree to, with the yes that holds now and the words it was given to."""
    found = []
    for (purpose, channel), title in CHOICES.items():
        today, said = gettext(title), words.get((purpose, channel)) or ""
        found.append(Choice(purpose, channel, today, held.get((purpose, channel)), said if said != today else ""))
    return found


def given(purpose: str, channel: str) -> Any:
    """Return the condition on `Customer` that they agree to a purpose by a channel now, for a list's column."""
    yes, no = aliased(Consent), aliased(Consent)
    taken_back = (
        _of_the_person(no, purpose, channel).where(no.withdrawn_at > yes.given_at).correlate(Customer, yes).exists()
    )
    return _of_the_person(yes, purpose, channel).where(yes.withdrawn_at.is_(None), ~taken_back).exists()


def _of_the_person(consent: Any, purpose: str, channel: str) -> Any:
    record = aliased(Customer)
    # Said twice: SQLite follows the first by two indexes, PostgreSQL the second, also backwards from a few consents.
    theirs = or_(record.id == Customer.id, record.merged_into_id == Customer.id), person_id(record) == Customer.id
    query = select(consent.id).where(record.id == consent.customer_id, *theirs)
    return query.where(consent.purpose == purpose, consent.channel == channel)


def answer(session: Session, customer_id: int, purpose: str, channel: str, *, yes: bool, how: str = "counter") -> bool:
    """Note a yes or a no to one thing; return whether it was new. Said twice, also at once, it is said once."""
    rollups.locked(session, [customer_id])
    if yes:
        return bool(give(session, customer_id, [(purpose, channel)], how))
    return withdraw(session, customer_id, purpose, channel, how)


def give(session: Session, customer_id: int, choices: Any, how: str = "counter") -> list[Consent]:
    """Note what a customer agrees to, with the words of this page; what they have agreed to before stays as it was.

    Returns what is new.
    """
    held = given_to(session, customer_id)
    new = [choice for choice in dict.fromkeys(choices) if choice not in held]
    for purpose, channel in new:
        _end(session, customer_id, purpose, channel, how)
    yes = first_of(session, customer_id, new, how)
    session.add_all(yes)
    session.flush()
    for consent in yes:
        tell(customer_id, consent.purpose, consent.channel, given=True)
    return yes


def first_of(session: Session, customer_id: int, choices: Any, how: str = "counter") -> list[Consent]:
    """Return what somebody says yes to for the first time, to be written; told when it is."""
    new = [choice for choice in dict.fromkeys(choices) if choice in CHOICES]
    texts = ids_of_today(session, new) if new else {}
    return [
        Consent(
            customer_id=customer_id, purpose=purpose, channel=channel, text_version=VERSION, text_id=texts[purpose, channel],
            how=how, given_by=current_person().id,
        )
        for purpose, channel in new
    ]  # fmt: skip


def withdraw(session: Session, customer_id: int, purpose: str, channel: str, how: str = "counter") -> bool:
    """Take a consent back, at once; return whether there was one."""
    if (purpose, channel) not in given_to(session, customer_id):
        return False
    _end(session, customer_id, purpose, channel, how)
    tell(customer_id, purpose, channel, given=False)
    return True


def _end(session: Session, customer_id: int, purpose: str, channel: str, how: str) -> None:
    """Let no yes to this stand under any record of a customer, also one that holds no more because of a later no."""
    query = select(Consent).where(Consent.customer_id.in_(records_of(customer_id)), Consent.withdrawn_at.is_(None))
    for consent in session.scalars(query.where(Consent.purpose == purpose, Consent.channel == channel)):
        consent.withdrawn_at, consent.withdrawn_by, consent.withdrawn_how = clock.now(), current_person().id, how
    session.flush()


def tell(customer_id: int, purpose: str, channel: str, *, given: bool) -> None:
    """Let the other plugins know of a yes that was given or taken back, in the same transaction."""
    collect("customers_consent_changed", customer_id=customer_id, purpose=purpose, channel=channel, given=given)
