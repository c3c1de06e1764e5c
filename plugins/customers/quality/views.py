"""Where the records are complete and where not, store by store and area by area."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from core.api import N_, Cell, Column, ModelView, Node, _, clock, names_of_nodes, names_of_people, session
from plugins.customers.models import Visit
from plugins.customers.quality.models import PlaceQuality
from plugins.customers.quality.rollups import DAYS
from plugins.customers.words import OVERVIEW

KINDS = {"store": N_("Store"), "area": N_("Area")}


class Quality(ModelView):
    """The figures of the places in reach, as they were counted last night."""

    model = PlaceQuality
    resource = "customers.quality"
    title = N_("How complete the records are")
    menu_part = OVERVIEW
    lead = N_(
        "Counted every night. Complete: 70 points and more; each card says what is missing. New: recorded in the last 30 days."
    )
    row_title = N_("place")
    columns = [
        Column("node_id", N_("Place"), names=names_of_nodes, filter="lookup", lookup="org.node",
               export=select(Node.name).where(Node.id == PlaceQuality.node_id).scalar_subquery()),
        Column("kind", N_("Kind"), choices=KINDS, filter="select"),
        Column("people", N_("Customers")),
        Column("score", N_("Points on average")),
        Column("complete", N_("Complete"), "percent", sortable=True),
        Column("liked", N_("Kind and two likes known"), "percent", sortable=True),
        Column("recorded", N_("New")),
        Column("clerks", N_("By so many people")),
        Column("per_clerk", N_("New for each"), sortable=True),
        Column("counted_at", N_("As of"), shown=False),
    ]  # fmt: skip
    default_order = ("complete", False)
    actions = ("list", "read", "export")
    empty_text = N_("The first figures stand here tomorrow: the worker counts every night.")

    def name_of(self, row: Any) -> str:
        """The place."""
        return names_of_nodes({row.node_id}).get(row.node_id, "")

    def children(self, row: Any) -> list[Any]:
        """Who has recorded how many in a store lately."""
        since = clock.today() - timedelta(days=DAYS)
        query = select(Visit.by, func.count()).where(
            Visit.node_id == row.node_id, Visit.reason == "recorded", Visit.day > since
        )
        found = session.execute(query.group_by(Visit.by).order_by(func.count().desc(), Visit.by)).all()
        if row.kind != "store":
            return []
        names = names_of_people(session, {by for by, _count in found if by})
        headings = [{"title": _("Person"), "kind": "text"}, {"title": _("Recorded in 30 days"), "kind": "number"}]
        rows = [{"url": None, "cells": [Cell(names.get(by, "")), Cell(str(count))]} for by, count in found]
        return [(_("Who records"), headings, rows)]
