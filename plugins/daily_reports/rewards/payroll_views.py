"""The month's totals for the payroll: look, settle, take the file."""

from datetime import date
from typing import Any

from flask import abort, redirect, request, url_for
from sqlalchemy import func, select

from core.api import (
    N_,
    Cell,
    Column,
    ModelView,
    Node,
    Page,
    Person,
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
    typed,
)
from plugins.daily_reports.menu import REWARDS
from plugins.daily_reports.rewards import payroll, states
from plugins.daily_reports.rewards.models import KINDS, PayrollLine, Reward
from plugins.daily_reports.rewards.views import table


def month_of(text: str | None) -> date:
    """Return the month an address names (its first day), the last finished one without; else 404."""
    if not text:
        return (clock.today().replace(day=1) - date.resolution).replace(day=1)
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        abort(404)
    return month if month.year in typed.YEARS else abort(404)


class Settlement(Page):
    """What is in effect and not paid yet, month by month; one tap hands it to the payroll."""

    title = N_("Settle a month")
    menu_part = REWARDS
    permission = "daily_reports:payroll:list"

    @expose("/")
    def index(self) -> Any:
        """Show what would be settled for a month, and what is not ready for it."""
        month = month_of(request.args.get("month"))
        totals = payroll.open_totals(session, month)
        waiting = dict(
            session.execute(
                select(Reward.state, func.count()).where(Reward.state.in_((states.PROPOSED, states.PUBLISHED, states.APPEALED))).group_by(Reward.state)
            ).all()
        )  # type: ignore[arg-type] # fmt: skip
        settled = session.scalar(select(func.count()).select_from(PayrollLine).where(PayrollLine.month == month)) or 0
        following = (month.replace(day=28) + 7 * date.resolution).replace(day=1)
        return self.render(
            "daily_reports/rewards/settlement.html", page_title=_("Settle %(month)s", month=f"{month:%Y-%m}"), month=f"{month:%Y-%m}",
            crumbs=[(_("Desk"), url_for("admin.index")), (_("Settle a month"), None)], totals=totals, waiting=waiting, settled=settled,
            places=names_of_nodes({total.node_id for total in totals}), money=lambda value: show(value, "money"),
            people=names_of_people(session, {total.person_id for total in totals if total.person_id}),
            is_over=clock.now() >= payroll.month_end(month), may_settle=current_person().may("daily_reports:payroll:settle"),
            previous_url=f"?month={month - date.resolution:%Y-%m}", next_url=f"?month={following:%Y-%m}" if following <= clock.today() else None,
            lines_url=f"{url_for('daily_reports_payroll.index_view')}?month_from={month}&month_to={month}",
        )  # fmt: skip

    @expose("/settle/", methods=("POST",))
    @allowed("daily_reports:payroll:settle")
    def settle(self) -> Any:
        """Hand the month over to the payroll."""
        month = month_of(request.form.get("month"))
        try:
            lines = payroll.settle(session, month)
        except states.StepRefused as error:
            session.rollback()
            toast(str(error), "bad")
            return redirect(f"{url_for('.index')}?month={month:%Y-%m}")
        toast(_("%(count)s lines are ready for the payroll.", count=len(lines)) if lines else _("There was nothing left to settle."), "good")  # fmt: skip
        return redirect(f"{url_for('daily_reports_payroll.index_view')}?month_from={month}&month_to={month}")


class PayrollLines(ModelView):
    """What the payroll takes over, as a list and a file."""

    model = PayrollLine
    resource = "daily_reports.payroll"
    title = N_("Rewards for the payroll")
    in_menu = False
    lead = N_("Settled months, one line a store or person. Export the month as csv or Excel for the payroll.")
    row_title = N_("payroll line")
    actions = ("list", "read", "export")
    columns = [
        Column("month", N_("Month"), "month", sortable=True, filter="date"),
        Column("node_id", N_("Place"), names=names_of_nodes, filter="lookup", lookup="org.node",
               export=select(Node.name).where(Node.id == PayrollLine.node_id).scalar_subquery()),
        Column("person_id", N_("Person"), names=lambda ids: names_of_people(session, ids),
               export=select(Person.name).where(Person.id == PayrollLine.person_id).scalar_subquery()),
        Column("entries", N_("Entries")),
        Column("rewards", N_("Rewards")),
        Column("penalties", N_("Penalties")),
        Column("net", N_("To pay")),
    ]  # fmt: skip
    default_order = ("month", True)
    empty_text = N_("Settle a finished month first.")

    def name_of(self, row: Any) -> str:
        """The month and the place."""
        return f"{row.month:%Y-%m} · {names_of_nodes({row.node_id}).get(row.node_id, '')}"

    def children(self, row: Any) -> list[Any]:
        """The rewards and penalties it is made of."""
        entries = session.scalars(select(Reward).where(Reward.payroll_id == row.id).order_by(Reward.id))
        rows = [
            [Cell(entry.what, url=url_for("daily_reports_rewards.details", reward_id=entry.id)), Cell(gettext(KINDS[entry.kind])),
             Cell(show(entry.signed, "money"))]
            for entry in entries
        ]  # fmt: skip
        return [
            table(_("What it is made of"), [(_("For what"), "text"), (_("Kind"), "text"), (_("Amount"), "money")], rows)
        ]
