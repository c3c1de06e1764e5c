"""A store that was opened after the pattern of another: what it was given, and what it has to fill."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Numeric, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.api import Id, InNode, Row
from plugins.daily_reports.models import Base


class Opening(Row, InNode, Base):
    """How a new store was asked for, and the habits it took over; its own node is `node_id`."""

    __tablename__ = "daily_reports_opening"
    __scope__ = "node"
    __resource__ = "daily_reports:opening"
    __table_args__ = (UniqueConstraint("node_id"), {"sqlite_autoincrement": True})

    copied_from_id: Mapped[int] = mapped_column(Id, ForeignKey("org_node.id"))
    parent_id: Mapped[int] = mapped_column(Id, ForeignKey("org_node.id"))
    code: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(80))
    opened_on: Mapped[date] = mapped_column(Date)
    weight: Mapped[Decimal] = mapped_column(Numeric(10, 4), default=Decimal(1))
    weekdays: Mapped[list[Any] | None] = mapped_column(JSON, default=None)
    """As those of `MonthTarget`, for its first month."""
    positions: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    """How many people the pattern has in each role: `{role: people}`. The people stay where they are."""
    actions: Mapped[list[str]] = mapped_column(JSON, default=list)
    """What the pattern plans most often for a day."""
    events: Mapped[list[list[Any]]] = mapped_column(JSON, default=list)
    """What the pattern plans most often for a week: `[what, standard, weekday or None]`."""
