"""What a page says of a ranking: its period, its groups, a row's rank, change and reason in words."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.api import FORMATS, CurrentPerson, Node, _, gettext, names_of_people
from plugins.daily_reports.ranking import method, rollups
from plugins.daily_reports.ranking.models import STORE, Ranking, RankingRow
from plugins.daily_reports.ranking.periods import Period, period_of


@dataclass(frozen=True)
class Line:
    """One row of a ranking as a page shows it. The amounts are None out of the reader's reach."""

    node_id: int
    code: str
    name: str
    group: str
    state: str
    rank: int | None
    change: int | None
    achievement: int | None
    reason: str
    reason_day: date | None
    amount: Decimal | None
    yardstick: Decimal | None
    is_within: bool
    person_id: int = 0
    area_id: int | None = None

    @property
    def percent(self) -> str:
        """The achievement, to a tenth of a percent."""
        return percent(self.achievement)

    @property
    def meaning(self) -> str:
        """The colour: good from 100 %, bad below 85 %."""
        if self.achievement is None:
            return "none"
        return "good" if self.achievement >= 1000 else "watch" if self.achievement >= 850 else "bad"


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
    weekdays, kind = weekday_names(), ranking.kind
    return [_line(row, kind, weekdays, names) for row in rows]


def _line(row: Any, kind: str, weekdays: tuple[str, ...], names: dict[int, str]) -> Line:
    change = None if row.rank is None or row.rank_before is None else row.rank_before - row.rank
    return Line(
        row.node_id, row.code, names.get(row.person_id) or row.name, row.peer_group, row.state, row.rank, change, row.achievement,
        words_of(row, kind, weekdays), row.reason_day, row.amount, row.yardstick, row.is_within, row.person_id, row.area_id,
    )  # fmt: skip


def words_of(row: Any, kind: str, weekdays: tuple[str, ...] | None = None) -> str:
    """Return why a row stands where it stands."""
    weekdays = weekdays or weekday_names()
    if row.state != method.RANKED:
        return _unranked(row.state)
    day = row.reason_day
    word = (
        "" if day is None else weekdays[day.weekday()] if kind != "month" else f"{day:%m-%d} {weekdays[day.weekday()]}"
    )
    match row.reason:
        case method.DAY:
            return _("%(day)s reached %(percent)s", day=word, percent=short(row.reason_achievement))
        case method.MISSING:
            return _("no report on %(day)s", day=word)
        case method.OVERTAKEN:
            return _("did not fall back, others did better")
        case method.OTHERS_FELL:
            return _("others fell back further")
        case _other:
            return _("corrected after it was published")


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
    return percent(achievement).replace(".0%", "%")


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
