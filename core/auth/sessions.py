"""Being signed in: the cookie holds a token, a row of `auth_session` says whether it still counts."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from core import clock
from core.access.person import CurrentPerson
from core.access.scope import unscoped
from core.auth.models import UserSession
from core.auth.rights import acting_person
from core.db import Instant, planned_once
from core.inbox import Message
from core.org.models import Person
from core.registry.models import Revision

LIFETIME = timedelta(days=14)
SEEN_EVERY = timedelta(minutes=10)


def token_hash(token: str) -> str:
    """Return what the table keeps of a token: a copy of the table opens no session."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True)
class SignedIn:
    """What one query brings at the start of each request."""

    rights_revision: int
    plugins_revision: int
    person: CurrentPerson | None
    session_id: int | None
    must_touch: bool = False
    unread: int = 0
    """How many messages the person has not opened."""


def _who() -> Any:
    """Return the one query of each request: built once, because building costs more than asking.

    It asks the tables and not their classes, which would take as long again to make rows of what comes back.
    """
    revision, held, person, message = (model.__table__.c for model in (Revision, UserSession, Person, Message))
    unread = select(func.count()).where(message.person_id == person.id, message.read_at.is_(None))
    return (
        select(
            revision.rights, revision.plugins, held.id, held.seen_at, person.id, person.version,
            unread.correlate(Person.__table__).scalar_subquery(),
        )
        .select_from(Revision.__table__)
        .outerjoin(
            UserSession.__table__,
            (held.token_hash == bindparam("token")) & (held.expires_at > bindparam("now", type_=Instant)),
        )
        .outerjoin(Person.__table__, (person.id == held.person_id) & person.active & person.deleted_at.is_(None))
    )  # fmt: skip


_WHO = planned_once(_who())


def identify(session: Session, token: str | None) -> SignedIn:
    """Return who a token belongs to now, with both revisions and what waits for them, in one query."""
    now = clock.now()
    with unscoped("sign-in"):
        found = session.connection().execute(_WHO, {"token": token_hash(token or ""), "now": now}).one()
        rights, plugins, session_id, seen_at, person_id, version, unread = found
        if person_id is None:
            return SignedIn(rights, plugins, None, None)
        person = acting_person(session, person_id, rights, version)
    return SignedIn(rights, plugins, person, session_id, now - seen_at > SEEN_EVERY, unread)


def start(session: Session, person_id: int, device: str, address: str) -> str:
    """Sign a person in on one device; return the token for the cookie."""
    token = secrets.token_urlsafe(32)
    session.add(
        UserSession(
            token_hash=token_hash(token), person_id=person_id, expires_at=clock.now() + LIFETIME,
            device=device[:120], address=address[:60],
        )
    )  # fmt: skip
    session.execute(delete(UserSession).where(UserSession.expires_at < clock.now()))
    return token


def touch(session: Session, session_id: int) -> None:
    """Note that the session was used just now."""
    session.execute(update(UserSession).where(UserSession.id == session_id).values(seen_at=clock.now()))


def end(session: Session, person_id: int, *, only: int | None = None, except_for: int | None = None) -> None:
    """End one session of a person, all but one, or all."""
    query = delete(UserSession).where(UserSession.person_id == person_id)
    if only is not None:
        query = query.where(UserSession.id == only)
    if except_for is not None:
        query = query.where(UserSession.id != except_for)
    session.execute(query)
