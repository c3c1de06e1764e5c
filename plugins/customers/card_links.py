"""From a row at the desk to the card of its customer."""

from typing import Any

from plugins.customers import api


def with_card(facts: list[dict[str, Any]], customer_id: int) -> list[dict[str, Any]]:
    """Return the facts of a row, with the customer among them leading to their card where the reader sees them."""
    card = api.card(customer_id)
    return [fact | {"url": card.url} if card and fact["name"] == "customer_id" else fact for fact in facts]
