"""The parts of a customer's card: what is known of them, what they agreed to, who belongs to them, whose records they are."""

from typing import Any

from flask import url_for
from sqlalchemy import select

from core.api import clock, current_person, gettext, session
from plugins.customers import consents, tags
from plugins.customers.belongings.rollups import Belongings
from plugins.customers.consent_texts import CHOICES
from plugins.customers.derived import derived_of
from plugins.customers.models import Customer, Merge
from plugins.customers.pages.addresses import UNMASK, UPDATE, may_merge, reaches
from plugins.customers.quality.formula import score_of
from plugins.customers.words import IDENTITIES


def facts(customer: Customer, belongings: Belongings) -> dict[str, Any]:
    """Return what is known of a customer, what is missing, and what the person who looks may do."""
    place, *known = belongings.theirs.own[0]
    score, missing = score_of(known)
    found = [one for one in reversed(belongings.theirs.identities) if not one.deleted_at]
    may_update, has_tags = reaches(customer, UPDATE), customer.tags.split("、")
    return {
        "place_name": place or customer.code, "others": [one for one in found if one.until or one.value != customer.mobile],
        "score": score, "missing": missing, "derived": derived_of(customer.id),
        "words": [word for word in tags.offered() if word not in has_tags],
        "may_unmask": bool(customer.mobile) and reaches(customer, UNMASK), "may_update": may_update,
        "edit_url": f"/admin/customers/customer/edit/?id={customer.id}" if may_update else "",
        "link_url": url_for("customers.link", code=customer.code) if may_update else "",
        **_one_person(found, belongings.theirs.merged),
    }  # fmt: skip


def _one_person(found: list[Any], merged: list[Any]) -> dict[str, Any]:
    """Return, for who decides about it, the records that are this person, and what might be somebody else's."""
    if not may_merge():
        return {"may_merge": False}
    own = [(gettext(IDENTITIES[one.kind]), one) for one in found]
    return {"may_merge": True, "own": own, "merges": _merges(merged) if merged else []}


def _merges(merged: list[Any]) -> list[Any]:
    """Return the merges that made one customer of these records and another: each with name and code of what is gone."""
    query = select(Merge.id, Merge.at, Customer.name, Customer.code).join(Customer, Customer.id == Merge.gone_id)
    query = query.where(Merge.gone_id.in_([one.id for one in merged]), Merge.undone_at.is_(None))
    return list(session.execute(query.order_by(Merge.id.desc())))


def agreed(given: list[Any]) -> dict[str, Any]:
    """Return what a customer agrees to now, and every yes and no they ever said."""
    held = consents.holding(given)
    return {
        "choices": consents.choices_of(held, {choice: row.words for choice, row in held.items()}), "told": _told(given),
        "show_day": lambda instant: f"{clock.local(instant):%Y-%m-%d}",
    }  # fmt: skip


def _told(given: list[Any]) -> list[tuple[str, str, str]]:
    """Return (the words, when and how it was given, when and how it was taken back) of every consent, newest first."""

    def said(at: Any, how: str, by: str | None, version: str = "") -> str:
        told = (f"{clock.local(at):%Y-%m-%d %H:%M}", gettext(consents.HOWS.get(how, how)), by, version)
        return " · ".join(filter(None, told))

    return [
        (
            row.words or gettext(CHOICES.get((row.purpose, row.channel), row.purpose)),
            said(row.given_at, row.how, row.given_by, row.text_version),
            said(row.withdrawn_at, row.withdrawn_how, row.withdrawn_by) if row.withdrawn_at else "",
        )
        for row in reversed(given)
    ]


def belonging(beside: Any) -> dict[str, Any]:
    """Return whom to talk to about a customer, and whose contact they are themselves."""
    may_add = current_person().may("customers:contact:create")
    return {
        "contacts": beside.contacts, "companies": beside.companies,
        "contact_url": "/admin/customers/contact/new/" if may_add else "",
    }  # fmt: skip
