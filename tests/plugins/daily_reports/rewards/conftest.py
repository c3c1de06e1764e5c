"""Rewards and penalties in these tests: a penalty of fifty yuan for the first store's Friday, and who acts on it."""

from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from decimal import Decimal
from typing import Any

import pytest

from core.testing.factories import acting
from plugins.daily_reports.rewards import services
from plugins.daily_reports.rewards.models import Reward, Step
from plugins.daily_reports.rewards.services import Proposal
from tests.plugins.daily_reports.steps import FRIDAY


@pytest.fixture
def office(person):
    """Somebody at head office."""
    return person("head_office")


@pytest.fixture
def leader(person):
    """The leader of the chain, who looks at appeals too."""
    return person("leader")


@pytest.fixture
def propose(app, chain, reviewer) -> Callable[..., int]:
    """A function that lets the area manager, or `by`, propose one for a store named by its number; returns its id."""

    def make(number: int = 0, by: Any = None, *, key: str = "tap", **values: Any) -> int:
        given = {
            "kind": "penalty", "what": "The day of 2026-11-20", "amount": Decimal(50), "since": FRIDAY, "until": FRIDAY,
            "why": "An hour late", "evidence": [["2026-11-20", "target_late", 60]],
        } | values  # fmt: skip
        with acting(app, by or reviewer) as session:
            return services.propose(session, Proposal(chain.stores[number].id, **given), key=key).id

    return make


@pytest.fixture
def held(app) -> Callable[..., AbstractContextManager[tuple[Any, Reward]]]:
    """`with held(id, person) as (session, reward):` finds one for somebody who is about to change it."""

    @contextmanager
    def find(reward_id: int, who: Any = None):
        with acting(app, who) as session:
            yield session, services.find(session, reward_id, for_update=True)

    return find


@pytest.fixture
def step(held) -> Callable[..., str]:
    """A function that takes one step as somebody, and returns where it led."""

    def take(reward_id: int, event: str, who: Any = None, reason: str = "because", **values: Any) -> str:
        with held(reward_id, who) as (session, reward):
            services.take_step(session, reward, event, reason, **values)
            return reward.state

    return take


@pytest.fixture
def read(app) -> Callable[[int], tuple[Reward, list[Step]]]:
    """A function that gives a reward or penalty as it is in the database, and its steps."""

    def look(reward_id: int) -> tuple[Reward, list[Step]]:
        with acting(app) as session:
            reward = services.find(session, reward_id)
            return reward, services.steps_of(session, reward)

    return look
