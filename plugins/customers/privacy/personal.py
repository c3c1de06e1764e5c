"""What the customers' own tables hold of a person, and what of it is emptied when they are forgotten."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from core.api import Deletable, Emptied, _, clock, gettext, names_of_nodes
from plugins.customers.consent_texts import CHOICES, words_of
from plugins.customers.consents import HOWS
from plugins.customers.contribution.models import Contribution
from plugins.customers.contribution.rollups import keep_right
from plugins.customers.gifts.models import GiftIssue
from plugins.customers.matching.models import Block, Compared
from plugins.customers.models import Consent, Contact, Customer, Identity, Visit
from plugins.customers.privacy import rollups
from plugins.customers.privacy.models import WISHES, Link, Outreach, Wish
from plugins.customers.prospects.models import STATES, Prospect
from plugins.customers.words import CREDITS, IDENTITIES, KINDS, LEVELS, PARTIES, REASONS

EMPTIED: dict[Any, dict[str, Any]] = {
    Customer: {
        "name": "", "mobile": None, "email": None, "wecom": None, "address": "", "tags": "", "preferences": "", "level_reason": "", "credit_note": "",
        "external_id": None,
    },
    Identity: {"value": "", "tail": "", "tax_number": ""},
    Contact: {"name": "—", "role": "", "mobile": None, "note": "", "person_id": None},
    Prospect: {"wish": "", "reason": "", "state": "lost"},
}  # fmt: skip
"""What becomes of the columns that say who somebody is; a customer's name becomes their code."""
NAMES_AND_NUMBERS: dict[Any, tuple[str, ...]] = {Customer: ("name", "mobile"), Identity: ("value",)}
"""What is the person's alone; the numbers of a contact are somebody else's."""
GONE = (Link, Block, Compared, Contribution)
"""Tables whose rows go: the link to their page, and the keys by which they would be compared with others, what they brought."""
KEPT: dict[str, str] = {
    "customers_customer": "code kind party level credit search_text",
    "customers_contact": "search_text",
    "customers_visit": "reason",
    "customers_identity": "kind",
    "customers_consent": "purpose channel text_version how withdrawn_how",
    "customers_submission": "key",
    "customers_merge": "how",
    "customers_pair": "reasons answer",
    "customers_wish": "what about",
    "customers_outreach": "purpose channel",
    "customers_erasure": "code by_name reason counts",
}
"""The texts that stay, because they say what was done and not with whom; every other one must be in `EMPTIED`.

`search_text` follows the name: the database writes it anew with it."""


@dataclass(frozen=True)
class PersonalData:
    """What a plugin holds of a person under one title, `{heading: value}` a row; `kept` says what of it an erasure leaves, and why."""

    title: str
    rows: list[dict[str, Any]]
    kept: str = ""


def held(session: Session, customer_ids: frozenset[int]) -> list[PersonalData]:
    """Return everything these tables hold of the records of one person, under its titles."""
    records = [session.get(Customer, customer_id) for customer_id in sorted(customer_ids)]
    found = {
        model: rollups.rows_of(session, model, customer_ids)
        for model in (Identity, Contact, Consent, Visit, Wish, Outreach, Prospect, GiftIssue, Contribution)
    }
    places = names_of_nodes(
        {visit.node_id for visit in found[Visit]} | {record.node_id for record in records if record}
    )
    proof, words = _("kept as proof, without the person"), words_of(session, found[Consent])
    return [
        PersonalData(_("Customer"), [_record(record, places) for record in records if record]),
        PersonalData(_("Known by"), [
            {_("Kind"): gettext(IDENTITIES.get(one.kind, one.kind)), _("Value"): one.value, _("Tax number"): one.tax_number, _("From"): one.since, _("To"): one.until}
            for one in found[Identity]
        ]),
        PersonalData(_("Contacts"), [
            {_("Full name"): one.name, _("Their part"): one.role, _("Mobile"): one.mobile, _("Note"): one.note} for one in found[Contact]
        ]),
        PersonalData(_("Consents"), [
            {_("Agreed to"): _asked(one), _("Text"): one.text_version, _("In these words"): words.get(one.text_id, ""), _("Given"): one.given_at, _("How they agreed"): gettext(HOWS.get(one.how, one.how)),
             _("Taken back on"): one.withdrawn_at}
            for one in found[Consent]
        ], proof),
        PersonalData(_("Visits to stores"), [
            {_("Day"): one.day, _("Place"): places.get(one.node_id, ""), _("Event"): gettext(REASONS.get(one.reason, one.reason))}
            for one in found[Visit]
        ], _("kept for the books: that somebody was served, no longer who")),
        PersonalData(_("Wishes"), [{_("When"): one.at, _("Event"): gettext(WISHES.get(one.what, one.what))} for one in found[Wish]], proof),
        PersonalData(_("May buy"), [
            {_("Thinks of"): one.wish, _("State"): gettext(STATES[one.state]), _("Next step"): one.next_on, _("Why it was lost"): one.reason}
            for one in found[Prospect]
        ]),
        PersonalData(_("Contribution by month"), [
            {_("Month"): one.month, _("Revenue"): one.revenue, _("Gross profit"): one.profit} for one in found[Contribution]
        ]),
        PersonalData(_("Gifts"), [{_("When"): one.given_at, _("Came back on"): one.undone_at} for one in found[GiftIssue]], proof),
        PersonalData(_("Offers sent"), [{_("When"): one.at, _("Agreed to"): _asked(one)} for one in found[Outreach]], proof),
    ]  # fmt: skip


