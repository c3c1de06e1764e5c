"""What the customers tell the house."""

from typing import Any

from core.api import (
    N_,
    CurrentPerson,
    HomeCard,
    Permission,
    Setting,
    hookimpl,
    resource_permissions,
    session,
)
from plugins.customers import lookups, models  # noqa: F401 - the host must know every table before it looks at the schema

OFFICE = {"head_office": "all"}
AREA = OFFICE | {"area_manager": "node"}
MANAGERS = {"store_manager": "node", "deputy": "node"}
COUNTER = MANAGERS | {"clerk": "node", "technician": "node"}
READERS = AREA | COUNTER | {"leader": "all"}


@hookimpl
def backoffice_permissions() -> list[Permission]:
    """A store sees and serves its visitors; managers show a number; files are for area and head office."""
    return [
        *resource_permissions(
            "customers:customer", N_("Customers"), list=READERS, read=READERS, create=AREA | COUNTER, update=AREA | COUNTER,
            delete=AREA | MANAGERS, export=AREA | {"leader": "all"}, import_=OFFICE,
        ),
        Permission("customers:customer:find", N_("Find a customer of another store by the full number"), AREA | COUNTER),
        Permission("customers:customer:unmask", N_("Show a customer's number"), AREA | MANAGERS),
        Permission("customers:customer:merge", N_("Decide which records are one person"), OFFICE),
        Permission("customers:customer:count", N_("See how many different customers there are"), OFFICE | {"leader": "all"}),
        *resource_permissions("customers:merge", N_("Merges of customers"), list=OFFICE, read=OFFICE),
        *resource_permissions(
            "customers:contact", N_("Contacts of customers"), list=READERS, read=READERS, create=AREA | COUNTER,
            update=AREA | COUNTER, delete=AREA | MANAGERS, export=AREA, import_=OFFICE,
        ),
    ]  # fmt: skip


@hookimpl
def backoffice_settings() -> list[Setting]:
    """From how many visits on somebody is important, and how many numbers a person may look up."""
    from plugins.customers.settings import SETTINGS

    return SETTINGS


@hookimpl
def backoffice_admin_views() -> list[object]:
    """Customers and their contacts at the desk; which records are one person, and how many people there are."""
    from plugins.customers.count_page import CountPage
    from plugins.customers.one_person import Merges, Pairs
    from plugins.customers.views import Contacts, Customers

    pages = [Pairs("customers_pair", "customers/pair"), CountPage("customers_count", "customers/count")]
    return [Customers(), Contacts(), *pages, Merges()]


@hookimpl
def backoffice_blueprints() -> list[object]:
    """The counter under /customers/."""
    from plugins.customers.pages import blueprint

    return [blueprint]


@hookimpl
def backoffice_home_cards(person: CurrentPerson) -> list[HomeCard]:
    """The way to the counter, for those who stand at one; for head office how many people there are."""
    from plugins.customers.cards import cards_of
    from plugins.customers.count_page import card_of

    return [*cards_of(session, person), *card_of(person)]


@hookimpl
def backoffice_sample_data(size: dict[str, Any], seed: int) -> None:
    """Some customers for every store of the demonstration chain."""
    from plugins.customers.sample import fill

    fill(session, size, seed)
