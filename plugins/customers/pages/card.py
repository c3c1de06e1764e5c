"""A customer's card on the phone: who they are, what they agreed to, what happened."""

from typing import Any

from flask import abort, redirect, render_template, request, url_for
from sqlalchemy import select

from core.api import (
    N_,
    _,
    clock,
    current_person,
    gettext,
    record,
    requires,
    session,
    toast,
    typed,
)
from plugins.customers import consents, services, tags, timeline
from plugins.customers.belongings.rollups import belongings_of
from plugins.customers.derived import derived_of
from plugins.customers.gifts import pages as gifts
from plugins.customers.models import Customer, Merge
from plugins.customers.one_person import may_merge
from plugins.customers.pages.addresses import (
    CREATE,
    READ,
    UNMASK,
    UPDATE,
    blueprint,
    counter_asked,
    counters_of,
    customer_by,
    reaches,
)
from plugins.customers.prospects import pages as prospects
from plugins.customers.quality.formula import score_of
from plugins.customers.words import IDENTITIES

REASON_LENGTH = 200


@blueprint.route("/at/<code>/")
@requires(READ)
def card(code: str) -> Any:
    """Show a card; the code of a merged record leads to the one that stands for the person."""
    customer = customer_by(code, READ)
    return show_card(customer) if customer.code == code else redirect(url_for("customers.card", code=customer.code))


def show_card(customer: Customer, *, number: str = "") -> str:
    """Show a card; with the number in full where its showing was just logged."""
    person, belongings = current_person(), belongings_of(session, customer)
    found, beside = belongings.theirs, belongings.beside
    held = consents.holding(found.consents)
    (place, *known), identities = found.own[0], [row for row in reversed(found.identities) if not row.deleted_at]
    score, missing = score_of(known)
    may_update, nodes, is_judge = (
        reaches(customer, UPDATE),
        counters_of(person) if person.may(CREATE) else [],
        may_merge(),
    )
    return render_template(
        "customers/card.html", page_title=customer.name, back_url=url_for("customers.counter"), customer=customer, number=number, score=score, missing=missing,
        derived=derived_of(customer.id), words=[word for word in tags.offered() if word not in customer.tags.split("、")],
        place_name=place or customer.code,
        may_unmask=bool(customer.mobile) and reaches(customer, UNMASK), may_update=may_update,
        at_counter=bool(nodes), **gifts.on_card(customer, nodes), **prospects.on_card(beside.prospects, nodes),
        others=[row for row in identities if row.until or row.value != customer.mobile],
        contacts=beside.contacts, companies=beside.companies, timeline=timeline.timeline_of(customer.id, belongings),
        choices=[
            (purpose, channel, gettext(title), held.get((purpose, channel)))
            for (purpose, channel), title in consents.CHOICES.items()
        ],
        told=_told_of_consents(found.consents), link_url=url_for("customers.link", code=customer.code) if may_update else "",
        show_day=lambda instant: f"{clock.local(instant):%Y-%m-%d}",
        edit_url=f"/admin/customers/customer/edit/?id={customer.id}" if may_update else "",
        may_merge=is_judge, merges=_merges(belongings.merged) if is_judge and belongings.merged else [],
        own=[(gettext(IDENTITIES[row.kind]), row) for row in identities] if is_judge else [],
        contact_url="/admin/customers/contact/new/" if person.may("customers:contact:create") else "",
    )  # fmt: skip


def _merges(merged: list[Any]) -> list[Any]:
    """Return the merges that made one customer of these records and another: each with name and code of what is gone."""
    query = select(Merge.id, Merge.at, Customer.name, Customer.code).join(Customer, Customer.id == Merge.gone_id)
    query = query.where(Merge.gone_id.in_([one.id for one in merged]), Merge.undone_at.is_(None))
    return list(session.execute(query.order_by(Merge.id.desc())))


def _told_of_consents(given: list[Any]) -> list[tuple[str, str, str]]:
    """Return (title, when and how it was given, when and how it was taken back) of every consent, newest first."""

    def told(at: Any, how: str, by: str | None) -> str:
        words = (f"{clock.local(at):%Y-%m-%d %H:%M}", gettext(consents.HOWS.get(how, how)), by)
        return " · ".join(filter(None, words))

    return [
        (
            gettext(consents.CHOICES.get((row.purpose, row.channel), row.purpose)),
            told(row.given_at, row.how, row.given_by),
            told(row.withdrawn_at, row.withdrawn_how, row.withdrawn_by) if row.withdrawn_at else "",
        )
        for row in reversed(given)
    ]


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
        toast(str(error), "bad")
    return redirect(url_for("customers.card", code=code))


@blueprint.route("/at/<code>/consent", methods=("POST",))
@requires(UPDATE)
def consent(code: str) -> Any:
    """Give a consent or take it back; both with one tap, and at once."""
    customer = customer_by(code, UPDATE)
    purpose, _dash, channel = request.form.get("choice", "").partition("-")
    if (purpose, channel) not in consents.CHOICES:
        abort(404)
    if request.form.get("answer") == "yes":
        consents.give(session, customer.id, [(purpose, channel)])
        toast(_("Noted: %(name)s agrees.", name=customer.name), "good")
    else:
        consents.withdraw(session, customer.id, purpose, channel)
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
