"""What a person's own wishes need beyond the stores in anybody's reach: all their records, their page, a number's hash."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from core.api import CurrentPerson, _, across_scopes, acting_as, among
from plugins.customers.models import Contact, Customer, Identity
from plugins.customers.privacy.models import ErasedValue, Erasure, Link, Outreach


@contextmanager
def on_their_own_page() -> Iterator[None]:
    """Let the customer themselves act inside the block; the caller touches nothing but the record of their link."""
    themselves = CurrentPerson(None, "customer", _("The customer themselves"))
    with across_scopes("a customer's own page"), acting_as(themselves):
        yield


def customer_of(session: Session, customer_id: int, nonce: str) -> tuple[Customer, Link] | None:
    """Return the customer a link leads to, and the link; None when it was replaced or they are gone."""
    query = select(Customer, Link).join(Link, Link.customer_id == Customer.id)
    query = query.where(Customer.id == customer_id, Link.nonce == nonce, Customer.deleted_at.is_(None))
    with across_scopes("a customer's own page"):
        found = session.execute(query).one_or_none()
    return (found[0], found[1]) if found else None


def records_of(session: Session, customer: Customer) -> list[Customer]:
    """Return every record of the person, also those in the recycle bin."""
    root = customer.merged_into_id or customer.id
    query = select(Customer).where(or_(Customer.id == root, Customer.merged_into_id == root)).order_by(Customer.id)
    with across_scopes("one person, wherever they were recorded"):
        return list(session.scalars(query))


def rows_of(session: Session, model: Any, customer_ids: frozenset[int]) -> list[Any]:
    """Return the rows of a table that hang on these records of one person."""
    with across_scopes("one person, wherever they were recorded"):
        return list(session.scalars(select(model).where(model.customer_id.in_(customer_ids)).order_by(model.id)))


def numbers_of_others(session: Session, customer_ids: frozenset[int]) -> set[str]:
    """Return what this person was known by once and somebody else is known by now: operators give a number out again.

    Also what went into the recycle bin with them: from then on it is free for others.
    """
    was_mine = or_(Identity.until.is_not(None), Identity.deleted_at.is_not(None))
    mine = select(Identity.value).where(Identity.customer_id.in_(customer_ids), was_mine)
    query = select(Identity.value).where(Identity.value.in_(mine), Identity.customer_id.not_in(customer_ids))
    with across_scopes("a number belongs to one person of the chain"):
        return set(session.scalars(query.where(Identity.until.is_(None), Identity.deleted_at.is_(None))))


def remove(session: Session, model: Any, customer_ids: frozenset[int]) -> None:
    """Remove the rows of a table that hang on these records of one person."""
    gone = delete(model).where(model.customer_id.in_(customer_ids))
    with across_scopes("one person, wherever they were recorded"):
        session.execute(gone.execution_options(synchronize_session=False))


def contacts_with(
    session: Session, theirs: set[str], numbers: set[str], names: set[str], customer_ids: frozenset[int]
) -> list[Contact]:
    """Return the contacts of anybody that are the same person: by a number that is theirs alone, by a number they had
    together with their name, or by their record."""
    is_them = or_(
        Contact.mobile.in_(theirs), Contact.mobile.in_(numbers) & Contact.name.in_(names), Contact.person_id.in_(customer_ids)
    )  # fmt: skip
    with across_scopes("one person, also where they speak for a company"):
        return list(session.scalars(select(Contact).where(is_them)))


def flush(session: Session) -> None:
    """Write what was changed on rows of one person, wherever they were recorded."""
    with across_scopes("one person, wherever they were recorded"):
        session.flush()


_ERASED = (
    select(ErasedValue.digest, func.max(Erasure.at))
    .join(Erasure, Erasure.id == ErasedValue.erasure_id)
    .group_by(ErasedValue.digest)
)


def erased_on(session: Session, digests: Iterable[str]) -> dict[str, datetime]:
    """Return `{hash: when it was erased}` of those that were; the latest time counts."""
    theirs = among(session, [ErasedValue.digest], [(digest,) for digest in digests])
    with across_scopes("a number is asked for in full"):
        return dict(session.execute(_ERASED.where(theirs)).all())  # type: ignore[arg-type]


def contacted_since(session: Session, customer_ids: frozenset[int], since: datetime) -> int:
    """Return how often the chain contacted a person with an offer."""
    query = (
        select(func.count()).select_from(Outreach).where(Outreach.customer_id.in_(customer_ids), Outreach.at > since)
    )
    with across_scopes("the chain counts its offers together"):
        return session.scalar(query.where(Outreach.purpose != "service")) or 0
