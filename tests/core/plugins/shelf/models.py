"""One table of each scope: rows of a place, rows that hang on them, and rows of one's own."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core import clock
from core.db import Deletable, Id, Instant, Money, Row, plugin_base
from core.org.models import InNode

Base = plugin_base("shelf")
LEVELS = {"low": "Low", "full": "Full"}


class Shelf(Row, Deletable, InNode, Base):
    """A row of a place."""

    __tablename__ = "shelf_shelf"
    __scope__ = "node"
    __resource__ = "shelf:shelf"
    __table_args__ = (Index("uq_shelf_shelf_code", "code", unique=True), {"sqlite_autoincrement": True})

    code: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(60))
    worth: Mapped[Decimal] = mapped_column(Money, default=Decimal(0))
    pieces: Mapped[int] = mapped_column(Integer, default=0)
    counted_on: Mapped[date] = mapped_column(Date, default=date(2026, 1, 1))
    counted_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    locked: Mapped[bool] = mapped_column(Boolean, default=False)
    level: Mapped[str | None] = mapped_column(String(8), default=None)
    note: Mapped[str | None] = mapped_column(Text, default=None)
    keeper_mobile: Mapped[str | None] = mapped_column(String(20), default=None, info={"personal": "mobile"})
    keeper_id: Mapped[int | None] = mapped_column(Id, ForeignKey("org_person.id"), default=None)
    items: Mapped[list["Item"]] = relationship(back_populates="shelf")


class Item(Row, Base):
    """A row that belongs to the shelf it lies on."""

    __tablename__ = "shelf_item"
    __scope__ = ("via", "shelf_id")
    __resource__ = "shelf:item"

    shelf_id: Mapped[int] = mapped_column(Id, ForeignKey("shelf_shelf.id"))
    name: Mapped[str] = mapped_column(String(60))
    shelf: Mapped[Shelf] = relationship(back_populates="items")


class Memo(Row, Base):
    """A row of the person who wrote it."""

    __tablename__ = "shelf_memo"
    __scope__ = "own"
    __owner__ = "author_id"
    __resource__ = "shelf:memo"

    author_id: Mapped[int] = mapped_column(Id, ForeignKey("org_person.id"))
    name: Mapped[str] = mapped_column(String(60))
