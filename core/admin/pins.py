"""The pages of the desk a person put on their own home."""

from typing import Any

from sqlalchemy import ForeignKey, Index, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.access.person import CurrentPerson
from core.admin.menu import menu_of
from core.db import Base, Id

MOST = 12
"""So many stand on a phone without scrolling past them."""


class Pin(Base):
    """One page of the menu on one person's home; it waits there unseen while the person may not open it."""

    __tablename__ = "desk_pin"
    __scope__ = "own"
    __owner__ = "person_id"
    __resource__ = "desk:pin"
    __audit__ = False
    __table_args__ = (
        Index("uq_desk_pin_person_id_endpoint", "person_id", "endpoint", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person_id: Mapped[int] = mapped_column(Id, ForeignKey("org_person.id"))
    endpoint: Mapped[str] = mapped_column(String(120))


def pinned(session: Session, person: CurrentPerson) -> list[str]:
    """Return the endpoints a person pinned, first pinned first."""
    return list(session.scalars(select(Pin.endpoint).where(Pin.person_id == person.id).order_by(Pin.id)))


def shortcuts(session: Session, person: CurrentPerson) -> list[dict[str, Any]]:
    """Return what stands on a person's home: `title`, `url` and `icon` of each pinned page they may open now."""
    doors = {item["endpoint"]: item | {"icon": group["icon"]} for group in menu_of(person) for item in group["items"]}
    return [doors[endpoint] for endpoint in pinned(session, person) if endpoint in doors]


def pin(session: Session, person: CurrentPerson, endpoint: str) -> bool:
    """Put a page on a person's home; one that is there stays where it is. Return False when the home is full (`MOST`)."""
    have = pinned(session, person)
    if endpoint not in have and len(have) < MOST:
        session.add(Pin(person_id=person.id, endpoint=endpoint))
        session.flush()
        return True
    return endpoint in have


def unpin(session: Session, person: CurrentPerson, endpoint: str) -> None:
    """Take a page off a person's home."""
    session.execute(delete(Pin).where(Pin.person_id == person.id, Pin.endpoint == endpoint))
