"""What matching reads and writes of the whole chain; none of it leaves here but as a pair for the queue, or a merge."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, delete, func, insert, or_, select
from sqlalchemy.orm import Session, aliased

from core.api import across_scopes, clock, planned_once
from plugins.customers.identities import ONE_EACH
from plugins.customers.matching import addresses, names, titles
from plugins.customers.matching.blocks import LARGEST
from plugins.customers.matching.comparing import Known
from plugins.customers.matching.models import Block, Compared
from plugins.customers.models import Customer, Identity, Pair, Visitor

WHY = "one person may be known in any store"


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


def changed(session: Session, after: int, limit: int) -> list[int]:
    """Return the first records, by id, that were written since they were compared."""
    query = select(Customer.id).outerjoin(Compared, Compared.customer_id == Customer.id)
    query = query.where(Customer.id > after, Customer.deleted_at.is_(None), or_(Compared.at.is_(None), _is_later()))
    with across_scopes(WHY):
        return list(session.scalars(query.order_by(Customer.id).limit(limit)))


def unchanged(session: Session, ids: Iterable[int]) -> set[int]:
    """Return which of these records were not written since they were compared."""
    query = select(Customer.id).join(Compared, Compared.customer_id == Customer.id)
    with across_scopes(WHY):
        return set(session.scalars(query.where(Customer.id.in_(ids), ~_is_later())))


def _is_later() -> Any:
    identity = select(Identity.id).where(Identity.customer_id == Customer.id, Identity.updated_at > Compared.at)
    return or_(Customer.updated_at > Compared.at, identity.exists())


def count(session: Session) -> int:
    """Return how many records there are."""
    with across_scopes(WHY):
        return session.scalar(select(func.count()).select_from(Customer)) or 0


def neighbours(session: Session, ids: list[int]) -> set[tuple[int, int]]:
    """Return the pairs, smaller id first, of these records and all that share a key with them."""
    mine, other = aliased(Block), aliased(Block)
    own = select(Block.key).where(Block.customer_id.in_(ids))
    with across_scopes(WHY):
        many = session.scalars(
            select(Block.key).where(Block.key.in_(own)).group_by(Block.key).having(func.count() > LARGEST)
        ).all()
        query = select(mine.customer_id, other.customer_id).join(other, other.key == mine.key)
        query = query.where(mine.customer_id.in_(ids), other.customer_id != mine.customer_id, mine.key.not_in(many))
        return {(min(one, two), max(one, two)) for one, two in session.execute(query)}


def keep_keys(session: Session, keys: dict[int, set[int]], *, are_new: bool = False) -> None:
    """Write the keys of records, `{id: keys}`, in place of those they had; new records had none."""
    rows = [{"key": key, "customer_id": number} for number, found in keys.items() for key in sorted(found)]
    with across_scopes(WHY):
        if not are_new:
            gone = delete(Block).where(Block.customer_id.in_(keys))
            session.execute(gone.execution_options(synchronize_session=False))
        if rows:
            session.execute(insert(Block.__table__), rows)  # type: ignore[arg-type]


def mark(session: Session, ids: Iterable[int]) -> None:
    """Note that records were compared now."""
    ids = list(ids)
    now = clock.now()
    with across_scopes(WHY):
        gone = delete(Compared).where(Compared.customer_id.in_(ids))
        session.execute(gone.execution_options(synchronize_session=False))
        session.execute(insert(Compared), [{"customer_id": number, "at": now} for number in ids])


def pairs_of(session: Session, ids: Iterable[int]) -> dict[tuple[int, int], Pair]:
    """Return every pair, open or answered, that one of these records is in."""
    wanted = list(ids)
    query = select(Pair).where(or_(Pair.first_id.in_(wanted), Pair.second_id.in_(wanted)))
    with across_scopes(WHY):
        return {(pair.first_id, pair.second_id): pair for pair in session.scalars(query)}


def keep_pairs(session: Session, pairs: list[Pair]) -> None:
    """Write new pairs, and what changed in those that were there."""
    with across_scopes(WHY):
        session.add_all(pairs)
        session.flush()
