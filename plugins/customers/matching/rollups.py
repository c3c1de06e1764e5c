"""What matching reads and writes of the whole chain; none of it leaves here but as a pair for the queue, or a merge."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, delete, func, insert, or_, select
from sqlalchemy.orm import Session, aliased

from core.api import across_scopes, clock
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


def load(session: Session, condition: Any) -> dict[int, Record]:
    """Return the records that fulfil a condition on `Customer`, by id, with one statement."""
    query = (
        select(
            Customer.id, Customer.merged_into_id, Customer.name, Customer.kind, Customer.mobile, Customer.address,
            Identity.kind.label("identity"), Identity.value, Visitor.node_id,
        )
        .outerjoin(Identity, and_(Identity.customer_id == Customer.id, Identity.deleted_at.is_(None)))
        .outerjoin(Visitor, and_(Visitor.customer_id == Customer.id, Visitor.is_shared.is_(False)))
        .where(condition, Customer.deleted_at.is_(None))
    )  # fmt: skip
    rows: dict[int, list[Any]] = {}
    with across_scopes(WHY):
        for row in session.execute(query):
            rows.setdefault(row.id, []).append(row)
    return {number: _record(found) for number, found in rows.items()}


def _record(rows: list[Any]) -> Record:
    one, values = rows[0], {(row.identity, row.value) for row in rows if row.value}
    is_company = one.kind == "company"
    said = {value for kind, value in values if kind == "invoice_title"} | ({one.name} if is_company else set())
    known = Known(
        name=names.read(one.name),
        numbers=frozenset(
            {value for kind, value in values if kind == "mobile"} | ({one.mobile} if one.mobile else set())
        ),
        accounts=frozenset(value.strip().casefold() for kind, value in values if kind in ("wecom", "email")),
        titles=frozenset(titles.plain(title) for title in said),
        address=addresses.read(one.address),
        stores=frozenset(row.node_id for row in rows if row.node_id),
        is_company=is_company,
    )
    return Record(one.id, one.merged_into_id or one.id, known)


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


def with_keys(keys: set[int]) -> Any:
    """Return the condition on `Customer` that a record shares one of these keys, and not with too many."""
    few = select(Block.key).where(Block.key.in_(keys)).group_by(Block.key).having(func.count() <= LARGEST)
    return Customer.id.in_(select(Block.customer_id).where(Block.key.in_(few)))


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


def keep_keys(session: Session, keys: dict[int, set[int]]) -> None:
    """Write the keys of records, `{id: keys}`, in place of those they had."""
    rows = [{"key": key, "customer_id": number} for number, found in keys.items() for key in sorted(found)]
    with across_scopes(WHY):
        gone = delete(Block).where(Block.customer_id.in_(keys))
        session.execute(gone.execution_options(synchronize_session=False))
        if rows:
            session.execute(insert(Block), rows)


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
