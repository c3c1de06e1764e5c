"""The phone pages under `/day/`: parse, ask a service, answer."""

import uuid
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, abort, jsonify, redirect, render_template, request, url_for
from flask_wtf.csrf import generate_csrf
from sqlalchemy import and_, func, or_, select
from sqlalchemy.exc import IntegrityError

from core.api import (
    Node,
    _,
    clock,
    collect,
    criteria,
    current_person,
    gettext,
    inbox,
    is_closed,
    is_on_at,
    names_of_people,
    people_at,
    requires,
    session,
    show,
    toast,
    typed,
)
from plugins.daily_reports import boards, forms, hours, services, states, suggestion
from plugins.daily_reports.models import GAP_REASONS, TENDERS, Correction, DayReport

blueprint = Blueprint("daily_reports", __name__, url_prefix="/day")
READ, UPDATE = "daily_reports:day:read", "daily_reports:day:update"
REVIEW, REMIND, CORRECT = "daily_reports:day:review", "daily_reports:day:remind", "daily_reports:day:correct"
MANAGERS = {"store_manager", "deputy"}
REMIND_EVERY = timedelta(minutes=10)


def node_by(code: str, permission: str) -> Node:
    """Return the place with this code if the permission reaches it, else 404; places outside a pilot are read only."""
    if not code.isprintable():
        abort(404)
    query = select(Node).where(
        Node.code == code, Node.deleted_at.is_(None), criteria(Node, current_person(), permission)
    )
    node = session.scalars(query).one_or_none() or abort(404)
    if permission != READ and not is_on_at("daily_reports", node):
        abort(404)
    return node


def day_from(text: str) -> date:
    """Return the date of an address, else 404."""
    return hours.day_of(text) or abort(404)


def page_of(node: Node, day: date, **arguments: Any) -> str:
    """Return the address of a node's day."""
    return url_for("daily_reports.day_page", code=node.code, day=day.isoformat(), **arguments)


@blueprint.context_processor
def figures() -> dict[str, Any]:
    """Give the templates their ways to write an amount: exact, short for a sum, plain for a field."""
    return {
        "money": lambda value: "–" if value is None else show(value, "money"),
        "short": lambda value: "–" if value is None else typed.show_wan(value),
        "plain": lambda value: "" if value is None else f"{value:f}".removesuffix(".00"),
    }


def wants_json() -> bool:
    """Say whether the page's script asks, which keeps what was typed and shows the answer itself."""
    return request.headers.get("X-Requested-With") == "fetch"


@blueprint.route("/")
@requires(READ)
def today() -> Any:
    """Open one's own day: the store's for a manager, the overview for those who look after several."""
    person = current_person()
    reach = person.reach(UPDATE)
    own = {
        place.node_id
        for place in person.places
        if place.kind in ("store", "department") and place.node_id in reach.nodes
    }
    nodes = session.scalars(select(Node).where(Node.id.in_(own), Node.deleted_at.is_(None))).all()
    if len(nodes) == 1 and not boards.looks_after_several(person):
        return redirect(page_of(nodes[0], hours.working_day(clock.now())))
    return overview()


def overview() -> Any:
    """Show what waits: who is missing, what is to be reviewed, one's own places."""
    person, day = current_person(), hours.working_day(clock.now())
    groups = boards.board(session, person, day)
    ids = [place.node_id for place in person.places]
    mine = (Node.id.in_(ids), Node.kind != "chain", Node.deleted_at.is_(None))
    places = list(session.scalars(select(Node).where(*mine, criteria(Node, person, UPDATE))))
    reports = {
        report.node_id: report
        for report in session.scalars(
            select(DayReport).where(DayReport.day == day, DayReport.node_id.in_([n.id for n in places]))
        )
    }
    return render_template(
        "daily_reports/overview.html", page_title=_("Today"), place_name=person.place_title, back_url="/", day=day,
        yesterday=day - timedelta(days=1), title_of=_title, may_remind=person.may(REMIND),
        total=boards.totals(groups), missing=len(boards.missing(session, person, day)),
        to_review=to_review_count() if person.may(REVIEW) else None,
        places=[(node, page_of(node, day), reports.get(node.id)) for node in places], states=states.STATES,
    )  # fmt: skip


def to_review_count() -> int:
    """Return how many reports wait for this person's review."""
    return session.scalar(select(func.count()).select_from(DayReport).where(*_waits_for_review())) or 0


