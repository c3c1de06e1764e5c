"""Rewards and penalties at the desk."""

from typing import Any

from flask import redirect, request, url_for
from sqlalchemy import select

from core.api import (
    N_,
    Cell,
    Column,
    ModelView,
    Node,
    _,
    allowed,
    clock,
    current_person,
    expose,
    gettext,
    names_of_nodes,
    names_of_people,
    session,
    show,
    toast,
)
from plugins.daily_reports.menu import REWARDS
from plugins.daily_reports.rewards import evidence, services, states
from plugins.daily_reports.rewards.models import KIND_MEANINGS, KINDS, Reward

DECIDE = "daily_reports:reward:decide"


def _people(ids: set[int]) -> dict[int, str]:
    return names_of_people(session, ids)


def table(title: str, columns: list[tuple[str, str]], rows: list[list[Any]]) -> Any:
    """Return a table of rows that belong to a record, as its details page shows it; a row's first cell may be (text, url)."""
    return (
        title,
        [{"title": heading, "kind": kind} for heading, kind in columns],
        [{"cells": [cell if isinstance(cell, Cell) else Cell(str(cell)) for cell in row], "url": None} for row in rows],
    )


class Rewards(ModelView):
    """Every reward and penalty in reach; proposed and decided on their own page, which fits a phone too."""

    model = Reward
    resource = "daily_reports.reward"
    title = N_("Rewards and penalties")
    menu_part = REWARDS
    lead = N_("Proposed out of the day record, approved by somebody else, published, open to appeal, paid once.")
    row_title = N_("reward or penalty")
    actions = ("list", "read", "export")
    columns = [
        Column("what", N_("For what")),
        Column("kind", N_("Kind"), choices=KINDS, meanings=KIND_MEANINGS, filter="select"),
        Column("node_id", N_("Place"), names=names_of_nodes, filter="lookup", lookup="org.node",
               export=select(Node.name).where(Node.id == Reward.node_id).scalar_subquery()),
        Column("state", N_("State"), choices=states.STATES, meanings=states.MEANINGS, filter="select"),
        Column("amount", N_("Amount"), filter="range"),
        Column("until", N_("Last day"), sortable=True, filter="date"),
        Column("why", N_("Why"), shown=False),
        Column("person_id", N_("Person"), names=_people, exported=False),
        Column("appeal_ends", N_("Appeal until"), shown=False),
        Column("effective_at", N_("In effect since"), shown=False),
    ]  # fmt: skip
    empty_text = N_("Open a store's day and propose one, or switch a rule on: it proposes every Monday.")

    def name_of(self, row: Any) -> str:
        """The place and what for."""
        return f"{names_of_nodes({row.node_id}).get(row.node_id, '')} · {row.what}"

    def children(self, row: Any) -> list[Any]:
        """The steps, and the days it comes from."""
        steps = services.steps_of(session, row)
        names = _people({step.by for step in steps if step.by})
        timeline = [
            [f"{clock.local(step.at):%Y-%m-%d %H:%M}", gettext(states.STEP_TITLES[step.event]),
             names.get(step.by or 0, _("By rule") if step.event == "propose" else _("By itself")), step.reason, show(step.amount, "money")]
            for step in steps
        ]  # fmt: skip
        code = session.scalar(select(Node.code).where(Node.id == row.node_id))
        days = [
            [Cell(day, url=url_for("daily_reports.day_page", code=code, day=day)), evidence.say(what, figure)]
            for day, what, figure in row.evidence
        ]
        headings = [
            (_("When"), "datetime"),
            (_("Step"), "text"),
            (_("Who"), "text"),
            (_("Why"), "text"),
            (_("Amount"), "money"),
        ]
        return [
            table(_("Step by step"), headings, timeline),
            table(_("The days it comes from"), [(_("Day"), "date"), (_("The record shows"), "text")], days),
        ]

    def row_actions(self, row: Any, *, in_bin: bool = False) -> list[dict[str, Any]]:
        """Approve at once, or open its page for everything that wants a reason."""
        page = {
            "title": _("Open and decide"),
            "url": url_for("daily_reports_rewards.details", reward_id=row.id),
            "method": "get",
        }
        person = current_person()
        own = person.id in (row.proposed_by, row.person_id)
        if row.state != states.PROPOSED or own or not person.may(DECIDE):
            return [page]
        return [page, self._post(_("Approve and publish"), "approve_view", id=row.id)]

    @expose("/approve/", methods=("POST",))
    @allowed(DECIDE)
    def approve_view(self) -> Any:
        """Approve one after a look at its evidence."""
        row = self.one(request.args.get("id"), "decide")
        try:
            services.take_step(session, row, "approve", _("The evidence was looked at."))
            toast(_("Approved and published."), "good")
        except states.StepRefused as error:
            session.rollback()
            toast(str(error), "bad")
        return redirect(url_for(".details_view", id=row.id))
