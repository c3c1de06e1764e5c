"""What the customers ask other plugins, and tell them."""

from typing import TYPE_CHECKING

from core.api import hookspec

if TYPE_CHECKING:
    from core.api import Emptied
    from plugins.customers.api import DerivedValue, PersonalData, TimelineEntry


@hookspec
def customers_timeline(customer_id: int) -> "list[TimelineEntry]":  # type: ignore[empty-body]
    """When a customer's card is opened: return what the plugin knows happened with them, at most fifty. (collect)

    Asked once for each record of the person, by the id that the plugin's own rows refer to.
    """


@hookspec
def customers_derived(customer_id: int) -> "list[DerivedValue]":  # type: ignore[empty-body]
    """When a customer's card is opened: return what the plugin concludes about them, each with its explanation. (collect)"""


@hookspec
def customers_created(customer_id: int, node_id: int) -> None:
    """After a customer is recorded at a place, in the same transaction. (collect)"""


@hookspec
def customers_consent_changed(customer_id: int, purpose: str, channel: str, given: bool) -> None:
    """After a customer has consented or withdrawn, in the same transaction. (collect)"""


@hookspec
def customers_merged(kept_id: int, gone_id: int) -> None:
    """After two records became one person, in the same transaction: `kept_id` stands for both now. (collect)

    Rows that refer to `gone_id` stay as they are; `customers.api.person_of` resolves them.
    """


@hookspec
def customers_split(customer_id: int, new_id: int) -> None:
    """After a merge was undone, or a person taken out of a record, in the same transaction: two people now. (collect)"""


@hookspec
def customers_personal_data(customer_ids: frozenset[int]) -> "list[PersonalData]":  # type: ignore[empty-body]
    """When everything about a person is copied, or is to be erased: return what the plugin holds of their records. (must)"""


@hookspec
def customers_erase(customer_ids: frozenset[int]) -> "list[Emptied]":  # type: ignore[empty-body]
    """When a person is forgotten, in the same transaction: empty what says who they are, and return which rows. (must)"""
