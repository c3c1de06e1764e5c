"""The weeks at the desk: read, filtered and exported; written on the phone."""

from typing import Any

from flask import url_for
from sqlalchemy import select

from core.api import N_, Column, ModelView, Node, _, names_of_nodes, session
from plugins.daily_reports.menu import THE_WEEK
from plugins.daily_reports.week import states
from plugins.daily_reports.week.models import WeekReport


class WeekReports(ModelView):
    """Every week of every store."""

    model = WeekReport
    resource = "daily_reports.week"
    title = N_("Weeks")
    menu_part = THE_WEEK
    lead = N_("One record a store and week: the plan of Monday, the summary of Sunday.")
    row_title = N_("week")
    actions = ("list", "read", "export")
    columns = [
        Column("week", N_("Monday"), sortable=True, filter="date"),
        Column("node_id", N_("Place"), names=names_of_nodes, filter="lookup", lookup="org.node",
               export=select(Node.name).where(Node.id == WeekReport.node_id).scalar_subquery()),
        Column("state", N_("State"), choices=states.STATES, meanings=states.MEANINGS, filter="select"),
        Column("target_amount", N_("Target")),
        Column("plan_late_minutes", N_("Plan late (min)")),
        Column("summary_late_minutes", N_("Summary late (min)")),
        Column("reflection", N_("Learned this week"), shown=False),
        Column("next_week", N_("Better next week"), shown=False),
    ]  # fmt: skip
    default_order = ("week", True)
    empty_text = N_("Stores plan and sum up their week on the phone under /day/week/.")

    def name_of(self, row: Any) -> str:
        """The place and the week."""
        return f"{names_of_nodes({row.node_id}).get(row.node_id, '')} {row.week}"

    def row_actions(self, row: Any, *, in_bin: bool = False) -> list[dict[str, Any]]:
        """Open the week's own page, where it is written."""
        code = session.scalar(select(Node.code).where(Node.id == row.node_id))
        url = url_for("daily_reports.week_page", code=code, week=row.week)
        return [{"title": _("Open the week"), "url": url, "method": "get"}]
