"""How many different people there are: the page that says it, how it was computed and how sure it is."""

from typing import Any

from flask import abort, url_for

from core.api import N_, CurrentPerson, HomeCard, Page, _, clock, current_person, expose, session
from plugins.customers import counting
from plugins.customers.counting import Count
from plugins.customers.words import DOUBLES

COUNT = "customers:customer:count"


class CountPage(Page):
    """So many people, between so many and so many."""

    title = N_("How many people")
    menu_part = DOUBLES
    permission = COUNT

    @expose("/")
    def index(self) -> Any:
        """Show the count of this moment with all that it was computed from."""
        if not current_person().reach(COUNT).everything:
            abort(404)
        count = counting.count(session)
        return self.render(
            "customers/count.html", page_title=_("How many people"), count=count, between=between(count), enough=counting.ENOUGH,
            crumbs=[(_("Desk"), url_for("admin.index")), (_("How many people"), None)], at=f"{clock.local(count.at):%Y-%m-%d %H:%M}",
            bands=[_shown(band) for band in count.bands if band.answered or band.waiting], number="{:,}".format,
            queue_url=url_for("customers_pair.index") if current_person().may("customers:customer:merge") else None,
        )  # fmt: skip


def between(count: Count) -> str:
    """Return the interval or the bound in words; nothing where both ends are the same."""
    if count.least == count.most:
        return ""
    ends = {"least": f"{count.least:,}", "most": f"{count.most:,}"}
    return (
        _("95 %%: %(least)s to %(most)s", **ends)
        if count.is_measured
        else _("at least %(least)s, at most %(most)s", **ends)
    )


def card_of(person: CurrentPerson) -> list[HomeCard]:
    """Return the number for those who see the whole chain's."""
    if not person.reach(COUNT).everything:
        return []
    count = counting.at_a_glance(session)
    waiting = _("%(count)s pairs to decide on", count=f"{count.waiting:,}") if count.waiting else ""
    note = " · ".join(filter(None, (between(count), waiting))) or _("No two records look like one person.")
    return [
        HomeCard(
            _("Different customers"),
            number=f"{count.people:,}",
            unit=_("people"),
            url="/admin/customers/count/",
            note=note,
        )
    ]


def _shown(band: counting.Band) -> dict[str, str]:
    low, high = band.bounds
    return {
        "score": f"{band.number * 100 // counting.BANDS}–{(band.number + 1) * 100 // counting.BANDS}%",
        "answered": f"{band.answered:,}", "same": f"{band.same:,}", "waiting": f"{band.waiting:,}",
        "rate": f"{round(band.rate * 100)}%" if band.answered else "–",
        "doubles": f"{low:,.1f} – {high:,.1f}" if band.waiting else "–",
    }  # fmt: skip
