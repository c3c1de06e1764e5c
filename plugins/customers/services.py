"""What is done with a customer: record, take on, note a visit, set the level, bin and restore.

Plain functions over a session and plain values. A form that was sent twice, and two clerks who record the
same person at once, come to the one record.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.api import (
    Node,
    _,
    chain_codes,
    clock,
    collect,
    criteria,
    current_person,
    gettext,
    planned_once,
    setting,
    typed,
)
from plugins.customers import consents, identities, known_by, rollups
from plugins.customers.collection.rules import must_be_complete
from plugins.customers.matching import at_save
from plugins.customers.models import Contact, Customer, Identity, Submission, Visit, Visitor
from plugins.customers.persons import records_of
from plugins.customers.privacy import forgetting
from plugins.customers.words import IDENTITIES

YEAR = timedelta(days=365)
SAME, NEW_OWNER, AGAIN = "same", "new_owner", "again"
_BY_CODE = planned_once(select(Customer).where(Customer.code == bindparam("code"), Customer.deleted_at.is_(None)))
Choices = tuple[tuple[str, str], ...]
"""(purpose, channel)s, as in `consent_texts.CHOICES`."""


@dataclass(frozen=True)
class Entry:
    """What a clerk has typed: the number as `numbers.read_mobile` gives it, the name, what was agreed to."""

    number: str
    name: str = ""
    agreed: Choices = ()
    said: dict[str, str] = field(default_factory=dict)
    """What else the counter has asked, by the names of `collection.rules.FIELDS`."""
    decision: str = ""
    """When the number belongs to somebody of another name: `same` person, or it has a `new_owner` now.
    When its person asked to be forgotten: they want to be recorded `again`."""


@dataclass(frozen=True)
class Recorded:
    """The one record, and how it was come to: `recorded`, `came` or `taken_on`."""

    customer: Customer
    how: str


class NumberTaken(Exception):
    """The number belongs to somebody of another name; a person must say which of the two is right."""

    def __init__(self, holder: Customer) -> None:
        super().__init__("taken")
        self.holder = holder


class WasForgotten(Exception):
    """The number is that of somebody who asked to be forgotten; they must be asked before they are recorded again."""

    def __init__(self, day: date) -> None:
        super().__init__("forgotten")
        self.day = day


def find(session: Session, code: str) -> Customer | None:
    """Return who has this code within the acting person's scope: the record that stands for them, also by a merged one's code."""
    customer = session.scalars(_BY_CODE, {"code": code}).one_or_none()
    return customer and standing(session, customer)


def standing(session: Session, customer: Customer) -> Customer:
    """Return the record that stands for a customer; itself unless it was merged into another one."""
    return customer if customer.merged_into_id is None else session.get_one(Customer, customer.merged_into_id)


def is_seen(session: Session, customer: Customer, permission: str = "customers:customer:read") -> bool:
    """Say whether a customer has visited a place in the acting person's reach."""
    scope = criteria(Customer, current_person(), permission)
    return session.scalar(select(Customer.id).where(Customer.id == customer.id, scope)) is not None


def record_customer(session: Session, node: Node, entry: Entry, key: str) -> Recorded:
    """Return the one record of a person, made now or taken on at `node`, with the visit noted.

    Raises `NumberTaken` when the number is somebody's of another name, `WasForgotten` when its person asked to be
    forgotten, BadValue for a new one without a name, `collection.rules.Missing` for one without what the store asks,
    `known_by.Taken` for somebody else's e-mail.
    """
    # The number too: who goes back from a card to the form, and types the next person's number, has sent another form.
    sent_as = sha256(f"{node.id} {current_person().id} {key} {entry.number}".encode()).hexdigest()
    for attempt in (1, 2):
        known = rollups.known_before(session, sent_as, entry.number, forgetting.digest(entry.number))
        for sent in known.sent:
            return Recorded(standing(session, session.get_one(Customer, sent.customer_id)), "recorded")
        try:
            with session.begin_nested():
                return _record(session, node, entry, known, sent_as)
        except IntegrityError:  # somebody was faster: theirs is the one record
            if attempt == 2:
                raise
    raise AssertionError("the second attempt returns or raises")


