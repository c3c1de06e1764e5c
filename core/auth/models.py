"""Roles, what they grant, who holds them where, and who is signed in."""

from datetime import date, datetime

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Base, Id, Instant, Row


class Role(Row, Base):
    """A set of grants with a rank; nobody edits a person whose highest rank is not below their own."""

    __tablename__ = "auth_role"
    __scope__ = "global"
    __resource__ = "auth:role"

    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    rank: Mapped[int] = mapped_column(Integer)
    everything: Mapped[bool] = mapped_column(Boolean, default=False)
    """The system administrator: all rights, also those of plugins installed later."""


class Grant(Row, Base):
    """A permission a role gives, and how far: `own` rows, the `node` of the assignment and below, or `all`."""

    __tablename__ = "auth_grant"
    __scope__ = "global"
    __resource__ = "auth:role"
    __table_args__ = (UniqueConstraint("role_id", "permission"), {"sqlite_autoincrement": True})

    role_id: Mapped[int] = mapped_column(Id, ForeignKey("auth_role.id"))
    permission: Mapped[str] = mapped_column(String(120))
    level: Mapped[str] = mapped_column(String(8))


class Assignment(Row, Base):
    """A person holds a role at a node, from a day to a day (a stand-in has an end)."""

    __tablename__ = "auth_assignment"
    __scope__ = "global"
    __resource__ = "auth:assignment"
    __table_args__ = (
        UniqueConstraint("person_id", "role_id", "node_id"),
        Index("ix_auth_assignment_node_id", "node_id"),
        {"sqlite_autoincrement": True},
    )

    person_id: Mapped[int] = mapped_column(Id, ForeignKey("org_person.id"))
    role_id: Mapped[int] = mapped_column(Id, ForeignKey("auth_role.id"))
    node_id: Mapped[int] = mapped_column(Id, ForeignKey("org_node.id"))
    from_day: Mapped[date | None] = mapped_column(Date, default=None)
    to_day: Mapped[date | None] = mapped_column(Date, default=None)


class SeededPermission(Base):
    """A permission whose shipped grants were given once, so that an edited role is not reset."""

    __tablename__ = "auth_seeded_permission"
    __scope__ = "global"
    __audit__ = False

    permission: Mapped[str] = mapped_column(String(120), primary_key=True)


class UserSession(Base):
    """A person signed in on one device. The cookie holds a token, this row its hash: it ends here."""

    __tablename__ = "auth_session"
    __scope__ = "global"
    __audit__ = False
    __table_args__ = (Index("ix_auth_session_person_id", "person_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(Id, ForeignKey("org_person.id"))
    started_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    seen_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    device: Mapped[str] = mapped_column(String(120), default="")
    address: Mapped[str] = mapped_column(String(60), default="")


class LoginAttempt(Base):
    """A failed sign-in, kept to slow a guesser down."""

    __tablename__ = "auth_attempt"
    __scope__ = "global"
    __audit__ = False
    __table_args__ = (
        Index("ix_auth_attempt_username_at", "username", "at"),
        Index("ix_auth_attempt_source_at", "source", "at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    username: Mapped[str] = mapped_column(String(60))
    source: Mapped[str] = mapped_column(String(80))
    """The known device's number, or the network address of an unknown one."""
    at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    reason: Mapped[str] = mapped_column(Text, default="")
