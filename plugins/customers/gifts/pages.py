"""Gifts on the phone: what a store has and how it changes; handing one out on a customer's card."""

import uuid
from typing import Any

from flask import abort, redirect, render_template, request, url_for
from sqlalchemy import select

from core.api import (
    Node,
    _,
    clock,
    criteria,
    current_person,
    gettext,
    names_of_people,
    requires,
    session,
    toast,
    typed,
)
from plugins.customers.gifts import services
from plugins.customers.gifts.models import MOVEMENTS, Gift, GiftIssue, GiftMovement
from plugins.customers.models import Customer
from plugins.customers.pages.addresses import READ, blueprint, counter_asked, counters_of, customer_by

STOCK, BOOK = "customers:gift_stock:list", "customers:gift_stock:update"
GIVE, TAKE_BACK = "customers:gift_issue:create", "customers:gift_issue:update"
BOOKED = ("received", "counted", "corrected")
SHOWN = 20


@blueprint.route("/gifts/")
@requires(STOCK)
def gifts() -> Any:
    """Show what one's stores have, and what came and went."""
    return _stock_page()


def _stock_page(problem: str = "") -> str:
    nodes = counters_of(current_person())
    ids = [node.id for node in nodes]
    moves = session.scalars(
        select(GiftMovement).where(GiftMovement.node_id.in_(ids)).order_by(GiftMovement.id.desc()).limit(SHOWN)
    ).all()
    query = select(Gift.id, Gift.name).where(Gift.id.in_({move.gift_id for move in moves}))
    return render_template(
        "customers/gifts.html", page_title=_("Gifts"), place_name=current_person().place_title, back_url=url_for("customers.counter"),
        stores=[(node, services.in_stock(session, node.id), _reaches(BOOK, node)) for node in nodes],
        kinds=[(kind, gettext(MOVEMENTS[kind])) for kind in BOOKED], moves=moves, move_titles=MOVEMENTS, names=dict(session.execute(query).all()),  # type: ignore[arg-type]
        people=names_of_people(session, {move.by for move in moves if move.by}), show_time=lambda at: f"{clock.local(at):%m-%d %H:%M}",
        problem=problem, texts=request.form, new_key=lambda: str(uuid.uuid4()), desk_url="/admin/customers/gift_stock/",
    )  # fmt: skip


def _reaches(permission: str, node: Node) -> bool:
    return current_person().reach(permission).holds(node.id, node.area_id, node.region_id)


@blueprint.route("/gifts/book", methods=("POST",))
@requires(BOOK)
def book_gifts() -> Any:
    """Note what came, what was counted, or what is put right."""
    node, kind, gift = counter_asked(), request.form.get("kind", ""), _gift_asked()
    if kind not in BOOKED or not _reaches(BOOK, node):
        abort(404)
    try:
        number = typed.integer(request.form.get("number", ""), -services.MOST, services.MOST)
        note = typed.text(request.form.get("note", ""), 200)
        left = services.book(session, node, gift, kind, number, note, _key())
    except typed.BadValue as error:
        session.rollback()
        return _stock_page(str(error)), 422
    toast(_("%(gift)s: %(count)s pieces now.", gift=gift.name, count=left), "good")
    return redirect(url_for("customers.gifts"))


def on_card(had: list[Any], nodes: list[Node]) -> dict[str, Any]:
    """Return what a card says of gifts: what they have got, or what the stores one stands at can give."""
    person = current_person()
    if had:
        mine = person.reach(TAKE_BACK)
        return {"gifts_had": [(one, mine.holds(one.node_id, one.area_id, one.region_id)) for one in had]}
    node = nodes[0] if nodes and person.may(GIVE) else None
    offered = services.in_stock(session, node.id) if node else []
    return {"gift_offered": [(gift, pieces) for gift, pieces in offered if pieces], "gift_node": node, "gift_key": str(uuid.uuid4())}  # fmt: skip


@blueprint.route("/at/<code>/gift", methods=("POST",))
@requires(GIVE)
def hand_out_gift(code: str) -> Any:
    """Hand a gift out."""
    customer, node, gift = customer_by(code, READ), counter_asked(), _gift_asked()
    if not _reaches(GIVE, node):
        abort(404)
    back = redirect(url_for("customers.card", code=code))
    try:
        issue = services.hand_out(session, node, customer, gift, _key())
    except services.HasOne as has:
        day = f"{clock.local(has.issue.given_at):%Y-%m-%d}"
        session.rollback()
        toast(_("%(name)s got a gift on %(day)s already: one for each person.", name=customer.name, day=day), "watch")
        return back
    except typed.BadValue as error:
        session.rollback()
        toast(str(error), "bad")
        return back
    undo = url_for("customers.take_gift_back", issue_id=issue.id)
    toast(_("Handed out: %(gift)s.", gift=gift.name), "good", undo_url=undo)
    return back


@blueprint.route("/gifts/issue/<int:issue_id>/take-back", methods=("POST",))
@requires(TAKE_BACK)
def take_gift_back(issue_id: int) -> Any:
    """The gift is in stock again."""
    query = select(GiftIssue).where(GiftIssue.id == issue_id, criteria(GiftIssue, current_person(), TAKE_BACK))
    query = query.with_for_update().execution_options(populate_existing=True)
    issue = session.scalars(query).one_or_none() or abort(404)
    services.take_back(session, issue)
    toast(_("Taken back. It is in stock again."), "good")
    code = session.scalar(select(Customer.code).where(Customer.id == issue.customer_id))
    return redirect(url_for("customers.card", code=code) if code else url_for("customers.gifts"))


def _gift_asked() -> Gift:
    text = request.form.get("gift", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    return session.scalars(select(Gift).where(Gift.id == number, Gift.deleted_at.is_(None))).one_or_none() or abort(404)


def _key() -> str:
    return request.form.get("key", "")[:64] or str(uuid.uuid4())
