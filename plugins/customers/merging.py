"""Records that are one person: merge, undo, split. Nothing that refers to a record is ever rewritten.

A merge is an edge from the record that is gone to the one that was kept; the edges are a forest, and whoever
has none stands for all below. `Customer.merged_into_id` is that forest, flattened, so that reading is one step. An
undo takes one edge away, the latest or an old one: both parts are again what they would be without it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.api import N_, _, audited_as, chain_codes, clock, collect, current_person, record, typed
from plugins.customers import known_by, rollups, services
from plugins.customers.contribution.rollups import follow_merge
from plugins.customers.models import Customer, Identity, Merge, Pair
from plugins.customers.persons import person_of, records_of

__all__ = ["AlreadyOne", "Joined", "join", "locked", "merge", "person_of", "records_of", "share", "split", "undo"]

RESOURCE = "customers:customer"
locked, share = rollups.locked, rollups.share
Group = dict[int, Customer]


class AlreadyOne(typed.BadValue):
    """Both records are one person already: somebody else was faster."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Two records that are to be one person, and the probability, 0 to 1, that they are."""

    kept_id: int
    gone_id: int
    score: float | None = None


def merge(session: Session, kept_id: int, gone_id: int, *, how: str, score: float | None = None) -> Merge:
    """Let two records be one person: the one that stands for `kept_id` now stands for `gone_id` too.

    `how` is `by_hand` or `by_rule`. Raises `AlreadyOne`, or BadValue for a record that is not there, in the recycle
    bin, the other one itself, or of another kind (a person is no company).
    """
    return join(session, rollups.locked(session, (kept_id, gone_id)), [Joined(kept_id, gone_id, score)], how=how)[0]


def join(session: Session, group: Group, wanted: Iterable[Joined], *, how: str) -> list[Merge]:
    """Make merges between locked records, one after the other, each to be undone by itself. Raises as `merge`.

    As many statements for a hundred as for one.
    """
    members: dict[int, list[Customer]] = {}
    for one in group.values():
        members.setdefault(one.merged_into_id or one.id, []).append(one)
    made = [_join(group, members, each, how) for each in wanted]
    session.add_all(each.edge for each in made)
    with audited_as(reason=lambda row: _("One person with %(code)s", code=group[row.merged_into_id].code)):
        session.flush()
    _answer(session, group, made)
    _settle(session, [group[each.kept.merged_into_id or each.kept.id] for each in made])
    for each in made:
        _tell(session, N_("merged"), each.kept, each.gone)
    session.flush()
    for each in made:
        collect("customers_merged", kept_id=each.kept.id, gone_id=each.gone.id)
    return [each.edge for each in made]


class _Made(NamedTuple):
    """A merge, the record that stands since, the one that did until then, and all records of the person then."""

    edge: Merge
    kept: Customer
    gone: Customer
    records: frozenset[int]


def _join(group: Group, members: dict[int, list[Customer]], wanted: Joined, how: str) -> _Made:
    kept, gone = _standing(group, wanted.kept_id), _standing(group, wanted.gone_id)
    _refuse(kept, gone, wanted.kept_id, wanted.gone_id)
    for one in members[gone.id]:
        one.merged_into_id = kept.id
    members[kept.id] += members.pop(gone.id)
    # Touched, so that an import that made it is not taken back over those who now lean on it.
    kept.updated_at = clock.now()
    edge = Merge(kept_id=wanted.kept_id, gone_id=gone.id, how=how, score=wanted.score, by=current_person().id)
    return _Made(edge, kept, gone, frozenset(one.id for one in members[kept.id]))


def undo(session: Session, merge_id: int, *, answer: str = "different") -> Merge:
    """Take a merge back: both parts stand as they would without it, each seen where it was.

    The pairs it had answered get `answer`: `different`, never to be asked again, or `open`. Raises BadValue when
    there is no such merge, or it was undone before.
    """
    edge = session.get(Merge, merge_id)
    if edge is None:
        raise typed.BadValue(_("There is no such merge."))
    group = rollups.locked(session, (edge.kept_id, edge.gone_id))
    session.refresh(edge)
    if edge.undone_at is not None:
        raise typed.BadValue(_("This merge was undone before."))
    edge.undone_at, edge.undone_by = clock.now(), current_person().id
    session.flush()
    with audited_as(reason=_("Merge undone")):
        _flatten(session, group)
    kept, gone = _standing(group, edge.kept_id), _standing(group, edge.gone_id)
    _reopen(session, edge, group, answer)
    _settle(session, (kept, gone))
    _tell(session, N_("merge undone"), kept, gone)
    session.flush()
    collect("customers_split", customer_id=kept.id, new_id=gone.id)
    return edge


def split(session: Session, customer_id: int, identity_ids: set[int], name: str) -> Customer:
    """Take identities of one person out into a new record of the given name, and return it.

    It is seen by every place that knew the person by them. What else was written stays where it is: nobody can
    tell any more whose it was. Both are never asked about again. Raises BadValue when none of the identities is theirs.
    """
    group = rollups.locked(session, [customer_id])
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
    session.flush()
    collect("customers_split", customer_id=person.id, new_id=new.id)
    return new


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


def _settle(session: Session, people: Iterable[Customer]) -> None:
    standing = {one.id: one for one in people}
    share(session, standing)
    services.relevel(session, *standing.values())
    follow_merge(session, standing)


def _answer(session: Session, group: Group, made: list[_Made]) -> None:
    """Answer every open pair between records that are one person now, by the merge that made them so."""
    query = select(Pair).where(Pair.first_id.in_(group), Pair.second_id.in_(group), Pair.answer == "open")
    now, person = clock.now(), current_person().id
    for pair in session.scalars(query):
        for each in made:
            if pair.first_id in each.records and pair.second_id in each.records:
                pair.answer, pair.answered_at, pair.answered_by, pair.merge_id = "same", now, person, each.edge.id
                break
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
