"""Two records that are one person: merge, undo, split. Nothing that refers to a record is ever rewritten.

A merge is an edge from the record that is gone to the one that was kept; the edges are a forest, and whoever
has none stands for all below. `Customer.merged_into_id` is that forest, flattened, so that reading is one step. An
undo takes one edge away, the latest or an old one: both parts are again what they would be without it.
"""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.api import N_, _, audited_as, chain_codes, clock, collect, current_person, record, typed
from plugins.customers import known_by, rollups, services
from plugins.customers.models import Customer, Identity, Merge, Pair
from plugins.customers.persons import person_of, records_of

__all__ = ["AlreadyOne", "locked", "merge", "person_of", "records_of", "share", "split", "undo"]

RESOURCE = "customers:customer"
share = rollups.share


class AlreadyOne(typed.BadValue):
    """Both records are one person already: somebody else was faster."""


def merge(session: Session, kept_id: int, gone_id: int, *, how: str, score: float | None = None) -> Merge:
    """Let two records be one person: the one that stands for `kept_id` now stands for `gone_id` too.

    `how` is `by_hand` or `by_rule`. Raises `AlreadyOne`, or BadValue for a record that is not there, in the recycle
    bin, the other one itself, or of another kind (a person is no company).
    """
    group = locked(session, kept_id, gone_id)
    kept, gone = _standing(group, kept_id), _standing(group, gone_id)
    _refuse(kept, gone, kept_id, gone_id)
    edge = Merge(kept_id=kept_id, gone_id=gone.id, how=how, score=score, by=current_person().id)
    session.add(edge)
    with audited_as(reason=_("One person with %(code)s", code=kept.code)):
        for one in group.values():
            if one.id == gone.id or one.merged_into_id == gone.id:
                one.merged_into_id = kept.id
        # Touched, so that an import that made it is not taken back over those who now lean on it.
        kept.updated_at = clock.now()
        session.flush()
    _answer(session, set(group), "same", merge_id=edge.id)
    _settle(session, kept)
    _tell(session, N_("merged"), kept, gone)
    collect("customers_merged", kept_id=kept.id, gone_id=gone.id)
    return edge


def undo(session: Session, merge_id: int, *, answer: str = "different") -> Merge:
    """Take a merge back: both parts stand as they would without it, each seen where it was.

    The pairs it had answered get `answer`: `different`, never to be asked again, or `open`. Raises BadValue when
    there is no such merge, or it was undone before.
    """
    edge = session.get(Merge, merge_id)
    if edge is None:
        raise typed.BadValue(_("There is no such merge."))
    group = locked(session, edge.kept_id, edge.gone_id)
    session.refresh(edge)
    if edge.undone_at is not None:
        raise typed.BadValue(_("This merge was undone before."))
    edge.undone_at, edge.undone_by = clock.now(), current_person().id
    session.flush()
    with audited_as(reason=_("Merge undone")):
        _flatten(session, group)
    kept, gone = _standing(group, edge.kept_id), _standing(group, edge.gone_id)
    _reopen(session, edge, group, answer)
    for one in (kept, gone):
        _settle(session, one)
    _tell(session, N_("merge undone"), kept, gone)
    collect("customers_split", customer_id=kept.id, new_id=gone.id)
    return edge


def split(session: Session, customer_id: int, identity_ids: set[int], name: str) -> Customer:
    """Take identities of one person out into a new record of the given name, and return it.

    It is seen by every place that knew the person by them. What else was written stays where it is: nobody can
    tell any more whose it was. Both are never asked about again. Raises BadValue when none of the identities is theirs.
    """
    group = locked(session, customer_id)
    person = _standing(group, customer_id)
    taken = list(session.scalars(
        select(Identity).where(Identity.id.in_(identity_ids), Identity.customer_id.in_(group), Identity.deleted_at.is_(None))
    ))  # fmt: skip
    if not taken:
        raise typed.BadValue(_("Please choose what belongs to the other person."))
    if not name:
        raise typed.BadValue(_("Please say what the other person is called."))
    new = Customer(
        code=chain_codes(session, "C")[0], name=name, kind=person.kind, party=person.party, node_id=person.node_id
    )  # fmt: skip
    session.add(new)
    with audited_as(reason=_("Two people in one record: %(code)s", code=person.code)):
        session.flush()
        rollups.be_known_alike(session, {one.customer_id for one in taken}, new.id)
        for one in taken:
            one.customer_id = new.id
        session.flush()
        known_by.show_on_rows(session, [*group.values(), new])
    _never_ask(session, person.id, new.id, 0.0)
    _tell(session, N_("split off"), person, new)
    collect("customers_split", customer_id=person.id, new_id=new.id)
    return new


