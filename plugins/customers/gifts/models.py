"""Gifts, how many of each a store has, every piece that came or went, and who got one."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.api import N_, Deletable, Id, InNode, Instant, Row, clock
from plugins.customers.models import Base

MOVEMENTS = {
    "received": N_("Received"),
    "counted": N_("Counted"),
    "corrected": N_("Put right"),
    "given": N_("Handed out"),
    "returned": N_("Came back"),
}
"""Why a stock has changed."""


def _gift() -> Any:
    return mapped_column(Id, ForeignKey("customers_gift.id"))


class Gift(Row, Deletable, Base):
    """A kind of gift of the chain: a phone stand, a film for the screen."""

    __tablename__ = "customers_gift"
    __scope__ = "global"
    __resource__ = "customers:gift"

    name: Mapped[str] = mapped_column(String(60))
    note: Mapped[str] = mapped_column(String(200), default="")


class GiftStock(Row, InNode, Base):
    """How many pieces of a gift a store has now; never fewer than none."""

    __tablename__ = "customers_gift_stock"
    __scope__ = "node"
    __resource__ = "customers:gift_stock"
    __audit__ = False
    __table_args__ = (
        UniqueConstraint("node_id", "gift_id"),
        CheckConstraint("pieces >= 0", name="not_below_zero"),
        {"sqlite_autoincrement": True},
    )

    gift_id: Mapped[int] = _gift()
    pieces: Mapped[int] = mapped_column(Integer, default=0)


class GiftMovement(Row, InNode, Base):
    """Pieces that came or went, and how many there were then; the form's key makes sending it twice one."""

    __tablename__ = "customers_gift_movement"
    __scope__ = "node"
    __resource__ = "customers:gift_stock"
    __audit__ = False
    __table_args__ = (
        Index("uq_customers_gift_movement_key", "key", unique=True),
        Index("ix_customers_gift_movement_node_id_id", "node_id", "id"),
        {"sqlite_autoincrement": True},
    )

    gift_id: Mapped[int] = _gift()
    kind: Mapped[str] = mapped_column(String(10))
    change: Mapped[int] = mapped_column(Integer)
    after: Mapped[int] = mapped_column(Integer)
    note: Mapped[str] = mapped_column(String(200), default="")
    by: Mapped[int | None] = mapped_column(Id, default=None)
    key: Mapped[str] = mapped_column(String(64))


class GiftIssue(Row, InNode, Base):
    """A gift a customer got at a store; taken back, they may get another."""

    __tablename__ = "customers_gift_issue"
    __scope__ = "node"
    __resource__ = "customers:gift_issue"
    __table_args__ = (
        Index(
            "uq_customers_gift_issue_customer_id", "customer_id", unique=True,
            postgresql_where=text("undone_at IS NULL"), sqlite_where=text("undone_at IS NULL"),
        ),
        Index("ix_customers_gift_issue_given_at", "given_at", "id"),
        {"sqlite_autoincrement": True},
    )  # fmt: skip

    customer_id: Mapped[int] = mapped_column(Id, ForeignKey("customers_customer.id", ondelete="CASCADE"))
    gift_id: Mapped[int] = _gift()
    given_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    given_by: Mapped[int | None] = mapped_column(Id, default=None)
    undone_at: Mapped[datetime | None] = mapped_column(Instant, default=None)
