"""Messages to people inside the product: a reminder, an answer, a finished job."""

import os
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from core import clock
from core.access.person import current_person
from core.access.scope import unscoped
from core.db import Base, Id, Instant


class Message(Base):
    """A message to one person. `key` makes sending twice harmless."""

    __tablename__ = "inbox_message"
    __scope__ = "own"
    __owner__ = "person_id"
    __resource__ = "inbox:message"
    __audit__ = False
    __table_args__ = (
        Index("ix_inbox_message_person_id", "person_id", "id"),
        Index("uq_inbox_message_person_id_key", "person_id", "key", unique=True),
        Index("ix_inbox_message_key", "key"),
        Index(
            "ix_inbox_message_unread",
            "person_id",
            postgresql_where=text("read_at IS NULL"),
            sqlite_where=text("read_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person_id: Mapped[int] = mapped_column(Id, ForeignKey("org_person.id"))
    key: Mapped[str] = mapped_column(String(120))
    title: Mapped[str] = mapped_column(String(120))
    text: Mapped[str] = mapped_column(Text, default="")
    url: Mapped[str] = mapped_column(String(200), default="")
    sent_by: Mapped[str] = mapped_column(String(60), default="")
    sent_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    read_at: Mapped[datetime | None] = mapped_column(Instant, default=None)


def send(session: Session, people: set[int], *, key: str, title: str, text: str = "", url: str = "") -> int:
    """Send a message to people, once per `key` and person; return how many got it now."""
    with unscoped("a message goes to others"):
        have = set(session.scalars(select(Message.person_id).where(Message.key == key, Message.person_id.in_(people))))
        sender = current_person().name
        session.add_all(
            Message(person_id=person_id, key=key, title=title, text=text, url=url, sent_by=sender)
            for person_id in sorted(people - have)
        )
        session.flush()
    return len(people - have)


def last_sent(session: Session, beginnings: set[str]) -> dict[str, datetime]:
    """Return `{beginning: when}` of the newest message whose key begins so, for each that was sent."""
    if not beginnings:
        return {}
    common = os.path.commonprefix(sorted(beginnings))
    query = select(Message.key, Message.sent_at).where(Message.key >= common, Message.key < common + "\U0010ffff")
    with unscoped("when others were reminded"):
        found = session.execute(query.order_by(Message.id)).all()
    return {begin: at for key, at in found if (begin := key.rsplit(":", 1)[0] + ":") in beginnings}


def messages_of(session: Session, person_id: int | None, limit: int = 100) -> list[Message]:
    """Return the newest messages of a person."""
    query = select(Message).where(Message.person_id == person_id).order_by(Message.id.desc()).limit(limit)
    with unscoped("one's own messages"):
        return list(session.scalars(query))


def mark_read(session: Session, person_id: int | None, message_id: int | None = None) -> None:
    """Mark one message, or all, of a person as read."""
    query = update(Message).where(Message.person_id == person_id, Message.read_at.is_(None))
    if message_id is not None:
        query = query.where(Message.id == message_id)
    with unscoped("one's own messages"):
        session.execute(query.values(read_at=clock.now()))
