"""The cards on a person's home."""

from typing import Any
from urllib.parse import quote

from sqlalchemy import select

from core.api import CurrentPerson, HomeCard, Node, _, clock, typed
from plugins.daily_reports import boards, hours, services
from plugins.daily_reports.departments.expected import template_of

READ = "daily_reports:day:read"


def cards_of(session: Any, person: CurrentPerson) -> list[HomeCard]:
    """Return the store's day for those with one store, the sums for those with more."""
    if not person.may(READ):
        return []
    day = hours.working_day(clock.now())
    if boards.looks_after_several(person):
        return _sums(session, person, day)
    nodes = session.scalars(
        select(Node).where(Node.id.in_(person.reach(READ).nodes), Node.kind.in_(("store", "department")))
    )
    return [card for node in nodes for card in _own(session, node, day)]


def _own(session: Any, node: Node, day: Any) -> list[HomeCard]:
    report = services.find(session, node.id, day)
    template = template_of(session, node.id) if node.kind == "department" else None
    unit = template.unit if template else _("yuan")
    if node.kind == "department" and template is None:
        return []
    url = f"/day/at/{quote(node.code, safe='')}/{day}/"
    if report is None:
        return [
            HomeCard(
                _("Today's target"), number=_("Not set"), note=_("Two taps on your phone"), url=url, meaning="watch"
            )
        ]
    if report.amount is None:
        return [
            HomeCard(
                _("Today's target"),
                number=typed.show_wan(report.target_amount or 0),
                unit=unit,
                note=_("Report before closing"),
                url=url,
            )
        ]
    return [HomeCard(
        _("Today's result"), number=typed.show_wan(report.amount), unit=unit, url=url,
        note=f"{report.achievement}%" if report.achievement is not None else "", meaning=boards.meaning_of(report.achievement),
    )]  # fmt: skip


def _sums(session: Any, person: CurrentPerson, day: Any) -> list[HomeCard]:
    total, overdue = boards.totals_on(session, person, day)
    cards = [
        HomeCard(
            _("Sold today"), number=typed.show_wan(total.amount), unit=_("yuan"), url="/admin/daily_reports/board/",
            note=f"{total.percent}%" if total.percent is not None else "", meaning=total.meaning,
        ),
        HomeCard(
            _("Targets set"), number=f"{total.count(reported=False)}/{total.open_stores}", unit=_("stores"), url="/day/",
            note=_("%(percent)s%% in time", percent=total.on_time) if total.on_time is not None else "",
        ),
    ]  # fmt: skip
    if person.may("daily_reports:day:remind"):
        cards.append(
            HomeCard(
                _("Missing now"),
                number=str(overdue),
                unit=_("stores"),
                url="/day/missing/",
                meaning="watch" if overdue else "good",
            )
        )
    return cards
