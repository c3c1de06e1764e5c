"""Rankings of the whole chain: published, corrected and read past the reader's scope.

Out of this file come names, ranks and achievements of everybody; an amount only of what lies in the reader's reach.
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import case, delete, func, insert, literal, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.api import CurrentPerson, Node, across_scopes, clock, criteria
from plugins.daily_reports.ranking import figures, method
from plugins.daily_reports.ranking.method import Before, Contender, Key, Standing
from plugins.daily_reports.ranking.models import ACHIEVEMENT, STORE, Ranking, RankingCorrection, RankingRow
from plugins.daily_reports.ranking.periods import Period

READ = "daily_reports:day:read"
Rows = dict[Key, RankingRow]


def find(session: Session, period: Period, subject: str = STORE, *, for_update: bool = False) -> Ranking | None:
    """Return the ranking of a period if it was published."""
    query = select(Ranking).where(
        Ranking.subject == subject, Ranking.metric == ACHIEVEMENT, Ranking.kind == period.kind, Ranking.begins == period.begins
    )  # fmt: skip
    if for_update:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).one_or_none()


def publish(
    session: Session, period: Period, until: date, subject: str = STORE, contenders: list[Contender] | None = None
) -> Ranking:
    """Publish the ranking of a period as far as `until`; one that is final already stays as it is.

    Two that publish the same at once meet at the unique key, and there is one.
    """
    ranking = _claim(session, period, subject)
    if ranking.computed_at is not None and ranking.is_final:
        return ranking
    with across_scopes("a ranking is made of all"):
        standings = _standings(session, period, until, subject, contenders)
        gone = delete(RankingRow).where(RankingRow.ranking_id == ranking.id)
        session.execute(gone.execution_options(synchronize_session=False))
        if standings:
            rows = [_values(ranking.id, period, each) for each in standings]
            session.execute(insert(RankingRow.__table__), rows)
    ranking.until = min(until, period.ends)
    ranking.ranked = sum(each.rank is not None for each in standings)
    ranking.computed_at = ranking.followed_until = clock.now()
    session.flush()
    return ranking


def _claim(session: Session, period: Period, subject: str) -> Ranking:
    ranking = find(session, period, subject, for_update=True)
    if ranking is not None:
        return ranking
    try:
        with session.begin_nested():
            ranking = Ranking(
                subject=subject, metric=ACHIEVEMENT, kind=period.kind, begins=period.begins, ends=period.ends, until=period.previous.ends
            )  # fmt: skip
            session.add(ranking)
            session.flush()
        return ranking
    except IntegrityError:
        ranking = find(session, period, subject, for_update=True)
        if ranking is None:
            raise
        return ranking


def _standings(
    session: Session, period: Period, until: date, subject: str, contenders: list[Contender] | None
) -> list[Standing]:
    if contenders is None:
        contenders = figures.contenders_of(session, period, until)
    return method.rank(contenders, _before(session, period, subject))


def _before(session: Session, period: Period, subject: str) -> dict[Key, Before]:
    """Return how everybody stood in the last period of the kind in which anybody was ranked."""
    last = select(Ranking.id).where(
        Ranking.subject == subject, Ranking.metric == ACHIEVEMENT, Ranking.kind == period.kind,
        Ranking.begins < period.begins, Ranking.ranked > 0,
    )  # fmt: skip
    last_id = session.scalar(last.order_by(Ranking.begins.desc()).limit(1))
    if last_id is None:
        return {}
    query = select(
        RankingRow.node_id, RankingRow.person_id, RankingRow.peer_group, RankingRow.rank, RankingRow.achievement
    ).where(RankingRow.ranking_id == last_id)
    return {(node, person): Before(*rest) for node, person, *rest in session.execute(query)}


def _values(ranking_id: int, period: Period, standing: Standing) -> dict[str, Any]:
    contender, before = standing.contender, standing.before
    comparable = before is not None and before.group == standing.group
    reason, reason_day, reason_achievement = standing.reason
    return {
        "ranking_id": ranking_id, "node_id": contender.key[0], "person_id": contender.key[1],
        "area_id": contender.levels[0], "region_id": contender.levels[1], "peer_group": standing.group, "state": standing.state,
        "rank": standing.rank, "achievement": standing.achievement,
        "rank_before": before.rank if comparable else None,  # type: ignore[union-attr]
        "achievement_before": before.achievement if before else None,
        "reason": reason, "reason_day": reason_day, "reason_achievement": reason_achievement,
        "days_open": figures.as_bits([day.day for day in contender.days], period.begins),
        "days_reported": sum(day.amount is not None for day in contender.days),
        "days_judged": contender.days_judged, "days_on_time": contender.days_on_time,
        "amount": Decimal(standing.amount).scaleb(-2),
        "yardstick": None if standing.yardstick is None else Decimal(standing.yardstick).scaleb(-2),
    }  # fmt: skip


# Corrections


class Cause:
    """Why a published ranking is looked at again."""

    def __init__(
        self,
        kind: str,
        at: datetime,
        by: int | None,
        *,
        node_id: int | None = None,
        day: date | None = None,
        note: str = "",
    ) -> None:
        self.kind, self.at, self.by, self.node_id, self.day, self.note = kind, at, by, node_id, day, note


def follow(session: Session, ranking: Ranking, cause: Cause) -> int:
    """Take a store's changed days into a final ranking; the yardsticks stay. Returns how many rows changed.

    Harmless to do twice: what is in already changes nothing, and is not told again.
    """
    session.refresh(ranking, with_for_update=True)
    with across_scopes("a ranking is corrected for all"):
        row = session.scalars(
            select(RankingRow).where(RankingRow.ranking_id == ranking.id, RankingRow.node_id == cause.node_id)
        ).one_or_none()
        if row is None or not _take_in(session, ranking, row):
            return 0
        group = session.scalars(
            select(RankingRow).where(RankingRow.ranking_id == ranking.id, RankingRow.peer_group == row.peer_group)
        ).all()
        before = {(each.node_id, each.person_id): (each.rank, each.achievement) for each in group}
        before[row.node_id, row.person_id] = (row.rank, row.achievement)
        _measure(row)
        placed = method.ranks({
            (each.node_id, each.person_id): each.achievement or 0 for each in group if each.state == method.RANKED
        })  # fmt: skip
        for each in group:
            each.rank = placed.get((each.node_id, each.person_id))
        session.flush()
        return _tell(session, ranking, before, group, cause)


def _take_in(session: Session, ranking: Ranking, row: RankingRow) -> bool:
    """Read a store's days again; say whether what was sold has changed."""
    told = figures.told_between(session, ranking.begins, ranking.until, {row.node_id}).get(row.node_id, {})
    answers = [told.get(day, figures.NOTHING) for day in figures.from_bits(row.days_open, ranking.begins)]
    amount = Decimal(sum(answer.amount or 0 for answer in answers)).scaleb(-2)
    reported = sum(answer.amount is not None for answer in answers)
    if (amount, reported) == (row.amount, row.days_reported):
        return False
    row.amount, row.days_reported = amount, reported
    row.days_on_time = sum(answer.is_on_time for answer in answers)
    return True


