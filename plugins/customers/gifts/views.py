"""Gifts at the desk: the kinds, what each store has, who got one."""

from typing import Any

from sqlalchemy import select

from core.api import (
    N_,
    Column,
    Field,
    ModelView,
    Node,
    Person,
    _,
    names_of_nodes,
    names_of_people,
    session,
)
from plugins.customers import api
from plugins.customers.card_links import with_card
from plugins.customers.gifts.models import Gift, GiftIssue, GiftStock
from plugins.customers.gifts.services import is_second
from plugins.customers.words import GIFTS


def _place(model: Any) -> Column:
    return Column(
        "node_id", N_("Store"), names=names_of_nodes, filter="lookup", lookup="org.node",
        export=select(Node.name).where(Node.id == model.node_id).scalar_subquery(),
    )  # fmt: skip


def _gift(model: Any) -> Column:
    name = select(Gift.name).where(Gift.id == model.gift_id).scalar_subquery()
    return Column("gift_id", N_("Gift"), names=names_of_gifts, export=name)


def names_of_gifts(ids: set[int]) -> dict[int, str]:
    """Return `{gift id: name}`, also of gifts that are given out no more."""
    return dict(session.execute(select(Gift.id, Gift.name).where(Gift.id.in_(ids))).all()) if ids else {}  # type: ignore[arg-type]


class Gifts(ModelView):
    """The kinds of gifts of the chain."""

    model = Gift
    resource = "customers.gift"
    title = N_("Kinds of gifts")
    menu_part = GIFTS
    lead = N_("What stores may hand out to people who let us know them. Each person gets one.")
    row_title = N_("gift")
    columns = [Column("name", N_("Gift")), Column("note", N_("Note"))]
    fields = [Field("name", N_("Gift"), required=True, maximum=60), Field("note", N_("Note"), maximum=200)]
    actions = ("list", "read", "create", "update", "delete")
    empty_text = N_("Add the first one: a phone stand, a film for the screen.")

    def values_of(self, form: Any, row: Any = None) -> dict[str, Any]:
        """The note may be empty."""
        values = super().values_of(form, row)
        return values | {"note": values.get("note") or ""}


class GiftStocks(ModelView):
    """How many of each gift the stores have."""

    model = GiftStock
    resource = "customers.gift_stock"
    title = N_("Gifts in stock")
    menu_part = GIFTS
    lead = N_("Stores receive, count and hand out on the phone; here is what each has.")
    row_title = N_("stock")
    columns = [
        _place(GiftStock),
        _gift(GiftStock),
        Column("pieces", N_("Pieces")),
        Column("updated_at", N_("Last change")),
    ]
    actions = ("list", "read", "export")
    empty_text = N_("A store notes on the phone what it has received.")

    def name_of(self, row: Any) -> str:
        """The store and the gift."""
        return f"{names_of_nodes({row.node_id}).get(row.node_id, '')} · {names_of_gifts({row.gift_id}).get(row.gift_id, '')}"


class GiftIssues(ModelView):
    """Who got a gift, where and from whom."""

    model = GiftIssue
    resource = "customers.gift_issue"
    title = N_("Gifts handed out")
    menu_part = GIFTS
    lead = N_("One for each person, whichever store they come to.")
    row_title = N_("gift")
    columns = [
        Column("given_at", N_("When"), sortable=True, filter="date"),
        _place(GiftIssue),
        Column("customer_id", N_("Customer"), names=lambda ids: api.names_of(ids), export=api.name_column(GiftIssue.customer_id)),
        _gift(GiftIssue),
        Column("given_by", N_("Handed out by"), names=lambda ids: names_of_people(session, ids),
               export=select(Person.name).where(Person.id == GiftIssue.given_by).scalar_subquery()),
        Column("undone_at", N_("Came back on")),
        Column("second", N_("A second one"), "boolean", expression=is_second(), filter="boolean", meanings={True: "watch"}),
    ]  # fmt: skip
    default_order = ("given_at", True)
    actions = ("list", "read", "export")
    empty_text = N_("A gift is handed out on the customer's card.")

    def name_of(self, row: Any) -> str:
        """The person and the gift."""
        name = api.names_of({row.customer_id}).get(row.customer_id) or _("Somebody")
        return f"{name} · {names_of_gifts({row.gift_id}).get(row.gift_id, '')}"

    def facts(self, row: Any) -> list[dict[str, Any]]:
        """The customer leads to their card."""
        return with_card(super().facts(row), row.customer_id)
