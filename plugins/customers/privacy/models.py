"""What is kept about a person's own wishes: links to their page, what they did there, how often they were contacted, erasures."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.api import N_, Id, Instant, clock
from plugins.customers.models import Base

WISHES = {
    "corrected": N_("Corrected by the customer"),
    "agreed": N_("Agreed on their own page"),
    "withdrew": N_("Withdrew on their own page"),
    "erase": N_("Asks to be forgotten"),
}
"""What a person does on their own page."""


def _customer() -> Any:
    return mapped_column(Id, ForeignKey("customers_customer.id", ondelete="CASCADE"))


class Link(Base):
    """The one link to their own page that holds for a person now; a new one takes its place."""

    __tablename__ = "customers_link"
    __scope__ = ("via", "customer_id")
    __resource__ = "customers:customer"
    __audit__ = False
    __table_args__ = (UniqueConstraint("customer_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[int] = _customer()
    nonce: Mapped[str] = mapped_column(String(32))
    made_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    made_by: Mapped[int | None] = mapped_column(Id, default=None)


class Wish(Base):
    """Something a person did or asked for on their own page; the values stand in the audit."""

    __tablename__ = "customers_wish"
    __scope__ = ("via", "customer_id")
    __resource__ = "customers:customer"
    __audit__ = False
    __table_args__ = (Index("ix_customers_wish_customer_id_at", "customer_id", "at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[int] = _customer()
    what: Mapped[str] = mapped_column(String(12))
    about: Mapped[str] = mapped_column(String(60), default="")
    """Which facts, or which purpose and channel: names with a , between them, never values."""
    at: Mapped[datetime] = mapped_column(Instant, default=clock.now)


class Outreach(Base):
    """Somebody of the chain, or a campaign, contacted a person for a purpose by a channel."""

    __tablename__ = "customers_outreach"
    __scope__ = ("via", "customer_id")
    __resource__ = "customers:customer"
    __audit__ = False
    __table_args__ = (
        Index("ix_customers_outreach_customer_id_at", "customer_id", "at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[int] = _customer()
    purpose: Mapped[str] = mapped_column(String(16))
    channel: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    by: Mapped[int | None] = mapped_column(Id, default=None)


class Erasure(Base):
    """The proof that a person was forgotten: who did it, when, why, and how many rows of which table were emptied."""

    __tablename__ = "customers_erasure"
    __scope__ = ("via", "customer_id")
    __resource__ = "customers:erasure"
    __audit__ = False
    __table_args__ = (Index("ix_customers_erasure_customer_id", "customer_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[int] = _customer()
    code: Mapped[str] = mapped_column(String(14))
    at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    by: Mapped[int | None] = mapped_column(Id, default=None)
    by_name: Mapped[str] = mapped_column(String(60))
    reason: Mapped[str] = mapped_column(String(200))
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    """`{table: rows that were emptied}`."""


class ErasedValue(Base):
    """The keyed hash of a number that was erased: it tells the number when somebody types it again, and nobody else."""

    __tablename__ = "customers_erased_value"
    __scope__ = ("via", "erasure_id")
    __resource__ = "customers:erasure"
    __audit__ = False
    __table_args__ = (
        Index("ix_customers_erased_value_digest", "digest"),
        Index("ix_customers_erased_value_erasure_id", "erasure_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    erasure_id: Mapped[int] = mapped_column(Id, ForeignKey("customers_erasure.id", ondelete="CASCADE"))
    digest: Mapped[str] = mapped_column(String(64))
