"""A person's own page behind a link, and the making of the link: what the chain holds of them, in their own hands."""

from typing import Any

from flask import abort, redirect, render_template, request, url_for

from core.api import (
    Node,
    _,
    clock,
    current_person,
    is_on_at,
    names_of_nodes,
    public,
    requires,
    session,
    setting,
    toast,
    typed,
)
from plugins.customers import consents, services
from plugins.customers.consent_texts import CHOICES, VERSION, words_of
from plugins.customers.models import Customer, Visitor
from plugins.customers.pages.addresses import UPDATE, blueprint, customer_by
from plugins.customers.privacy import links, rollups


@blueprint.route("/at/<code>/link", methods=("POST",))
@requires(UPDATE)
def link(code: str) -> Any:
    """Make a link to the person's own page and show it; an earlier one opens nothing any more."""
    customer = customer_by(code, UPDATE)
    url = url_for("customers.me", token=links.make(session, customer), _external=True)
    return render_template(
        "customers/link.html", page_title=_("Their own page"), place_name=customer.name, url=url,
        hours=setting("customers.link_hours"), back_url=url_for("customers.card", code=code),
    )  # fmt: skip


@blueprint.route("/me/<token>", methods=("GET", "POST"))
@public("a customer looks at what is kept of them, by a signed link that a store gave them")
def me(token: str) -> Any:
    """Show a person what is held of them, and do what they ask; whatever is wrong with a link, the answer is one."""
    customer, is_staff = links.opened(session, token), current_person().id is not None
    with rollups.on_their_own_page():
        customer = customer and services.standing(session, customer)
        if customer is None or not _is_on_for(customer):
            return render_template("customers/no_link.html", page_title=_("What we keep of you")), 404
        if request.method == "GET":
            return _page(customer, is_staff=is_staff)
        if is_staff:  # who works here does not speak for a customer
            return _page(customer, is_staff=True), 403
        try:
            _do(customer, request.form.get("what", ""))
            session.flush()
        except typed.BadValue as error:
            session.rollback()
            return _page(customer, problem=str(error)), 422
        except links.TooOften:
            session.rollback()
            return _page(customer, problem=_("That was a lot at once. Please come back in an hour.")), 429
    return redirect(url_for("customers.me", token=token))


def _is_on_for(customer: Customer) -> bool:
    node = session.get(Node, customer.node_id) if customer.node_id else None
    return node is None or is_on_at("customers", node)


def _page(customer: Customer, *, problem: str = "", is_staff: bool = False) -> str:
    held = consents.given_to(session, customer.id)
    texts = words_of(session, held.values())
    visitors = rollups.rows_of(session, Visitor, frozenset({customer.id}))
    places = names_of_nodes({visitor.node_id for visitor in visitors})
    return render_template(
        "customers/me.html", page_title=_("What we keep of you"), place_name=customer.code, customer=customer, problem=problem,
        is_staff=is_staff, email=links.shown_email(session, customer), texts=request.form,
        visited=[(places.get(visitor.node_id, ""), visitor.last_on) for visitor in visitors],
        asked=any(wish.what == "erase" for wish in links.wishes_of(session, customer.id)),
        version=VERSION, choices=consents.choices_of(held, {choice: texts.get(row.text_id or 0) for choice, row in held.items()}),
        show_day=lambda instant: f"{clock.local(instant):%Y-%m-%d}",
    )  # fmt: skip


def _do(customer: Customer, what: str) -> None:
    if what == "correct":
        name, address, email = (
            typed.text(request.form.get(field, ""), most).replace("\n", " ")
            for field, most in (("name", 60), ("address", 200), ("email", 120))
        )
        changed = links.correct(session, customer, name, address, email)
        toast(_("Saved. The store sees it now.") if changed else _("Nothing was different."), "good")
    elif what == "consent":
        purpose, _dash, channel = request.form.get("choice", "").partition("-")
        if (purpose, channel) not in CHOICES:
            abort(404)
        links.answer(session, customer, purpose, channel, yes=request.form.get("answer") == "yes")
        toast(_("Noted. It holds from now on."), "good")
    elif what == "erase":
        links.ask_to_be_forgotten(session, customer)
        toast(_("Head office has your wish. The store may call you before it is done."), "good")
    else:
        abort(404)
