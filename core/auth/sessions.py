"""Being signed in: the cookie holds a token, a row of `auth_session` says whether it still counts."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core import clock
from core.access.person import CurrentPerson
from core.access.scope import unscoped
from core.auth.models import UserSession
from core.auth.rights import acting_person
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


def identify(session: Session, token: str | None) -> SignedIn:
    """Return who a token belongs to now, with both revisions, in one query."""
    with unscoped("sign-in"):
        query = select(
            Revision.rights, Revision.plugins, UserSession.id, UserSession.seen_at, Person.id, Person.version
        ).select_from(Revision)
        query = query.outerjoin(
            UserSession,
            (UserSession.token_hash == token_hash(token or "")) & (UserSession.expires_at > clock.now()),
        ).outerjoin(
            Person, (Person.id == UserSession.person_id) & Person.active & Person.deleted_at.is_(None)
        )
        rights, plugins, session_id, seen_at, person_id, version = session.execute(query).one()
        if person_id is None:
            return SignedIn(rights, plugins, None, None)
        person = acting_person(session, person_id, rights, version)
    return SignedIn(rights, plugins, person, session_id, clock.now() - seen_at > SEEN_EVERY)


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
