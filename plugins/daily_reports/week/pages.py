"""The week's pages under `/day/week/`: a store's plan and summary, and the week of an area or the chain."""

import uuid
from datetime import date, timedelta
from typing import Any

from flask import abort, jsonify, redirect, render_template, request, url_for
from sqlalchemy import select

from core.api import Node, _, clock, criteria, current_person, gettext, names_of_people, requires, session, toast
from plugins.daily_reports import boards, forms, hours, services
from plugins.daily_reports.departments.expected import template_of
from plugins.daily_reports.models import GAP_REASONS
from plugins.daily_reports.opening import services as openings
from plugins.daily_reports.pages.addresses import (
    blueprint,
    node_by,
    page_of,
    reaches,
    seen_version,
    show_time,
    title_of,
    wants_json,
    weekday_of,
)  # fmt: skip
from plugins.daily_reports.skills.rollups import team_of
from plugins.daily_reports.skills.team import best_first
from plugins.daily_reports.week import figures, overview, states
from plugins.daily_reports.week import services as weeks
from plugins.daily_reports.week.forms import read_plan, read_summary
from plugins.daily_reports.week.models import WeekReport

READ, UPDATE = "daily_reports:week:read", "daily_reports:week:update"
WRITERS = ("store", "department")


def week_from(text: str) -> date:
    """Return the Monday an address names, else 404."""
    week = hours.day_of(text)
    return week if week and week.weekday() == 0 else abort(404)


def week_page_of(node: Node, week: date, **arguments: Any) -> str:
    """Return the address of a node's week."""
    return url_for("daily_reports.week_page", code=node.code, week=week.isoformat(), **arguments)


def title_of_week(week: date) -> str:
    """Return a week as the pages name it: by its number and days."""
    return _("Week %(number)s · %(first)s–%(last)s", number=week.isocalendar().week, first=f"{week:%m-%d}",
             last=f"{week + timedelta(days=6):%m-%d}")  # fmt: skip


def letter_of(day: date) -> str:
    """Return a weekday in a letter or two: 一, Mo."""
    name = weekday_of(day)
    return name[-1] if len(name) < 4 else name[:2]


@blueprint.route("/week/")
@requires(READ)
def this_week() -> Any:
    """Open one's own week: the store's for a manager, the area's or the chain's for those above."""
    person = current_person()
    reach, week = person.reach(READ), states.present_week(clock.now())
    held = {place.node_id for place in person.places if reach.holds(place.node_id, place.area_id, place.region_id)}
    nodes = session.scalars(
        select(Node).where(Node.id.in_(held), Node.deleted_at.is_(None)).order_by(Node.parent_id.is_not(None), Node.id)
    ).all()
    if not nodes:
        abort(404)
    return redirect(week_page_of(nodes[0], week))


@blueprint.route("/week/at/<path:code>/<week>/")
@requires(READ)
def week_page(code: str, week: str) -> Any:
    """Show a store's week, or the weeks of the stores below an area, a region or the chain."""
    node, monday = node_by(code, READ), week_from(week)
    return _show_store(node, monday) if node.kind in WRITERS else _show_many(node, monday)


def _frame(node: Node, week: date) -> dict[str, Any]:
    now = clock.now()
    present = states.present_week(now)
    after = week + timedelta(days=7)
    return {
        "page_title": title_of_week(week), "place_name": node.name, "node": node, "week": week, "is_present": week == present,
        "previous_url": week_page_of(node, week - timedelta(days=7)),
        "next_url": week_page_of(node, after) if now >= states.plan_opens(after) else None,
        "present_url": week_page_of(node, present), "title_of": title_of, "weekday_of": weekday_of, "letter_of": letter_of, "page_of": page_of,
        "meaning_of": boards.meaning_of, "percent": figures.percent, "show_time": show_time,
        "reasons": {key: gettext(title) for key, title in GAP_REASONS.items()},
    }  # fmt: skip


def _show_store(
    node: Node, week: date, *, read: Any = None, step: str = "", problem: str = "", conflict: Any = None
) -> Any:
    report = weeks.find(session, node.id, week)
    may_write = reaches(UPDATE, node) and not _is_locked(week)
    step = step or _step(report, node, week, may_write)
    lines = weeks.lines_of(session, report)
    template = template_of(session, node.id) if node.kind == "department" else None
    of_days = figures.weeks_of(session, [node], week)[node.id]
    kept, missed = figures.day_lines(session, node, week)
    signers = {report.planned_by, report.summed_up_by} - {None} if report else set()
    seen = read.texts.get("version") if read and conflict is None else None
    return render_template(
        "daily_reports/week.html", **_frame(node, week), report=report, lines=lines, figures=of_days, step=step, read=read,
        target=report.target_amount if report and report.target_amount is not None else of_days.target or None,
        kept=kept, missed=missed, days=states.days_of(week), today=hours.working_day(clock.now()),
        carried=weeks.unfinished_before(session, node, week) if step == "plan" and report is None else [],
        habits=_habits(node) if step == "plan" and report is None else [],
        suggested=figures.suggested_target(session, node, week) if step == "plan" and template is None else None,
        template=template, team=team_of(session, node) if step == "plan" else [], best_first=best_first,
        problem=problem, conflict=conflict, key=(read.texts.get("key") if read else None) or str(uuid.uuid4()),
        version=seen or (report.version if report else 0), names=names_of_people(session, signers), may_write=may_write,
        may_plan=may_write and _may_plan(report, week), may_sum_up=may_write and clock.now() >= states.summary_opens(week),
        is_locked=_is_locked(week), most_lines=weeks.MOST_LINES, address=week_page_of(node, week), back_url=_up(node, week),
    )  # fmt: skip


