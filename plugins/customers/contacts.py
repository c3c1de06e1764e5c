"""Whom to talk to about a customer, at the desk."""

from typing import Any

from core.api import N_, Column, Field, ModelView, _
from plugins.customers import api, numbers
from plugins.customers.card_links import with_card
from plugins.customers.models import Contact


class Contacts(ModelView):
    """Whom to talk to about a customer."""

    model = Contact
    resource = "customers.contact"
    title = N_("Contacts")
    lead = N_("Whom to talk to about a customer: the buyer of a company, a daughter who decides.")
    row_title = N_("contact")
    columns = [
        Column("name", N_("Full name")),
        Column(
            "customer_id",
            N_("Customer"),
            names=lambda ids: api.names_of(ids),
            export=api.name_column(Contact.customer_id),
        ),
        Column("role", N_("Their part")),
        Column(
            "person_id",
            N_("Their own card"),
            names=lambda ids: api.names_of(ids),
            export=api.name_column(Contact.person_id),
        ),
        Column("mobile", N_("Telephone"), "mobile"),
        Column("note", N_("Note"), shown=False),
    ]
    fields = [
        Field("customer_id", N_("Customer"), lookup="customers.customer", required=True, only_new=True),
        Field("name", N_("Full name"), maximum=60, help=N_("May stay empty for somebody with a card of their own.")),
        Field(
            "person_id",
            N_("Their own card"),
            lookup="customers.customer",
            help=N_("When they are a customer too: both cards lead to each other."),
        ),
        Field("role", N_("Their part"), maximum=40, help=N_("Buyer, bookkeeper, daughter …")),
        Field(
            "mobile",
            N_("Telephone"),
            "mobile",
            parse=numbers.read_telephone,
            help=N_("A mobile number, or a landline with its area code."),
        ),
        Field("note", N_("Note"), maximum=200),
    ]
    search = ("search_text",)
    search_hint = N_("Name or initials")
    actions = ("list", "read", "create", "update", "delete", "export")
    empty_text = N_("Add whom to call at a company or in a family.")

    def facts(self, row: Any) -> list[dict[str, Any]]:
        """The customer leads to their card."""
        return with_card(super().facts(row), row.customer_id)

    def check(self, values: dict[str, Any], row: Any) -> dict[str, str]:
        """A contact has a name, of their own or by their card, and nobody is their own contact."""
        if values.get("person_id") and values["person_id"] == values.get("customer_id", row and row.customer_id):
            return {"person_id": _("This is the customer themself. Please choose somebody else.")}
        return {} if values.get("name") or values.get("person_id") else {"name": _("Please fill this in.")}

    def fill(self, row: Any, values: dict[str, Any], *, is_new: bool) -> None:
        """Who has a card of their own is called as it says."""
        if values.get("person_id") and not values.get("name"):
            values = values | {"name": api.names_of({values["person_id"]})[values["person_id"]]}
        super().fill(row, values, is_new=is_new)

    def values_of(self, form: Any, row: Any = None) -> dict[str, Any]:
        """Role and note may be empty."""
        values = super().values_of(form, row)
        return {name: "" if value is None and name in ("role", "note") else value for name, value in values.items()}
