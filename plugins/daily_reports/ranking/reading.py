"""What a page says of a ranking: its period, its groups, a row's rank, change and reason in words."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.api import FORMATS, N_, CurrentPerson, Node, _, gettext, names_of_people
from plugins.daily_reports.ranking import method, rollups
from plugins.daily_reports.ranking.models import STORE, Ranking, RankingRow
from plugins.daily_reports.ranking.periods import Period, period_of

REACHED, NO_REPORT = N_("%(day)s reached %(percent)s"), N_("no report on %(day)s")


class Line(NamedTuple):
    """One row of a ranking as a page shows it. The amounts are None out of the reader's reach."""

    node_id: int
    person_id: int
    area_id: int | None
    code: str
    name: str
    group: str
    state: str
    rank: int | None
    change: int | None
    achievement: int | None
    percent: str
    """The achievement, to a tenth of a percent."""
    meaning: str
    """The colour: good from 100 %, bad below 85 %."""
    reason: str
    reason_day: date | None
    amount: Decimal | None
    yardstick: Decimal | None
    is_within: bool


def percent(achievement: int | None) -> str:
    """Write tenths of a percent as a percentage."""
    return "–" if achievement is None else f"{achievement // 10}.{achievement % 10}%"


def latest(session: Session, kind: str, day: date | None = None, subject: str = STORE) -> Ranking | None:
    """Return the ranking of the period that holds a day; without a day the last one."""
    query = select(Ranking).where(Ranking.subject == subject, Ranking.kind == kind)
    if day is not None:
        query = query.where(Ranking.begins == period_of(kind, day).begins)
    return session.scalars(query.order_by(Ranking.begins.desc()).limit(1)).first()


def neighbours(session: Session, ranking: Ranking) -> tuple[date | None, date | None]:
    """Return the first days of the rankings before and after this one."""
    same = (Ranking.subject == ranking.subject, Ranking.metric == ranking.metric, Ranking.kind == ranking.kind)
    before = select(func.max(Ranking.begins)).where(*same, Ranking.begins < ranking.begins).scalar_subquery()
    after = select(func.min(Ranking.begins)).where(*same, Ranking.begins > ranking.begins).scalar_subquery()
    return tuple(session.execute(select(before, after)).one())  # type: ignore[return-value]


def lines_of(session: Session, person: CurrentPerson, ranking: Ranking, *conditions: Any) -> list[Line]:
    """Return the rows of a ranking by group and rank, as this person may see them."""
    rows = rollups.standings_of(session, person, ranking, *conditions)
    names = names_of_people(session, {row.person_id for row in rows}) if ranking.subject != STORE else {}
    words = Words(ranking.kind)
    return [_line(words, names, *row) for row in rows]


def _line(
    words: "Words", names: dict[int, str], node_id: int, person_id: int, area_id: int | None, code: str, name: str, group: str, state: str,
    rank: int | None, achieved: int | None, before: int | None, reason: str, day: date | None, reached: int | None,
    amount: Decimal | None, yardstick: Decimal | None, is_within: bool,
) -> Line:  # fmt: skip
    change = None if rank is None or before is None else before - rank
    meaning = "none" if achieved is None else "good" if achieved >= 1000 else "watch" if achieved >= 850 else "bad"
    return Line(
        node_id, person_id, area_id, code, names.get(person_id) or name, group, state, rank, change, achieved, percent(achieved), meaning,
        words.of(state, reason, day, reached), day, amount, yardstick, is_within,
    )  # fmt: skip


class Words:
    """Says why rows stand where they stand; what a thousand rows have in common is put into words once."""

    def __init__(self, kind: str) -> None:
        self.kind, self.weekdays = kind, weekday_names()
        self.reached, self.missing = gettext(REACHED), gettext(NO_REPORT)
        self.days: dict[date, str] = {}

    def of(self, state: str, reason: str, day: date | None, reached: int | None) -> str:
        """Return a row's reason."""
        if state != method.RANKED:
            return _unranked(state)
        if day is not None and reason == method.DAY:
            return self.reached % {"day": self.days.get(day) or self.day(day), "percent": short(reached)}
        if day is not None and reason == method.MISSING:
            return self.missing % {"day": self.days.get(day) or self.day(day)}
        if reason == method.OVERTAKEN:
            return _("did not fall back, others did better")
        return _("others fell back further") if reason == method.OTHERS_FELL else _("corrected after it was published")

    def day(self, day: date) -> str:
        """Return the weekday; in a month with its date."""
        weekday = self.weekdays[day.weekday()]
        self.days[day] = weekday if self.kind != "month" else f"{day:%m-%d} {weekday}"
        return self.days[day]


