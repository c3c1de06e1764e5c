"""The page that says who brings the profit, for the screen, for paper and as a file."""

from collections.abc import Iterator
from typing import Any

from flask import Response, url_for

from core.api import N_, Page, _, allowed, csv_text, current_person, expose, gettext, record, session, typed
from plugins.customers.contribution.months import between
from plugins.customers.contribution.ranking import SEE, Ranking, ranking, share
from plugins.customers.words import LEVEL_MEANINGS, LEVELS, OVERVIEW

EXPORT = "customers:contribution:export"
SHOWN, FILED = 50, 1000
"""So many customers stand on the page, and in the file."""


class Contributors(Page):
    """The customers in reach by the gross profit of the last twelve full months."""

    title = N_("Who brings the profit")
    menu_part = OVERVIEW
    lead = N_("Gross profit of the customers of the stores in your reach, over the last twelve full months.")
    permission = SEE

    @expose("/")
    def index(self) -> Any:
        """Show the first of them, what the first fifth brings, and how it was computed."""
        person = current_person()
        found = ranking(session, person, SHOWN)
        return self.render(
            "customers/contributors.html", page_title=gettext(self.title), page_lead=gettext(self.lead),
            crumbs=[(_("Desk"), url_for("admin.index")), (gettext(self.title), None)],
            found=found, rows=[(row, share(row.profit, found.whole), share(row.so_far, found.whole)) for row in found.rows],
            best_share=share(found.of_the_best, found.whole), between=between(found.months), money=typed.show_money,
            level=lambda name: gettext(LEVELS[name]), meaning=LEVEL_MEANINGS.get, filed=FILED,
            all_url=url_for("customers_customer.index_view", sort="year_profit", desc=1, columns=["code", "level", "node_id", "year_profit"]),
            months_url=url_for("customers_contribution.index_view"),
            file_url=url_for(".file") if person.may(EXPORT) else None,
            import_url=url_for("customers_contribution.import_view") if person.may("customers:contribution:import") else None,
        )  # fmt: skip

    @expose("/export/csv/", methods=("POST",))
    @allowed(EXPORT)
    def file(self) -> Any:
        """Send the first thousand as csv; that somebody took them is kept."""
        found = ranking(session, current_person(), FILED)
        record(
            session, resource="customers:contribution", row_id="", action="exported", changes={"kind": [None, "csv"]}
        )
        answer = Response(csv_text(_lines(found)), mimetype="text/csv")
        answer.headers["Content-Disposition"] = 'attachment; filename="contribution.csv"'
        return answer


def _lines(found: Ranking) -> Iterator[tuple[Any, ...]]:
    yield _("Standing"), _("Full name"), _("Code"), _("Revenue"), _("Gross profit"), _("Share, %"), _("Together, %")
    for row in found.rows:
        shares = share(row.profit, found.whole), share(row.so_far, found.whole)
        yield row.rank, row.name, row.code, row.revenue, row.profit, *shares
