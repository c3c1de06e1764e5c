"""All that hangs on a person, whichever of their records it was written for: one statement for a whole card."""

from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session, aliased

from core.api import Id, Node, Together, names_of_people
from plugins.customers.models import Consent, Contact, Customer, Identity, Merge, Visit
from plugins.customers.privacy.models import Wish
from plugins.customers.prospects.models import OPEN, Prospect
from plugins.customers.quality.formula import KNOWN
from plugins.customers.timeline import SHOWN

MOST_WISHES = 20
_PERSON = bindparam("person", type_=Id)
_RECORD, _OTHER = aliased(Customer), aliased(Customer)
_MINE = select(_RECORD.id).where(or_(_RECORD.id == _PERSON, _RECORD.merged_into_id == _PERSON)).cte("mine")
_CARD = (
    select(_OTHER.code)
    .where(_OTHER.id == Contact.person_id, _OTHER.deleted_at.is_(None))
    .correlate(Contact)
    .scalar_subquery()
)


def _of(model: Any, *columns: Any, by: Any = None) -> Any:
    return select(*columns).where((model.customer_id if by is None else by).in_(select(_MINE.c.id)))


_ASKED = Together(
    own=select(Node.name.label("place"), *(known.label(f"known{at}") for at, known in enumerate(KNOWN)))
    .select_from(Customer).outerjoin(Node, Node.id == Customer.node_id).where(Customer.id == _PERSON),
    records=select(_RECORD.id, _RECORD.name, _RECORD.code, _RECORD.created_at)
    .where(_RECORD.id.in_(select(_MINE.c.id))).order_by(_RECORD.id),
    identities=_of(Identity, Identity.id, Identity.kind, Identity.value, Identity.since, Identity.until, Identity.deleted_at)
    .order_by(Identity.id),
    consents=_of(
        Consent, Consent.purpose, Consent.channel, Consent.text_version, Consent.how, Consent.given_at, Consent.given_by,
        Consent.withdrawn_at, Consent.withdrawn_by, Consent.withdrawn_how,
    ).order_by(Consent.given_at, Consent.id),
    contacts=_of(Contact, Contact.id, Contact.name, Contact.role, Contact.mobile, _CARD.label("code"))
    .where(Contact.deleted_at.is_(None)).order_by(Contact.id),
    companies=_of(Contact, _OTHER.code, _OTHER.name, Contact.role, by=Contact.person_id)
    .where(_OTHER.id == Contact.customer_id, _OTHER.deleted_at.is_(None), Contact.deleted_at.is_(None)).order_by(Contact.id),
    visits=_of(Visit, Visit.at, Visit.reason, Visit.by, Node.name.label("place")).join(Node, Node.id == Visit.node_id)
    .order_by(Visit.at.desc(), Visit.id.desc()).limit(SHOWN),
    wishes=_of(Wish, Wish.at, Wish.what).order_by(Wish.at.desc(), Wish.id.desc()).limit(MOST_WISHES),
    prospects=_of(
        Prospect, Prospect.id, Prospect.wish, Prospect.state, Prospect.next_on, Prospect.owner_id,
        Prospect.node_id, Prospect.area_id, Prospect.region_id,
    ).where(Prospect.state.in_(OPEN)).order_by(Prospect.id),
    merges=_of(Merge, Merge.id, Merge.at, _OTHER.name, _OTHER.code, by=Merge.gone_id)
    .where(_OTHER.id == Merge.gone_id, Merge.undone_at.is_(None)).order_by(Merge.id.desc()),
)  # fmt: skip


def belongings_of(session: Session, customer: Customer) -> Any:
    """Return what hangs on a customer, within reach: `own`, `records`, `identities` and so on, each a list of rows."""
    return _ASKED(session, person=customer.merged_into_id or customer.id)


def signatures(session: Session, found: Any) -> dict[int, str]:
    """Return `{person id: name}` of everybody who stands under what was found."""
    ids = {visit.by for visit in found.visits} | {one.owner_id for one in found.prospects}
    ids |= {by for one in found.consents for by in (one.given_by, one.withdrawn_by)}
    return names_of_people(session, ids - {None})