def locked(session: Session, *ids: int) -> dict[int, Customer]:
    """Return all records of the people of these ids, locked against whoever merges them at the same time."""
    while True:
        found = {one for customer_id in ids for one in session.scalars(records_of(customer_id))}
        query = select(Customer).where(Customer.id.in_(found)).order_by(Customer.id)
        records = session.scalars(query.with_for_update().execution_options(populate_existing=True))
        group = {one.id: one for one in records}
        if found == {one for customer_id in ids for one in session.scalars(records_of(customer_id))}:
            return group


def _standing(group: dict[int, Customer], customer_id: int) -> Customer:
    if customer_id not in group:
        raise typed.BadValue(_("There is no such record."))
    one = group[customer_id]
    return group[one.merged_into_id or one.id]


def _refuse(kept: Customer, gone: Customer, kept_id: int, gone_id: int) -> None:
    if kept_id == gone_id:
        raise typed.BadValue(_("This is one and the same record."))
    if kept is gone:
        raise AlreadyOne(_("Both are one person already."))
    for one in (kept, gone):
        if one.deleted_at is not None:
            raise typed.BadValue(_("%(code)s is in the recycle bin. Bring it back first.", code=one.code))
    if kept.kind != gone.kind:
        raise typed.BadValue(
            _("One is a company, the other a person: they stay two. Correct the kind first if it is wrong.")
        )


def _flatten(session: Session, group: dict[int, Customer]) -> None:
    """Let each record of a group point where its edges lead."""
    edges = select(Merge.gone_id, Merge.kept_id).where(Merge.gone_id.in_(group), Merge.undone_at.is_(None))
    above = dict(session.execute(edges).all())  # type: ignore[arg-type]
    for one in group.values():
        root = one.id
        while root in above:
            root = above[root]
        into = None if root == one.id else root
        if one.merged_into_id != into:
            one.merged_into_id = into
    session.flush()


def _settle(session: Session, person: Customer) -> None:
    share(session, person.id)
    services.relevel(session, person)
    session.flush()


def _answer(session: Session, ids: set[int], answer: str, *, merge_id: int | None = None) -> None:
    """Answer every open pair between these records at once."""
    query = select(Pair).where(Pair.first_id.in_(ids), Pair.second_id.in_(ids), Pair.answer == "open")
    now, person = clock.now(), current_person().id
    for pair in session.scalars(query):
        pair.answer, pair.answered_at, pair.answered_by, pair.merge_id = answer, now, person, merge_id
    session.flush()


def _reopen(session: Session, edge: Merge, group: dict[int, Customer], answer: str) -> None:
    """Answer the pairs that are one person no more: as was said where this merge had answered them, else they are open."""
    said_same = Pair.first_id.in_(group), Pair.second_id.in_(group), Pair.answer == "same"
    for pair in session.scalars(select(Pair).where(*said_same)):
        if _standing(group, pair.first_id) is not _standing(group, pair.second_id):
            said = answer if pair.merge_id == edge.id else "open"
            at, by = (None, None) if said == "open" else (clock.now(), current_person().id)
            pair.answer, pair.answered_at, pair.answered_by, pair.merge_id = said, at, by, None
    session.flush()
    if answer != "open":
        _never_ask(session, edge.kept_id, edge.gone_id, edge.score or 0.0)


def _never_ask(session: Session, one_id: int, other_id: int, score: float) -> None:
    """Note that two records are two people, where no pair says so yet."""
    first_id, second_id = sorted((one_id, other_id))
    known = select(Pair.id).where(Pair.first_id == first_id, Pair.second_id == second_id)
    if session.scalar(known) is None:
        session.add(
            Pair(first_id=first_id, second_id=second_id, score=score, answer="different", answered_at=clock.now())
        )
        session.flush()


def _tell(session: Session, action: str, kept: Customer, other: Customer) -> None:
    for one, another in ((kept, other), (other, kept)):
        changes: dict[str, Any] = {"code": [None, another.code]}
        record(session, resource=RESOURCE, row_id=one.id, action=action, changes=changes)
    session.flush()
