"""The counter: type a number, and the card that is there appears; else a name and a consent make a new one."""

import uuid
from typing import Any

from flask import g, jsonify, redirect, render_template, request, url_for
from sqlalchemy import select

from core.api import N_, Node, _, current_person, gettext, record, requires, session, toast, typed
from plugins.customers import consents, known_by, lookups, numbers, rollups, services, tags
from plugins.customers.collection import rules
from plugins.customers.consent_texts import CHOICES
from plugins.customers.models import Customer
from plugins.customers.pages.addresses import CREATE, FIND, LIST, blueprint, counter_asked, counters_of, wants_json
from plugins.customers.persons import stands
from plugins.customers.privacy import forgetting
from plugins.customers.prospects import services as prospects
from plugins.customers.searching import matching

MOST_SHOWN = 5
SHORTEST_NAME = 2
MOST_DUE = 10
FIELDS = ("number", "name", "key", "store", "decision", "asked", *rules.FIELDS)


@blueprint.route("/")
@requires(LIST)
def counter() -> Any:
    """Show the counter."""
    return show_counter({})


def show_counter(texts: dict[str, str], **more: Any) -> str:
    """Show the counter with what was typed, what was found, and what is wrong."""
    person = current_person()
    nodes = counters_of(person) if person.may(CREATE) else []
    found = {"known": [], "elsewhere": None, "taken": None, "forgotten": "", "errors": {}, "problem": ""} | more
    agreed = set(request.form.getlist("agreed"))
    return render_template(
        "customers/counter.html", page_title=_("Customers"), place_name=person.place_title, back_url="/", nodes=nodes,
        asked_fields=_asked(nodes), words=tags.offered(), opened=any(map(texts.get, rules.FIELDS)), texts=texts, key=texts.get("key") or str(uuid.uuid4()), may_find=person.may(FIND), **found,
        choices=[(f"{purpose}-{channel}", gettext(CHOICES[purpose, channel])) for purpose, channel in consents.AT_THE_COUNTER],
        agreed=agreed, desk_url="/admin/customers/customer/",
        due=prospects.due(session, person.id or 0, MOST_DUE) if nodes and person.may("customers:prospect:read") else [],
        may_gifts=person.may("customers:gift_stock:list"),
    )  # fmt: skip


@blueprint.route("/known")
@requires(LIST)
def known() -> Any:
    """Answer the script while a number or a name is typed: the people of one's own stores whom it may be."""
    text = request.args.get("number", "")[:40]
    found, whole = _known(text), _is_whole(text)
    shown = render_template("customers/found.html", known=found, elsewhere=None, whole=whole)
    errors = {"number": numbers.wrong_already(text)}
    return jsonify({"html": shown if found else "", "found": len(found), "whole": whole, "errors": errors})


def _asked(nodes: list[Node]) -> list[tuple[str, str, bool]]:
    """Return what else is asked here: (field, title, whether it is required), what is required first."""
    found = rules.rules_at(session, nodes) if nodes else {}
    return [
        (field, gettext(rules.FIELDS[field]), rule == "required")
        for rule in ("required", "asked") for field, said in found.items() if said == rule
    ]  # fmt: skip


def _known(text: str) -> list[Customer]:
    is_number = bool(numbers.digits_of(text))
    if is_number and not numbers.beginning_of(text) and not numbers.ending_of(text):
        return []
    if not is_number and len(typed.text(text)) < SHORTEST_NAME:
        return []
    query = select(Customer).where(matching(text), Customer.deleted_at.is_(None), stands())
    return list(session.scalars(query.order_by(Customer.id.desc()).limit(MOST_SHOWN)))


def _is_whole(text: str) -> bool:
    try:
        numbers.read_mobile(text)
    except typed.BadValue:
        return False
    return True


@blueprint.route("/find", methods=("POST",))
@requires(FIND)
def find() -> Any:
    """Look a full number up in the whole chain: masked, and logged with the place that asked."""
    texts = _texts()
    try:
        number = numbers.read_mobile(texts["number"])
    except typed.BadValue as error:
        known = _known(texts["number"])
        errors = {} if known else {"number": str(error)}
        if wants_json():
            return jsonify({"html": "", "found": 0, "errors": errors}), 200 if known else 422
        return show_counter(texts, known=known, errors=errors), 200 if known else 422
    node, holder = counter_asked(), rollups.holder_of(session, "mobile", number)
    is_own = holder is not None and services.is_seen(session, holder)
    if not is_own:
        if refused := _too_many(node, texts):
            return refused
        lookups.note(session)
    if holder is None:
        forgotten = forgetting.forgotten_on(session, [number])
        none = (
            forgetting.warning(forgotten[number]) if forgotten
            else _("Nobody has this number yet. Name and consent are enough for a new card.")
        )  # fmt: skip
        if wants_json():
            return jsonify({"html": "", "found": 0, "text": none})
        return show_counter(texts, problem=none)
    if is_own:
        found: dict[str, Any] = {"known": [holder], "elsewhere": None}
    else:
        found = {"known": [], "elsewhere": holder}
        _log(node, holder, number)
    if wants_json():
        return jsonify({"html": render_template("customers/found.html", whole=True, **found), "found": 1})
    return show_counter(texts, **found)


