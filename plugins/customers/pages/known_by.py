"""By what a customer is known, on one page for the phone and the desk: add, correct, end."""

from typing import Any

from flask import abort, g, redirect, render_template, request, url_for
from sqlalchemy import select

from core.api import _, gettext, requires, session, toast, typed
from plugins.customers import identities, known_by
from plugins.customers.models import Customer, Identity
from plugins.customers.pages.addresses import READ, UPDATE, blueprint, customer_by, reaches
from plugins.customers.persons import records_of
from plugins.customers.words import IDENTITIES


@blueprint.route("/at/<code>/known-by/")
@requires(READ)
def known_by_page(code: str) -> Any:
    """Show by what a customer is known now and was before."""
    return _page(customer_by(code, READ))


def _page(customer: Customer, problem: str = "", at: int = 0) -> str:
    found = known_by.ever(session, customer)
    return render_template(
        "customers/known_by.html", page_title=_("Known by"), place_name=customer.name, back_url=url_for("customers.card", code=customer.code),
        customer=customer, now=[one for one in found if one.until is None], before=[one for one in found if one.until],
        kinds=[(kind, gettext(IDENTITIES[kind])) for kind in identities.OFFERED], problem=problem, at=at,
        texts=request.form, may_update=reaches(customer, UPDATE), edit_url=f"/admin/customers/customer/edit/?id={customer.id}",
    )  # fmt: skip


@blueprint.route("/at/<code>/known-by/add", methods=("POST",))
@requires(UPDATE)
def add_identity(code: str) -> Any:
    """Let the customer be found by one thing more."""
    customer, kind = customer_by(code, UPDATE), request.form.get("kind", "")
    if kind not in identities.OFFERED:
        return _page(customer, _("Please choose what it is.")), 422
    try:
        value, tax_number = _read(kind)
        known_by.add(session, customer, kind, value, tax_number)
    except typed.BadValue as error:
        return _refused(code, error)
    toast(_("%(name)s is known by it now.", name=customer.name), "good")
    return redirect(url_for("customers.known_by_page", code=code))


@blueprint.route("/at/<code>/known-by/<int:identity_id>/correct", methods=("POST",))
@requires(UPDATE)
def correct_identity(code: str, identity_id: int) -> Any:
    """Put a slip of the pen right: it was meant this way all along."""
    customer = customer_by(code, UPDATE)
    identity = _identity(customer, identity_id)
    try:
        value, tax_number = _read(identity.kind)
        known_by.correct(session, identity, value, tax_number)
    except typed.BadValue as error:
        return _refused(code, error, identity_id)
    toast(_("Corrected."), "good")
    return redirect(url_for("customers.known_by_page", code=code))


@blueprint.route("/at/<code>/known-by/<int:identity_id>/end", methods=("POST",))
@requires(UPDATE)
def end_identity(code: str, identity_id: int) -> Any:
    """It is theirs no more from today; what it was stays on record."""
    customer = customer_by(code, UPDATE)
    known_by.end(session, _identity(customer, identity_id))
    toast(_("Ended today. It stays on record as what it was."), "good")
    return redirect(url_for("customers.known_by_page", code=code))


def _read(kind: str) -> tuple[str, str]:
    value = identities.READERS[kind](request.form.get("value", "")[:200])
    tax_number = identities.read_tax_number(request.form.get("tax_number", "")[:60]) if kind == "invoice_title" else ""
    return value, tax_number


def _identity(customer: Customer, identity_id: int) -> Identity:
    """Return what they are known by now, else 404; a mobile number is changed with the record."""
    query = select(Identity).where(Identity.id == identity_id, Identity.customer_id.in_(records_of(customer.id)))
    query = query.where(Identity.until.is_(None), Identity.deleted_at.is_(None), Identity.kind.in_(identities.OFFERED))
    return session.scalars(query).one_or_none() or abort(404)


def _refused(code: str, error: typed.BadValue, at: int = 0) -> Any:
    session.rollback()
    g.keep_writes = known_by.note_that_it_was_told(session, error)
    return _page(customer_by(code, UPDATE), str(error), at), 409 if isinstance(error, known_by.Taken) else 422
