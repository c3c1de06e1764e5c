"""What is looked up or written beyond the stores in the reader's scope; none of it leaves here but by a full key,
or as ids for a statement that holds to the scope.

A number given out again must end at its earlier owner, whoever sees them; a level counts the visits of the
whole chain; a record of a person is known wherever another one is; an import writes in sets.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import ScalarResult, bindparam, delete, func, insert, literal, or_, select, update
from sqlalchemy.orm import Session, aliased

from core.api import Instant, Node, Together, across_scopes, among, audited_as, clock, planned_once
from plugins.customers.contribution.models import Contribution
from plugins.customers.gifts.models import GiftIssue
from plugins.customers.identities import ONE_EACH
from plugins.customers.models import Consent, Contact, Customer, Identity, Submission, Visit, Visitor
from plugins.customers.persons import person_id, records_of
from plugins.customers.privacy.models import ErasedValue, Erasure
from plugins.customers.prospects.models import Prospect

_owner = aliased(Customer)
_HOLDER = planned_once(
    select(Customer)
    .join(_owner, person_id(_owner) == Customer.id)
    .join(Identity, Identity.customer_id == _owner.id)
    .where(
        Identity.kind == bindparam("kind"), Identity.value == bindparam("value"), Identity.until.is_(None),
        Identity.deleted_at.is_(None),
    )
)  # fmt: skip


def holder_of(session: Session, kind: str, value: str) -> Customer | None:
    """Return who of the whole chain an identity belongs to now, as the record that stands for them; it must be known in full."""
    with across_scopes("a person is found by the full number from any store"):
        return session.scalars(_HOLDER, {"kind": kind, "value": value}).one_or_none()


_KNOWN = Together(
    sent=select(Submission.customer_id).where(Submission.key == bindparam("sent_as")),
    holder=select(Identity.customer_id).where(
        Identity.kind == "mobile", Identity.value == bindparam("number"), Identity.until.is_(None), Identity.deleted_at.is_(None)
    ),
    erased=select(Erasure.at).join(ErasedValue, ErasedValue.erasure_id == Erasure.id)
    .where(ErasedValue.digest == bindparam("digest")).order_by(Erasure.at),
)  # fmt: skip


def known_before(session: Session, sent_as: str, number: str, digest: str) -> Any:
    """Return what is known before somebody is recorded: of which customer this form is (`sent`), whose record holds the number
    (`holder`), and when its people were forgotten (`erased`)."""
    with across_scopes("a form is one's own, and a number is asked for in full"):
        return _KNOWN(session, sent_as=sent_as, number=number, digest=digest)


def is_called(session: Session, customer: Customer, name: str) -> bool:
    """Say whether one of a customer's records bears a name."""
    if name.casefold() == customer.name.casefold():
        return True
    with across_scopes("a person found by the full number may be known by several names"):
        names = session.scalars(select(Customer.name).where(Customer.id.in_(records_of(customer.id))))
        return name.casefold() in {known.casefold() for known in names}


def holders_of(session: Session, kind: str, values: Iterable[str]) -> dict[str, int]:
    """Return `{mobile number, or what else the kind is: id of the record that has it now}` of those that are taken.

    A merged record owns what it owned.
    """
    known = among(session, [Identity.value], [(value,) for value in values])
    query = select(Identity.value, Identity.customer_id).where(Identity.kind == kind, known)
    with across_scopes("an identity belongs to one person of the chain"):
        return dict(session.execute(query.where(Identity.until.is_(None), Identity.deleted_at.is_(None))).all())  # type: ignore[arg-type]


def release(session: Session, kind: str, value: str, reason: str) -> None:
    """End an identity today: it is somebody else's now. What was found by it stays with its earlier owner."""
    query = select(Identity).where(Identity.kind == kind, Identity.value == value, Identity.until.is_(None))
    with across_scopes("a number that was given out again"), audited_as(reason=reason):
        for identity in session.scalars(query.where(Identity.deleted_at.is_(None))):
            identity.until = clock.today()
            owner = session.get(Customer, identity.customer_id)
            if kind in ONE_EACH and owner is not None:
                setattr(owner, kind, None)
        session.flush()


