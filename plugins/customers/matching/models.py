"""By what records are found that may be one person, and when each was last compared."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.api import Id, Instant
from plugins.customers.models import Base


class Block(Base):
    """A record has a key: those that share one are compared. The key is a hash, see `blocks`."""

    __tablename__ = "customers_block"
    __scope__ = ("via", "customer_id")
    __resource__ = "customers:customer"
    __audit__ = False
    __table_args__ = (UniqueConstraint("key", "customer_id"), Index("ix_customers_block_customer_id", "customer_id"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[int] = mapped_column(BigInteger)
    customer_id: Mapped[int] = mapped_column(Id, ForeignKey("customers_customer.id", ondelete="CASCADE"))


class Compared(Base):
    """When a record was compared with all that share a key; what changed since is compared again."""

    __tablename__ = "customers_compared"
    __scope__ = ("via", "customer_id")
    __resource__ = "customers:customer"
    __audit__ = False

    customer_id: Mapped[int] = mapped_column(
        Id, ForeignKey("customers_customer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime] = mapped_column(Instant)


class Walked(Base):
    """How far the night has come: it goes on from here, step by step, and begins again when it is through."""

    __tablename__ = "customers_walked"
    __scope__ = "global"
    __resource__ = "customers:customer"
    __audit__ = False

    up_to_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
