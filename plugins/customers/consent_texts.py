"""The words people are asked for a consent with, kept as they stood on the page, so that an old yes shows what it was to."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import String, UniqueConstraint, bindparam, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.api import N_, Id, Instant, clock, gettext, planned_once
from plugins.customers.models import Base, Consent

CHOICES = {
    ("service", "any"): N_("Keep name and number for after-sales service"),
    ("marketing", "sms"): N_("Offers by text message"),
    ("marketing", "call"): N_("Offers by telephone"),
    ("marketing", "wecom"): N_("Offers by WeCom"),
    ("profiling", "any"): N_("Remember what they like and buy"),
    ("sharing", "any"): N_("Pass on to partners of the chain"),
}
"""(purpose, channel) → what is asked, in the words shown to the customer."""
VERSION = "2026-11"
"""Raised whenever the words above change."""


class ConsentText(Base):
    """The words of one purpose and channel in one language: written when the first person agrees to them, never changed."""

    __tablename__ = "customers_consent_text"
    __scope__ = "global"
    __resource__ = "customers:customer"
    __audit__ = False
    __table_args__ = (UniqueConstraint("purpose", "channel", "text_version", "words"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    purpose: Mapped[str] = mapped_column(String(16))
    channel: Mapped[str] = mapped_column(String(16))
    text_version: Mapped[str] = mapped_column(String(16))
    words: Mapped[str] = mapped_column(String(400))
    first_used_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)


def ids_of_today(session: Session, choices: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return `{(purpose, channel): id of its text}` as it is asked now, in the language of this page."""
    wanted = {choice: gettext(CHOICES[choice]) for choice in choices}
    found = _found(session, wanted)
    for choice in wanted.keys() - found.keys():
        try:
            with session.begin_nested():
                purpose, channel = choice
                session.execute(
                    insert(ConsentText).values(
                        purpose=purpose, channel=channel, text_version=VERSION, words=wanted[choice]
                    )
                )
        except IntegrityError:
            pass  # somebody else is the first to agree to it in the same moment
    return found if len(found) == len(wanted) else _found(session, wanted)


_FOUND = planned_once(
    select(ConsentText.id, ConsentText.purpose, ConsentText.channel, ConsentText.words).where(
        ConsentText.text_version == bindparam("version"), ConsentText.words.in_(bindparam("words", expanding=True))
    )
)


def _found(session: Session, wanted: dict[tuple[str, str], str]) -> dict[tuple[str, str], int]:
    rows = session.execute(_FOUND, {"version": VERSION, "words": list(wanted.values())})
    return {
        (purpose, channel): text_id
        for text_id, purpose, channel, words in rows if wanted.get((purpose, channel)) == words
    }  # fmt: skip


def words_of(session: Session, consents: Iterable[Consent]) -> dict[int, str]:
    """Return `{id of the text: its words}` of what these consents were given to."""
    ids = {consent.text_id for consent in consents if consent.text_id}
    query = select(ConsentText.id, ConsentText.words).where(ConsentText.id.in_(ids))
    return dict(session.execute(query).all()) if ids else {}  # type: ignore[arg-type]