def locked(session: Session, ids: Iterable[int], *, shared: bool = False) -> dict[int, Customer]:
    """Return all records of the people of these ids, as they are now, locked against whoever merges them at the same time.

    `shared` is for who only must not meet a merge: several may hold it at once, and nobody else waits for it.
    """
    wanted = set(ids)
    session.flush()
    with across_scopes("a merge holds all records of a person, wherever they are known"):
        while True:
            persons = set(session.scalars(select(person_id()).where(Customer.id.in_(wanted))))
            theirs = or_(Customer.id.in_(persons), Customer.merged_into_id.in_(persons))
            query = select(Customer).where(theirs).order_by(Customer.id).execution_options(populate_existing=True)
            records = session.scalars(query.with_for_update(read=shared, key_share=shared))
            group = {one.id: one for one in records}
            now = dict(
                session.execute(select(Customer.id, person_id()).where(or_(theirs, Customer.id.in_(wanted)))).all()
            )
            if now.keys() == group.keys() and persons.issuperset(now.values()):
                return group  # else somebody was faster, and has merged them further or taken them apart


def days_visited(session: Session, customer_ids: Iterable[int], since: date) -> dict[int, int]:
    """Return on how many days customers, by the records that stand, were dealt with anywhere, under any of their records."""
    query = select(person_id(), func.count(Visit.day.distinct())).join(Visit, Visit.customer_id == Customer.id)
    with across_scopes("the level counts the visits of the whole chain"):
        found = session.execute(query.where(_theirs(customer_ids), Visit.day >= since).group_by(person_id()))
        return {person: days for person, days in found}


def ids_anywhere(session: Session, query: Any, values: dict[str, Any]) -> ScalarResult[int]:
    """Return the ids that a query finds in the whole chain, for a statement that holds whom it shows to its scope.

    All records of a person are known at the same places, so the scope of the one that is shown is that of each.
    """
    with across_scopes("whom a search names is held to the scope by the list that shows them"):
        return session.scalars(query, values)


def _theirs(customer_ids: Iterable[int]) -> Any:
    wanted = list(customer_ids)
    return or_(Customer.id.in_(wanted), Customer.merged_into_id.in_(wanted))


def share(session: Session, customer_ids: Iterable[int]) -> None:
    """Let every place that knows one record of a person see all of them; what no longer holds goes. Does nothing twice.

    The people are named by the records that stand for them.
    """
    with across_scopes("each record of a person is known wherever one of them is"):
        persons = dict(session.execute(select(Customer.id, person_id()).where(_theirs(customer_ids))).all())
        known: dict[int, list[Visitor]] = {}
        for row in session.scalars(select(Visitor).where(Visitor.customer_id.in_(persons)).order_by(Visitor.id)):
            known.setdefault(persons[row.customer_id], []).append(row)
        records: dict[int, list[int]] = {}
        for one, person in sorted(persons.items()):
            records.setdefault(person, []).append(one)
        for person, ids in records.items():
            _share_one(session, ids, known.get(person, []))
        session.flush()


def _share_one(session: Session, ids: list[int], known: list[Visitor]) -> None:
    places: dict[int, tuple[date, date]] = {}
    for row in known:
        if not row.is_shared:
            first, last = places.get(row.node_id, (row.first_on, row.last_on))
            places[row.node_id] = min(first, row.first_on), max(last, row.last_on)
    for row in known:
        if row.is_shared and row.node_id in places:
            row.first_on, row.last_on = places[row.node_id]
        elif row.is_shared:
            session.delete(row)
    missing = {(one, node_id) for one in ids for node_id in places} - {(row.customer_id, row.node_id) for row in known}
    for one, node_id in sorted(missing):
        first, last = places[node_id]
        session.add(Visitor(customer_id=one, node_id=node_id, first_on=first, last_on=last, is_shared=True))


