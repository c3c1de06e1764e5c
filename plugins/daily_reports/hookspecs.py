"""What the day asks of other plugins."""

from datetime import date
from decimal import Decimal

from core.api import hookspec


@hookspec
def daily_reports_result_source(node_id: int, day: date) -> Decimal | None:  # type: ignore[empty-body]
    """When a store closes its day: return what it has sold on `day` in yuan, or None. (collect)"""


@hookspec
def daily_reports_people_figures(first: date, last: date) -> list[tuple[int, int, date, Decimal, Decimal | None]]:  # type: ignore[empty-body]
    """When people are ranked: return (person, store, day, sold, own target) in yuan, for each day from `first` to `last` on which they sold. (collect)"""
