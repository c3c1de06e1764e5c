"""Two people in one record: what belongs to the other one is taken out, on the card."""

from typing import Any

from flask import abort, redirect, request, url_for

from core.api import _, requires, session, toast, typed
from plugins.customers import merging
from plugins.customers.pages.addresses import MERGE, READ, blueprint, customer_by, may_merge
from plugins.customers.pages.card import card_again


@blueprint.route("/at/<code>/split", methods=("POST",))
@requires(MERGE)
def split(code: str) -> Any:
    """Make a new record of the chosen identities, and open it."""
    customer = customer_by(code, READ)
    if not may_merge():
        abort(404)
    chosen = {
        int(text) for text in request.form.getlist("identity") if text.isascii() and text.isdigit() and len(text) < 19
    }
    try:
        new = merging.split(
            session, customer.id, chosen, typed.text(request.form.get("name", ""), 60).replace("\n", " ")
        )
    except typed.BadValue as error:
        return card_again(code, error)
    toast(_("%(name)s has a record of their own now.", name=new.name), "good")
    return redirect(url_for("customers.card", code=new.code))
