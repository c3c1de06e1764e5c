"""One node's day: the form that is due now, or what was sent; and its trend."""

import uuid
from datetime import date, timedelta
from typing import Any

from flask import abort, render_template, request
from sqlalchemy import bindparam, select

from core.api import (
    Node,
    Together,
    _,
    clock,
    collect,
    current_person,
    gettext,
    names_of_people,
    requires,
    session,
)
from plugins.daily_reports import boards, calendars, hours, states
from plugins.daily_reports.departments.expected import template_of
from plugins.daily_reports.departments.models import ReportTemplate
from plugins.daily_reports.models import GAP_REASONS, SURPLUS_REASONS, TENDERS, Correction, DayReport, PlanLine
from plugins.daily_reports.morning import Morning, morning_of
from plugins.daily_reports.opening import services as openings
from plugins.daily_reports.pages.addresses import (
    CORRECT,
    READ,
    REVIEW,
    UPDATE,
    back_url,
    blueprint,
    day_from,
    money,
    node_and_day,
    page_of,
    reaches,
    show_time,
    title_of,
    weekday_of,
)
from plugins.daily_reports.skills.rollups import team_of
from plugins.daily_reports.skills.team import best_first
from plugins.daily_reports.trend import own_days, trend_of

_BELONGING = Together(
    lines=select(PlanLine.id, PlanLine.what, PlanLine.who, PlanLine.due, PlanLine.done, PlanLine.carried)
    .where(PlanLine.report_id == bindparam("report"))
    .order_by(PlanLine.position),
    corrections=select(Correction.field, Correction.before, Correction.after, Correction.reason, Correction.at, Correction.by)
    .where(Correction.report_id == bindparam("report"))
    .order_by(Correction.id),
    calendars=calendars.CALENDARS,
)  # fmt: skip


@blueprint.route("/at/<path:code>/<day>/")
@requires(READ)
def day_page(code: str, day: str) -> Any:
    """Show one node's day: the form that is due now, or what was sent."""
    on = day_from(day)
    return show_day(*node_and_day(code, on), on)


def show_day(
    node: Node,
    report: DayReport | None,
    day: date,
    *,
    read: Any = None,
    step: str = "",
    problem: str = "",
    conflict: Any = None,
) -> Any:
    """Show a day; with what was typed and what is wrong with it when a form could not be taken."""
    template = template_of(session, node.id) if node.kind == "department" else None
    may_write, why_not = reaches(UPDATE, node), _why_not(node, day, template)
    asked, step = step, step or _step(report, node, day, may_write and not why_not)
    # What a step shows brings the calendar along, so that it costs no statement: a closed day is seen only then.
    known = morning_of(session, node, day) if step == "target" else None
    lines, corrections, is_closed = ([], [], known.is_closed) if known and not report else _belonging(node, report, day)
    if is_closed and why_not in ("", "locked"):
        why_not, step = "closed", asked or "sent"
    carried = known.unfinished if known and not lines else []
    habits = _habits(node, known) if known and not report and not carried else []
    team = team_of(session, node) if step == "target" else []
    offered = amount_offered(node, day) if step == "close" else None
    signers = (
        {report.target_by, report.reported_by, report.reviewed_by, *(line.by for line in corrections)} - {None}
        if report
        else set()
    )
    return render_template(
        "daily_reports/day.html", page_title=title_of(day), place_name=node.name, back_url=back_url(), node=node, day=day, step=step,
        report=report, lines=lines, carried=carried, habits=habits, offered=offered, problem=problem, conflict=conflict,
        suggested=known.suggested if known and not template else None,
        read=read, key=(read.texts.get("key") if read else None) or str(uuid.uuid4()), version=_version(report, read, conflict),
        weekday=weekday_of(day), is_today=day == hours.working_day(clock.now()), why_not=why_not,
        reasons=[(name, name) for name in template.reason_names] if template else [(value, gettext(title)) for value, title in GAP_REASONS.items()],
        template=template, team=team, best_first=best_first,
        surplus_reasons=SURPLUS_REASONS, tenders=[(value, gettext(title)) for value, title in TENDERS.items()],
        names=names_of_people(session, signers), may_write=may_write,
        may_correct=reaches(CORRECT, node), may_review=reaches(REVIEW, node) and not _is_own(report),
        corrections=corrections, state_title=gettext(states.STATES[report.state]) if report else "",
        meaning=boards.meaning_of(report.achievement) if report else "none", show_time=show_time,
        address=page_of(node, day), monday=day - timedelta(days=day.weekday()),
    )  # fmt: skip


