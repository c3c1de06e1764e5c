"""What a customer brings, as their card shows it to whom it may."""

from typing import Any

from core.api import current_person, show, typed
from plugins.customers.contribution.months import between, full_year
from plugins.customers.contribution.ranking import share

READ = "customers:contribution:read"


def on_card(beside: Any) -> dict[str, Any]:
    """Return the twelve months of a customer; their share of the chain's gross profit for who reaches the whole chain."""
    reach, months = current_person().reach(READ), full_year()
    if not beside.earned:
        return {}
    brought = {row.month: row for row in beside.earned}
    profit, revenue = (sum(getattr(row, name) for row in beside.earned) for name in ("profit", "revenue"))
    of_all = next((row.profit for row in beside.year if row.last_month == months[-1]), None)
    return {
        "earned": typed.show_money(profit), "earned_revenue": typed.show_money(revenue), "earned_between": between(months),
        "earned_months": [(show(month, "month"), brought[month].profit if month in brought else 0) for month in months],
        "earned_share": share(profit, of_all) if reach.everything and of_all else None,
    }  # fmt: skip
