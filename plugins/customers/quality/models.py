"""How complete the records of a store or an area were when they were counted last."""

from datetime import datetime

from sqlalchemy import Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from core.api import InNode, Instant, Row
from plugins.customers.models import Base


class PlaceQuality(Row, InNode, Base):
    """The figures of one place, counted anew every night; shares are whole percent."""

    __tablename__ = "customers_place_quality"
    __scope__ = "node"
    __resource__ = "customers:quality"
    __audit__ = False
    __table_args__ = (
        Index("ix_customers_place_quality_complete", "complete", "id"),
        Index("ix_customers_place_quality_liked", "liked", "id"),
        Index("ix_customers_place_quality_per_clerk", "per_clerk", "id"),
        {"sqlite_autoincrement": True},
    )

    kind: Mapped[str] = mapped_column(String(10))
    """`store` or `area`."""
    people: Mapped[int] = mapped_column(Integer)
    score: Mapped[int] = mapped_column(Integer)
    """The average of the points of its customers."""
    complete: Mapped[int] = mapped_column(Integer)
    liked: Mapped[int] = mapped_column(Integer)
    recorded: Mapped[int] = mapped_column(Integer)
    """New records of the last thirty days."""
    clerks: Mapped[int] = mapped_column(Integer)
    per_clerk: Mapped[int] = mapped_column(Integer)
    """New records for each clerk who made one, a whole number."""
    counted_at: Mapped[datetime] = mapped_column(Instant)