def be_known_alike(session: Session, customer_ids: set[int], new_id: int) -> None:
    """Let the places that know one of these records by themselves know a new one since the same days."""
    with across_scopes("who is taken out of a record is known where it is known"):
        own = select(Visitor).where(Visitor.customer_id.in_(customer_ids), ~Visitor.is_shared).order_by(Visitor.id)
        places = {row.node_id: row for row in session.scalars(own)}
        for node_id, row in places.items():
            session.add(Visitor(customer_id=new_id, node_id=node_id, first_on=row.first_on, last_on=row.last_on))
        session.flush()


def write_imported(session: Session, ids: list[int]) -> None:
    """Write identities and visits of new customers: as many statements for thousands as for one."""
    today, now = clock.today(), clock.now()
    new = _one_of(session, Customer.id, ids)
    at = Customer.id, Customer.node_id
    placed = select(*at, Node.area_id, Node.region_id, literal(today), literal(today)).join(
        Node, Node.id == Customer.node_id
    )
    visits = select(*at, literal(today), literal("imported"), literal(now, Instant)).where(
        Customer.node_id.is_not(None)
    )
    with across_scopes("rows of an import, checked and held to its reach"):
        for model, names, rows in (
            *((Identity, ("customer_id", "kind", "value", "tail", "since"), _known(kind)) for kind in ONE_EACH),
            (Visitor, ("customer_id", "node_id", "area_id", "region_id", "first_on", "last_on"), placed),
            (Visit, ("customer_id", "node_id", "day", "reason", "at"), visits),
        ):
            session.execute(insert(model).from_select(names, rows.where(new)))


def _known(kind: str) -> Any:
    """Return the query of the identities of one kind that stand on customers' rows."""
    value = getattr(Customer, kind)
    tail = func.substr(value, func.length(value) - 3) if kind == "mobile" else literal("")
    return select(Customer.id, literal(kind), value, tail, literal(clock.today())).where(value.is_not(None))


def _one_of(session: Session, column: Any, ids: Iterable[int]) -> Any:
    return among(session, [column], [(number,) for number in ids])


def _dated(customer_id: int, kind: str, value: str) -> dict[str, Any]:
    tail = value[-4:] if kind == "mobile" else ""
    return {"customer_id": customer_id, "kind": kind, "value": value, "tail": tail, "since": clock.today()}


def take_back_imported(session: Session, ids: list[int]) -> None:
    """Remove what an import wrote beside customers whom nobody has touched since."""
    untouched = select(Customer.id).where(_one_of(session, Customer.id, ids), Customer.version == 1).where(
        ~select(Visit.id).where(Visit.customer_id == Customer.id, Visit.reason != "imported").exists(),
        ~select(Contact.id).where((Contact.customer_id == Customer.id) | (Contact.person_id == Customer.id)).exists(),
        ~select(GiftIssue.id).where(GiftIssue.customer_id == Customer.id).exists(),
        ~select(Contribution.id).where(Contribution.customer_id == Customer.id).exists(),
        ~select(Prospect.id).where(Prospect.customer_id == Customer.id).exists(),
        ~select(Consent.id).where(Consent.customer_id == Customer.id).exists(),
        ~select(Identity.id).where(Identity.customer_id == Customer.id, Identity.version != 1).exists(),
    )  # fmt: skip
    with across_scopes("what an import wrote"):
        free = list(session.scalars(untouched))
        for model in (Identity, Visit, Visitor):
            gone: Any = delete(model).where(_one_of(session, model.customer_id, free))
            session.execute(gone.execution_options(synchronize_session=False))


def change_imported(session: Session, kind: str, values: dict[int, str | None]) -> None:
    """Give imported customers, `{id: value}`, the mobile number, or what else the kind is, that a file says is theirs now."""
    ended = update(Identity).where(
        _one_of(session, Identity.customer_id, values), Identity.kind == kind, Identity.until.is_(None), Identity.deleted_at.is_(None)
    )  # fmt: skip
    new = [_dated(customer_id, kind, value) for customer_id, value in values.items() if value]
    with across_scopes("rows of an import, checked and held to its reach"):
        session.execute(
            ended.values(until=clock.today(), version=Identity.version + 1).execution_options(synchronize_session=False)
        )
        if new:
            session.execute(insert(Identity), new)
