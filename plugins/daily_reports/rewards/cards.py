"""The card of rewards and penalties on a person's home: what waits for them, and the way to the column."""

from typing import Any

from sqlalchemy import func, select

from core.api import CurrentPerson, HomeCard, _, criteria
from plugins.daily_reports.rewards import states
from plugins.daily_reports.rewards.models import Reward

READ, COLUMN, DECIDE = "daily_reports:reward:read", "daily_reports:reward:column", "daily_reports:reward:decide"


def cards_of(session: Any, person: CurrentPerson) -> list[HomeCard]:
    """Return what is to be decided for who decides, what can still be appealed for the others."""
    if not person.may(COLUMN):
        return []
    decides = person.may(DECIDE)
    waiting = (states.PROPOSED, states.APPEALED) if decides else (states.PUBLISHED,)
    query = select(func.count()).select_from(Reward).where(Reward.state.in_(waiting), criteria(Reward, person, READ))
    count = session.scalar(query) if person.may(READ) else 0
    waits = _("to decide") if decides else _("can still be appealed")
    return [HomeCard(
        _("Rewards and penalties"), number=str(count or 0), url="/day/rewards/", meaning="watch" if count else "none",
        note=waits if count else _("What is published in the chain"),
    )]  # fmt: skip