def _record(session: Session, node: Node, entry: Entry, known: Any, sent_as: str) -> Recorded:
    if known.erased and not known.holder and entry.decision != AGAIN:
        raise WasForgotten(clock.local(known.erased[-1].at).date())
    holder = rollups.holder_of(session, "mobile", entry.number) if known.holder else None
    if holder is not None and entry.decision == NEW_OWNER:
        rollups.release(session, "mobile", entry.number, _("The number has a new owner."))
        holder = None
    if holder is None:
        if not entry.name:
            raise typed.BadValue(_("Nobody has this number yet. Please add the name."))
        must_be_complete(session, node, entry.said)
        customer = Customer(name=entry.name, mobile=entry.number, node_id=node.id, **entry.said)
        enter(session, customer, node.id, agreed=entry.agreed, sent_as=sent_as)
        return Recorded(customer, "recorded")
    if entry.name and entry.decision != SAME and not rollups.is_called(session, holder, entry.name):
        raise NumberTaken(holder)
    how = "came" if is_seen(session, holder) else "taken_on"
    note_visit(session, holder, node.id, how)
    _add_what_is_new(session, holder, entry.said)
    session.add(Submission(key=sent_as, customer_id=holder.id))
    consents.give(session, holder.id, entry.agreed)
    return Recorded(holder, how)


def _add_what_is_new(session: Session, customer: Customer, said: dict[str, str]) -> None:
    """Note what somebody who is known says where nothing stood before."""
    for name, value in said.items():
        if name in identities.ONE_EACH and not getattr(customer, name):
            known_by.change(session, customer, name, value)
        elif not getattr(customer, name):
            setattr(customer, name, value)


def enter(
    session: Session, customer: Customer, node_id: int | None, *, agreed: Choices = (), sent_as: str = ""
) -> None:
    """Write a new customer with code and number, known at a place from now on, with what they agree to and the form they were
    sent by. Raises IntegrityError for a number that is taken, `known_by.Taken` for an e-mail or a WeCom id."""
    for kind in ("email", "wecom"):
        if value := getattr(customer, kind):
            known_by.must_be_free(session, customer, kind, value)
    customer.code = chain_codes(session, "C")[0]
    if node_id is not None and not customer.level_reason:
        customer.level = _level_after(1)
    session.add(customer)
    session.flush()
    yes = consents.first_of(session, customer.id, agreed)
    session.add_all([*_first_rows(customer, node_id, sent_as), *yes])
    session.flush()
    at_save.look(session, customer, is_new=True)
    if node_id is not None:
        collect("customers_created", customer_id=customer.id, node_id=node_id)
    for consent in yes:
        consents.tell(customer.id, consent.purpose, consent.channel, given=True)


def _first_rows(customer: Customer, node_id: int | None, sent_as: str) -> Iterator[Any]:
    """Yield what hangs on a new record; as nothing hangs on it yet, nothing is looked for."""
    if sent_as:
        yield Submission(key=sent_as, customer_id=customer.id)
    if node_id is not None:
        today = clock.working_day()
        yield Visitor(customer_id=customer.id, node_id=node_id, first_on=today, last_on=today)
        yield _visit(customer, node_id, "recorded")
    for kind in identities.ONE_EACH:
        if getattr(customer, kind):
            yield known_by.of_row(customer, kind)


def note_visit(session: Session, customer: Customer, node_id: int, reason: str) -> None:
    """Note that a customer was dealt with at a place today; once a day and reason. From now on the place sees them."""
    records = rollups.locked(session, [customer.id], shared=True)
    _note_visit(session, records[customer.merged_into_id or customer.id], node_id, reason)