def _measure(row: RankingRow) -> None:
    if row.state not in (method.RANKED, method.ALONE) or not row.yardstick:
        return
    row.achievement = method.achievement(int(row.amount * 100), int(row.yardstick * 100))
    row.reason, row.reason_achievement = method.CORRECTED, None


def anew(session: Session, ranking: Ranking, cause: Cause) -> int:
    """Compute a published ranking again from the start, yardsticks too; returns how many rows changed."""
    session.refresh(ranking, with_for_update=True)
    period = Period(ranking.kind, ranking.begins)
    with across_scopes("a ranking is corrected for all"):
        standings = _standings(session, period, ranking.until, ranking.subject, None)
        old = {(row.node_id, row.person_id): row for row in _rows(session, ranking)}
        before = {key: (row.rank, row.achievement) for key, row in old.items()}
        for standing in standings:
            values = _values(ranking.id, period, standing)
            row = old.pop(standing.contender.key, None)
            if row is None:
                session.execute(insert(RankingRow), [values])
            else:
                for name, value in values.items():
                    setattr(row, name, value)
        for row in old.values():
            session.delete(row)
        session.flush()
        ranking.ranked = sum(standing.rank is not None for standing in standings)
        return _tell(session, ranking, before, _rows(session, ranking), cause)


def _rows(session: Session, ranking: Ranking) -> list[RankingRow]:
    return list(session.scalars(select(RankingRow).where(RankingRow.ranking_id == ranking.id)))


