"""The link to a person's own page: made at the counter, for one person, for some hours, until the next one is made."""

import secrets
from datetime import timedelta

from flask import current_app
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.api import N_, _, chain, clock, current_person, inbox, people_who_may, record, setting, typed
from plugins.customers import consents, identities, known_by
from plugins.customers.models import Customer, Identity
from plugins.customers.persons import records_of
from plugins.customers.privacy import rollups
from plugins.customers.privacy.models import Link, Wish

MOST_AN_HOUR = 20
"""So many changes an hour a person may make on their own page. Counted for the person: who has no link counts nothing."""


class TooOften(Exception):
    """The person has changed enough for now."""


def make(session: Session, customer: Customer) -> str:
    """Return the token of a new link to the person's page; earlier ones open nothing from now on."""
    link = session.scalars(select(Link).where(Link.customer_id == customer.id)).one_or_none()
    if link is None:
        link = Link(customer_id=customer.id)
        session.add(link)
    link.nonce, link.made_at, link.made_by = secrets.token_hex(16), clock.now(), current_person().id
    record(session, resource="customers:customer", row_id=customer.id, action=N_("link made"))
    session.flush()
    return _tokens().dumps([customer.id, link.nonce])  # type: ignore[return-value]


def opened(session: Session, token: str) -> Customer | None:
    """Return the person whose page a token opens; None, whatever is wrong with it."""
    try:
        customer_id, nonce = _tokens().loads(token, max_age=setting("customers.link_hours") * 3600)
    except (BadData, ValueError):
        return None
    found = rollups.customer_of(session, customer_id, nonce)
    return found[0] if found else None


def _tokens() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key or "", salt="customers.me")


# What a person does there; each is called inside `rollups.on_their_own_page()`


def correct(session: Session, customer: Customer, name: str, address: str, email: str) -> list[str]:
    """Write what a person corrected, at once and audited as theirs; return which facts changed.

    Raises BadValue for an empty name or an e-mail that is none, or somebody else's.
    """
    if not name:
        raise typed.BadValue(_("Please keep a name, so that the store knows whom it serves."))
    changed = [fact for fact, value in (("name", name), ("address", address)) if getattr(customer, fact) != value]
    for fact in changed:
        setattr(customer, fact, {"name": name, "address": address}[fact])
    if email and (email := identities.read_email(email)) not in _emails(session, customer):
        try:
            known_by.change(session, customer, "email", email)
        except known_by.Taken as taken:  # whose it is, is nobody's affair here
            raise typed.BadValue(_("This e-mail address cannot be entered here. Please tell the store.")) from taken
        changed.append("email")
    if changed:
        _note(session, customer, "corrected", ",".join(changed))
    return changed


def _emails(session: Session, customer: Customer) -> list[str]:
    """Return the e-mail addresses of all records of a person, the latest first."""
    query = select(Identity.value).where(Identity.customer_id.in_(records_of(customer.id)), Identity.kind == "email")
    query = query.where(Identity.until.is_(None), Identity.deleted_at.is_(None))
    return list(session.scalars(query.order_by(Identity.id.desc())))


def shown_email(session: Session, customer: Customer) -> str:
    """Return a person's e-mail masked, or nothing."""
    return next((identities.masked("email", value) for value in _emails(session, customer)), "")


def answer(session: Session, customer: Customer, purpose: str, channel: str, *, yes: bool) -> None:
    """Give a consent or take it back; it holds at once."""
    if consents.answer(session, customer.id, purpose, channel, yes=yes, how="self"):
        _note(session, customer, "agreed" if yes else "withdrew", f"{purpose},{channel}")


def ask_to_be_forgotten(session: Session, customer: Customer) -> None:
    """Tell those who may forget somebody; asking twice is one message a day."""
    _note(session, customer, "erase")
    place = chain(session)
    inbox.send(
        session, people_who_may(session, {place.id}, "customers:customer:erase").get(place.id, set()),
        key=f"customers:erase:{customer.id}:{clock.today()}", title=_("Asks to be forgotten: %(code)s", code=customer.code),
        text=_("The customer asked for it on their own page. Look at what is kept, then forget them."),
        url=f"/admin/customers/customer/erase/?id={customer.id}",
    )  # fmt: skip


def _note(session: Session, customer: Customer, what: str, about: str = "") -> None:
    recent = select(func.count()).select_from(Wish).where(
        Wish.customer_id == customer.id, Wish.at > clock.now() - timedelta(hours=1)
    )  # fmt: skip
    if (session.scalar(recent) or 0) >= MOST_AN_HOUR:
        raise TooOften
    session.add(Wish(customer_id=customer.id, what=what, about=about))
    session.flush()


def wishes_of(session: Session, customer_id: int, limit: int = 20) -> list[Wish]:
    """Return what a customer in reach did on their own page, newest first."""
    query = (
        select(Wish)
        .where(Wish.customer_id.in_(records_of(customer_id)))
        .order_by(Wish.at.desc(), Wish.id.desc())
        .limit(limit)
    )
    return list(session.scalars(query))
