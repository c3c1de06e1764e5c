"""What other plugins conclude about a customer, each with the reason a person can check."""

from dataclasses import dataclass

from core.api import collect


@dataclass(frozen=True)
class DerivedValue:
    """A conclusion: what it is called, what it says, and from what it follows, in one sentence."""

    title: str
    value: str
    explanation: str


def derived_of(customer_id: int) -> list[DerivedValue]:
    """Return what the plugins that are on conclude about a customer in scope."""
    return [value for answer in collect("customers_derived", customer_id=customer_id) for value in answer]
