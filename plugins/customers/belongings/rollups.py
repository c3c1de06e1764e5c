"""All that hangs on a person, whichever of their records it was written for: a whole card in two statements.

What hangs on a record in reach is in reach, so nothing more is asked of the scope there; but for other customers, who
are somebody's contact or company, and what a place keeps to itself.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Date, bindparam, func, or_, select
from sqlalchemy.orm import Session, aliased

from core.api import Id, Node, Person, Together, across_scopes
from plugins.customers.consent_texts import ConsentText
from plugins.customers.contribution.models import Contribution, YearKept
from plugins.customers.contribution.months import full_year
from plugins.customers.gifts.models import Gift, GiftIssue
from plugins.customers.models import Consent, Contact, Customer, Identity, Visit
from plugins.customers.privacy.models import Wish
from plugins.customers.prospects.models import OPEN, Prospect
from plugins.customers.quality.formula import KNOWN
from plugins.customers.timeline import SHOWN

MOST_WISHES = 20
_PERSON, _IDS = bindparam("person", type_=Id), bindparam("ids", type_=Id, expanding=True)
_OTHER, _TAKER = aliased(Customer), aliased(Person)
_RECORDS = select(Customer.id).where(or_(Customer.id == _PERSON, Customer.merged_into_id == _PERSON)).cte("records")


def _theirs(column: Any, *columns: Any) -> Any:
    return select(*columns).where(column.in_(select(_RECORDS.c.id)))


def _of(column: Any, *columns: Any) -> Any:
    return select(*columns).where(column.in_(_IDS))


_THEIRS = Together(
    own=select(Node.name.label("place"), *(known.label(f"known{at}") for at, known in enumerate(KNOWN)))
    .select_from(Customer).outerjoin(Node, Node.id == Customer.node_id).where(Customer.id == _PERSON),
    merged=select(Customer.id, Customer.name, Customer.code, Customer.created_at)
    .where(Customer.merged_into_id == _PERSON).order_by(Customer.id),
    identities=_theirs(
        Identity.customer_id, Identity.id, Identity.kind, Identity.value, Identity.since, Identity.until, Identity.deleted_at
    ).order_by(Identity.id),
    consents=_theirs(
        Consent.customer_id, Consent.purpose, Consent.channel, Consent.text_version, Consent.how, Consent.given_at,
        Consent.withdrawn_at, Consent.withdrawn_how, Person.name.label("given_by"), _TAKER.name.label("withdrawn_by"),
        ConsentText.words,
    ).outerjoin(ConsentText, ConsentText.id == Consent.text_id).outerjoin(Person, Person.id == Consent.given_by).outerjoin(_TAKER, _TAKER.id == Consent.withdrawn_by)
    .order_by(Consent.given_at, Consent.id),
    visits=_theirs(Visit.customer_id, Visit.at, Visit.reason, Node.name.label("place"), Person.name.label("by"))
    .join(Node, Node.id == Visit.node_id).outerjoin(Person, Person.id == Visit.by)
    .order_by(Visit.at.desc(), Visit.id.desc()).limit(SHOWN),
    wishes=_theirs(Wish.customer_id, Wish.at, Wish.what).order_by(Wish.at.desc(), Wish.id.desc()).limit(MOST_WISHES),
    gifts=_theirs(
        GiftIssue.customer_id, GiftIssue.id, GiftIssue.given_at, GiftIssue.node_id, GiftIssue.area_id, GiftIssue.region_id,
        Gift.name, Node.name.label("place"),
    ).join(Gift, Gift.id == GiftIssue.gift_id).join(Node, Node.id == GiftIssue.node_id)
    .where(GiftIssue.undone_at.is_(None)).order_by(GiftIssue.id),
)  # fmt: skip
_BESIDE = Together(
    contacts=_of(
        Contact.customer_id, Contact.id, Contact.name, Contact.role, Contact.mobile,
        select(_OTHER.code).where(_OTHER.id == Contact.person_id, _OTHER.deleted_at.is_(None)).scalar_subquery().label("code"),
    ).where(Contact.deleted_at.is_(None)).order_by(Contact.id),
    companies=_of(Contact.person_id, _OTHER.code, _OTHER.name, Contact.role)
    .where(_OTHER.id == Contact.customer_id, _OTHER.deleted_at.is_(None), Contact.deleted_at.is_(None)).order_by(Contact.id),
    prospects=_of(
        Prospect.customer_id, Prospect.id, Prospect.wish, Prospect.state, Prospect.next_on, Prospect.owner_id,
        Prospect.node_id, Prospect.area_id, Prospect.region_id,
    ).where(Prospect.state.in_(OPEN)).order_by(Prospect.id),
    earned=_of(
        Contribution.customer_id, Contribution.month, func.sum(Contribution.revenue).label("revenue"), func.sum(Contribution.profit).label("profit"),
    ).where(Contribution.month.between(bindparam("since", type_=Date), bindparam("until", type_=Date))).group_by(Contribution.month),
    year=select(YearKept.last_month, YearKept.profit),
)  # fmt: skip


@dataclass(frozen=True)
class Belongings:
    """What hangs on a customer in reach, and who and what is beside them in reach: each a list of rows."""

    theirs: Any
    """`own`, `merged` (the records merged into the one that stands for them), `identities`, `consents`, `visits`, `wishes`,
    `gifts` (not those that came back)"""
    beside: Any
    """`contacts`, `companies`, `prospects`; `earned` by month, where one may read it, and the chain's `year`"""


def belongings_of(session: Session, customer: Customer) -> Belongings:
    """Return all that hangs on a customer in reach, named by any of their records."""
    person = customer.merged_into_id or customer.id
    months = full_year()
    with across_scopes("what hangs on a record in reach"):
        theirs = _THEIRS(session, person=person)
    ids = [person, *(one.id for one in theirs.merged)]
    return Belongings(theirs, _BESIDE(session, ids=ids, since=months[0], until=months[-1]))
