"""What matching reads and writes of the whole chain; none of it leaves here but as a pair for the queue, or a merge."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import and_, bindparam, delete, func, or_, select
from sqlalchemy.orm import Session, aliased

from core.api import across_scopes, among, clock, insert_rows, planned_once
from plugins.customers.identities import ONE_EACH
from plugins.customers.matching import addresses, names, titles
from plugins.customers.matching.blocks import LARGEST
from plugins.customers.matching.comparing import Known
from plugins.customers.matching.models import Block, Compared, Walked
from plugins.customers.models import Customer, Identity, Pair, Visitor

WHY = "one person may be known in any store"
FAR = 50_000
"""So many records are looked through at once for those that changed: a million would take seconds, each time."""
TOGETHER = 2_000
"""So many records are read with one statement."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record as matching sees it; `person_id` is the record that stands for its person now."""

    id: int
    person_id: int
    known: Known


_RECORDS = (
    select(
        Customer.id, Customer.merged_into_id, Customer.name, Customer.kind, Customer.mobile, Customer.address,
        Identity.kind.label("identity"), Identity.value, Visitor.node_id,
    )
    .outerjoin(Identity, and_(Identity.customer_id == Customer.id, Identity.deleted_at.is_(None)))
    .outerjoin(Visitor, and_(Visitor.customer_id == Customer.id, Visitor.is_shared.is_(False)))
    .where(Customer.deleted_at.is_(None))
)  # fmt: skip
_KEYS = bindparam("keys", expanding=True)
_FEW = select(Block.key).where(Block.key.in_(_KEYS)).group_by(Block.key).having(func.count() <= LARGEST)
_SHARING = planned_once(_RECORDS.where(Customer.id.in_(select(Block.customer_id).where(Block.key.in_(_FEW)))))


def load(session: Session, condition: Any) -> dict[int, Record]:
    """Return the records that fulfil a condition on `Customer`, by id, with one statement."""
    return _read(session, _RECORDS.where(condition))


def load_all(session: Session, ids: Iterable[int]) -> dict[int, Record]:
    """Return records by id, with a statement for each `TOGETHER`."""
    found = {}
    for some in _some(ids):
        found |= load(session, _one_of(session, Customer.id, some))
    return found


def sharing(session: Session, keys: set[int]) -> dict[int, Record]:
    """Return the records that share one of these keys, and not with too many, by id."""
    return _read(session, _SHARING, keys=sorted(keys)) if keys else {}


def _read(session: Session, query: Any, **values: Any) -> dict[int, Record]:
    rows: dict[int, list[Any]] = {}
    with across_scopes(WHY):
        for row in session.execute(query, values):
            rows.setdefault(row.id, []).append(row)
    return {number: _record(found) for number, found in rows.items()}


def _record(rows: list[Any]) -> Record:
    known = {(row.identity, row.value) for row in rows if row.value}
    return _known_by(rows[0], known, {row.node_id for row in rows if row.node_id})


def of_row(new: Customer) -> Record:
    """Return a record that was written just now, of which its row says all."""
    known = {(kind, value) for kind in ONE_EACH if (value := getattr(new, kind))}
    return _known_by(new, known, {new.node_id} if new.node_id else set())


def _known_by(row: Any, values: set[tuple[str, str]], stores: set[int]) -> Record:
    is_company = row.kind == "company"
    said = {value for kind, value in values if kind == "invoice_title"} | ({row.name} if is_company else set())
    known = Known(
        name=names.read(row.name),
        numbers=frozenset(
            {value for kind, value in values if kind == "mobile"} | ({row.mobile} if row.mobile else set())
        ),
        accounts=frozenset(value.strip().casefold() for kind, value in values if kind in ("wecom", "email")),
        titles=frozenset(titles.plain(title) for title in said),
        address=addresses.read(row.address),
        stores=frozenset(stores),
        is_company=is_company,
    )
    return Record(row.id, row.merged_into_id or row.id, known)