def _record(record: Customer, places: dict[int, str]) -> dict[str, Any]:
    return {
        _("Code"): record.code, _("Full name"): record.name, _("Mobile"): record.mobile, _("E-mail"): record.email,
        _("WeCom"): record.wecom, _("Address"): record.address,
        _("Person or firm"): gettext(KINDS[record.kind]), _("Party"): gettext(PARTIES[record.party]), _("Level"): gettext(LEVELS[record.level]),
        _("Why this level"): record.level_reason, _("Credit"): gettext(CREDITS[record.credit]), _("About the credit"): record.credit_note, _("Tags"): record.tags,
        _("Preferences"): record.preferences, _("Number elsewhere"): record.external_id, _("Recorded"): record.created_at,
        _("Looked after by"): places.get(record.node_id or 0, ""),
    }  # fmt: skip


def _asked(row: Any) -> str:
    title = CHOICES.get((row.purpose, row.channel))
    return gettext(title) if title else f"{row.purpose} {row.channel}"


def rows_to_empty(session: Session, customer_ids: frozenset[int]) -> list[Any]:
    """Return the rows that say who somebody is: their records, identities, contacts and wishes, and where they are a contact."""
    customers = [session.get(Customer, customer_id) for customer_id in sorted(customer_ids)]
    identities = rollups.rows_of(session, Identity, customer_ids)
    numbers = {one.value for one in identities if one.kind == "mobile"}
    theirs, names = numbers - rollups.numbers_of_others(session, customer_ids), {one.name for one in customers if one}
    contacts = {
        *rollups.rows_of(session, Contact, customer_ids),
        *rollups.contacts_with(session, theirs, numbers, names, customer_ids),
    }
    return [*filter(None, customers), *identities, *contacts, *rollups.rows_of(session, Prospect, customer_ids)]


def names_and_numbers(session: Session, customer_ids: frozenset[int]) -> frozenset[str]:
    """Return every name and number by which a person is known, and nobody else."""
    said = {
        getattr(row, name) or ""
        for row in rows_to_empty(session, customer_ids)
        for name in NAMES_AND_NUMBERS.get(type(row), ())
    }
    return frozenset({text for text in said if len(text) > 1} - rollups.numbers_of_others(session, customer_ids))


def erase(session: Session, customer_ids: frozenset[int]) -> list[Emptied]:
    """Empty what says who these records of one person are, put them into the recycle bin, and return which rows."""
    rows, values = rows_to_empty(session, customer_ids), names_and_numbers(session, customer_ids)
    emptied = [
        Emptied(model, frozenset(row.id for row in rows if type(row) is model), frozenset(empty), values)
        for model, empty in EMPTIED.items()
    ]
    for row in rows:
        for name, empty in EMPTIED[type(row)].items():
            setattr(row, name, empty)
        if isinstance(row, Deletable):
            row.deleted_at = row.deleted_at or clock.now()
        if isinstance(row, Customer):
            row.name = row.code
        elif isinstance(row, Identity):
            row.until = row.until or clock.today()
    brought = frozenset(row.id for row in rollups.rows_of(session, Contribution, customer_ids))
    for model in GONE:
        rollups.remove(session, model, customer_ids)
    rollups.flush(session)
    keep_right(session, customer_ids)
    return [*emptied, Emptied(Contribution, brought, frozenset({"revenue", "profit"}))]