def _waits_for_review() -> tuple[Any, ...]:
    """Return the criteria of what this person may review; nobody reviews what they sent themselves."""
    person = current_person()
    others = [func.coalesce(signed, 0) != person.id for signed in (DayReport.target_by, DayReport.reported_by)]
    return (DayReport.state == states.REPORTED, criteria(DayReport, person, REVIEW), *others)


@blueprint.route("/at/<code>/<day>/")
@requires(READ)
def day_page(code: str, day: str) -> Any:
    """Show one node's day: the form that is due now, or what was sent."""
    return _day_page(node_by(code, READ), day_from(day))


def _day_page(
    node: Node, day: date, *, read: Any = None, step: str = "", problem: str = "", conflict: Any = None
) -> Any:
    report = services.find(session, node.id, day)
    may_write, why_not = _reaches(UPDATE, node), _why_not(node, day)
    step = step or _step(report, node, day, may_write and not why_not)
    lines = services.lines_of(session, report)
    suggested = suggestion.suggest(session, node, day) if step == "target" else None
    carried = services.unfinished_before(session, node, day) if step == "target" and not lines else []
    offered = _offered(node, day) if step == "close" else None
    corrections = _corrections(report)
    signers = (
        {report.target_by, report.reported_by, report.reviewed_by, *(line.by for line in corrections)} - {None}
        if report
        else set()
    )
    return render_template(
        "daily_reports/day.html", page_title=_title(day), place_name=node.name, back_url=_back_url(), node=node, day=day, step=step,
        report=report, lines=lines, carried=carried, suggested=suggested, offered=offered, problem=problem, conflict=conflict,
        read=read, key=(read.texts.get("key") if read else None) or str(uuid.uuid4()), version=_version(report, read, conflict),
        weekday=_weekday(day), is_today=day == hours.working_day(clock.now()), why_not=why_not,
        reasons=[(value, gettext(title)) for value, title in GAP_REASONS.items()],
        tenders=[(value, gettext(title)) for value, title in TENDERS.items()],
        names=names_of_people(session, signers), may_write=may_write,
        may_correct=_reaches(CORRECT, node), may_review=_reaches(REVIEW, node) and not _is_own(report),
        corrections=corrections, state_title=gettext(states.STATES[report.state]) if report else "",
        meaning=boards.meaning_of(report.achievement) if report else "none", show_time=_show_time,
        address=page_of(node, day), trend_url=url_for("daily_reports.trend_page", code=node.code),
    )  # fmt: skip


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


def _why_not(node: Node, day: date) -> str:
    """Return why nothing can be written on this day: `future`, `closed`, `locked`, or nothing."""
    if day > hours.working_day(clock.now()):
        return "future"
    if is_closed(session, node, day):
        return "closed"
    return "locked" if clock.now() >= hours.locks_at(day) else ""


def _version(report: DayReport | None, read: Any, conflict: Any) -> int | str:
    """Return the version the form was opened with; after a conflict the present one, so that sending again replaces."""
    if read and conflict is None and "version" in read.texts:
        return read.texts["version"]
    return report.version if report else 0


def _offered(node: Node, day: date) -> Any:
    offers = [
        amount for amount in collect("daily_reports_result_source", node_id=node.id, day=day) if amount is not None
    ]
    return offers[0] if offers else None


def _title(day: date) -> str:
    return f"{day:%m-%d} {_weekday(day)}"


def _weekday(day: date) -> str:
    weekdays = (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))
    return weekdays[day.weekday()]


def _back_url() -> str:
    return url_for("daily_reports.today") if boards.looks_after_several(current_person()) else "/"


def _reaches(permission: str, node: Node) -> bool:
    return current_person().reach(permission).holds(node.id, node.area_id, node.region_id)


def _is_own(report: DayReport | None) -> bool:
    """Say whether the person sent this day, and so does not review it."""
    return report is not None and current_person().id in (report.target_by, report.reported_by)


def _corrections(report: DayReport | None) -> list[Correction]:
    if report is None:
        return []
    return list(session.scalars(select(Correction).where(Correction.report_id == report.id).order_by(Correction.id)))


def _show_time(instant: Any) -> str:
    return f"{clock.local(instant):%m-%d %H:%M}" if instant else ""