def _belonging(node: Node, report: DayReport | None, day: date) -> tuple[list[Any], list[Any], bool]:
    """Return the plan's lines and the corrections of a record, and whether the day is closed."""
    asked = calendars.values_of(node, day, day + timedelta(days=1))
    found = _BELONGING(session, report=report.id if report else 0, **asked)
    return found.lines, found.corrections, calendars.is_closed(node, day, found.calendars)


def _step(report: DayReport | None, node: Node, day: date, may_write: bool) -> str:
    """Return what the page shows first: the target's form, the report's form, or what was sent."""
    now = clock.now()
    asked = request.args.get("step")
    if not may_write or (report and report.state in (states.REPORTED, states.READ, states.LOCKED)):
        return "sent"
    is_returned = report is not None and report.state == states.RETURNED
    if asked in ("target", "close"):
        return "close" if is_returned else asked
    if all(place.node_id != node.id for place in current_person().places):
        return "sent"  # an area manager looks first, and may write for the store on request
    if is_returned:
        return "close"
    closing_soon = now >= hours.report_due(node, day) - 4 * hours.REPORT_GRACE
    if report is None:
        return "close" if closing_soon or now >= hours.target_ends(day) else "target"
    return "close" if closing_soon else "sent"


def _habits(node: Node, known: Morning) -> list[dict[str, str]]:
    """Return what a store that was opened after another may plan on its first day."""
    has_sold = known.suggested.weekday_average is not None
    opening = None if has_sold else openings.of_node(session, node.id)
    if opening is None or session.scalar(select(DayReport.id).where(DayReport.node_id == node.id).limit(1)):
        return []
    return [{"what": what, "who": "", "due": ""} for what in opening.actions]


def _why_not(node: Node, day: date, template: ReportTemplate | None) -> str:
    """Return why nothing can be written on this day, but for the calendar: `no_form`, `future`, `locked`, or nothing."""
    if node.kind == "department" and template is None:
        return "no_form"
    if day > hours.working_day(clock.now()):
        return "future"
    return "locked" if clock.now() >= hours.locks_at(day) else ""


def _version(report: DayReport | None, read: Any, conflict: Any) -> int | str:
    """Return the version the form was opened with; after a conflict the present one, so that sending again replaces."""
    if read and conflict is None and "version" in read.texts:
        return read.texts["version"]
    return report.version if report else 0


def amount_offered(node: Node, day: date) -> Any:
    """Return what a source of sales says was sold, in yuan; None without one."""
    offers = [
        amount for amount in collect("daily_reports_result_source", node_id=node.id, day=day) if amount is not None
    ]
    return offers[0] if offers else None


def _is_own(report: DayReport | None) -> bool:
    """Say whether the person sent this day, and so does not review it."""
    return report is not None and current_person().id in (report.target_by, report.reported_by)


@blueprint.route("/at/<path:code>/trend/")
@requires(READ)
def trend_page(code: str) -> Any:
    """Show a store's last four weeks beside its peers."""
    until = hours.working_day(clock.now())
    own = own_days(session, code, until)
    node = own[0] if own and reaches(READ, own[0]) else abort(404)
    trend = trend_of(session, own, until)
    days = [
        (page_of(node, day), title_of(day), money(amount), money(target), percent, boards.meaning_of(percent))
        for day, amount, target, percent in zip(trend.days, trend.amounts, trend.targets, trend.own, strict=True)
        if amount is not None or target is not None
    ]
    return render_template(
        "daily_reports/trend.html", page_title=_("Trend"), place_name=node.name, back_url=page_of(node, until), trend=trend,
        days=days[::-1], labels=[f"{day.month}-{day.day:02}" for day in trend.days],
    )  # fmt: skip