def _up(node: Node, week: date) -> str:
    """Return the address of the week one level up that the person may open, else of the day."""
    above = select(Node).where(Node.id == (node.area_id or node.parent_id), criteria(Node, current_person(), READ))
    area = session.scalars(above).one_or_none() if node.kind in WRITERS else None
    return week_page_of(area, week) if area else url_for("daily_reports.today")


def _habits(node: Node) -> list[dict[str, Any]]:
    """Return what a store that was opened after another may plan in its first week."""
    opening = openings.of_node(session, node.id)
    if opening is None or session.scalar(select(WeekReport.id).where(WeekReport.node_id == node.id).limit(1)):
        return []
    return [{"what": what, "standard": standard, "due": due, "owner": ""} for what, standard, due in opening.events]


def _is_locked(week: date) -> bool:
    return clock.now() >= states.locks_at(week)


def _may_plan(report: WeekReport | None, week: date) -> bool:
    in_time = states.plan_opens(week) <= clock.now() < states.plan_ends(week)
    return in_time and (report.state if report else None, "plan") in states.TRANSITIONS


def _step(report: WeekReport | None, node: Node, week: date, may_write: bool) -> str:
    """Return what the page shows first: the plan's form, the summary's form, or the week as it stands."""
    now = clock.now()
    may_plan, may_sum_up = _may_plan(report, week), now >= states.summary_opens(week)
    asked = request.args.get("step")
    if not may_write:
        return "sent"
    if (asked == "plan" and may_plan) or (asked == "summary" and may_sum_up):
        return asked
    if all(place.node_id != node.id for place in current_person().places):
        return "sent"
    if may_sum_up and (report is None or report.summed_up_at is None):
        return "summary"
    return "plan" if report is None and may_plan else "sent"


@blueprint.route("/week/at/<path:code>/<week>/plan", methods=("POST",))
@requires(UPDATE)
def plan_week(code: str, week: str) -> Any:
    """Take Monday's form."""
    return _take(code, week, "plan", read_plan, weeks.set_plan)


@blueprint.route("/week/at/<path:code>/<week>/summary", methods=("POST",))
@requires(UPDATE)
def sum_up_week(code: str, week: str) -> Any:
    """Take Sunday's form."""
    return _take(code, week, "summary", read_summary, weeks.sum_up)


def _take(code: str, week_text: str, step: str, read_form: Any, save: Any) -> Any:
    node, week = _writable(code), week_from(week_text)
    meant, read = read_form(request.form)
    if meant is None:
        text = _("Nothing was sent yet. What you typed is kept; please correct it.")
        return _not_taken(node, week, step, read, text, 422)
    try:
        report = save(session, node, week, meant, key=forms.form_key(request.form), seen_version=seen_version())
    except services.DayRefused as error:
        return _not_taken(node, week, step, read, str(error), 422)
    except services.Overtaken as error:
        by = error.report.planned_by if step == "plan" else error.report.summed_up_by or error.report.planned_by
        name = names_of_people(session, {by} - {None}).get(by) or _("Somebody else")
        text = _("%(name)s has changed this week since you opened it. Yours is kept below and not sent yet.", name=name)
        return _not_taken(node, week, step, read, text, 409, error.report)
    text = _("The week is planned.") if step == "plan" else _("The week is summed up. Well done.")
    if wants_json():
        return jsonify({"redirect": week_page_of(node, week), "text": text, "version": report.version})
    toast(text, "good")
    return redirect(week_page_of(node, week))


def _writable(code: str) -> Node:
    node = node_by(code, UPDATE)
    return node if node.kind in WRITERS else abort(404)


def _not_taken(node: Node, week: date, step: str, read: Any, problem: str, status: int, conflict: Any = None) -> Any:
    session.rollback()
    if wants_json():
        if conflict is None:
            return jsonify({"text": problem, "errors": read.errors}), status
        may_replace = (conflict.state, "plan" if step == "plan" else "sum_up") in states.TRANSITIONS
        return jsonify({"text": problem, "version": conflict.version, "may_replace": may_replace}), status
    return _show_store(node, week, read=read, step=step, problem=problem, conflict=conflict), status


@blueprint.route("/week/at/<path:code>/<week>/tick", methods=("POST",))
@requires(UPDATE)
def tick_week(code: str, week: str) -> Any:
    """Mark a line of the plan as done while the week goes on."""
    node, monday = _writable(code), week_from(week)
    report = weeks.find(session, node.id, monday, for_update=True) or abort(404)
    line = request.form.get("line", "")
    if not (line.isascii() and line.isdigit() and len(line) < 19):
        abort(404)
    try:
        weeks.tick(session, report, int(line), request.form.get("done") == "1")
    except services.DayRefused as error:
        session.rollback()
        toast(str(error), "bad")
    return redirect(week_page_of(node, monday))


def _show_many(node: Node, week: date) -> Any:
    stores = overview.rows_of(session, overview.stores_of(session, node, week), week)
    total = overview.total_of(node, stores)
    rows = stores if node.kind == "area" else overview.by_area(session, stores)
    rows.sort(key=lambda row: row.order)
    return render_template(
        "daily_reports/weeks.html", **_frame(node, week), total=total, rows=rows, week_page_of=week_page_of,
        back_url=url_for("daily_reports.today"),
    )  # fmt: skip
