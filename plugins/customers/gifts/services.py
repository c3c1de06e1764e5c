"""Gifts come in, are counted, and go out: one for each person, never one that is not there.

A gift thanks for the time a person takes. It is no price for a consent: nothing here asks whether they have
agreed to offers, and whoever takes a consent back keeps the gift (personal information protection law, art. 16).
"""

from hashlib import sha256

from sqlalchemy import ColumnElement, and_, bindparam, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from core.api import Node, _, clock, current_person, planned_once, typed
from plugins.customers.gifts import rollups
from plugins.customers.gifts.models import Gift, GiftIssue, GiftMovement, GiftStock
from plugins.customers.models import Customer
from plugins.customers.persons import records_of

MOST = 100_000
"""So many pieces at once are a slip of the finger."""


class HasOne(Exception):
    """This person has got a gift already."""

    def __init__(self, issue: GiftIssue) -> None:
        super().__init__("has one")
        self.issue = issue


_IN_STOCK = planned_once(
    select(Gift, func.coalesce(GiftStock.pieces, 0))
    .outerjoin(GiftStock, and_(GiftStock.gift_id == Gift.id, GiftStock.node_id == bindparam("node_id")))
    .where(Gift.deleted_at.is_(None))
    .order_by(Gift.id)
)


def in_stock(session: Session, node_id: int) -> list[tuple[Gift, int]]:
    """Return every gift of the chain with how many pieces a store has."""
    return list(session.execute(_IN_STOCK, {"node_id": node_id}))  # type: ignore[arg-type]


def book(session: Session, node: Node, gift: Gift, kind: str, number: int, note: str, key: str) -> int:
    """Note that `number` pieces were received, that so many were counted, or by how many the stock is put right.

    Returns how many there are now; sent twice it is noted once. Raises BadValue for what cannot be.
    """
    if kind == "received" and not 0 < number <= MOST:
        raise typed.BadValue(_("How many have come? Please enter a number from 1."))
    if kind == "counted" and not 0 <= number <= MOST:
        raise typed.BadValue(_("How many are there? Please enter 0 or more."))
    if kind == "corrected" and not note:
        raise typed.BadValue(_("Please say why the stock is put right."))
    stock = _locked(session, node.id, gift.id)
    change = number - stock.pieces if kind == "counted" else number
    return _move(session, stock, kind, change, note, key)


def hand_out(session: Session, node: Node, customer: Customer, gift: Gift, key: str) -> GiftIssue:
    """Give a customer a gift of a store. Sent twice it is one.

    Raises `HasOne` when the person has one, from whichever store and under whichever record; BadValue when
    none is left.
    """
    had = rollups.gifts_of(session, customer, locked=True)
    if had:
        if _was_sent(session, key):
            return had[0]
        raise HasOne(had[0])
    stock = _locked(session, node.id, gift.id)
    if stock.pieces < 1:
        raise typed.BadValue(_("No “%(gift)s” is left. Please choose another gift.", gift=gift.name))
    issue = GiftIssue(customer_id=customer.id, gift_id=gift.id, node_id=node.id, given_by=current_person().id)
    session.add(issue)
    _move(session, stock, "given", -1, "", key)
    return issue


_other = aliased(GiftIssue)


def is_second() -> ColumnElement[bool]:
    """Return the condition that a person had a gift already: under another record, before both were one person."""
    earlier = select(_other.id).where(
        _other.customer_id.in_(records_of(GiftIssue.customer_id)), _other.id < GiftIssue.id
    )
    return and_(GiftIssue.undone_at.is_(None), earlier.where(_other.undone_at.is_(None)).exists())


def take_back(session: Session, issue: GiftIssue) -> None:
    """The gift came back, or was never handed out: it is in stock again, and the person may get one."""
    if issue.undone_at is None:
        issue.undone_at = clock.now()
        stock = _locked(session, issue.node_id, issue.gift_id)
        _move(session, stock, "returned", 1, "", f"issue {issue.id}")


def _locked(session: Session, node_id: int, gift_id: int) -> GiftStock:
    """Return the stock's row, made when it is the first; nobody else changes it until this transaction ends."""
    query = select(GiftStock).where(GiftStock.node_id == node_id, GiftStock.gift_id == gift_id)
    query = query.with_for_update().execution_options(populate_existing=True)
    stock = session.scalars(query).one_or_none()
    if stock is None:
        try:
            with session.begin_nested():
                session.add(GiftStock(node_id=node_id, gift_id=gift_id))
                session.flush()
        except IntegrityError:
            pass  # somebody has made it in the same moment
        stock = session.scalars(query).one()
    return stock


def _move(session: Session, stock: GiftStock, kind: str, change: int, note: str, key: str) -> int:
    if _was_sent(session, key):
        return stock.pieces
    after = stock.pieces + change
    if not 0 <= after <= MOST:
        raise typed.BadValue(_("There are %(count)s pieces. Fewer than none cannot be left.", count=stock.pieces))
    stock.pieces = after
    session.add(GiftMovement(
        node_id=stock.node_id, gift_id=stock.gift_id, kind=kind, change=change, after=after, note=note,
        by=current_person().id, key=_kept(key),
    ))  # fmt: skip
    session.flush()
    return after


def _was_sent(session: Session, key: str) -> bool:
    return session.scalar(select(GiftMovement.id).where(GiftMovement.key == _kept(key))) is not None


def _kept(key: str) -> str:
    """Return a form's key as it is kept: one person's key is nobody else's."""
    return sha256(f"{current_person().id} {key}".encode()).hexdigest()
