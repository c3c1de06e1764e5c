"""The rules at the desk, and what each week of them came to."""

from typing import Any

from flask import redirect, request, url_for
from sqlalchemy import select

from core.api import (
    N_,
    Cell,
    Column,
    Field,
    ModelView,
    _,
    allowed,
    current_person,
    expose,
    gettext,
    names_of_nodes,
    session,
    toast,
)
from plugins.daily_reports.menu import REWARDS
from plugins.daily_reports.rewards import rules, states
from plugins.daily_reports.rewards.models import KIND_MEANINGS, KINDS, METRICS, RUN_STATES, Rule, RuleRun
from plugins.daily_reports.rewards.services import MOST_YUAN
from plugins.daily_reports.rewards.views import table

WEEKS_SHOWN = 12
DECIDE = "daily_reports:reward:decide"


def names_of_rules(ids: set[int]) -> dict[int, str]:
    """Return `{rule id: name}`."""
    return dict(session.execute(select(Rule.id, Rule.name).where(Rule.id.in_(ids))).all())  # type: ignore[arg-type]


class RewardRules(ModelView):
    """What a week shows, and what is proposed for it."""

    model = Rule
    resource = "daily_reports.reward_rule"
    title = N_("Reward rules")
    menu_part = REWARDS
    lead = N_("Every Monday each rule looks at the finished week and proposes; a person decides.")
    row_title = N_("rule")
    columns = [
        Column("name", N_("Name")),
        Column("kind", N_("Kind"), choices=KINDS, meanings=KIND_MEANINGS, filter="select"),
        Column("metric", N_("Measure"), choices=METRICS, filter="select"),
        Column("threshold", N_("Threshold")),
        Column("amount", N_("Amount")),
        Column("appeal_days", N_("Appeal days")),
        Column("most_percent", N_("Stops above (% of stores)")),
        Column("since", N_("From")),
        Column("active", N_("Active"), filter="boolean"),
    ]
    fields = [
        Field("name", N_("Name"), required=True, maximum=60, help=N_("What everybody reads when it is published.")),
        Field("kind", N_("Kind"), required=True, choices=KINDS),
        Field("metric", N_("Measure"), required=True, choices=METRICS, only_new=True),
        Field("threshold", N_("Threshold"), required=True, minimum=0, maximum=1000, help=N_("Days for lateness, percent of the ranking for the rest; 0 rewards the best of a group whatever it reached.")),
        Field("amount", N_("Amount"), required=True, minimum=1, maximum=MOST_YUAN),
        Field("appeal_days", N_("Appeal days"), required=True, minimum=1, maximum=30),
        Field("most_percent", N_("Stops above (% of stores)"), required=True, minimum=1, maximum=100, help=N_("When a week would hit more of the stores, the rule stops and asks you.")),
        Field("since", N_("From"), required=True, help=N_("Weeks that began earlier are not judged.")),
        Field("active", N_("Active")),
    ]  # fmt: skip
    actions = ("list", "read", "create", "update", "export")
    empty_text = N_("For example: three days late in a week, 50 yuan; or a week at 110 percent, 200 yuan.")

    def check(self, values: dict[str, Any], row: Any) -> dict[str, str]:
        """A threshold that every store meets is a slip of the pen."""
        metric = row.metric if row is not None else values["metric"]
        if metric == "late_days" and not 1 <= values["threshold"] <= 7:
            return {"threshold": _("A week has 1 to 7 days.")}
        if metric == "achievement" and values["threshold"] < 50:
            return {"threshold": _("Write percent of the target, for example 110.")}
        return {}

    def children(self, row: Any) -> list[Any]:
        """What its last weeks came to."""
        runs = session.scalars(
            select(RuleRun).where(RuleRun.rule_id == row.id).order_by(RuleRun.week.desc()).limit(WEEKS_SHOWN)
        )
        rows = [
            [Cell(str(run.week), url=url_for("daily_reports_reward_run.details_view", id=run.id)), gettext(RUN_STATES[run.state]), run.hit, run.judged]
            for run in runs
        ]  # fmt: skip
        headings = [
            (_("Week of"), "date"),
            (_("State"), "text"),
            (_("Stores hit"), "number"),
            (_("Stores looked at"), "number"),
        ]
        return (
            [table(_("The last weeks"), headings, rows)]
            if current_person().may("daily_reports:reward_run:read")
            else []
        )


class RewardRuns(ModelView):
    """What each rule came to in each week; one that stopped waits here for a decision."""

    model = RuleRun
    resource = "daily_reports.reward_run"
    title = N_("Runs of the rules")
    in_menu = False
    lead = N_("Each rule judges each week once. One that would hit too many stores stops and waits for you.")
    row_title = N_("run")
    actions = ("list", "read")
    columns = [
        Column("week", N_("Week of"), kind="date"),
        Column("rule_id", N_("Rule"), names=names_of_rules),
        Column("state", N_("State"), choices=RUN_STATES, meanings={"held": "watch"}, filter="select"),
        Column("hit", N_("Stores hit")),
        Column("judged", N_("Stores looked at")),
    ]
    empty_text = N_("The first week is judged on the Monday after a rule begins.")

    def name_of(self, row: Any) -> str:
        """The rule and the week."""
        return f"{names_of_rules({row.rule_id}).get(row.rule_id, '')} · {row.week}"

    def children(self, row: Any) -> list[Any]:
        """The stores a held run would hit."""
        if not row.hits:
            return []
        names = names_of_nodes({node_id for node_id, _evidence in row.hits})
        return [table(_("Stores it would hit"), [(_("Store"), "text")], [[names.get(hit[0], "")] for hit in row.hits])]

    def row_actions(self, row: Any, *, in_bin: bool = False) -> list[dict[str, Any]]:
        """Decide what waits."""
        if row.state != "held":
            return []
        question = _("%(count)s stores get a proposal each. They still have to be approved.", count=row.hit)
        return [
            self._post(_("Propose all the same"), "decide_view", question, id=row.id, release=1),
            self._post(_("Drop this week"), "decide_view", id=row.id),
        ]

    @expose("/decide/", methods=("POST",))
    @allowed(DECIDE)
    def decide_view(self) -> Any:
        """Propose what a held run found, or drop it."""
        row = self.one(request.args.get("id"), "read")
        try:
            made = rules.decide(session, row, release=request.args.get("release") == "1")
            toast(_("%(count)s proposed.", count=made) if made else _("This week is dropped."), "good")
        except states.StepRefused as error:
            session.rollback()
            toast(str(error), "bad")
        return redirect(url_for(".details_view", id=row.id))
