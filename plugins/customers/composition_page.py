"""The composition of the customers at the desk, and as a file."""

from typing import Any

from flask import Response, url_for

from core.api import N_, Page, _, allowed, csv_text, current_person, expose, gettext, session
from plugins.customers.composition import LIST, TITLES, composition
from plugins.customers.words import OVERVIEW

SHOWN = 24
"""So many bars of a question are drawn; the file has them all."""


class Composition(Page):
    """How many of which, where, since when."""

    title = N_("Who our customers are")
    menu_part = OVERVIEW
    lead = N_("The customers of the stores in your reach. Who knows two stores counts in both, and once in all else.")
    permission = LIST

    @expose("/")
    def index(self) -> Any:
        """Show the questions with bars."""
        found = composition(session, current_person())
        return self.render(
            "customers/composition.html", page_title=gettext(self.title), page_lead=gettext(self.lead),
            crumbs=[(_("Desk"), url_for("admin.index")), (gettext(self.title), None)],
            total=sum(count for _answer, count in found["level"]),
            questions=[
                (gettext(TITLES[name]), _bars(rows[-SHOWN:] if name == "month" else rows[:SHOWN]), len(rows)) for name, rows in found.items()
            ],
            file_url=url_for(".file") if current_person().may("customers:customer:export") else None,
        )  # fmt: skip

    @expose("/export/csv/")
    @allowed("customers:customer:export")
    def file(self) -> Any:
        """Send all figures as csv."""
        found = composition(session, current_person())
        rows = [(gettext(TITLES[name]), *row) for name, answers in found.items() for row in answers]
        answer = Response(csv_text([(_("Question"), _("Answer"), _("Customers")), *rows]), mimetype="text/csv")
        answer.headers["Content-Disposition"] = 'attachment; filename="customers.csv"'
        return answer


def _bars(rows: list[tuple[str, int]]) -> list[tuple[str, int, str]]:
    return [(answer, count, "") for answer, count in rows]
