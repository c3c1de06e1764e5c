"""The organisation: chain → region → area → store, departments beside, and the people in it."""

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, String, Text, Time, UniqueConstraint, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from core.db import Base, Deletable, Id, Instant, Row
from core.language import N_
from core.search.columns import search_column

KINDS = {
    "chain": N_("Chain"),
    "region": N_("Region"),
    "area": N_("Area"),
    "store": N_("Store"),
    "department": N_("Department"),
}
PARENTS = {
    "region": {"chain"},
    "area": {"chain", "region"},
    "store": {"chain", "region", "area"},
    "department": {"chain", "region", "area"},
}
"""Which kinds of node a node may stand under."""

FORMATS = {
    "flagship": N_("Flagship"),
    "district": N_("Business district"),
    "community": N_("Community"),
    "operator": N_("Operator partner"),
    "shop_in_shop": N_("Shop in shop"),
    "service_point": N_("Service point"),
}


class InNode:
    """A row that belongs to a node of the organisation, with one indexed column per level above it.

    `area_id` and `region_id` are filled from the node at flush and follow it when it moves.
    """

    @declared_attr
    def node_id(cls) -> Mapped[int]:  # noqa: N805
        return mapped_column(Id, ForeignKey("org_node.id"), index=True)

    area_id: Mapped[int | None] = mapped_column(Id, default=None)
    region_id: Mapped[int | None] = mapped_column(Id, default=None)

    @classmethod
    def scope_columns(cls) -> dict[str, Any]:
        """Return the column to compare for each level a person can hold."""
        return {"node": cls.node_id, "area": cls.area_id, "region": cls.region_id}


class Node(Row, Deletable, Base):
    """A place in the organisation. Its name is no secret; what it sells is."""

    __tablename__ = "org_node"
    __scope__ = "global"
    __resource__ = "org:node"
    __table_args__ = (
        Index("uq_org_node_code", "code", unique=True),
        Index("ix_org_node_kind_code", "kind", "code", "id"),
        Index("ix_org_node_area_code", "area_id", "code", "id"),
        Index("ix_org_node_region_id", "region_id"),
        Index("ix_org_node_parent_id", "parent_id"),
        {"sqlite_autoincrement": True},
    )

    kind: Mapped[str] = mapped_column(String(20))
    code: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(80))
    parent_id: Mapped[int | None] = mapped_column(Id, ForeignKey("org_node.id"), default=None)
    area_id: Mapped[int | None] = mapped_column(Id, default=None)
    region_id: Mapped[int | None] = mapped_column(Id, default=None)
    format: Mapped[str | None] = mapped_column(String(20), default=None)
    peer_group: Mapped[str | None] = mapped_column(String(40), default=None)
    size_m2: Mapped[int | None] = mapped_column(Integer, default=None)
    address: Mapped[str | None] = mapped_column(String(200), default=None)
    opens: Mapped[time | None] = mapped_column(Time, default=time(9, 30))
    closes: Mapped[time | None] = mapped_column(Time, default=time(21, 30))
    opened_on: Mapped[date | None] = mapped_column(Date, default=None)
    closed_on: Mapped[date | None] = mapped_column(Date, default=None)
    search_text: Mapped[str] = search_column(names=("name",), codes=("code",))

    @classmethod
    def scope_columns(cls) -> dict[str, Any]:
        """Return the column to compare for each level a person can hold."""
        return {"node": cls.id, "area": cls.area_id, "region": cls.region_id}


class CalendarDay(Row, Base):
    """A day on which a node differs from every day: closed, or with other hours.

    A row of the chain, a region or an area holds for every store below that has none of its own.
    """

    __tablename__ = "org_calendar_day"
    __scope__ = "global"
    __resource__ = "org:calendar"
    __table_args__ = (
        UniqueConstraint("node_id", "day"),
        Index("ix_org_calendar_day_day", "day"),
        {"sqlite_autoincrement": True},
    )

    node_id: Mapped[int] = mapped_column(Id, ForeignKey("org_node.id"))
    day: Mapped[date] = mapped_column(Date)
    closed: Mapped[bool] = mapped_column(Boolean, default=True)
    reason: Mapped[str] = mapped_column(String(80), default="")


class Person(Row, Deletable, InNode, Base):
    """Somebody who works for the chain, and who signs in when `password_hash` is set."""

    __tablename__ = "org_person"
    __scope__ = "node"
    __resource__ = "org:person"
    __owner__ = "id"
    __table_args__ = (
        Index("uq_org_person_username", "username", unique=True),
        Index("ix_org_person_area_username", "area_id", "username", "id"),
        {"sqlite_autoincrement": True},
    )

    username: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(60))
    mobile: Mapped[str | None] = mapped_column(String(20), default=None, info={"personal": "mobile"})
    locale: Mapped[str] = mapped_column(String(12), default="zh_Hans_CN")
    password_hash: Mapped[str | None] = mapped_column(Text, default=None, info={"personal": "secret"})
    must_change_password: Mapped[bool] = mapped_column(Boolean, default=False)
    password_expires_at: Mapped[datetime | None] = mapped_column(Instant, default=None)
    active: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))
    search_text: Mapped[str] = search_column(names=("name",), codes=("username",))
