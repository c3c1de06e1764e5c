"""How many numbers beyond one's own stores a person may look up in an hour.

Found or not counts alike, so that nobody tries numbers until one answers; whom one's stores know counts nothing.
"""

from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import Index, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.api import SYSTEM, Id, Instant, Node, _, acting_as, chain, clock, current_person, inbox, people_at, setting
from plugins.customers.models import Base

WINDOW = timedelta(hours=1)


class Lookup(Base):
    """A person has looked up a number of the whole chain; kept for an hour, the number is not."""

    __tablename__ = "customers_lookup"
    __scope__ = "own"
    __owner__ = "person_id"
    __resource__ = "customers:customer"
    __audit__ = False
    __table_args__ = (Index("ix_customers_lookup_person_id_at", "person_id", "at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person_id: Mapped[int] = mapped_column(Id)
    at: Mapped[datetime] = mapped_column(Instant, default=clock.now)


def minutes_to_wait(session: Session) -> int:
    """Return after how many minutes the acting person may look up a number again; 0 is now."""
    mine = Lookup.person_id == current_person().id, Lookup.at > clock.now() - WINDOW
    query = select(Lookup.at).where(*mine).order_by(Lookup.at.desc())
    last_that_counts = session.scalar(query.offset(setting("customers.lookups_an_hour") - 1).limit(1))
    return ceil((last_that_counts + WINDOW - clock.now()) / timedelta(minutes=1)) if last_that_counts else 0


def note(session: Session) -> None:
    """Count one more for the acting person, and forget what counts no longer."""
    person_id = current_person().id
    session.execute(delete(Lookup).where(Lookup.person_id == person_id, Lookup.at <= clock.now() - WINDOW))
    session.add(Lookup(person_id=person_id))


def tell_head_office(session: Session, node: Node) -> None:
    """Let head office know, once a day and person, who has used up what may be looked up."""
    person = current_person()
    with acting_as(SYSTEM):
        root = chain(session).id
        inbox.send(
            session, people_at(session, {root}, {"head_office"}).get(root, set()),
            key=f"customers:lookups:{person.id}:{clock.today()}",
            title=_("%(name)s looks up many numbers", name=person.name),
            text=_(
                "%(count)s numbers beyond the own stores within an hour, at %(store)s. Each person found is in the history.",
                count=setting("customers.lookups_an_hour"), store=node.name,
            ),
        )  # fmt: skip
