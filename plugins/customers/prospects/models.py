"""What a customer may buy, who is at it, and what comes next."""

from datetime import date

from sqlalchemy import Date, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from core.api import N_, Id, InNode, Row
from plugins.customers.models import Base

STATES = {"new": N_("Not spoken to yet"), "talking": N_("In talk"), "won": N_("Won"), "lost": N_("Lost")}
MEANINGS = {"new": "watch", "talking": "none", "won": "good", "lost": "none"}
OPEN = ("new", "talking")


class Prospect(Row, InNode, Base):
    """Something a customer thinks of buying at a store; one open at a time for each customer and store."""

    __tablename__ = "customers_prospect"
    __scope__ = "node"
    __resource__ = "customers:prospect"
    __table_args__ = (
        Index(
            "uq_customers_prospect_open", "customer_id", "node_id", unique=True,
            postgresql_where=text("state IN ('new', 'talking')"), sqlite_where=text("state IN ('new', 'talking')"),
        ),
        Index("ix_customers_prospect_customer_id", "customer_id", "id"),
        Index("ix_customers_prospect_owner_id", "owner_id", "next_on", "id"),
        Index("ix_customers_prospect_next_on", "next_on", "id"),
        {"sqlite_autoincrement": True},
    )  # fmt: skip

    customer_id: Mapped[int] = mapped_column(Id, ForeignKey("customers_customer.id", ondelete="CASCADE"))
    wish: Mapped[str] = mapped_column(String(200))
    """What they think of, in their words."""
    state: Mapped[str] = mapped_column(String(10), default="new")
    reason: Mapped[str] = mapped_column(String(200), default="")
    """Why it was lost."""
    next_on: Mapped[date] = mapped_column(Date)
    """When to come back to them; of one that is over, when it ended."""
    owner_id: Mapped[int | None] = mapped_column(Id, default=None)
    """Who is at it: a person of the store."""
