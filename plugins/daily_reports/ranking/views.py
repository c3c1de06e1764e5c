"""The ranking at the desk: every group of the chain on one page, and head office's way to compute it anew."""

from typing import Any

from flask import abort, redirect, request, url_for

from core.api import (
    N_,
    Page,
    _,
    allowed,
    clock,
    current_person,
    expose,
    gettext,
    names_of_nodes,
    session,
    signed_in,
    toast,
    typed,
)
from plugins.daily_reports.ranking import pages, reading, rollups, snapshots
from plugins.daily_reports.ranking.models import RankingRow
from plugins.daily_reports.ranking.periods import KINDS, Period, period_of

COMPUTE = "daily_reports:ranking:compute"


class RankingPage(Page):
    """All groups of a day, week or month, one below the other."""

    title = N_("Ranking")

    @expose("/")
    @signed_in(pages.EVERYBODY)
    def index(self) -> Any:
        """Show one period, of every group or of one."""
        kind, day, subject = pages.asked_kind(), pages.asked_day(), pages.asked_subject()
        found = reading.latest(session, kind, day, subject)
        groups = rollups.groups_of(session, found) if found else []
        group = request.args.get("group", "")
        if group and group not in {name for name, _count, _ranked in groups}:
            abort(404)
        narrowed = (RankingRow.peer_group == group,) if group else ()
        lines = reading.lines_of(session, current_person(), found, *narrowed) if found else []
        before, after = reading.neighbours(session, found) if found else (None, None)
        period = Period(found.kind, found.begins) if found else period_of(kind, day or snapshots.last_day(clock.now()))
        here = {"kind": kind, "subject": subject, "group": group}
        return self.render(
            "daily_reports/ranking_desk.html", page_title=_("Ranking"), page_lead=self._lead(period, found),
            crumbs=[(_("Desk"), url_for("admin.index")), (_("Ranking"), None)], kind=kind, subject=subject, group=group, ranking=found,
            kinds=[(value, gettext(title), address(kind=value, subject=subject)) for value, title in KINDS.items()],
            groups=[(name, reading.title_of_group(name), count, ranked) for name, count, ranked in groups],
            sections=_sections(lines), area_names=names_of_nodes({line.area_id for line in lines if line.area_id}),
            previous_url=address(**here, on=before) if before else None, next_url=address(**here, on=after) if after else None,
            period=period, corrections=reading.corrections_of(session, found) if found else [],
            show_time=lambda at: f"{clock.local(at):%m-%d %H:%M}",
            may_compute=may_compute() and subject == "store", mine=set(reading.own_nodes(current_person())),
        )  # fmt: skip

    @staticmethod
    def _lead(period: Period, found: Any) -> str:
        title = reading.title_of(period)
        if found is not None and not found.is_final:
            return _("%(period)s, as far as %(day)s", period=title, day=f"{found.until:%m-%d}")
        return title

    @expose("/compute/", methods=("POST",))
    @allowed(COMPUTE)
    def compute(self) -> Any:
        """Publish a ranking that is not there, or compute one anew with a reason everybody reads."""
        if not may_compute():
            abort(404)
        day = pages.hours.day_of(request.form.get("on", "")) or abort(404)
        kind = request.form.get("kind")
        period = period_of(kind if kind in KINDS else abort(404), day)
        try:
            count = snapshots.compute(session, period, typed.text(request.form.get("note", ""), 200))
            toast(_("Done: %(count)s rows are new or changed.", count=count), "good")
        except ValueError as error:
            session.rollback()
            toast(str(error), "watch")
        return redirect(address(kind=period.kind, on=period.begins))


def may_compute() -> bool:
    """Say whether the person may compute rankings: one that holds for all needs the right for all."""
    return current_person().reach(COMPUTE).everything


def address(**arguments: Any) -> str:
    """Return the address of the page; what is usual is left out."""
    usual = {"kind": "day", "subject": "store"}
    kept = {name: value for name, value in arguments.items() if value and usual.get(name) != value}
    return url_for("daily_reports_ranking_desk.index", **kept)


def _sections(lines: list[reading.Line]) -> list[tuple[str, list[reading.Line], int]]:
    """Return the rows group by group, each with its title and how many have a rank."""
    found: dict[str, list[reading.Line]] = {}
    for line in lines:
        found.setdefault(line.group, []).append(line)
    return [
        (reading.title_of_group(group), rows, sum(row.rank is not None for row in rows))
        for group, rows in found.items()
    ]
