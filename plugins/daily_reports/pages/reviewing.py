"""Reports that wait for review, one a screen."""

from datetime import date
from typing import Any

from flask import abort, redirect, render_template, request, url_for
from sqlalchemy import and_, func, or_, select

from core.api import (
    Node,
    _,
    criteria,
    current_person,
    gettext,
    inbox,
    names_of_people,
    people_who_may,
    requires,
    session,
    toast,
    typed,
)
from plugins.daily_reports import after_the_report, boards, services, states
from plugins.daily_reports.departments.expected import template_of
from plugins.daily_reports.models import GAP_REASONS, DayReport
from plugins.daily_reports.pages.addresses import (
    REVIEW,
    UPDATE,
    blueprint,
    day_from,
    node_by,
    page_of,
    seen_version,
    show_time,
    title_of,
)


def to_review_count() -> int:
    """Return how many reports wait for this person's review."""
    return session.scalar(select(func.count()).select_from(DayReport).where(*_waits_for_review())) or 0


def _waits_for_review() -> tuple[Any, ...]:
    """Return the criteria of what this person may review; nobody reviews what they sent themselves."""
    person = current_person()
    others = [func.coalesce(signed, 0) != person.id for signed in (DayReport.target_by, DayReport.reported_by)]
    return (DayReport.state == states.REPORTED, criteria(DayReport, person, REVIEW), *others)


@blueprint.route("/at/<path:code>/<day>/review", methods=("POST",))
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
        after_the_report.review(session, report, event, comment, seen_version=seen_version())
    except services.DayRefused as error:
        session.rollback()
        return _review_page(day=date_, code=code, comment=comment, problem=str(error)), 422
    if event == "return" or comment:
        people = people_who_may(session, {node.id}, UPDATE).get(node.id, set())
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
    query = select(DayReport, Node.code, Node.name, Node.kind).join(Node, Node.id == DayReport.node_id)
    if day is not None:
        query = query.where(DayReport.day == day, Node.code == code)
    else:
        query = query.where(*_waits_for_review()).order_by(DayReport.day, Node.code).limit(1)
    after_day, _dot, after_code = after.partition(".")
    if after_code:
        last = day_from(after_day) if after_code.isprintable() else abort(404)
        query = query.where(or_(DayReport.day > last, and_(DayReport.day == last, Node.code > after_code)))
    found = session.execute(query).first()
    template = template_of(session, found[0].node_id) if found and found[3] == "department" else None
    return render_template(
        "daily_reports/review.html", template=template, page_title=_("Review"), back_url=url_for("daily_reports.today"), found=found,
        lines=services.lines_of(session, found[0]) if found else [], waiting=to_review_count(), after=after, comment=comment, problem=problem,
        reasons={key: gettext(title) for key, title in GAP_REASONS.items()},
        meaning=boards.meaning_of(found[0].achievement) if found else "none", title_of=title_of, show_time=show_time,
        names=names_of_people(session, {found[0].reported_by}) if found and found[0].reported_by else {},
    )  # fmt: skip
