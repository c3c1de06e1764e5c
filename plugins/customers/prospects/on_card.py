"""What a customer may buy, as their card shows it."""

from datetime import timedelta
from typing import Any

from core.api import Node, clock, current_person, names_of_people, session
from plugins.customers.prospects import services
from plugins.customers.prospects.models import MEANINGS, STATES

BEGIN, MOVE, SEE = "customers:prospect:create", "customers:prospect:update", "customers:prospect:read"
USUAL = timedelta(days=3)


def on_card(found: list[Any], nodes: list[Node]) -> dict[str, Any]:
    """Return what a card says of what the customer may buy: the open ones in reach, and whether one may begin one."""
    person = current_person()
    if not person.may(SEE):
        return {}
    reach, here = person.reach(MOVE), {one.node_id for one in found}
    return {
        "prospects": [(one, reach.holds(one.node_id, one.area_id, one.region_id)) for one in found], "states": STATES, "state_meanings": MEANINGS,
        "steps": services.STEPS, "owners": names_of_people(session, {one.owner_id for one in found if one.owner_id}),
        "prospect_node": next((node for node in nodes if node.id not in here), None) if person.may(BEGIN) else None,
        "usual_next": clock.today() + USUAL,
    }  # fmt: skip
