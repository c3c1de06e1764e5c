"""The cards of the ranking on a person's home: one's own rank, or a leader's morning."""

from typing import Any

from core.api import CurrentPerson, HomeCard, _, clock
from plugins.daily_reports import boards
from plugins.daily_reports.ranking import leader, reading, rollups, snapshots


def cards_of(session: Any, person: CurrentPerson) -> list[HomeCard]:
    """Return the way to the leader's screen for who looks after several stores, else the rank of one's own."""
    if boards.looks_after_several(person):
        return [_morning(session, person)] if person.may(leader.LIST) else []
    nodes = reading.own_nodes(person)
    found = reading.latest(session, "day") if nodes else None
    if found is None:
        return []
    lines = reading.lines_of(session, person, found, reading.is_in(nodes))
    sizes = {group: ranked for group, _count, ranked in rollups.groups_of(session, found)}
    return [
        HomeCard(
            _("My rank"), number=str(line.rank) if line.rank else "–", unit=_("of %(count)s", count=sizes[line.group]) if line.rank else "",
            note=reading.moved_and_why(line), url="/day/ranking/",
        )
        for line in lines
    ]  # fmt: skip


def _morning(session: Any, person: CurrentPerson) -> HomeCard:
    percent = leader.percent_of(session, person, snapshots.last_day(clock.now()))
    return HomeCard(
        _("Yesterday"), number="–" if percent is None else f"{percent}%", url="/day/leader/",
        note=_("Whom to praise, whom to call"), meaning="none",
    )  # fmt: skip
