"""A person's home and messages, and the addresses a server is watched by."""

import hmac
from typing import Any

from flask import Blueprint, abort, current_app, g, jsonify, redirect, render_template, request, url_for
from sqlalchemy import text

from core import clock, inbox
from core.access.guards import public, signed_in
from core.access.person import current_person
from core.admin import pins
from core.admin.menu import menu_of
from core.admin.toasts import toast
from core.db import session
from core.language import _, gettext
from core.migrate import pending

home = Blueprint("home", __name__)
health = Blueprint("health", __name__)


@home.route("/")
@signed_in("one's own home")
def index() -> Any:
    """Show the cards of the plugins this person uses."""
    host = current_app.extensions["backoffice"].host
    person = current_person()
    on = host.names_on(g.switches, person)
    answers = host.collect("backoffice_home_cards", only=on, person=person)
    cards = [card for _name, cards in answers for card in cards]
    unheard = on - {name for name, _cards in answers}
    failed = {name for name in unheard if "backoffice_home_cards" in host.hooks.counts.get(name, {})}
    titles = [gettext(host.plugins[name].installed.manifest.title) for name in sorted(failed)]
    today = clock.today()
    return render_template(
        "backoffice/home.html", cards=cards, failed_cards=titles, today=today.isoformat(),
        shortcuts=pins.shortcuts(session, person),
    )  # fmt: skip


@home.route("/pins", methods=("POST",))
@signed_in("one's own home")
def change_pin() -> Any:
    """Put a page of the menu on one's home, or take it off, and return to the map of the desk."""
    person = current_person()
    if taken_off := request.form.get("unpin"):
        pins.unpin(session, person, taken_off)
    else:
        endpoint = request.form.get("pin", "")
        if not any(item["endpoint"] == endpoint for group in menu_of(person) for item in group["items"]):
            abort(404)
        if not pins.pin(session, person, endpoint):
            toast(_("Your home holds %(count)s pages: take one off first.", count=pins.MOST), "watch")
    return redirect(url_for("admin.index"))


@home.route("/inbox/")
@signed_in("one's own messages")
def messages() -> Any:
    """Show one's messages, newest first."""
    found = [
        {
            "title": m.title, "text": m.text, "from": m.sent_by, "when": f"{clock.local(m.sent_at):%m-%d %H:%M}",
            "url": url_for("home.open_message", message_id=m.id) if m.url else None,
            "unread": m.read_at is None, "mark_url": url_for("home.mark_message", message_id=m.id),
        }
        for m in inbox.messages_of(session, current_person().id)
    ]  # fmt: skip
    return render_template(
        "backoffice/inbox.html", page_title=_("Messages"), messages=found, read_all_url=url_for("home.mark_all")
    )


@home.route("/inbox/<int:message_id>/")
@signed_in("one's own messages")
def open_message(message_id: int) -> Any:
    """Go to what a message is about."""
    found = next((m for m in inbox.messages_of(session, current_person().id) if m.id == message_id), None)
    return redirect(found.url) if found and found.url else abort(404)


@home.route("/inbox/<int:message_id>/read", methods=("POST",))
@signed_in("one's own messages")
def mark_message(message_id: int) -> Any:
    """Mark one message as read."""
    inbox.mark_read(session, current_person().id, message_id)
    return redirect(url_for("home.messages"))


@home.route("/inbox/read", methods=("POST",))
@signed_in("one's own messages")
def mark_all() -> Any:
    """Mark all messages as read."""
    inbox.mark_read(session, current_person().id)
    return redirect(url_for("home.messages"))


@health.route("/healthz")
@public("a balancer asks whether the process is up")
def alive() -> Any:
    """Say that the process is up."""
    return jsonify({"status": "ok"})


@health.route("/readyz")
@public("a balancer asks whether to send requests")
def ready() -> Any:
    """Say whether the database answers and core's schema is at head; plugins do not count."""
    house = current_app.extensions["backoffice"]
    try:
        with house.database.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        behind = pending(house.database, house.host, None)
    except Exception:
        return jsonify({"status": "database away"}), 503
    return (jsonify({"status": "run backoffice init"}), 503) if behind else jsonify({"status": "ok"})


@health.route("/metrics")
@public("the monitoring reads it: from the loopback, or with the token")
def metrics() -> Any:
    """Return counters in Prometheus' format."""
    from core import metrics as counters

    token = current_app.extensions["backoffice"].settings.metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if request.remote_addr not in ("127.0.0.1", "::1") and not (
        token and hmac.compare_digest(token.encode(), given.encode())
    ):
        abort(404)
    body, content_type = counters.text()
    return body, 200, {"Content-Type": content_type}
