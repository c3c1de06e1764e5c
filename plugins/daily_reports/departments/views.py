"""The templates of departments at the desk."""

from datetime import time
from typing import Any

from sqlalchemy import select

from core.api import (
    N_,
    Cell,
    Column,
    Field,
    ModelView,
    Node,
    _,
    names_of_nodes,
    names_of_people,
    people_who_may,
    session,
    typed,
)
from plugins.daily_reports.departments.expected import UPDATE
from plugins.daily_reports.departments.models import ReportTemplate

MOST_LINES, LONGEST_LINE = 10, 20
WEEKDAYS = {
    "12345": N_("Monday to Friday"),
    "123456": N_("Monday to Saturday"),
    "1234567": N_("Every day"),
}


def lines_from(text: str) -> str:
    """Return what was typed as distinct lines; raise `BadValue` for too many, or too long ones."""
    lines = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if len(lines) > MOST_LINES:
        raise typed.BadValue(_("At most %(count)s lines fit on a phone.", count=MOST_LINES))
    if long := next((line for line in lines if len(line) > LONGEST_LINE), ""):
        raise typed.BadValue(_("“%(line)s” is too long: at most %(count)s characters.", line=long, count=LONGEST_LINE))
    return "\n".join(lines)


class ReportTemplates(ModelView):
    """What each department reports."""

    model = ReportTemplate
    resource = "daily_reports.template"
    title = N_("Department reports")
    lead = N_("Give a department its own figures, reasons and times; its people then report under /day/ like a store.")
    row_title = N_("department report")
    actions = ("list", "read", "create", "update")
    columns = [
        Column("node_id", N_("Department"), names=names_of_nodes),
        Column("figure", N_("Main figure")),
        Column("unit", N_("Unit")),
        Column("figures", N_("Further figures")),
        Column("reasons", N_("Reasons"), shown=False),
        Column("opens", N_("Target until")),
        Column("closes", N_("Work ends")),
        Column("weekdays", N_("Days"), choices=WEEKDAYS),
    ]
    fields = [
        Field("node_id", N_("Department"), lookup="org.node", required=True, only_new=True),
        Field("figure", N_("Main figure"), required=True, maximum=20, help=N_("It gets a target in the morning and a result in the evening, for example: customers called back.")),
        Field("unit", N_("Unit"), maximum=8),
        Field("figures", N_("Further figures"), parse=lines_from, help=N_("One a line, filled in in the evening.")),
        Field("reasons", N_("Reasons"), parse=lines_from, help=N_("One a line: the chips under “why”.")),
        Field("opens", N_("Target until"), required=True),
        Field("closes", N_("Work ends"), required=True, help=N_("The report is due after the usual time for it.")),
        Field("weekdays", N_("Days"), choices=WEEKDAYS, required=True),
    ]  # fmt: skip
    default_order = ("id", False)
    empty_text = N_("Make the first form: choose a department and name its figure.")

    def name_of(self, row: Any) -> str:
        """The department's name."""
        return names_of_nodes({row.node_id}).get(row.node_id, "")

    def check(self, values: dict[str, Any], row: Any) -> dict[str, str]:
        """One form a department; the day ends after it began."""
        problems = {}
        if row is None:
            kind = session.scalar(select(Node.kind).where(Node.id == values["node_id"]))
            if kind != "department":
                problems["node_id"] = _("Choose a department.")
            elif session.scalar(select(ReportTemplate.id).where(ReportTemplate.node_id == values["node_id"])):
                problems["node_id"] = _("This department has its form already: change that one.")
        if isinstance(values["opens"], time) and values["closes"] <= values["opens"]:
            problems["closes"] = _("The work ends after it begins.")
        return problems

    def fill(self, row: Any, values: dict[str, Any], *, is_new: bool) -> None:
        """Keep empty texts as empty."""
        texts = {name: values.get(name) or "" for name in ("unit", "figures", "reasons")}
        super().fill(row, values | texts, is_new=is_new)

    def after_save(self, row: Any, *, is_new: bool) -> None:
        """The department's hours follow its form: lateness is reckoned from them, as for a store."""
        node = session.get_one(Node, row.node_id)
        node.opens, node.closes = row.opens, row.closes
        session.flush()

    def children(self, row: Any) -> list[Any]:
        """Who reports for the department; without anybody nothing is expected from it."""
        people = people_who_may(session, {row.node_id}, UPDATE).get(row.node_id, set())
        names = names_of_people(session, people)
        title = (
            _("In charge") if people else _("Nobody is in charge: nothing is expected until somebody holds a role here")
        )
        columns = [{"title": _("Full name"), "kind": "text"}]
        return [(title, columns, [{"url": None, "cells": [Cell(name)]} for _id, name in sorted(names.items())])]
