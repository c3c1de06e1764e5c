"""People are ranked as soon as a plugin says what each has sold: by the same rules, in the group of their store."""

import json
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core.org.models import Node
from core.testing.factories import acting, enable_plugins
from plugins.daily_reports.ranking.models import PERSON, Ranking, RankingRow

FRIDAY = date(2026, 11, 20)
PHONE = "/day/ranking/?subject=person"
MANIFEST = """
name = "till"
title = "Till"
summary = "Says what each person has sold, for these tests"
version = "1.0"
api = 1
requires = ["daily_reports"]
prefix = "/till/"
"""
ANSWERS = """
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

from core.api import hookimpl


@hookimpl
def daily_reports_people_figures(first, last):
    told = json.loads((Path(__file__).parent / "sold.json").read_text())
    figures = [
        (person, node, date.fromisoformat(day), Decimal(sold), target and Decimal(target)) for person, node, day, sold, target in told
    ]
    return [figure for figure in figures if first <= figure[2] <= last]
"""


@pytest.fixture
def till(tmp_path):
    """The folder of a plugin that knows what people sold."""
    folder = tmp_path / "plugins" / "till"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "plugin.toml").write_text(MANIFEST)
    (folder / "plugin.py").write_text(ANSWERS)
    (folder / "sold.json").write_text("[]")
    (folder.parent / "daily_reports").symlink_to(Path(__file__).parents[4] / "plugins" / "daily_reports")
    return folder


@pytest.fixture
def app(settings, till):
    """The application with the till beside the daily reports, both on."""
    from core.app import create_app

    app = create_app(settings.model_copy(update={"plugins_dir": till.parent}))
    with acting(app) as session:
        enable_plugins(session, app.extensions["backoffice"].host)
    yield app
    app.extensions["backoffice"].database.dispose()
    sys.path_importer_cache.clear()
    for name in [name for name in sys.modules if name.startswith("plugins.till")]:
        del sys.modules[name]


@pytest.fixture
def sell(chain, till):
    """`sell((clerk number, sold, target), …, day=FRIDAY)`: what the till says."""

    def write(*figures, day=FRIDAY):
        told = json.loads((till / "sold.json").read_text())
        told += [
            (chain.clerks[number].id, chain.stores[number].id, str(day), str(sold), target and str(target))
            for number, sold, target in figures
        ]
        (till / "sold.json").write_text(json.dumps(told))

    return write


@pytest.fixture
def people(app):
    """`{store's code: (rank, achievement)}` of the people ranked on Friday, one a store."""

    def read(kind="day"):
        with acting(app) as session:
            found = (
                select(Node.code, RankingRow.rank, RankingRow.achievement)
                .join(RankingRow, RankingRow.node_id == Node.id)
                .join(Ranking, Ranking.id == RankingRow.ranking_id)
                .where(
                    Ranking.subject == PERSON, Ranking.kind == kind, Ranking.begins <= FRIDAY, Ranking.ends >= FRIDAY
                )
            )
            return {code: (rank, achievement) for code, rank, achievement in session.execute(found)}

    return read


@pytest.mark.requirement("G16")
def test_people_compete_with_people_by_the_same_rules(chain, sell, worker, people):
    sell((0, 90, 100), (1, 30, 20), (2, 900, 1000), (3, 5, 100), (4, 7, None))
    worker()
    assert people() == {"S1": (2, 900), "S2": (1, 1500), "S3": (2, 900), "S4": (4, 50), "S5": (None, None)}
    sell((0, 300, 100), day=FRIDAY + timedelta(days=1))
    worker("2026-11-22 03:05")
    assert people("week")["S1"] == (1, 1950)
    assert people() == {"S1": (2, 900), "S2": (1, 1500), "S3": (2, 900), "S4": (4, 50), "S5": (None, None)}


@pytest.mark.requirement("G16")
def test_everybody_reads_peoples_ranks_and_nobody_a_foreign_amount(app, chain, sell, worker, client_as):
    sell((0, 9_876_501, 100), (1, 9_876_502, 100), (2, 30, 20))
    worker()
    clerk = client_as("clerk", chain.stores[5]).get(PHONE).text
    assert "Name of clerk.s1" in clerk
    assert "98765" not in clerk.replace(",", "")
    manager = client_as("store_manager").get("/admin/daily_reports/ranking/?subject=person").text.replace(",", "")
    assert "9876501" in manager
    assert "9876502" not in manager


def test_one_opens_the_ranking_of_people_on_oneself(app, chain, sell, worker, client_as):
    from core.testing.factories import sign_in

    sell((0, 90, 100), (1, 30, 20), (2, 30, 40))
    worker()
    own = sign_in(app.test_client(), chain.clerks[0]).get(PHONE).text
    assert 'class="card hero"' in own
    assert 'class="card hero"' not in client_as("clerk", chain.stores[5]).get(PHONE).text
    assert "subject=person" in client_as("clerk").get("/day/ranking/").text, "one tap from the ranking of stores"


def test_without_a_source_there_is_no_ranking_of_people_and_no_switch(app, chain, worker, client_as):
    worker()
    assert "subject=person" not in client_as("clerk").get("/day/ranking/").text
    with acting(app) as session:
        assert session.scalars(select(Ranking).where(Ranking.subject == PERSON)).all() == []
