"""What is asked at the counters of a format of stores, where it differs from what is usual."""

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.api import Row
from plugins.customers.models import Base


class CollectionRule(Row, Base):
    """One thing to ask, in stores of one format: required, asked, or not asked."""

    __tablename__ = "customers_collection_rule"
    __scope__ = "global"
    __resource__ = "customers:collection"
    __table_args__ = (UniqueConstraint("format", "field"), {"sqlite_autoincrement": True})

    format: Mapped[str] = mapped_column(String(20))
    field: Mapped[str] = mapped_column(String(20))
    rule: Mapped[str] = mapped_column(String(10))