def _tell(session: Session, ranking: Ranking, before: dict[Key, Any], rows: Iterable[RankingRow], cause: Cause) -> int:
    """Write down what each changed row said before, who changed it, when and why."""
    after = {(row.node_id, row.person_id): (row.rank, row.achievement) for row in rows}
    changed = [key for key in sorted(before.keys() | after.keys()) if before.get(key) != after.get(key)]
    for node_id, person_id in changed:
        then, now = before.get((node_id, person_id), (None, None)), after.get((node_id, person_id), (None, None))
        session.add(RankingCorrection(
            ranking_id=ranking.id, node_id=node_id, person_id=person_id, rank_before=then[0], rank_after=now[0],
            achievement_before=then[1], at=cause.at, by=cause.by, cause=cause.kind, cause_node_id=cause.node_id, note=cause.note,
        ))  # fmt: skip
    session.flush()
    return len(changed)


# Reading


def standings_of(session: Session, person: CurrentPerson, ranking: Ranking, *conditions: Any) -> list[Any]:
    """Return rows of a ranking by group and rank, those without a rank last; amounts are NULL out of the person's reach."""
    within = criteria(RankingRow, person, READ)
    query = (
        select(
            RankingRow.node_id, RankingRow.person_id, RankingRow.area_id, Node.code, Node.name, RankingRow.peer_group, RankingRow.state,
            RankingRow.rank, RankingRow.achievement, RankingRow.rank_before, RankingRow.reason, RankingRow.reason_day,
            RankingRow.reason_achievement,
            case((within, RankingRow.amount)).label("amount"), case((within, RankingRow.yardstick)).label("yardstick"),
            case((within, literal(True)), else_=literal(False)).label("is_within"),
        )
        .join(Node, Node.id == RankingRow.node_id)
        .where(RankingRow.ranking_id == ranking.id, *conditions)
        .order_by(RankingRow.peer_group, RankingRow.rank.is_(None), RankingRow.rank, Node.code)
    )  # fmt: skip
    with across_scopes("name, rank and achievement are for everybody"):
        return list(session.execute(query))


def groups_of(session: Session, ranking: Ranking) -> list[tuple[str, int, int]]:
    """Return the groups of a ranking with how many they hold and how many have a rank."""
    query = (
        select(RankingRow.peer_group, func.count(), func.count(RankingRow.rank))
        .where(RankingRow.ranking_id == ranking.id)
        .group_by(RankingRow.peer_group)
        .order_by(RankingRow.peer_group)
    )
    with across_scopes("how large the groups of a ranking are"):
        return [(group, count, ranked) for group, count, ranked in session.execute(query)]


def corrections_of(session: Session, ranking: Ranking) -> list[RankingCorrection]:
    """Return what was corrected in a ranking since it was published, newest first."""
    query = select(RankingCorrection).where(RankingCorrection.ranking_id == ranking.id)
    return list(session.scalars(query.order_by(RankingCorrection.id.desc())))
