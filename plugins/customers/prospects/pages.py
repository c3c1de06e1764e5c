"""Who may buy, on the phone: begun and moved on from the card."""

from typing import Any

from flask import abort, redirect, request, url_for
from sqlalchemy import select

from core.api import _, criteria, current_person, gettext, requires, session, toast, typed
from plugins.customers.models import Customer
from plugins.customers.pages.addresses import READ, blueprint, counter_asked, customer_by
from plugins.customers.pages.card import card_again
from plugins.customers.prospects import services
from plugins.customers.prospects.models import OPEN, STATES, Prospect
from plugins.customers.prospects.on_card import BEGIN, MOVE


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
        return card_again(code, error)
    toast(_("Noted. On %(day)s it stands on your list.", day=next_on), "good")
    return redirect(url_for("customers.card", code=code))


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
        return card_again(code, error)
    toast(f"{gettext(STATES[state])}: {prospect.wish}", "good")
    return redirect(url_for("customers.card", code=code))