def changed(session: Session, after: int, limit: int) -> tuple[list[int], int]:
    """Return the next records, by id, that were written since they were compared, and the id behind which to look on.

    No more than `FAR` records are looked through, so there may be none; the id is 0 when all have been.
    """
    until = min(after + FAR, last_id(session))
    if until <= after:
        return [], 0
    # Both sides are bound: else the database walks what was compared from the beginning to here.
    compared = and_(Compared.customer_id == Customer.id, Compared.customer_id > after, Compared.customer_id <= until)
    query = select(Customer.id).outerjoin(Compared, compared).where(Customer.id > after, Customer.id <= until)
    query = query.where(Customer.deleted_at.is_(None), or_(Compared.at.is_(None), _is_later()))
    with across_scopes(WHY):
        ids = list(session.scalars(query.order_by(Customer.id).limit(limit)))
    return ids, ids[-1] if len(ids) == limit else until


def walked(session: Session) -> int:
    """Return the id behind which the night goes on."""
    return session.scalar(select(Walked.up_to_id)) or 0


def walk_on(session: Session, after: int) -> None:
    """Let the night go on behind an id."""
    session.execute(delete(Walked))
    session.add(Walked(up_to_id=after))
    session.flush()


def unchanged(session: Session, ids: Iterable[int]) -> set[int]:
    """Return which of these records were not written since they were compared."""
    query = select(Customer.id).join(Compared, Compared.customer_id == Customer.id)
    with across_scopes(WHY):
        return set(session.scalars(query.where(_one_of(session, Customer.id, ids), ~_is_later())))


def _is_later() -> Any:
    identity = select(Identity.id).where(Identity.customer_id == Customer.id, Identity.updated_at > Compared.at)
    return or_(Customer.updated_at > Compared.at, identity.exists())


def last_id(session: Session) -> int:
    """Return the highest number a record has; 0 where there is none."""
    with across_scopes(WHY):
        return session.scalar(select(func.max(Customer.id))) or 0


def neighbours(session: Session, ids: list[int]) -> set[tuple[int, int]]:
    """Return the pairs, smaller id first, of these records and all that share a key with them."""
    mine, other = aliased(Block), aliased(Block)
    own = select(Block.key).where(_one_of(session, Block.customer_id, ids))
    with across_scopes(WHY):
        many = session.scalars(
            select(Block.key).where(Block.key.in_(own)).group_by(Block.key).having(func.count() > LARGEST)
        ).all()
        query = select(mine.customer_id, other.customer_id).join(other, other.key == mine.key)
        query = query.where(
            _one_of(session, mine.customer_id, ids), other.customer_id != mine.customer_id, mine.key.not_in(many)
        )
        return {(min(one, two), max(one, two)) for one, two in session.execute(query)}


def keep_keys(session: Session, keys: dict[int, set[int]], *, are_new: bool = False) -> None:
    """Write the keys of records, `{id: keys}`, in place of those they had; new records had none."""
    rows = [{"key": key, "customer_id": number} for number, found in keys.items() for key in sorted(found)]
    with across_scopes(WHY):
        if not are_new:
            gone = delete(Block).where(_one_of(session, Block.customer_id, keys))
            session.execute(gone.execution_options(synchronize_session=False))
        insert_rows(session, Block.__table__, rows)  # type: ignore[arg-type]


def mark(session: Session, ids: Iterable[int]) -> None:
    """Note that records were compared now."""
    ids = list(ids)
    now = clock.now()
    with across_scopes(WHY):
        gone = delete(Compared).where(_one_of(session, Compared.customer_id, ids))
        session.execute(gone.execution_options(synchronize_session=False))
        rows = [{"customer_id": number, "at": now} for number in ids]
        insert_rows(session, Compared.__table__, rows)  # type: ignore[arg-type]


def pairs_of(session: Session, ids: Iterable[int]) -> dict[tuple[int, int], Pair]:
    """Return every pair, open or answered, that one of these records is in."""
    found: dict[tuple[int, int], Pair] = {}
    with across_scopes(WHY):
        for some in _some(ids):
            query = select(Pair).where(or_(Pair.first_id.in_(some), Pair.second_id.in_(some)))
            found |= {(pair.first_id, pair.second_id): pair for pair in session.scalars(query)}
    return found


def keep_pairs(session: Session, pairs: list[Pair]) -> None:
    """Write new pairs, and what changed in those that were there."""
    with across_scopes(WHY):
        session.add_all(pairs)
        session.flush()


def _one_of(session: Session, column: Any, ids: Iterable[int]) -> Any:
    return among(session, [column], [(number,) for number in ids])


def _some(ids: Iterable[int]) -> Iterator[list[int]]:
    wanted = iter(sorted(ids))
    while some := list(islice(wanted, TOGETHER)):
        yield some
