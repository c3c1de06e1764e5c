"""What every page under `/customers/` shares: the blueprint, the counter one stands at, how things are written."""

from typing import Any

from flask import Blueprint, abort, request
from sqlalchemy import bindparam, select

from core.api import CurrentPerson, Node, current_person, gettext, is_on_at, planned_once, session, typed
from plugins.customers import identities, numbers, services
from plugins.customers.models import Customer
from plugins.customers.words import CREDIT_MEANINGS, CREDITS, IDENTITIES, LEVEL_MEANINGS, LEVELS, PARTIES

blueprint = Blueprint("customers", __name__, url_prefix="/customers")
READ, LIST, CREATE, UPDATE = (f"customers:customer:{action}" for action in ("read", "list", "create", "update"))
FIND, UNMASK = "customers:customer:find", "customers:customer:unmask"
MERGE = "customers:customer:merge"
COUNTERS = ("store", "department")
"""Places at which somebody stands at a counter."""
_PLACES = planned_once(
    select(Node).where(Node.id.in_(bindparam("ids", expanding=True)), Node.deleted_at.is_(None)).order_by(Node.code)
)


def counters_of(person: CurrentPerson) -> list[Node]:
    """Return the stores a person works at and may record customers for; where the plugin is on."""
    own, reach = {place.node_id for place in person.places if place.kind in COUNTERS}, person.reach(CREATE)
    return [
        node for node in (session.scalars(_PLACES, {"ids": sorted(own)}) if own else ())
        if reach.holds(node.id, node.area_id, node.region_id) and is_on_at("customers", node)
    ]  # fmt: skip


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
