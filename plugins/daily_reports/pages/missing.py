"""Who is overdue, with one tap to remind."""

from datetime import date, timedelta
from typing import Any

from flask import abort, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from core.api import Node, _, clock, current_person, inbox, people_who_may, requires, session, toast
from plugins.daily_reports import boards, hours
from plugins.daily_reports.pages.addresses import REMIND, UPDATE, blueprint, node_by, page_of, show_time, title_of

REMIND_EVERY = timedelta(minutes=10)


@blueprint.route("/missing/")
@requires(REMIND)
def missing() -> Any:
    """Show who is overdue now, or with yesterday's report, with one tap to remind."""
    today = hours.working_day(clock.now())
    day = _day_asked(request.args)
    overdue = boards.missing(session, current_person(), day)
    return render_template(
        "daily_reports/missing.html", page_title=_("Missing now") if day == today else _("Missing yesterday"),
        place_name=current_person().place_title, day=day, yesterday=today - timedelta(days=1), is_today=day == today,
        back_url=url_for("daily_reports.today"), overdue=overdue, now=f"{clock.local(clock.now()):%H:%M}",
        reminded=_reminded(day, overdue), title_of=title_of,
    )  # fmt: skip


def _day_asked(values: Any) -> date:
    """Return today, or yesterday where it is asked for: older days are locked."""
    today = hours.working_day(clock.now())
    if values.get("day") in (None, "", today.isoformat()):
        return today
    yesterday = today - timedelta(days=1)
    return yesterday if values["day"] == yesterday.isoformat() else abort(404)


def _reminder_key(day: date, what: str, node_id: int) -> str:
    return f"remind:{day}:{what}:{node_id}:"


def _reminded(day: date, overdue: list[boards.Missing]) -> dict[int, str]:
    keys = {_reminder_key(day, item.what, item.node_id): item.node_id for item in overdue}
    return {keys[key]: show_time(at) for key, at in inbox.last_sent(session, set(keys)).items()}


@blueprint.route("/missing/remind", methods=("POST",))
@requires(REMIND)
def remind() -> Any:
    """Remind one store, or all that are overdue; each at most once in ten minutes."""
    person, day = current_person(), _day_asked(request.form)
    is_today = day == hours.working_day(clock.now())
    chosen = request.form.get("node", "")
    only = node_by(chosen, REMIND) if chosen else None
    overdue = [item for item in boards.missing(session, person, day) if only is None or item.node_id == only.id]
    if only is not None and not overdue:
        toast(_("%(name)s has sent it meanwhile.", name=only.name), "good")
    reach = person.reach(REMIND)
    sent = inbox.last_sent(session, {_reminder_key(day, item.what, item.node_id) for item in overdue})
    people = people_who_may(session, {item.node_id for item in overdue}, UPDATE)
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
        title = _title(item.what, day, is_today)
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
    return redirect(url_for("daily_reports.missing", day=None if is_today else day))


def _title(what: str, day: date, is_today: bool) -> str:
    if not is_today:
        return _("Please report the result of %(day)s", day=day)
    return _("Please set today's target") if what == "target" else _("Please report today's result")
