"""Revenue and gross profit of a customer in a month, and what twelve months of the whole chain come to."""

from datetime import date
from decimal import Decimal

from sqlalchemy import Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.api import Id, Money, Row
from plugins.customers.models import Base

IMPORTED = "import"


class Contribution(Row, Base):
    """What one customer brought in one month, as one source tells it; the sources of a month add up."""

    __tablename__ = "customers_contribution"
    __scope__ = ("via", "customer_id")
    __resource__ = "customers:contribution"
    __audit__ = False
    __table_args__ = (
        UniqueConstraint("customer_id", "month", "source"),
        Index("ix_customers_contribution_month", "month", "id"),
        {"sqlite_autoincrement": True},
    )

    customer_id: Mapped[int] = mapped_column(Id, ForeignKey("customers_customer.id", ondelete="CASCADE"))
    month: Mapped[date] = mapped_column(Date)
    """Its first day."""
    source: Mapped[str] = mapped_column(String(40))
    """`import`, or the name of the plugin that told it."""
    revenue: Mapped[Decimal] = mapped_column(Money)
    profit: Mapped[Decimal] = mapped_column(Money)
    """Gross profit: revenue less what the goods cost; below 0 when they were sold at a loss, or came back."""


class YearKept(Base):
    """The one sum that is kept: the gross profit of the whole chain in the twelve months that customers' rows hold."""

    __tablename__ = "customers_contribution_year"
    __scope__ = "global"
    __resource__ = "customers:contribution"
    __audit__ = False

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    last_month: Mapped[date] = mapped_column(Date)
    """The first day of the last of the twelve."""
    profit: Mapped[Decimal] = mapped_column(Money)
    """Of everybody, also of whom is in the recycle bin."""
