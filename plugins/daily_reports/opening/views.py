"""New stores at the desk: five fields, and the list of what is still missing."""

from typing import Any

from sqlalchemy import select

from core.api import N_, Cell, Column, Field, ModelView, Node, _, current_person, names_of_nodes, session
from plugins.daily_reports.menu import STORES
from plugins.daily_reports.opening import checklist, services
from plugins.daily_reports.opening.models import Opening


class Openings(ModelView):
    """Stores that were opened after the pattern of another."""

    model = Opening
    resource = "daily_reports.opening"
    title = N_("New stores")
    menu_part = STORES
    lead = N_("Choose a store that works well: its hours, calendar, weights, positions and plans are taken over.")
    row_title = N_("new store")
    actions = ("list", "read", "create")
    columns = [
        Column("node_id", N_("Store"), names=names_of_nodes),
        Column("opened_on", N_("Opens on"), filter="date"),
        Column("copied_from_id", N_("After the pattern of"), names=names_of_nodes),
        Column("parent_id", N_("Area"), names=names_of_nodes),
        Column("created_at", N_("Made"), shown=False),
    ]
    fields = [
        Field("copied_from_id", N_("Which store is the pattern?"), lookup="org.store", required=True),
        Field("parent_id", N_("Area"), lookup="org.node", required=True),
        Field("code", N_("Code"), required=True, maximum=40, help=N_("Short, unique in the whole chain, never used again.")),
        Field("name", N_("Name"), required=True, maximum=80),
        Field("opened_on", N_("Opens on"), required=True, help=N_("From this day on a report is expected.")),
    ]  # fmt: skip
    default_order = ("id", True)
    empty_text = N_("Open the first store after the pattern of one that works well.")

    def name_of(self, row: Any) -> str:
        """The store's name."""
        return names_of_nodes({row.node_id}).get(row.node_id, row.name)

    def check(self, values: dict[str, Any], row: Any) -> dict[str, str]:
        """A code is used once, ever; a store stands in an area, a region or the chain; a pattern is a store."""
        twin = session.scalars(select(Node.name).where(Node.code == values["code"])).first()
        problems = {"code": _("This code is already used by “%(name)s”.", name=twin)} if twin else {}
        kinds = dict(
            session.execute(
                select(Node.id, Node.kind).where(Node.id.in_([values["parent_id"], values["copied_from_id"]]))
            ).all()
        )  # type: ignore[arg-type]
        if kinds[values["parent_id"]] not in ("chain", "region", "area"):
            problems["parent_id"] = _("It cannot stand there.")
        if kinds[values["copied_from_id"]] != "store":
            problems["copied_from_id"] = _("Choose a store.")
        return problems

    def fill(self, row: Any, values: dict[str, Any], *, is_new: bool) -> None:
        """Make the store; who may not add stores may not copy one."""
        current_person().require("org:store:create")
        super().fill(row, values, is_new=is_new)
        services.open_store(session, row)

    def children(self, row: Any) -> list[Any]:
        """The check list, with links; and the habits that were taken over."""
        items = checklist.items_of(session, row)
        lacking = sum(not item.is_done for item in items)
        title = _("Still missing: %(count)s", count=lacking) if lacking else _("Nothing is missing: the store runs")
        columns = [
            {"title": _("Needed"), "kind": "text"},
            {"title": _("How it stands"), "kind": "text"},
            {"title": _("To do"), "kind": "text"},
        ]
        rows = [
            {"url": None, "cells": [
                Cell(item.title), Cell(item.said, "good" if item.is_done else "watch"),
                Cell(_("Done")) if item.is_done else Cell(item.todo, url=item.url or None),
            ]} for item in items
        ]  # fmt: skip
        habits = [*row.actions, *(" · ".join(filter(None, event[:2])) for event in row.events)]
        taken = [{"url": None, "cells": [Cell(text)]} for text in habits]
        return [(title, columns, rows), (_("Plans taken over"), [{"title": _("Plan"), "kind": "text"}], taken)]