def _note_visit(session: Session, customer: Customer, node_id: int, reason: str) -> None:
    today = clock.working_day()
    visitor = be_known_at(session, customer, node_id)
    if visitor.last_on != today:
        visitor.last_on = today
    same = Visit.customer_id == customer.id, Visit.node_id == node_id, Visit.day == today, Visit.reason == reason
    if session.scalar(select(Visit.id).where(*same)) is None:
        session.add(_visit(customer, node_id, reason))
        session.flush()
    relevel(session, customer)


def _visit(customer: Customer, node_id: int, reason: str) -> Visit:
    today = clock.working_day()
    return Visit(customer_id=customer.id, node_id=node_id, day=today, reason=reason, by=current_person().id)


def be_known_at(session: Session, customer: Customer, node_id: int) -> Visitor:
    """Let a place see a customer, with all their records, from now on; also when a merge that showed them is undone."""
    query = select(Visitor).where(Visitor.customer_id == customer.id, Visitor.node_id == node_id)
    visitor, today = session.scalars(query).one_or_none(), clock.working_day()
    if visitor is not None and not visitor.is_shared:
        return visitor
    if visitor is None:
        visitor = Visitor(customer_id=customer.id, node_id=node_id)
        session.add(visitor)
    visitor.first_on, visitor.last_on, visitor.is_shared = today, today, False
    session.flush()
    rollups.share(session, [customer.merged_into_id or customer.id])
    return visitor


def relevel(session: Session, *customers: Customer) -> None:
    """Set the level by the rule, unless a person has set it with a reason."""
    by_rule = [(one.merged_into_id or one.id, one) for one in customers if not one.level_reason]
    if not by_rule:
        return
    visited = rollups.days_visited(session, {person for person, _one in by_rule}, clock.today() - YEAR)
    for person, one in by_rule:
        level = _level_after(visited.get(person, 0))
        if one.level != level:
            one.level = level


def _level_after(days: int) -> str:
    """Return the level of somebody who was dealt with on so many days of the last year."""
    if days >= setting("customers.vip_visits"):
        return "vip"
    return "important" if days >= setting("customers.important_visits") else "ordinary"


def put_in_bin(session: Session, customer: Customer) -> None:
    """Put a customer into the recycle bin, all records of theirs, with identities and contacts; the numbers are free for others."""
    now = clock.now()
    for one in _records(session, customer):
        one.deleted_at = now
    for identity in session.scalars(_of(Identity, customer).where(Identity.deleted_at.is_(None))):
        identity.deleted_at = now
    for contact in session.scalars(_of(Contact, customer).where(Contact.deleted_at.is_(None))):
        contact.deleted_at, contact.binned_with_customer = now, True


def restore(session: Session, customer: Customer) -> None:
    """Bring a customer back with what went with them. BadValue when an identity has become somebody else's meanwhile."""
    records = _records(session, customer)
    if forgetting.is_forgotten(session, customer):
        raise typed.BadValue(_("This person asked to be forgotten: there is nothing left to bring back."))
    binned = list(session.scalars(_of(Identity, customer).where(Identity.deleted_at == customer.deleted_at)))
    for identity in binned:
        holder = rollups.holder_of(session, identity.kind, identity.value) if identity.until is None else None
        if holder is not None and holder.id != customer.id:
            raise typed.BadValue(
                _(
                    "The %(kind)s belongs to %(code)s by now. Change it there first, then bring this one back.",
                    kind=gettext(IDENTITIES[identity.kind]),
                    code=holder.code,
                )
            )
    for identity in binned:
        identity.deleted_at = None
    for contact in session.scalars(_of(Contact, customer).where(Contact.binned_with_customer)):
        contact.deleted_at, contact.binned_with_customer = None, False
    for one in records:
        one.deleted_at = None


def _records(session: Session, customer: Customer) -> list[Customer]:
    return list(session.scalars(select(Customer).where(Customer.id.in_(records_of(customer.id)))))


def _of(model: Any, customer: Customer) -> Any:
    return select(model).where(model.customer_id.in_(records_of(customer.id)))