def _too_many(node: Node, texts: dict[str, str]) -> Any:
    """Return the answer to somebody who has looked up too many numbers, else None."""
    minutes = lookups.minutes_to_wait(session)
    if not minutes:
        return None
    lookups.tell_head_office(session, node)
    g.keep_writes = True
    problem = _(
        "You have looked up many numbers in the last hour. Please wait %(minutes)s minutes; head office knows. "
        "Your own customers are found as before, and somebody new is recorded with name and consent.",
        minutes=minutes,
    )
    if wants_json():
        return jsonify({"html": "", "found": 0, "text": problem}), 429
    return show_counter(texts, problem=problem), 429


def _log(node: Node, holder: Customer, number: str) -> None:
    record(
        session, resource="customers:customer", row_id=holder.id, action=N_("found by number"),
        changes={"mobile": [None, typed.mask_mobile(number)]}, levels=(node.id, node.area_id, node.region_id),
    )  # fmt: skip


@blueprint.route("/record", methods=("POST",))
@requires(CREATE)
def record_one() -> Any:
    """Record a person, or take on the one who is there."""
    texts, node = _texts(), counter_asked()
    entry, errors = _read(texts)
    if entry is None:
        return _refused(texts, 422, errors=errors, problem=_not_saved())
    is_lookup = _asks_beyond(entry)
    if is_lookup and (refused := _too_many(node, texts)):
        return refused
    answer = _recorded(texts, node, entry)
    if is_lookup:
        lookups.note(session)
        g.keep_writes = True
    return answer


def _asks_beyond(entry: services.Entry) -> bool:
    """Say whether the answer tells who has a number that one's own stores do not know, or that nobody has it."""
    holder = rollups.holder_of(session, "mobile", entry.number)
    return not entry.name if holder is None else not services.is_seen(session, holder)


def _recorded(texts: dict[str, str], node: Node, entry: services.Entry) -> Any:
    try:
        recorded = services.record_customer(session, node, entry, texts["key"] or str(uuid.uuid4()))
    except typed.BadValue as error:
        answer = _refused(texts, 422, errors={known_by.field_of(error, "name"): str(error)}, problem=_not_saved())
        g.keep_writes = known_by.note_that_it_was_told(session, error)
        return answer
    except rules.Missing as missing:
        return _refused(texts, 422, errors=missing.errors, problem=_not_saved())
    except services.WasForgotten as forgotten:
        return show_counter(texts, forgotten=forgetting.warning(forgotten.day), asked=entry.number), 409
    except services.NumberTaken as taken:
        holder, is_seen = taken.holder, services.is_seen(session, taken.holder)
        if not is_seen:
            _log(node, holder, entry.number)
        return show_counter(texts, taken=holder, taken_seen=is_seen, asked=entry.number), 409
    toast(_said(recorded), "good")
    return redirect(url_for("customers.card", code=recorded.customer.code))


def _said(recorded: services.Recorded) -> str:
    name = recorded.customer.name
    if recorded.how == "recorded":
        return _("%(name)s is recorded.", name=name)
    if recorded.how == "taken_on":
        return _("%(name)s was known in another store: taken on, nothing is doubled.", name=name)
    return _("%(name)s was already known here: the visit is noted, nothing is doubled.", name=name)


def _not_saved() -> str:
    return _("Nothing is saved yet. What you typed is kept; please correct it.")


def _texts() -> dict[str, str]:
    texts = {name: request.form.get(name, "")[:200] for name in FIELDS}
    return texts | {"tags": "、".join(filter(None, request.form.getlist("tags")))[:200]}


def _read(texts: dict[str, str]) -> tuple[services.Entry | None, dict[str, str]]:
    errors, number, name = {}, "", ""
    try:
        number = numbers.read_mobile(texts["number"])
    except typed.BadValue as error:
        errors["number"] = str(error)
    try:
        name = typed.text(texts["name"], 60).replace("\n", " ")
    except typed.BadValue as error:
        errors["name"] = str(error)
    said = {}
    for field in filter(texts.get, rules.FIELDS):
        try:
            said[field] = rules.READERS[field](texts[field])
        except typed.BadValue as error:
            errors[field] = str(error)
    offered = {f"{purpose}-{channel}": (purpose, channel) for purpose, channel in consents.AT_THE_COUNTER}
    agreed = tuple(offered[text] for text in request.form.getlist("agreed") if text in offered)
    if ("service", "any") not in agreed and texts["decision"] != services.SAME:
        errors["agreed"] = _("Please ask first: without their yes nothing is kept. The sale goes on without it too.")
    # A new owner, or a person recorded again, is an answer about one number: another number is asked about anew.
    is_answer = texts["decision"] == services.SAME or (
        texts["decision"] in (services.NEW_OWNER, services.AGAIN) and texts["asked"] == number
    )
    decision = texts["decision"] if is_answer else ""
    return (None if errors else services.Entry(number, name, agreed, said, decision)), errors


def _refused(texts: dict[str, str], status: int, **more: Any) -> Any:
    session.rollback()
    return show_counter(texts, **more), status
