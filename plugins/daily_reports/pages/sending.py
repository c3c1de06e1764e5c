"""What is sent from a day's page: the morning's form, the evening's, a correction."""

from dataclasses import replace
from datetime import date
from typing import Any

from flask import abort, jsonify, redirect, request
from flask_wtf.csrf import generate_csrf

from core.api import Node, _, names_of_people, requires, session, show, toast, typed
from plugins.daily_reports import after_the_report, forms, services, states
from plugins.daily_reports.departments.expected import template_of
from plugins.daily_reports.models import DayReport
from plugins.daily_reports.pages.addresses import (
    CORRECT,
    READ,
    UPDATE,
    blueprint,
    day_from,
    node_by,
    page_of,
    seen_version,
    wants_json,
)
from plugins.daily_reports.pages.day import amount_offered, show_day


@blueprint.route("/at/<path:code>/<day>/target", methods=("POST",))
@requires(UPDATE)
def target(code: str, day: str) -> Any:
    """Take the morning's form."""
    return _take(code, day, "target", forms.read_target, services.set_target)


@blueprint.route("/at/<path:code>/<day>/close", methods=("POST",))
@requires(UPDATE)
def close(code: str, day: str) -> Any:
    """Take the evening's form."""
    return _take(code, day, "close", forms.read_result, services.close_day)


def _take(code: str, day_text: str, step: str, read_form: Any, save: Any) -> Any:
    node, day = node_by(code, UPDATE), day_from(day_text)
    template = template_of(session, node.id) if node.kind == "department" else None
    meant, read = read_form(request.form, template) if step == "close" else read_form(request.form)
    if meant is None:
        return _refused(
            node, day, step, read, _("Nothing was sent yet. What you typed is kept; please correct it."), 422
        )
    if step == "close":
        meant = replace(
            meant, source_amount=amount_offered(node, day)
        )  # what the source says is not for the form to say
    try:
        report = save(
            session, node, day, meant, key=forms.form_key(request.form),
            seen_version=seen_version(),
        )  # fmt: skip
    except services.DayRefused as error:
        return _refused(node, day, step, read, str(error), 422)
    except services.Overtaken as error:
        return _overtaken(node, day, step, read, error.report)
    text = _("Target sent.") if step == "target" else _("Report sent. Good work today.")
    if wants_json():
        return jsonify({"redirect": page_of(node, day), "text": text, "version": report.version})
    toast(text, "good")
    return redirect(page_of(node, day))


def _refused(node: Node, day: date, step: str, read: Any, problem: str, status: int) -> Any:
    session.rollback()
    if wants_json():
        return jsonify({"text": problem, "errors": read.errors}), status
    return show_day(node, services.find(session, node.id, day), day, read=read, step=step, problem=problem), status


def _overtaken(node: Node, day: date, step: str, read: Any, report: DayReport) -> Any:
    by = report.reported_by if step == "close" and report.reported_by else report.target_by
    name = names_of_people(session, {by} if by else set()).get(by or 0, "")
    amount = report.amount if step == "close" and report.amount is not None else report.target_amount
    text = _(
        "%(name)s was faster and sent %(amount)s. Yours is kept below and not sent yet.",
        name=name or _("Somebody else"), amount=show(amount, "money") or "–",
    )  # fmt: skip
    session.rollback()
    may_replace = (report.state, "set_target" if step == "target" else "report") in states.TRANSITIONS
    if wants_json():
        return jsonify({"text": text, "version": report.version, "may_replace": may_replace}), 409
    return show_day(
        node, services.find(session, node.id, day), day, read=read, step=step, problem=text, conflict=report
    ), 409


@blueprint.route("/token")
@requires(READ)
def token() -> Any:
    """Give the page's script a fresh token, so that a form that waited for the network can be sent."""
    return jsonify({"token": generate_csrf()})


@blueprint.route("/at/<path:code>/<day>/correct", methods=("POST",))
@requires(CORRECT)
def correct(code: str, day: str) -> Any:
    """Correct a reported figure with a reason."""
    node, date_ = node_by(code, CORRECT), day_from(day)
    report = services.find(session, node.id, date_, for_update=True) or abort(404)
    figure = request.form.get("figure", "")
    read = forms.Typed({name: request.form.get(name, "") for name in request.form})
    value = read.money("value", required=True, at_least="0") if figure == "amount" else read.count("value")
    try:
        if read.errors:
            raise services.DayRefused(read.errors["value"])
        reason = typed.text(request.form.get("reason", ""), 200)
        after_the_report.correct(session, report, figure, value, reason, key=forms.form_key(request.form))
        toast(_("Corrected. The old figure and the reason are kept."), "good")
        return redirect(page_of(node, date_))
    except (services.DayRefused, typed.BadValue) as error:
        session.rollback()
        return show_day(
            node, services.find(session, node.id, date_), date_, read=read, step="sent", problem=str(error)
        ), 422
