"""Rankings of the made-up chain: as if the worker had been there on each of its last days."""

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from core.api import clock
from plugins.daily_reports.ranking import snapshots

MOST_DAYS = 40
"""So far back rankings are made, or two months of a thousand stores would take longer than the rest."""


def rank(session: Session, size: dict[str, Any]) -> None:
    """Publish the last days, and the weeks and months that end in them or run."""
    last = snapshots.last_day(clock.now())
    snapshots.publish_due(session, last - timedelta(days=min(size["days"], MOST_DAYS) - 1), last)
