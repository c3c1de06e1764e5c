"""Who may buy, at the desk."""

from typing import Any

from sqlalchemy import select

from core.api import N_, Column, ModelView, Node, Person, names_of_nodes, names_of_people, session
from plugins.customers import api
from plugins.customers.card_links import with_card
from plugins.customers.prospects.models import MEANINGS, STATES, Prospect


class Prospects(ModelView):
    """What customers of the stores in reach think of, who is at it, what comes next."""

    model = Prospect
    resource = "customers.prospect"
    title = N_("Who may buy")
    lead = N_("Begun and moved on from the customer's card. A loss is kept with its reason.")
    row_title = N_("prospect")
    columns = [
        Column("wish", N_("Thinks of")),
        Column("customer_id", N_("Customer"), names=lambda ids: api.names_of(ids), export=api.name_column(Prospect.customer_id)),
        Column("state", N_("State"), choices=STATES, meanings=MEANINGS, filter="select"),
        Column("next_on", N_("Next step"), sortable=True, filter="date"),
        Column("owner_id", N_("Who is at it"), names=lambda ids: names_of_people(session, ids),
               export=select(Person.name).where(Person.id == Prospect.owner_id).scalar_subquery()),
        Column("node_id", N_("Store"), names=names_of_nodes, filter="lookup", lookup="org.node",
               export=select(Node.name).where(Node.id == Prospect.node_id).scalar_subquery()),
        Column("reason", N_("Why it was lost")),
    ]  # fmt: skip
    default_order = ("next_on", False)
    actions = ("list", "read", "export")
    empty_text = N_("Somebody who thinks of a new phone: note it on their card, and the day stands on your list.")

    def name_of(self, row: Any) -> str:
        """What they think of."""
        return row.wish

    def facts(self, row: Any) -> list[dict[str, Any]]:
        """The customer leads to their card."""
        return with_card(super().facts(row), row.customer_id)
