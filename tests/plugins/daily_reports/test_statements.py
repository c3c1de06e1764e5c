"""How often the pages of a day ask the database: so often, however much a store has behind it."""

from datetime import time, timedelta
from decimal import Decimal

import pytest

from core import clock
from core.testing.factories import acting
from plugins.daily_reports.models import Correction, DayReport, MonthTarget, PlanLine
from plugins.daily_reports.skills.models import PersonSkill, Skill
from tests.plugins.daily_reports.steps import FRIDAY, page

WHO_ASKS = 1
"""The statement every page begins with: the session and its person."""


@pytest.fixture
def asked(client_as, statements):
    """How many statements the manager's page takes, after those that every page begins with."""
    manager = client_as("store_manager")

    def count(url, holds):
        manager.get(url)
        with statements() as seen:
            assert holds in manager.get(url).text
        return len(seen) - WHO_ASKS

    return count


@pytest.fixture
def history(app, chain):
    """A function that gives the first store and its like four weeks behind it, and its people something they can do."""

    def make():
        days = [FRIDAY - timedelta(days=back) for back in range(1, 29)]
        with acting(app) as session:
            session.add_all(
                DayReport(node_id=store.id, day=day, state="read", target_amount=1000, amount=900, target_at=clock.at(day, time(9)))
                for store in chain.stores[:4] for day in days
            )  # fmt: skip
            session.add(MonthTarget(node_id=chain.stores[0].id, month=FRIDAY.replace(day=1), amount=Decimal(90_000)))
            skills = [Skill(name=f"skill {number}") for number in range(5)]
            session.add_all(skills)
            session.flush()
            session.add_all(
                PersonSkill(person_id=chain.people["clerk"].id, skill_id=one.id, level=2, since=FRIDAY)
                for one in skills
            )

    return make


def test_the_form_of_the_morning_takes_three_statements(asked, history, morning):
    url, form = page("S1"), f'action="{page("S1", what="target")}"'
    first = asked(url, form)
    history()
    assert asked(url, "Name of clerk") == 3, "place and day, what is known of it, who works there"
    assert first == 4, "and on its very first morning, after which store it was opened"


def test_a_day_that_was_sent_takes_three_statements(app, chain, add, asked, history, at):
    at("2026-11-20 22:30")
    report = add(0, 1000, 900, target_by=chain.people["store_manager"].id)
    few = asked(page("S1"), "900")
    history()
    with acting(app) as session:
        session.add_all(PlanLine(report_id=report, position=place, what=f"line {place}") for place in range(3))
        session.add_all(
            Correction(report_id=report, field="amount", before="1", after="2", reason=f"reason {number}", by=chain.people["deputy"].id)
            for number in range(5)
        )  # fmt: skip
    assert asked(page("S1"), "reason 4") == few == 3, "place and day, what hangs on it, who signed"


def test_a_trend_takes_two_statements(asked, history, at):
    at("2026-11-20 22:30")
    history()
    assert asked("/day/at/S1/trend/", "<svg") == 2, "place and days, its peers"
