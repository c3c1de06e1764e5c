"""The Monday sheet at the desk: one page that prints, and its PDF."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from flask import abort, redirect, request, url_for
from sqlalchemy import case, select

from core.api import N_, Node, Page, ask_for, clock, criteria, current_person, expose, session
from plugins.daily_reports import hours
from plugins.daily_reports.menu import THE_WEEK
from plugins.daily_reports.monday import paper
from plugins.daily_reports.monday.figures import READ, sheet_of

WEEK = timedelta(days=7)
WIDEST_FIRST = {"chain": 0, "region": 1, "area": 2}
PLACES = 30


class MondaySheet(Page):
    """The week of an area or the chain on A4."""

    title = N_("Monday sheet")
    menu_part = THE_WEEK
    permission = READ

    @expose("/")
    def index(self) -> Any:
        """Show the sheet of the last finished week, for the widest place one may read, unless another is asked for."""
        node, monday = _asked(request.args)
        this_week = _monday(clock.today())
        base = url_for(".index")

        def to(place: Node, week: date) -> str:
            return f"{base}?below={quote(place.code, safe='')}&week={week}"

        return self.render(
            "daily_reports/monday/sheet.html", **paper.words_of(sheet_of(session, node, monday)), back_url="/", node=node,
            previous_url=to(node, monday - WEEK), next_url=to(node, monday + WEEK) if monday < this_week else None,
            places=[(place.name, to(place, monday)) for place in _places() if place.id != node.id], pdf_url=url_for(".pdf"),
        )  # fmt: skip

    @expose("/pdf/", methods=("POST",))
    def pdf(self) -> Any:
        """Let a worker make the PDF."""
        node, monday = _asked(request.form)
        job = ask_for(
            session, paper.PDF.name, f"{paper.title_of(node, monday)} {monday}", node=node.id, week=str(monday)
        )
        return redirect(url_for("jobs.job", job_id=job.id))


def _asked(values: Any) -> tuple[Node, date]:
    day = (hours.day_of(values["week"]) or abort(404)) if values.get("week") else clock.today() - WEEK
    if day > clock.today():
        abort(404)
    return _node(values.get("below")), _monday(day)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _node(code: str | None) -> Node:
    query = select(Node).where(
        Node.deleted_at.is_(None), Node.kind != "department", criteria(Node, current_person(), READ)
    )
    if code:
        if not code.isprintable():
            abort(404)
        query = query.where(Node.code == code)
    order = case(WIDEST_FIRST, value=Node.kind, else_=len(WIDEST_FIRST))
    return session.scalars(query.order_by(order, Node.code).limit(1)).first() or abort(404)


def _places() -> list[Node]:
    """Return the other places one may have a sheet of."""
    query = select(Node).where(
        Node.kind.in_(WIDEST_FIRST), Node.deleted_at.is_(None), criteria(Node, current_person(), READ)
    )
    return list(session.scalars(query.order_by(case(WIDEST_FIRST, value=Node.kind), Node.code).limit(PLACES)))