@blueprint.route("/at/<code>/<day>/target", methods=("POST",))
@requires(UPDATE)
def target(code: str, day: str) -> Any:
    """Take the morning's form."""
    return _take(code, day, "target", forms.read_target, services.set_target)


@blueprint.route("/at/<code>/<day>/close", methods=("POST",))
@requires(UPDATE)
def close(code: str, day: str) -> Any:
    """Take the evening's form."""
    return _take(code, day, "close", forms.read_result, services.close_day)


def _take(code: str, day_text: str, step: str, read_form: Any, save: Any) -> Any:
    node, day = node_by(code, UPDATE), day_from(day_text)
    meant, read = read_form(request.form)
    if meant is None:
        return _refused(
            node, day, step, read, _("Nothing was sent yet. What you typed is kept; please correct it."), 422
        )
    if step == "close":
        meant = replace(meant, source_amount=_offered(node, day))  # what the source says is not for the form to say
    try:
        report = save(
            session, node, day, meant, key=forms.form_key(request.form),
            seen_version=_seen_version(),
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


def _seen_version() -> int:
    """Return the version the form was opened with; 0 when it does not say."""
    seen = request.form.get("version", "")
    return int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else 0


def _refused(node: Node, day: date, step: str, read: Any, problem: str, status: int) -> Any:
    session.rollback()
    if wants_json():
        return jsonify({"text": problem, "errors": read.errors}), status
    return _day_page(node, day, read=read, step=step, problem=problem), status


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
    return _day_page(node, day, read=read, step=step, problem=text, conflict=report), 409


@blueprint.route("/token")
@requires(READ)
def token() -> Any:
    """Give the page's script a fresh token, so that a form that waited for the network can be sent."""
    return jsonify({"token": generate_csrf()})


@blueprint.route("/at/<code>/<day>/correct", methods=("POST",))
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
        services.correct(session, report, figure, value, typed.text(request.form.get("reason", ""), 200))
        toast(_("Corrected. The old figure and the reason are kept."), "good")
        return redirect(page_of(node, date_))
    except (services.DayRefused, typed.BadValue) as error:
        session.rollback()
        return _day_page(node, date_, read=read, step="sent", problem=str(error)), 422


@blueprint.route("/at/<code>/<day>/review", methods=("POST",))
@requires(REVIEW)
def review(code: str, day: str) -> Any:
    """Mark a report as read, or return it; then the next one that waits."""
    node, date_ = node_by(code, REVIEW), day_from(day)
    report = services.find(session, node.id, date_, for_update=True) or abort(404)
    event = request.form.get("event", "")
    comment = typed.text(request.form.get("comment", ""))[:400]
    try:
        if event not in ("read", "return"):
            abort(400)
        services.review(session, report, event, comment, seen_version=_seen_version())
    except services.DayRefused as error:
        session.rollback()
        return _review_page(day=date_, code=code, comment=comment, problem=str(error)), 422
    if event == "return" or comment:
        people = people_at(session, {node.id}, MANAGERS).get(node.id, set())
        title = (
            _("Your report of %(day)s was returned", day=day)
            if event == "return"
            else _("A comment on your report of %(day)s", day=day)
        )
        inbox.send(
            session,
            people,
            key=f"review:{report.id}:{report.version}",
            title=title,
            text=comment,
            url=page_of(node, date_),
        )
    toast(_("Returned to the store.") if event == "return" else _("Marked as read."), "good")
    return redirect(url_for("daily_reports.reviews", after=request.form.get("after") or None))


@blueprint.route("/review/")
@requires(REVIEW)
def reviews() -> Any:
    """Show the reports that wait for review, one after the other; `after` skips those up to a day and place."""
    return _review_page(after=request.args.get("after", ""))


def _review_page(
    *, after: str = "", day: date | None = None, code: str = "", comment: str = "", problem: str = ""
) -> Any:
    query = select(DayReport, Node.code, Node.name).join(Node, Node.id == DayReport.node_id)
    if day is not None:
        query = query.where(DayReport.day == day, Node.code == code)
    else:
        query = query.where(*_waits_for_review()).order_by(DayReport.day, Node.code).limit(1)
    after_day, _dot, after_code = after.partition(".")
    if after_code:
        last = day_from(after_day) if after_code.isprintable() else abort(404)
        query = query.where(or_(DayReport.day > last, and_(DayReport.day == last, Node.code > after_code)))
    found = session.execute(query).first()
    return render_template(
        "daily_reports/review.html", page_title=_("Review"), back_url=url_for("daily_reports.today"), found=found,
        lines=services.lines_of(session, found[0]) if found else [], waiting=to_review_count(), after=after, comment=comment, problem=problem,
        reasons={key: gettext(title) for key, title in GAP_REASONS.items()},
        meaning=boards.meaning_of(found[0].achievement) if found else "none", title_of=_title, show_time=_show_time,
        names=names_of_people(session, {found[0].reported_by}) if found and found[0].reported_by else {},
    )  # fmt: skip


@blueprint.route("/missing/")
@requires(REMIND)
def missing() -> Any:
    """Show who is overdue now, with one tap to remind."""
    day = hours.working_day(clock.now())
    overdue = boards.missing(session, current_person(), day)
    return render_template(
        "daily_reports/missing.html", page_title=_("Missing now"), place_name=current_person().place_title, day=day,
        back_url=url_for("daily_reports.today"), overdue=overdue, now=f"{clock.local(clock.now()):%H:%M}",
        reminded=_reminded_today(day, overdue),
    )  # fmt: skip


def _reminder_key(day: date, what: str, node_id: int) -> str:
    return f"remind:{day}:{what}:{node_id}:"


def _reminded_today(day: date, overdue: list[boards.Missing]) -> dict[int, str]:
    keys = {_reminder_key(day, item.what, item.node_id): item.node_id for item in overdue}
    return {keys[key]: _show_time(at) for key, at in inbox.last_sent(session, set(keys)).items()}


@blueprint.route("/missing/remind", methods=("POST",))
@requires(REMIND)
def remind() -> Any:
    """Remind one store, or all that are overdue; each at most once in ten minutes."""
    person, day = current_person(), hours.working_day(clock.now())
    chosen = request.form.get("node", "")
    only = node_by(chosen, REMIND) if chosen else None
    overdue = [item for item in boards.missing(session, person, day) if only is None or item.node_id == only.id]
    if only is not None and not overdue:
        toast(_("%(name)s has sent it meanwhile.", name=only.name), "good")
    reach = person.reach(REMIND)
    sent = inbox.last_sent(session, {_reminder_key(day, item.what, item.node_id) for item in overdue})
    people = people_at(session, {item.node_id for item in overdue}, MANAGERS)
    nodes = {
        node.id: node for node in session.scalars(select(Node).where(Node.id.in_([item.node_id for item in overdue])))
    }
    reached, recently, nobody = 0, 0, []
    for item in overdue:
        node = nodes[item.node_id]
        if not reach.holds(node.id, node.area_id, node.region_id):
            continue
        if not people.get(node.id):
            nobody.append(node.name)
            continue
        key, now = _reminder_key(day, item.what, node.id), clock.now()
        if key in sent and now - sent[key] < REMIND_EVERY:
            recently += 1
            continue
        title = _("Please set today's target") if item.what == "target" else _("Please report today's result")
        try:
            with session.begin_nested():
                reached += bool(inbox.send(
                    session, people[node.id], key=f"{key}{int(now.timestamp() // REMIND_EVERY.total_seconds())}", title=title,
                    text=_("%(name)s is %(minutes)s minutes late.", name=node.name, minutes=item.minutes), url=page_of(node, day),
                ))  # fmt: skip
        except IntegrityError:
            recently += 1  # a second tap at the same moment
    if nobody:
        toast(_("Nobody is in charge of: %(names)s.", names="、".join(nobody[:5])), "watch")
    if recently:
        toast(_("%(count)s stores were reminded less than ten minutes ago.", count=recently), "none")
    if reached or not (recently or nobody or only):
        toast(_("%(count)s stores are reminded.", count=reached), "good" if reached else "none")
    return redirect(url_for("daily_reports.missing"))


@blueprint.route("/at/<code>/trend/")
@requires(READ)
def trend_page(code: str) -> Any:
    """Show a store's last four weeks beside its peers."""
    node = node_by(code, READ)
    until = hours.working_day(clock.now())
    return render_template(
        "daily_reports/trend.html", page_title=_("Trend"), place_name=node.name, back_url=page_of(node, until), node=node,
        trend=boards.trend(session, node, until), page_of=page_of, title_of=_title, meaning_of=boards.meaning_of,
    )  # fmt: skip
