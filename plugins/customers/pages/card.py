"""A customer's card on the phone: who they are, what they agreed to, what happened."""

from typing import Any

from flask import abort, redirect, render_template, request, url_for

from core.api import N_, _, current_person, record, requires, session, toast, typed
from plugins.customers import consents, services, tags, timeline
from plugins.customers.belongings.rollups import belongings_of
from plugins.customers.consent_texts import CHOICES
from plugins.customers.contribution import on_card as contribution
from plugins.customers.gifts import pages as gifts
from plugins.customers.models import Customer
from plugins.customers.pages import on_card
from plugins.customers.pages.addresses import (
    CREATE,
    READ,
    UNMASK,
    UPDATE,
    blueprint,
    counter_asked,
    counters_of,
    customer_by,
    words,
)
from plugins.customers.prospects import on_card as prospects

REASON_LENGTH = 200


@blueprint.route("/at/<code>/")
@requires(READ)
def card(code: str) -> Any:
    """Show a card; the code of a merged record leads to the one that stands for the person."""
    customer = customer_by(code, READ)
    return show_card(customer) if customer.code == code else redirect(url_for("customers.card", code=customer.code))


def show_card(customer: Customer, *, number: str = "", problem: str = "") -> str:
    """Show a card; with the number in full where its showing was just logged, with what was typed where it was refused."""
    person, belongings = current_person(), belongings_of(session, customer)
    nodes = counters_of(person) if person.may(CREATE) else []
    return render_template(
        "customers/card.html", page_title=customer.name, back_url=url_for("customers.counter"), customer=customer, number=number,
        problem=problem, texts=request.form if problem else {}, refused=request.endpoint if problem else "", at_counter=bool(nodes),
        **on_card.facts(customer, belongings), **on_card.agreed(belongings.theirs.consents), **on_card.belonging(belongings.beside),
        **gifts.on_card(belongings.theirs.gifts, nodes), **prospects.on_card(belongings.beside.prospects, nodes),
        **contribution.on_card(belongings.beside),
        timeline=timeline.timeline_of(customer.id, belongings),
        **words(),  # a page of the desk that refuses a form of the card shows it too
    )  # fmt: skip


def card_again(code: str, refusal: typed.BadValue) -> Any:
    """Show the card with what is wrong, and the form as it was sent; nothing of it was written."""
    session.rollback()
    return show_card(customer_by(code, READ), problem=str(refusal)), 422


@blueprint.route("/at/<code>/visit", methods=("POST",))
@requires(CREATE)
def visit(code: str) -> Any:
    """Note that the customer is here today."""
    customer = customer_by(code, READ)
    services.note_visit(session, customer, counter_asked().id, "came")
    toast(_("The visit of %(name)s is noted.", name=customer.name), "good")
    return redirect(url_for("customers.card", code=code))


@blueprint.route("/at/<code>/likes", methods=("POST",))
@requires(UPDATE)
def add_likes(code: str) -> Any:
    """Note what they like: words that are offered, and others."""
    customer = customer_by(code, UPDATE)
    try:
        customer.tags = tags.read_words("、".join([customer.tags, *request.form.getlist("word")]))
    except typed.BadValue as error:
        return card_again(code, error)
    return redirect(url_for("customers.card", code=code))


@blueprint.route("/at/<code>/consent", methods=("POST",))
@requires(UPDATE)
def consent(code: str) -> Any:
    """Give a consent or take it back; both with one tap, and at once. A second tap shows how it stands."""
    customer = customer_by(code, UPDATE)
    purpose, _dash, channel = request.form.get("choice", "").partition("-")
    if (purpose, channel) not in CHOICES:
        abort(404)
    yes = request.form.get("answer") == "yes"
    consents.answer(session, customer.id, purpose, channel, yes=yes)
    if yes:
        toast(_("Noted: %(name)s agrees.", name=customer.name), "good")
    elif purpose == "service":
        toast(
            _(
                "Withdrawn. It holds from now on. Should their data go too, they say so on their own page, or you tell head office."
            ),
            "good",
        )
    else:
        toast(_("Withdrawn. It holds from now on."), "good")
    return redirect(url_for("customers.card", code=code))


@blueprint.route("/at/<code>/number", methods=("POST",))
@requires(UNMASK)
def number(code: str) -> Any:
    """Show the number in full; who, when and why is kept before it is shown."""
    customer = customer_by(code, UNMASK)
    log_number_shown(customer)
    return show_card(customer, number=customer.mobile or "")


def log_number_shown(customer: Customer) -> None:
    """Keep who sees a number and why; 400 without a reason."""
    try:
        reason = typed.text(request.form.get("reason", ""), REASON_LENGTH)
    except typed.BadValue:
        abort(400)
    if not reason:
        abort(400)
    record(session, resource="customers:customer", row_id=customer.id, action=N_("number shown"), reason=reason)
    session.flush()
