"""By what a customer is known: changed, added, ended, corrected; dated, and nobody else's at the same time."""

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.api import N_, _, clock, gettext, record, typed
from plugins.customers import identities, lookups, numbers, rollups
from plugins.customers.models import Customer, Identity
from plugins.customers.persons import records_of
from plugins.customers.words import IDENTITIES


class Taken(typed.BadValue):
    """Somebody else is known by this now; says who: masked to whom does not see them, and not to whom has asked too often."""

    def __init__(self, session: Session, holder: Customer, kind: str, value: str) -> None:
        self.holder_id, self.kind, self.masked = holder.id, kind, identities.masked(kind, value)
        is_seen = session.get(Customer, holder.id) is not None
        minutes = 0 if is_seen else lookups.minutes_to_wait(session)
        self.tells_of_elsewhere = not is_seen and not minutes
        if minutes:
            super().__init__(_(
                "This %(kind)s belongs to another customer. You have looked up many in the last hour: "
                "whose it is, is told in %(minutes)s minutes. Nothing is changed.",
                kind=gettext(IDENTITIES[kind]), minutes=minutes,
            ))  # fmt: skip
            return
        known = f"{numbers.mask_name(holder.name)} {typed.mask_mobile(holder.mobile or '')}"
        super().__init__(_(
            "This %(kind)s belongs to another customer: %(who)s. Nothing is changed; end it there first.",
            kind=gettext(IDENTITIES[kind]), who=f"{holder.name} ({holder.code})" if is_seen else known,
        ))  # fmt: skip


def field_of(error: typed.BadValue, usual: str) -> str:
    """Return which field of a form an error is about: the kind of what is taken, else the usual one."""
    return error.kind if isinstance(error, Taken) else usual


def note_that_it_was_told(session: Session, error: typed.BadValue) -> bool:
    """Keep in the audit that somebody learned, masked, whose an identity is, and count it as a look-up like any other.

    Returns whether there was anything to keep.
    """
    if not isinstance(error, Taken) or not error.tells_of_elsewhere:
        return False
    told = {error.kind: [None, error.masked]}
    record(session, resource="customers:customer", row_id=error.holder_id, action=N_("found by number"), changes=told)
    lookups.note(session)
    return True


def current(session: Session, customer_id: int, kind: str = "") -> list[Identity]:
    """Return what a record is known by now, of one kind or of all."""
    query = select(Identity).where(
        Identity.customer_id == customer_id, Identity.until.is_(None), Identity.deleted_at.is_(None)
    )
    return list(session.scalars(query.where(Identity.kind == kind) if kind else query).all())


def ever(session: Session, customer: Customer) -> list[Identity]:
    """Return what a person is known by now and was before, under all their records, the latest first."""
    theirs = Identity.customer_id.in_(records_of(customer.id)), Identity.deleted_at.is_(None)
    return list(session.scalars(select(Identity).where(*theirs).order_by(Identity.id.desc())))


def must_be_free(session: Session, customer: Customer, kind: str, value: str) -> None:
    """Raise `Taken` when another person of the chain is known by it now; another record of the same one lets go of it."""
    holder = rollups.holder_of(session, kind, value)
    if holder is not None and holder.id not in (customer.id, customer.merged_into_id):
        raise Taken(session, holder, kind, value)
    if holder is not None and not any(one.value == value for one in current(session, customer.id, kind)):
        rollups.release(session, kind, value, _("One person with %(code)s", code=customer.code))


def change(session: Session, customer: Customer, kind: str, value: str | None) -> None:
    """Let the one mobile number, e-mail or WeCom id be another from today; the old one stays as what it was.

    Raises `Taken`.
    """
    if value == getattr(customer, kind):
        return
    if value:
        must_be_free(session, customer, kind, value)
    for identity in current(session, customer.id, kind):
        identity.until = clock.today()
    setattr(customer, kind, value)
    session.flush()
    if value:
        _write(session, of_row(customer, kind))


def show_on_rows(session: Session, records: list[Customer]) -> None:
    """Let each record show what its own identities say now, the latest of each kind."""
    for row in records:
        own = {one.kind: one.value for one in sorted(current(session, row.id), key=lambda one: one.id)}
        for kind in identities.ONE_EACH:
            if getattr(row, kind) != own.get(kind):
                setattr(row, kind, own.get(kind))
    session.flush()


def of_row(customer: Customer, kind: str) -> Identity:
    """Return the identity for what stands on a customer's own row."""
    value = getattr(customer, kind) or ""
    return Identity(customer_id=customer.id, kind=kind, value=value, tail=value[-4:] if kind == "mobile" else "")


def add(session: Session, customer: Customer, kind: str, value: str, tax_number: str = "") -> None:
    """Let a customer be found by one thing more from today. Raises `Taken`; what is theirs already stays as it is."""
    if kind in identities.ONE_EACH:
        return change(session, customer, kind, value)
    must_be_free(session, customer, kind, value)
    same = [one for one in current(session, customer.id, kind) if one.value == value]
    if same:
        same[0].tax_number = tax_number or same[0].tax_number
        return None
    return _write(session, Identity(customer_id=customer.id, kind=kind, value=value, tax_number=tax_number))


def end(session: Session, identity: Identity) -> None:
    """Let a customer be known by it no more from today."""
    identity.until = clock.today()
    session.flush()
    show_on_rows(session, [session.get_one(Customer, identity.customer_id)])


def correct(session: Session, identity: Identity, value: str, tax_number: str = "") -> None:
    """Write an identity as it was meant all along. Raises `Taken`."""
    owner = session.get_one(Customer, identity.customer_id)
    must_be_free(session, owner, identity.kind, value)
    identity.value, identity.tax_number = value, tax_number
    _write(session, identity)
    show_on_rows(session, [owner])


def _write(session: Session, identity: Identity) -> None:
    """Write it; who was faster in the same moment keeps it, and this one is told so."""
    kind, value = identity.kind, identity.value
    try:
        with session.begin_nested():
            session.add(identity)
            session.flush()
    except IntegrityError:
        holder = rollups.holder_of(session, kind, value)
        if holder is None:
            raise
        raise Taken(session, holder, kind, value) from None
