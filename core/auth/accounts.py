"""What is done to accounts: signing in, passwords, roles, and who may do it to whom."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from core import clock, typed
from core.access.person import SYSTEM, CurrentPerson, Forbidden, acting_as
from core.access.scope import unscoped
from core.auth import limits, sessions
from core.auth.models import Assignment, Grant, Role
from core.auth.passwords import ONE_TIME_HOURS, hash_password, one_time_password, verify, weakness
from core.auth.rights import rights_changed
from core.language import _
from core.org.models import Node, Person


class Refused(typed.BadValue):
    """An account operation that is not allowed; the message is for the person who asked."""


@dataclass(frozen=True)
class SignIn:
    """The outcome of an attempt: a token, or the text that says why not."""

    token: str = ""
    error: str = ""
    person_id: int | None = None


def sign_in(
    session: Session, username: str, password: str, *, device: str | None, address: str, browser: str
) -> SignIn:
    """Check name and password and start a session.

    The same answer and the same work for an unknown name and a wrong password; limits as in `limits`.
    """
    username = typed.text(username)[:60]
    source = limits.source_of(username, device, address)
    if limits.is_limited(session, username, source):
        return SignIn(error=_("Too many attempts. Wait 15 minutes, or ask your manager for a new password."))
    with unscoped("sign-in"), acting_as(SYSTEM):
        person = session.scalars(select(Person).where(Person.username == username)).one_or_none()
        usable = person and person.active and person.deleted_at is None and not _expired(person)
        if not verify(person.password_hash if usable else None, password) or person is None:
            limits.note_failure(session, username, source, "password")
            session.flush()
            return SignIn(error=_("User name or password is wrong."))
        return SignIn(sessions.start(session, person.id, browser, address), person_id=person.id)


def _expired(person: Person) -> bool:
    return person.password_expires_at is not None and person.password_expires_at < clock.now()


def change_own_password(
    session: Session, person_id: int, current: str, new: str, keep_session: int | None
) -> str | None:
    """Set a new password; every other session of the person ends. Returns what is wrong, or None."""
    with unscoped("one's own account"):
        person = session.scalars(select(Person).where(Person.id == person_id)).one()
        if not verify(person.password_hash, current):
            return _("This is not your present password.")
        if verify(person.password_hash, new):
            return _("Choose a password that you have not now.")
        if problem := weakness(new, person.username):
            return problem
        _set_password(person, new)
        sessions.end(session, person_id, except_for=keep_session)
        session.flush()
    return None


def set_password(session: Session, person: Person, password: str) -> None:
    """Set a password (from the shell); every session of the person ends."""
    if problem := weakness(password, person.username):
        raise Refused(problem)
    _set_password(person, password)
    sessions.end(session, person.id)


def _set_password(person: Person, password: str) -> None:
    person.password_hash = hash_password(password)
    person.must_change_password = False
    person.password_expires_at = None


def reset_password(session: Session, actor: CurrentPerson, person: Person) -> str:
    """Give a person a one-time password, shown once to the administrator; their sessions end.

    It is valid for a day and must be changed at the first sign-in.
    """
    require_rank_above(session, actor, person)
    password = one_time_password()
    person.password_hash = hash_password(password)
    person.must_change_password = True
    person.password_expires_at = clock.now() + timedelta(hours=ONE_TIME_HOURS)
    sessions.end(session, person.id)
    return password


def rank_of(session: Session, person_id: int) -> int:
    """Return the highest rank a person holds, stand-ins included."""
    query = select(func.max(Role.rank)).join(Assignment, Assignment.role_id == Role.id)
    return session.scalar(query.where(Assignment.person_id == person_id)) or 0


def require_rank_above(session: Session, actor: CurrentPerson, person: Person) -> None:
    """Raise `Forbidden` unless `actor` may change this person: someone of lower rank, or acting as administrator."""
    if actor.id == person.id and not actor.everything:
        raise Forbidden("org:person:update", _("You cannot change your own account here."))
    if not actor.everything and rank_of(session, person.id) >= actor.rank:
        raise Forbidden("org:person:update", _("This person's rank is not below yours."))


def assign(
    session: Session, actor: CurrentPerson, assignment: Assignment, person: Person, role: Role, node: Node
) -> None:
    """Give a person a role at a node, once.

    Nobody gives a rank they do not stand above, a right they lack, or a place outside theirs.
    """
    require_rank_above(session, actor, person)
    if actor.id == person.id and actor.id is not None:
        raise Forbidden("auth:assignment:create", _("You cannot change your own roles."))
    if not actor.everything:
        if role.rank >= actor.rank or role.everything:
            raise Forbidden("auth:assignment:create", _("This role's rank is not below yours."))
        if not actor.reach("auth:assignment:create").holds(node.id, node.area_id, node.region_id):
            raise Forbidden("auth:assignment:create", _("This place is not under yours."))
        for grant in session.scalars(select(Grant).where(Grant.role_id == role.id)):
            # What stays at one's own rows or at a place below is what appointing means: a manager writes a
            # day that head office only reads. What reaches the whole chain one must hold oneself.
            reaches_all = grant.level == "all" or (grant.level == "node" and node.kind == "chain")
            if reaches_all and not may_give(actor, grant.permission, "all"):
                raise Forbidden(grant.permission, _("This role holds a right that you do not have yourself."))
    rights_changed(session)  # first: two who give the same role at once wait for each other
    if problem := held_already(session, person.id, role.id, node.id):
        raise Refused(problem)
    assignment.person_id, assignment.role_id, assignment.node_id = person.id, role.id, node.id
    session.add(assignment)
    session.flush()
    sessions.end(session, person.id)


def may_give(actor: CurrentPerson, permission: str, level: str) -> bool:
    """Say whether `actor` may give a right at a level: nobody gives what they lack, or further than it reaches."""
    reach = actor.reach(permission)
    if level == "all":
        return reach.everything
    placed = reach.everything or reach.regions or reach.areas or reach.nodes
    return bool(placed) if level == "node" else actor.may(permission)


def held_already(session: Session, person_id: int, role_id: int, node_id: int) -> str | None:
    """Return what to say when the person holds the role at that place already, else None."""
    query = select(Assignment.id).where(
        Assignment.person_id == person_id, Assignment.role_id == role_id, Assignment.node_id == node_id
    )
    if session.scalar(query) is None:
        return None
    return _("This person already holds this role there. Take it away first to change its days.")


def unassign(session: Session, actor: CurrentPerson, person: Person, assignment: Assignment) -> None:
    """Take a role from a person; the last system administrator keeps theirs."""
    require_rank_above(session, actor, person)
    if actor.id == person.id and actor.id is not None:
        raise Forbidden("auth:assignment:delete", _("You cannot change your own roles."))
    rights_changed(session)  # first: the last two administrators cannot both be counted by the other
    role = session.get(Role, assignment.role_id)
    if role and role.everything and administrators(session) - {person.id} == set():
        raise Refused(_("This is the last system administrator."))
    session.delete(assignment)
    session.flush()
    sessions.end(session, person.id)


def administrators(session: Session) -> set[int]:
    """Return the ids of people who can act as system administrator now."""
    with unscoped("the last administrator stays"):
        query = (
            select(Assignment.person_id)
            .join(Role, Role.id == Assignment.role_id)
            .join(Person, Person.id == Assignment.person_id)
            .where(
                Role.everything,
                Person.active,
                Person.deleted_at.is_(None),
                or_(Assignment.from_day.is_(None), Assignment.from_day <= clock.working_day()),
                or_(Assignment.to_day.is_(None), Assignment.to_day >= clock.working_day()),
            )
        )
        return set(session.scalars(query))


def disable(session: Session, actor: CurrentPerson, person: Person) -> None:
    """Close an account; its sessions end. The last system administrator stays."""
    require_rank_above(session, actor, person)
    rights_changed(session)  # first: the last two administrators cannot both be counted by the other
    if administrators(session) == {person.id}:
        raise Refused(_("This is the last system administrator."))
    person.active = False
    sessions.end(session, person.id)
