"""What the customers tell the house."""

from datetime import timedelta
from typing import Any

from core.api import (
    N_,
    CurrentPerson,
    Emptied,
    HomeCard,
    JobKind,
    Permission,
    ScheduledTask,
    Setting,
    hookimpl,
    resource_permissions,
    session,
)
from plugins.customers import consent_texts, counted, lookups, models  # noqa: F401 - the host must know every table before it looks at the schema
from plugins.customers.collection import models as collection_models  # noqa: F401 - the same
from plugins.customers.contribution import models as contribution_models  # noqa: F401 - the same
from plugins.customers.gifts import models as gift_models  # noqa: F401 - the same
from plugins.customers.matching import models as matching_models  # noqa: F401 - the same
from plugins.customers.privacy import models as privacy_models  # noqa: F401
from plugins.customers.privacy.personal import PersonalData
from plugins.customers.prospects import models as prospect_models  # noqa: F401 - the same
from plugins.customers.quality import models as quality_models  # noqa: F401 - the same

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
        Permission("customers:customer:copy", N_("Copy everything about a customer"), OFFICE),
        Permission("customers:customer:erase", N_("Forget a customer"), OFFICE),
        *(
            Permission(f"customers:erasure:{action}", N_("Proofs of erasure"), OFFICE) for action in ("list", "read", "export")
        ),
        *resource_permissions(
            "customers:contact", N_("Contacts of customers"), list=READERS, read=READERS, create=AREA | COUNTER,
            update=AREA | COUNTER, delete=AREA | MANAGERS, export=AREA, import_=OFFICE,
        ),
        *resource_permissions("customers:collection", N_("What counters ask"), list=READERS, read=READERS, update=OFFICE),
        *resource_permissions("customers:quality", N_("How complete the records are"), view=AREA | MANAGERS | {"leader": "all"}),
        *resource_permissions("customers:contribution", N_("What customers bring"), view=AREA | {"leader": "all"}, import_=OFFICE),
        *resource_permissions("customers:gift", N_("Kinds of gifts"), list=AREA, read=AREA, edit=OFFICE),
        *resource_permissions(
            "customers:gift_stock", N_("Gifts in stock"), list=READERS, read=READERS, export=AREA, update=AREA | MANAGERS
        ),
        *resource_permissions(
            "customers:gift_issue", N_("Gifts handed out"), list=READERS, read=READERS, export=AREA, create=COUNTER, update=COUNTER
        ),
        *resource_permissions(
            "customers:prospect", N_("Who may buy"), list=READERS, read=READERS, create=COUNTER, update=AREA | COUNTER, export=AREA
        ),
    ]  # fmt: skip


@hookimpl
def backoffice_settings() -> list[Setting]:
    """From how many visits on somebody is important, and how many numbers a person may look up."""
    from plugins.customers.settings import SETTINGS

    return SETTINGS


@hookimpl
def backoffice_admin_views() -> list[object]:
    """Customers and their contacts at the desk; which records are one person, and how many people there are; gifts."""
    from plugins.customers.collection.views import Collection
    from plugins.customers.composition_page import Composition
    from plugins.customers.contacts import Contacts
    from plugins.customers.contribution.page import Contributors
    from plugins.customers.contribution.views import Contributions
    from plugins.customers.count_page import CountPage
    from plugins.customers.counter_door import CounterDoor
    from plugins.customers.gifts.views import GiftIssues, Gifts, GiftStocks
    from plugins.customers.one_person import Merges, Pairs
    from plugins.customers.privacy.desk import Erasures
    from plugins.customers.prospects.views import Prospects
    from plugins.customers.quality.views import Quality
    from plugins.customers.views import Customers

    return [
        CounterDoor("customers_counter", "customers/counter"),
        Customers(),
        Prospects(),
        Contacts(),
        Pairs("customers_pair", "customers/pair"),
        Merges(),
        CountPage("customers_count", "customers/count"),
        Composition("customers_composition", "customers/composition"),
        Contributors("customers_contributors", "customers/contributors"),
        Contributions(),
        Quality(),
        GiftStocks(),
        GiftIssues(),
        Gifts(),
        Collection("customers_collection", "customers/collection"),
        Erasures(),
    ]


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
def backoffice_scheduled_tasks() -> list[ScheduledTask]:
    """At night, what changed is compared with the whole chain, and how complete the records are; they are counted hourly."""
    from plugins.customers import counting
    from plugins.customers.contribution.rollups import move_on
    from plugins.customers.matching import batch
    from plugins.customers.quality.rollups import count_anew

    return [
        ScheduledTask(batch.KIND, timedelta(seconds=30), batch.run_at_night),
        ScheduledTask("customers.count", counted.EVERY, lambda session: f"{counting.keep(session)} records"),
        ScheduledTask("customers.quality", timedelta(hours=24), lambda session: f"{count_anew(session)} places"),
        ScheduledTask("customers.contribution", timedelta(hours=24), lambda session: f"{move_on(session)} customers"),
    ]


@hookimpl
def backoffice_job_kinds() -> list[JobKind]:
    """The same, when somebody asks for it; and to forget a person, which looks through everything that core keeps."""
    from plugins.customers.matching import batch
    from plugins.customers.privacy.desk import erase

    return [
        JobKind(batch.KIND, batch.run, limit=timedelta(hours=1)),
        JobKind("customers.erase", erase, writes=True),
    ]


@hookimpl
def backoffice_sample_data(size: dict[str, Any], seed: int) -> None:
    """Some customers for every store of the demonstration chain."""
    from plugins.customers.sample import fill

    fill(session, size, seed)


@hookimpl
def customers_personal_data(customer_ids: frozenset[int]) -> list[PersonalData]:
    """What these tables hold of a person."""
    from plugins.customers.privacy import personal

    return personal.held(session, customer_ids)


@hookimpl
def customers_erase(customer_ids: frozenset[int]) -> list[Emptied]:
    """Empty names, numbers and notes; visits and consents stay as proof without the person."""
    from plugins.customers.privacy import personal

    return personal.erase(session, customer_ids)
