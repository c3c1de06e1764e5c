"""Two months of a thousand real shops in four types: every day and week ranked, and reckoned again with pandas."""

import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select

from core.org.models import Node
from core.testing.factories import acting
from plugins.daily_reports.models import MonthTarget
from plugins.daily_reports.ranking import reading, rollups, snapshots
from plugins.daily_reports.ranking.models import Ranking, RankingRow
from plugins.daily_reports.ranking.periods import Period
from tests.plugins.daily_reports.real_shops import REAL, database_url, only_with_the_data  # noqa: F401

ROOT = Path(__file__).resolve().parents[4]
FIRST, LAST = date(2015, 6, 1), date(2015, 7, 31)
JULY = date(2015, 7, 1)
FEWEST_ROWS = 20


@pytest.mark.slow
@pytest.mark.requirement("G16", "G17", "Z8")
@only_with_the_data
def test_each_day_and_week_of_a_thousand_real_shops_is_ranked_as_pandas_ranks_it(app, chain, at):
    from tests.plugins.daily_reports.ranking import by_pandas

    at("2015-08-01 12:00")
    with acting(app) as session:
        snapshots.publish_due(session, FIRST, LAST)

    reckoned = by_pandas.Pandas(by_pandas.read(REAL))
    ranked = 0
    with acting(app) as session:
        published = session.scalars(select(Ranking)).all()
        assert sorted(each.kind for each in published).count("day") == 61
        assert sorted(each.kind for each in published).count("week") == 9
        for each in published:
            found = ranking_of(session, each)
            assert found == reckoned.ranking(each.begins, each.until), f"{each.kind} {each.begins}"
            ranked += sum(rank is not None for rank, _achievement in found.values())
    assert ranked > 50_000
    check_the_table_of_the_docs(app)

    with acting(app) as session:
        for store, fen in half_of_july(reckoned):
            node_id = session.scalars(select(Node.id).where(Node.code == store)).one()
            session.add(MonthTarget(node_id=node_id, month=JULY, amount=Decimal(fen).scaleb(-2)))
            reckoned.targets[store, by_pandas.pd.Timestamp(JULY)] = fen
    again = [
        Period("week", date(2015, 6, 29)),
        Period("month", JULY),
        *(Period("day", JULY + timedelta(days=n)) for n in (0, 4, 14)),
    ]
    with acting(app) as session:
        for period in again:
            assert snapshots.compute(session, period, "half of the stores have a target now") > 0
            ranking = rollups.find(session, period)
            assert ranking_of(session, ranking) == reckoned.ranking(ranking.begins, ranking.until), period


def ranking_of(session, ranking):
    """`{code: (rank, achievement)}` of the real stores."""
    query = select(Node.code, RankingRow.rank, RankingRow.achievement).join(RankingRow, RankingRow.node_id == Node.id)
    return {
        code: (rank, achievement)
        for code, rank, achievement in session.execute(query.where(RankingRow.ranking_id == ranking.id))
        if len(code) == 5
    }


def half_of_july(reckoned):
    """A target for every other store: a little more than it sold in June."""
    june = reckoned.days[reckoned.days["date"] < str(JULY)].groupby("store")["fen"].sum()
    for number, (store, fen) in enumerate(june.items()):
        if number % 2:
            yield store, int(fen) // 100 * 102


def check_the_table_of_the_docs(app):
    """Each row of docs/ranking.md that was explained by hand holds what the product computes."""
    text = (ROOT / "docs" / "ranking.md").read_text("utf-8")
    rows = re.findall(r"^\| (day|week|month) ([\d-]+) \| (S\d{4}) \| (.+?) \|", text, re.MULTILINE)
    assert len(rows) >= FEWEST_ROWS
    cells = [
        re.split(r"\s*\|\s*", line.strip("| ")) for line in text.splitlines() if re.match(r"\| (day|week|month) ", line)
    ]
    assert len(cells) == len(rows)
    from core.access.person import SYSTEM

    with acting(app) as session:
        for when, store, group, sold, yardstick, achievement, rank, change, *_why in cells:
            kind, begins = when.split()
            ranking = rollups.find(session, Period(kind, date.fromisoformat(begins)))
            (line,) = reading.lines_of(session, SYSTEM, ranking, Node.code == store)
            said = [
                line.group, f"{line.amount:,.0f}", "–" if line.yardstick is None else f"{line.yardstick:,.2f}", line.percent,
                str(line.rank or "–"), "–" if line.change is None else f"{line.change:+d}".replace("-", "−") if line.change else "±0",
            ]  # fmt: skip
            assert said == [group, sold, yardstick, achievement, rank, change], (when, store)
