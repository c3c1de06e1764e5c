"""Where a person begins: one's own day, or what waits in several places."""

from datetime import timedelta
from typing import Any

from flask import redirect, render_template
from sqlalchemy import select

from core.api import Node, _, clock, criteria, current_person, requires, session
from plugins.daily_reports import boards, hours, states
from plugins.daily_reports.models import DayReport
from plugins.daily_reports.pages.addresses import READ, REMIND, REVIEW, UPDATE, blueprint, page_of, title_of
from plugins.daily_reports.pages.reviewing import to_review_count


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
    total, overdue = boards.totals_on(session, person, day)
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
        yesterday=day - timedelta(days=1), title_of=title_of, may_remind=person.may(REMIND),
        total=total, missing=overdue,
        to_review=to_review_count() if person.may(REVIEW) else None,
        places=[(node, page_of(node, day), reports.get(node.id)) for node in places], states=states.STATES,
    )  # fmt: skip
