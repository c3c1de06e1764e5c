"""What the customers ask other plugins, and tell them."""

from typing import TYPE_CHECKING

from core.api import hookspec

if TYPE_CHECKING:
    from plugins.customers.api import TimelineEntry


@hookspec
def customers_timeline(customer_id: int) -> "list[TimelineEntry]":  # type: ignore[empty-body]
    """When a customer's card is opened: return what the plugin knows happened with them, at most fifty. (collect)"""


@hookspec
def customers_created(customer_id: int, node_id: int) -> None:
    """After a customer is recorded at a place, in the same transaction. (collect)"""


@hookspec
def customers_consent_changed(customer_id: int, purpose: str, channel: str, given: bool) -> None:
    """After a customer has consented or withdrawn, in the same transaction. (collect)"""
