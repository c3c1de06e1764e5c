"""How often a sign-in may fail, so that guessing is slow and a stranger cannot lock anybody out.

The idea is OWASP's device cookie: a browser that has signed in as this person before is counted by
itself; unknown browsers are counted by their network address and, generously, by the name they try.
Shops share one address, so an address is only refused for the names it keeps failing on.
"""

from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from core import clock
from core.auth.models import LoginAttempt

WINDOW = timedelta(minutes=15)
FAILURES_PER_SOURCE = 5
STRANGERS_PER_NAME = 30
FAILURES_PER_ADDRESS = 200


def source_of(username: str, device: str | None, address: str) -> str:
    """Return what a sign-in is counted under: the known device, else the network address."""
    return f"device:{device}" if device else f"address:{address}"


def is_limited(session: Session, username: str, source: str) -> bool:
    """Say whether this source must wait before it tries `username` again."""
    since = clock.now() - WINDOW
    recent = select(func.count()).select_from(LoginAttempt).where(LoginAttempt.at > since)
    here = session.scalar(recent.where(LoginAttempt.username == username, LoginAttempt.source == source)) or 0
    if here >= FAILURES_PER_SOURCE:
        return True
    if source.startswith("device:"):
        return False
    by_strangers = recent.where(LoginAttempt.username == username, LoginAttempt.source.like("address:%"))
    by_address = recent.where(LoginAttempt.source == source)
    return (session.scalar(by_strangers) or 0) >= STRANGERS_PER_NAME or (
        session.scalar(by_address) or 0
    ) >= FAILURES_PER_ADDRESS


def note_failure(session: Session, username: str, source: str, reason: str) -> None:
    """Keep a failed sign-in, and forget those that no longer count."""
    session.add(LoginAttempt(username=username[:60], source=source[:80], reason=reason))
    session.execute(delete(LoginAttempt).where(LoginAttempt.at < clock.now() - 4 * WINDOW))
