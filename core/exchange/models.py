"""What an import found in its file, kept from the check on: the audit of the import, and the way back."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Base, Id, Instant


class ImportBatch(Base):
    """One file brought to one table by one person: checked, then applied, then perhaps reverted."""

    __tablename__ = "exchange_batch"
    __scope__ = "own"
    __owner__ = "person_id"
    __resource__ = "exchange:batch"
    __audit__ = False
    __table_args__ = (Index("ix_exchange_batch_state", "state", "created_at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    resource: Mapped[str] = mapped_column(String(80))
    """As the commands call it: `org.store`."""
    subject: Mapped[str] = mapped_column(String(80))
    """As the audit calls the rows: `org:node`; two resources may show one table."""
    file_name: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(20), default="checked")
    mapping: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    """`{column of the file: field}` in the file's order; an empty field means that the column is left out."""
    sample: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    """The first value of each column, for the person who chooses where it goes; emptied when applied."""
    match: Mapped[list[str]] = mapped_column(JSON)
    options: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    person_id: Mapped[int | None] = mapped_column(Id, index=True)
    person_name: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    applied_at: Mapped[datetime | None] = mapped_column(Instant, default=None)
    reverted_at: Mapped[datetime | None] = mapped_column(Instant, default=None)


class ImportRow(Base):
    """One record that an import found, or one reason why a row of the file is refused."""

    __tablename__ = "exchange_row"
    __scope__ = ("via", "batch_id")
    __resource__ = "exchange:batch"
    __audit__ = False
    __table_args__ = (
        Index("ix_exchange_row_batch_status", "batch_id", "status", "number"),
        Index("ix_exchange_row_row_id", "row_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    batch_id: Mapped[int] = mapped_column(Id, ForeignKey("exchange_batch.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    """The line of the file, as a spreadsheet counts it."""
    status: Mapped[str] = mapped_column(String(20))
    """created, updated, unchanged or refused."""
    row_id: Mapped[int | None] = mapped_column(Id, default=None)
    """The row of the table; reserved before a new one is written."""
    row_version: Mapped[int | None] = mapped_column(Integer, default=None)
    """The version the row had when it was compared."""
    values: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What the row becomes, `{field: value}`; of a refused row, what the file says, `{column: text}`."""
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), default=None)
    """What an updated row was, only the fields that change."""
    column: Mapped[str] = mapped_column(String(200), default="")
    value: Mapped[str] = mapped_column(Text, default="")
    reason: Mapped[str] = mapped_column(String(400), default="")
    """Why the row is refused, or why a revert left it as it is."""
