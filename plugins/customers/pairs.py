"""The queue of doubtful pairs: one after the other, each answered once, by whoever is first; the last answer can be undone."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from core.api import _, clock, current_person
from plugins.customers import merging, rollups
from plugins.customers.models import Customer, Pair
from plugins.customers.persons import person_id, records_of


@dataclass(frozen=True)
class Progress:
    """How many pairs people have answered, and how many wait."""

    done: int
    waiting: int


def waiting() -> Select[tuple[Pair]]:
    """Return the query of the pairs that wait: open, both records there, and not one person by another way."""
    return _waiting(Pair)


def waiting_people() -> Select[tuple[int, int, float]]:
    """Return the query of the people (first, second, score) of the pairs that wait."""
    return _waiting(person_id(_first), person_id(_second), Pair.score)


_first, _second = aliased(Customer), aliased(Customer)


def _waiting(*columns: Any) -> Select[Any]:
    query = (
        select(*columns).join_from(Pair, _first, _first.id == Pair.first_id).join(_second, _second.id == Pair.second_id)
    )
    there = _first.deleted_at.is_(None), _second.deleted_at.is_(None)
    return query.where(Pair.answer == "open", *there, person_id(_first) != person_id(_second))


def next_pair(session: Session, after: int | None = None) -> Pair | None:
    """Return the most likely pair that waits; with `after` the one that follows the pair of this id."""
    query = waiting().order_by(Pair.score.desc(), Pair.id.desc()).limit(1)
    skipped = session.get(Pair, after) if after else None
    if skipped is not None:
        same = and_(Pair.score == skipped.score, Pair.id < skipped.id)
        query = query.where(or_(Pair.score < skipped.score, same))
    return session.scalars(query).one_or_none()


def progress(session: Session) -> Progress:
    """Return how far the queue is."""
    done = select(func.count()).select_from(Pair).where(Pair.answered_by.is_not(None)).scalar_subquery()
    return Progress(*session.execute(select(done, _waiting(func.count()).scalar_subquery())).one())


def answer(session: Session, pair_id: int, what: str) -> Pair:
    """Answer a pair: `same` merges (the record that was made first is kept), `different` never asks again.

    Every open pair between the same people is answered with it. Raises BadValue when somebody has answered it by
    now, or the two cannot be one person.
    """
    pair = session.get(Pair, pair_id)
    if pair is not None:
        rollups.locked(session, (pair.first_id, pair.second_id))
        session.refresh(pair)
    if pair is None or pair.answer != "open":
        raise merging.AlreadyOne(_("Somebody else has answered this pair. Here is the next one."))
    if what == "same":
        merging.merge(session, pair.first_id, pair.second_id, how="by_hand", score=pair.score)
        return pair
    people = [set(session.scalars(records_of(one))) for one in (pair.first_id, pair.second_id)]
    between = [and_(Pair.first_id.in_(a), Pair.second_id.in_(b)) for a, b in (people, people[::-1])]
    now = clock.now()
    for one in session.scalars(select(Pair).where(or_(*between), Pair.answer == "open")):
        one.answer, one.answered_at, one.answered_by = what, now, current_person().id
    session.flush()
    return pair


def undo_last(session: Session) -> Pair | None:
    """Take the acting person's last answer back, and return its pair, open again; None when there is none."""
    mine = select(Pair).where(Pair.answered_by == current_person().id)
    last = session.scalars(mine.order_by(Pair.answered_at.desc(), Pair.score.desc(), Pair.id.desc()).limit(1)).first()
    if last is None:
        return None
    if last.merge_id is not None:
        merging.undo(session, last.merge_id, answer="open")
        return last
    for one in session.scalars(mine.where(Pair.answered_at == last.answered_at)):
        one.answer, one.answered_at, one.answered_by = "open", None, None
    session.flush()
    return last