def _unranked(state: str) -> str:
    match state:
        case method.CLOSED:
            return _("closed")
        case method.ALONE:
            return _("nobody to compare with")
        case method.SILENT:
            return _("no report for four weeks")
        case _other:
            return _("nothing to measure by yet")


def short(achievement: int | None) -> str:
    """Write an achievement inside a sentence: 118 % rather than 118.0 %."""
    text = percent(achievement)
    return text[:-3] + "%" if text.endswith(".0%") else text


def moved_and_why(line: Line) -> str:
    """Return the change of rank and its reason in one line: +2: Saturday reached 118 %."""
    if line.change is None:
        return line.reason
    moved = f"{line.change:+d}".replace("-", "−") if line.change else "±0"
    return _("%(moved)s: %(reason)s", moved=moved, reason=line.reason)


def title_of_group(group: str) -> str:
    """Return how a peer group is called."""
    if group == method.EVERYBODY:
        return _("Other stores")
    if group.startswith("format:"):
        code = group.removeprefix("format:")
        return gettext(FORMATS[code]) if code in FORMATS else _("Without a format")
    return group


def title_of(period: Period) -> str:
    """Return how a period is called."""
    if period.kind == "month":
        return f"{period.begins:%Y-%m}"
    if period.kind == "week":
        return f"{period.begins:%m-%d} – {period.ends:%m-%d}"
    return f"{period.begins:%m-%d} {weekday_names()[period.begins.weekday()]}"


def weekday_names() -> tuple[str, ...]:
    """Return the weekdays, Monday first."""
    return (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))


@dataclass(frozen=True)
class Told:
    """A correction as everybody reads it."""

    name: str
    rank_before: int | None
    rank_after: int | None
    achievement_before: str
    why: str
    who: str
    at: Any


def corrections_of(session: Session, ranking: Ranking) -> list[Told]:
    """Return what was corrected in a ranking, newest first: whose rank, from what, by whom and why.

    Of a corrected figure only the store is named: what was sold, and the store's own words, are not everybody's.
    """
    rows = rollups.corrections_of(session, ranking)
    if not rows:
        return []
    ids = {row.node_id for row in rows} | {row.cause_node_id for row in rows}
    places = dict(session.execute(select(Node.id, Node.name).where(Node.id.in_(ids - {None}))).all())  # type: ignore[arg-type]
    people = names_of_people(
        session, {row.by for row in rows if row.by} | {row.person_id for row in rows if row.person_id}
    )
    return [
        Told(
            people.get(row.person_id) or places.get(row.node_id, ""), row.rank_before, row.rank_after, percent(row.achievement_before),
            _why(row, places.get(row.cause_node_id or 0, "")), people.get(row.by or 0, ""), row.at,
        )
        for row in rows
    ]  # fmt: skip


def _why(row: Any, store: str) -> str:
    match row.cause:
        case "late":
            return _("%(store)s reported late", store=store)
        case "figure":
            return _("%(store)s corrected a figure", store=store)
        case _other:
            return row.note


def size_of(groups: list[tuple[str, int, int]], group: str) -> int:
    """Return how many of a group have a rank."""
    return next((ranked for name, _count, ranked in groups if name == group), 0)


def own_nodes(person: CurrentPerson) -> list[int]:
    """Return the stores in which the person works."""
    return [place.node_id for place in person.places if place.kind == "store"]


def is_in(nodes: list[int]) -> Any:
    """Return the condition that a row is of one of these places."""
    return RankingRow.node_id.in_(nodes)
