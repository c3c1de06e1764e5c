"""Who may buy, on the phone: begun and moved on from the card."""

from datetime import timedelta
from typing import Any

from flask import abort, redirect, request, url_for
from sqlalchemy import select

from core.api import Node, _, clock, criteria, current_person, gettext, names_of_people, requires, session, toast, typed
from plugins.customers.models import Customer
from plugins.customers.pages.addresses import READ, blueprint, counter_asked, customer_by
from plugins.customers.prospects import services
from plugins.customers.prospects.models import MEANINGS, OPEN, STATES, Prospect

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


@blueprint.route("/at/<code>/prospect", methods=("POST",))
@requires(BEGIN)
def begin_prospect(code: str) -> Any:
    """Note what a customer thinks of."""
    customer, node = customer_by(code, READ), counter_asked()
    if not current_person().reach(BEGIN).holds(node.id, node.area_id, node.region_id):
        abort(404)
    try:
        wish, next_on = typed.text(request.form.get("wish", ""), 200), typed.date(request.form.get("next_on", ""))
        services.begin(session, node, customer, wish, next_on)
    except typed.BadValue as error:
        return _back(code, error)
    toast(_("Noted. On %(day)s it stands on your list.", day=next_on), "good")
    return _back(code)


@blueprint.route("/prospects/<int:prospect_id>/step", methods=("POST",))
@requires(MOVE)
def move_prospect(prospect_id: int) -> Any:
    """Come back later, or it is won or lost."""
    query = select(Prospect).where(Prospect.id == prospect_id, criteria(Prospect, current_person(), MOVE))
    prospect = session.scalars(
        query.with_for_update().execution_options(populate_existing=True)
    ).one_or_none() or abort(404)
    code = session.scalar(select(Customer.code).where(Customer.id == prospect.customer_id)) or abort(404)
    state = request.form.get("state", "")
    try:
        next_on = typed.date(request.form.get("next_on", "")) if state in OPEN else None
        services.step(session, prospect, state, next_on, typed.text(request.form.get("reason", ""), 200))
    except typed.BadValue as error:
        return _back(code, error)
    toast(f"{gettext(STATES[state])}: {prospect.wish}", "good")
    return _back(code)


def _back(code: str, error: typed.BadValue | None = None) -> Any:
    if error is not None:
        session.rollback()
        toast(str(error), "bad")
    return redirect(url_for("customers.card", code=code))
