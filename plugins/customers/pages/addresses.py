"""What every page under `/customers/` shares: the blueprint, the counter one stands at, how things are written."""

from typing import Any

from flask import Blueprint, abort, request
from sqlalchemy import select

from core.api import CurrentPerson, Node, criteria, current_person, gettext, is_on_at, session, typed
from plugins.customers import identities, numbers, services
from plugins.customers.models import Customer
from plugins.customers.words import CREDIT_MEANINGS, CREDITS, IDENTITIES, LEVEL_MEANINGS, LEVELS, PARTIES

blueprint = Blueprint("customers", __name__, url_prefix="/customers")
READ, LIST, CREATE, UPDATE = (f"customers:customer:{action}" for action in ("read", "list", "create", "update"))
FIND, UNMASK = "customers:customer:find", "customers:customer:unmask"
MERGE = "customers:customer:merge"
COUNTERS = ("store", "department")
"""Places at which somebody stands at a counter."""


def counters_of(person: CurrentPerson) -> list[Node]:
    """Return the stores a person works at and may record customers for; where the plugin is on."""
    own = {place.node_id for place in person.places if place.kind in COUNTERS}
    if not own:
        return []
    query = select(Node).where(Node.id.in_(own), Node.deleted_at.is_(None), criteria(Node, person, CREATE))
    return [node for node in session.scalars(query.order_by(Node.code)) if is_on_at("customers", node)]


def counter_asked() -> Node:
    """Return the counter a form was sent from: the one it names, else the person's only one; 404 without."""
    nodes = {node.code: node for node in counters_of(current_person())}
    code = request.form.get("store", "")
    return nodes.get(code) or (next(iter(nodes.values())) if nodes and not code else abort(404))


def customer_by(code: str, permission: str) -> Customer:
    """Return the customer with this code if the permission reaches them, else 404."""
    customer = services.find(session, code) if code.isprintable() else None
    if customer is None or not reaches(customer, permission):
        abort(404)
    return customer


def reaches(customer: Customer, permission: str) -> bool:
    """Say whether a permission reaches a customer whom the person may read; asks the database only where it differs."""
    person = current_person()
    if not person.may(permission):
        return False
    return person.reach(permission) == person.reach(READ) or services.is_seen(session, customer, permission)


def may_merge() -> bool:
    """Say whether the person decides who is one person: of the whole chain or not at all, as a merge shows records to all stores."""
    return current_person().reach(MERGE).everything


def wants_json() -> bool:
    """Say whether the page's script asks."""
    return request.headers.get("X-Requested-With") == "fetch"


@blueprint.context_processor
def words() -> dict[str, Any]:
    """Give the templates their ways to name things, and numbers only as masks."""
    return {
        "mask": lambda number: typed.mask_mobile(number) if number else "",
        "mask_name": numbers.mask_name, "masked": identities.masked, "kind_of": lambda kind: gettext(IDENTITIES[kind]),
        "level": lambda value: gettext(LEVELS[value]), "level_meaning": LEVEL_MEANINGS.get,
        "credit": lambda value: gettext(CREDITS[value]), "credit_meaning": CREDIT_MEANINGS.get,
        "party": lambda value: gettext(PARTIES[value]),
    }  # fmt: skip
