"""What a chain, or each of its places, may set of the daily reports."""

from datetime import timedelta
from typing import Any

from core.api import N_, Setting, WholeSetting, setting
from plugins.daily_reports.hours import REPORT_GRACE

SETTINGS: list[Setting] = [
    WholeSetting(
        "report_grace", N_("Time for the day report"), REPORT_GRACE // timedelta(minutes=1),
        N_("So long after closing a report is still in time."),
        minimum=0, maximum=300, unit=N_("minutes"), per_node=True,
    ),
]  # fmt: skip


def report_grace(node: Any) -> timedelta:
    """Return how long after closing a store's report is in time."""
    return timedelta(minutes=setting("daily_reports.report_grace", node))
