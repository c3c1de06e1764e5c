"""The ranking and the leader's screen on a phone."""

from datetime import date
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for

from core.api import _, clock, criteria, current_person, gettext, requires, session, signed_in, typed
from plugins.daily_reports import boards, hours
from plugins.daily_reports.ranking import leader, reading, rollups
from plugins.daily_reports.ranking.models import PERSON, STORE, Ranking, RankingRow
from plugins.daily_reports.ranking.periods import KINDS, Period
from plugins.daily_reports.ranking.reading import Line

blueprint = Blueprint("daily_reports_ranking", __name__, url_prefix="/day")
EVERYBODY = "name, rank and achievement are for everybody; amounts are masked"
FIRST, AROUND = 3, 3
"""Of a long list so many from the top and so many on either side of one's own are shown at first."""


@blueprint.route("/ranking/")
@signed_in(EVERYBODY)
def ranking() -> Any:
    """Show the ranking of a day, week or month, opened at one's own store."""
    kind, subject = asked_kind(), asked_subject()
    found = reading.latest(session, kind, asked_day(), subject)
    common: dict[str, Any] = {
        "page_title": _("Ranking"), "place_name": current_person().place_title, "back_url": "/", "kind": kind,
        "kinds": [(value, gettext(title), address(subject=subject, kind=value)) for value, title in KINDS.items()],
        "subjects": subjects(kind, subject), "ranking": found, "money": "{:,.0f}".format,
    }  # fmt: skip
    if found is None:
        return render_template("daily_reports/ranking.html", **common, period_title="", groups=[], lines=[], own=None)
    own = _own(found)
    groups = sorted(rollups.groups_of(session, found), key=lambda group: group[0] not in {line.group for line in own})
    group, mine = _chosen(groups, own)
    lines = own if mine else reading.lines_of(session, current_person(), found, RankingRow.peer_group == group)
    keys = {(line.node_id, line.person_id) for line in own}
    before, after = reading.neighbours(session, found)
    here = {"subject": subject, "kind": kind, "group": request.args.get("group")}
    shown = lines if mine or request.args.get("all") else windowed(lines, keys)
    sizes = {name: ranked for name, _count, ranked in groups}
    first = next((line for line in own if mine or line.group == group), None)
    return render_template(
        "daily_reports/ranking.html", **common, period_title=reading.title_of(Period(found.kind, found.begins)),
        groups=[(name, reading.title_of_group(name), count) for name, count, _ranked in groups], group=group, mine=mine,
        group_title=reading.title_of_group(group), sizes=sizes, lines=shown, keys=keys, count=len(lines),
        own=first if len(own) == 1 or not mine else None, own_count=len(own),
        group_url=lambda name: address(**(here | {"group": name, "on": found.begins})),
        previous_url=address(**here, on=before) if before else None, next_url=address(**here, on=after) if after else None,
        all_url=address(**here, on=found.begins, all=1) if len(shown) < len(lines) else None,
        corrections=reading.corrections_of(session, found), show_time=lambda at: f"{clock.local(at):%m-%d %H:%M}",
    )  # fmt: skip


def asked_kind() -> str:
    """Return the kind of period the address asks for: the day, unless it says otherwise."""
    kind = request.args.get("kind", "day")
    return kind if kind in KINDS else abort(404)


def asked_subject() -> str:
    """Return whether stores or people are asked for."""
    subject = request.args.get("subject", STORE)
    return subject if subject in (STORE, PERSON) else abort(404)


def asked_day() -> date | None:
    """Return the day the address asks for; None for the newest ranking."""
    text = request.args.get("on")
    return (hours.day_of(text) or abort(404)) if text else None


def address(**arguments: Any) -> str:
    """Return the address of a ranking; what is usual is left out."""
    usual = {"subject": STORE, "kind": "day"}
    return url_for(
        "daily_reports_ranking.ranking",
        **{name: value for name, value in arguments.items() if value and usual.get(name) != value},
    )


def subjects(kind: str, subject: str) -> list[tuple[str, str, str]]:
    """Return the switch between stores and people; nothing where no plugin tells of people."""
    if subject == STORE and reading.latest(session, kind, None, PERSON) is None:
        return []
    return [(STORE, _("Stores"), address(kind=kind)), (PERSON, _("People"), address(kind=kind, subject=PERSON))]


def _own(found: Ranking) -> list[Line]:
    """Return one's own rows: oneself, the store one works in, or the stores one looks after."""
    person = current_person()
    if found.subject == PERSON:
        condition = RankingRow.person_id == person.id
    elif nodes := reading.own_nodes(person):
        condition = reading.is_in(nodes)
    elif boards.looks_after_several(person) and not person.reach(rollups.READ).everything:
        condition = criteria(RankingRow, person, rollups.READ)
    else:
        return []
    return reading.lines_of(session, person, found, condition)


def _chosen(groups: list[tuple[str, int, int]], own: list[Line]) -> tuple[str, bool]:
    """Return the group to show, or that one's own rows of several groups are shown together."""
    asked = request.args.get("group", "")
    if asked and asked not in {name for name, _count, _ranked in groups}:
        abort(404)
    if asked:
        return asked, False
    if len(own) > 1:
        return own[0].group, True
    return (own[0].group if own else groups[0][0] if groups else ""), False


def windowed(lines: list[Line], keys: set[tuple[int, int]]) -> list[Line]:
    """Return the first of a long list and those around one's own."""
    if len(lines) <= FIRST + 2 * AROUND + 6:
        return lines
    at = [number for number, line in enumerate(lines) if (line.node_id, line.person_id) in keys]
    near = {number for place in at[:1] for number in range(place - AROUND, place + AROUND + 1)}
    first = FIRST if at else 12
    return [line for number, line in enumerate(lines) if number < first or number in near]


@blueprint.route("/leader/")
@requires("daily_reports:day:list")
def leaders() -> Any:
    """Show a leader's morning; who has one store opens its day."""
    person = current_person()
    if not boards.looks_after_several(person):
        return redirect(url_for("daily_reports.today"))
    screen = leader.screen_of(session, person)
    return render_template(
        "daily_reports/leader.html", page_title=_("Yesterday"), place_name=person.place_title, back_url="/", screen=screen,
        day_title=reading.title_of(Period("day", screen.day)), short=typed.show_wan, ranking_url=address(on=screen.day),
        meaning_of=boards.meaning_of,
    )  # fmt: skip
