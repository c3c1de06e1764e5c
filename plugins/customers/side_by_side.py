"""Two people beside each other: what is known of each, and where they agree. Numbers only as masks."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from core.api import _, clock, gettext, names_of_nodes
from plugins.customers.identities import masked
from plugins.customers.models import Contact, Customer, Identity, Pair, Visitor
from plugins.customers.words import COMPARED, IDENTITIES, KINDS

WEIGHED = {"mobile": "number", "wecom": "account", "email": "account", "invoice_title": "title"}
"""As which of `COMPARED` an identity is weighed."""


@dataclass(frozen=True)
class Fact:
    """One thing that is known of both: its name, what each says, and whether they say the same; None where that says little."""

    title: str
    first: list[str]
    second: list[str]
    agrees: bool | None = None
    compared: str = ""
    """As which of `COMPARED` it is weighed."""


def alike(pair: Pair) -> set[str]:
    """Return what of `COMPARED` speaks for one person, the same on both sides or nearly so."""
    return {name for name, bits in pair.reasons.items() if bits > 0}


def facts_of(session: Session, first: Customer, second: Customer) -> list[Fact]:
    """Return what is known of two people, each with all their records; what is said of neither is left out."""
    roots = (first.id, second.id)
    records = list(session.scalars(
        select(Customer).where(or_(Customer.id.in_(roots), Customer.merged_into_id.in_(roots))).order_by(Customer.id)
    ))  # fmt: skip
    owner = {one.id: one.merged_into_id or one.id for one in records}
    own = [[one for one in records if owner[one.id] == root] for root in roots]
    facts = [
        _fact(_("Full name"), *([one.name for one in side] for side in own), "name"),
        _plain(
            _("Person or firm"), *([gettext(KINDS[side[0].kind])] if side[0].kind != "person" else [] for side in own)
        ),
        *_identities(session, owner, roots),
        _fact(_("Address"), *([one.address for one in side if one.address] for side in own), "address"),
        *_places(session, owner, roots),
        _plain(_("Contacts"), *_contacts(session, owner, roots)),
        _plain(_("Recorded"), *([f"{clock.local(one.created_at):%Y-%m-%d}" for one in side] for side in own)),
        _plain(_("Code"), *([one.code for one in side] for side in own)),
    ]
    return [fact for fact in facts if fact.first or fact.second]


def reasons_of(pair: Pair) -> tuple[list[str], list[str]]:
    """Return in words what speaks for one person, the strongest first, and what against."""
    weighed = sorted(pair.reasons.items(), key=lambda reason: -abs(reason[1]))
    named = [(gettext(COMPARED[name]), bits) for name, bits in weighed if name in COMPARED]
    return [name for name, bits in named if bits > 0], [name for name, bits in named if bits < 0]


def _fact(title: str, first: Iterable[str], second: Iterable[str], compared: str = "") -> Fact:
    first, second = list(dict.fromkeys(first)), list(dict.fromkeys(second))
    agrees = _agree(*({text.casefold() for text in side} for side in (first, second)))
    return Fact(title, first, second, agrees, compared)


def _agree(first: set[str], second: set[str]) -> bool | None:
    return bool(first & second) if first and second else None


def _plain(title: str, first: list[str], second: list[str]) -> Fact:
    return Fact(title, first, second)


def _identities(session: Session, owner: dict[int, int], roots: tuple[int, int]) -> list[Fact]:
    query = (
        select(Identity)
        .where(Identity.customer_id.in_(owner), Identity.deleted_at.is_(None))
        .order_by(Identity.id.desc())
    )
    found = list(session.scalars(query))
    facts = []
    for kind, title in IDENTITIES.items():
        sides = [[one for one in found if one.kind == kind and owner[one.customer_id] == root] for root in roots]
        agrees = _agree(*({one.value for one in side} for side in sides))
        facts.append(Fact(gettext(title), *([_shown(one) for one in side] for side in sides), agrees, WEIGHED[kind]))
    return facts


def _shown(one: Identity) -> str:
    shown = masked(one.kind, one.value)
    return f"{shown} · {_('until %(day)s', day=one.until)}" if one.until else shown


def _places(session: Session, owner: dict[int, int], roots: tuple[int, int]) -> list[Fact]:
    query = (
        select(Visitor).where(Visitor.customer_id.in_(owner), ~Visitor.is_shared).order_by(Visitor.first_on, Visitor.id)
    )
    known = list(session.scalars(query))
    sides = [[row for row in known if owner[row.customer_id] == root] for root in roots]
    names = names_of_nodes({row.node_id for row in known})
    stores = _fact(_("Stores"), *([names.get(row.node_id, "") for row in side] for side in sides))
    return [
        replace(stores, agrees=stores.agrees or None),  # people go to more than one store
        _plain(_("First visit"), *([str(min(row.first_on for row in side))] if side else [] for side in sides)),
        _plain(_("Last visit"), *([str(max(row.last_on for row in side))] if side else [] for side in sides)),
    ]


def _contacts(session: Session, owner: dict[int, int], roots: tuple[int, int]) -> list[list[str]]:
    query = select(Contact.customer_id, func.count()).where(
        Contact.customer_id.in_(owner), Contact.deleted_at.is_(None)
    )
    found: Any = session.execute(query.group_by(Contact.customer_id)).all()
    counts = [sum(number for one, number in found if owner[one] == root) for root in roots]
    return [[str(number)] if number else [] for number in counts]
