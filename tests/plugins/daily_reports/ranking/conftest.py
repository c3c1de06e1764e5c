"""Stores that sell around Friday 2026-11-20, and rankings of them."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from core.org.models import Node
from core.testing.factories import acting
from plugins.daily_reports.models import MonthTarget
from plugins.daily_reports.ranking import snapshots
from plugins.daily_reports.ranking.models import Ranking, RankingCorrection, RankingRow
from plugins.daily_reports.ranking.periods import period_of

FRIDAY, NOVEMBER = date(2026, 11, 20), date(2026, 11, 1)


@pytest.fixture
def plan(app, chain):
    """`plan(10, 20)`: the first store is to sell 10 yuan on each open day of November, the second 20."""

    def set_targets(*per_day, month=NOVEMBER, days=30):
        with acting(app) as session:
            for node, amount in zip(chain.stores, per_day, strict=False):
                session.add(MonthTarget(node_id=node.id, month=month, amount=Decimal(amount * days), weekdays=[1] * 7))

    return set_targets


@pytest.fixture
def sold(add):
    """`sold(9, 21, None, day=FRIDAY)`: what each store reported on a day; None for nothing."""

    def report(*amounts, day=FRIDAY, **values):
        for number, amount in enumerate(amounts):
            if amount is not None:
                add(number, None, amount, day=day, **values)

    return report


@pytest.fixture
def history(sold):
    """Every store has sold 10 yuan on each day of the four weeks before Friday."""

    def make(stores=8, amount=10):
        for number in range(1, 29):
            sold(*[amount] * stores, day=FRIDAY - timedelta(days=number))

    return make


@pytest.fixture
def worker(app, at):
    """The worker comes by at a time."""

    def come(when="2026-11-21 03:05"):
        at(when)
        with app.app_context(), acting(app) as session:
            return snapshots.run(session)

    return come


@pytest.fixture
def ranking_of(app):
    """`{code: (rank, achievement)}` of a period, as the database has it."""

    def read(kind="day", day=FRIDAY, what=("rank", "achievement")):
        with acting(app) as session:
            found = session.execute(
                select(Node.code, RankingRow)
                .join(RankingRow, RankingRow.node_id == Node.id)
                .join(Ranking, Ranking.id == RankingRow.ranking_id)
                .where(Ranking.kind == kind, Ranking.begins == period_of(kind, day).begins)
            )
            return {code: tuple(getattr(row, name) for name in what) for code, row in found}

    return read


@pytest.fixture
def corrections(app):
    """`[(code, rank before, rank after, cause, by)]`, oldest first."""

    def read():
        with acting(app) as session:
            found = session.execute(
                select(Node.code, RankingCorrection)
                .join(Node, Node.id == RankingCorrection.node_id)
                .order_by(RankingCorrection.id)
            )
            return [(code, row.rank_before, row.rank_after, row.cause, row.by) for code, row in found]

    return read
