"""What rewards and penalties add to the plugin: rights, desk pages, addresses, tasks."""

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.api import N_, Permission, ScheduledTask, _, clock, resource_permissions
from plugins.daily_reports.rewards import rules, services
from plugins.daily_reports.rewards.models import Rule

OFFICE, STORE = {"head_office": "all"}, {"store_manager": "node", "deputy": "node"}
ONESELF = {"clerk": "own", "technician": "own"}
DECIDERS = OFFICE | {"leader": "all"}
ABOVE = DECIDERS | {"area_manager": "node"}
EVERYBODY = ABOVE | STORE | {"clerk": "node", "technician": "node", "it": "all"}


def permissions() -> list[Permission]:
    """The area proposes, head office decides, somebody else looks at an appeal; everybody reads the column."""
    return [
        *resource_permissions(
            "daily_reports:reward", N_("Rewards and penalties"), list=ABOVE | STORE, read=ABOVE | STORE | ONESELF, export=ABOVE
        ),
        Permission("daily_reports:reward:column", N_("Read the published rewards and penalties"), EVERYBODY),
        Permission("daily_reports:reward:propose", N_("Propose a reward or penalty"), OFFICE | {"area_manager": "node"}),
        Permission("daily_reports:reward:decide", N_("Approve, refuse or withdraw a reward or penalty"), DECIDERS),
        Permission("daily_reports:reward:appeal", N_("Appeal against a reward or penalty"), STORE | ONESELF),
        Permission("daily_reports:reward:revise", N_("Look again at what was appealed"), DECIDERS),
        *resource_permissions("daily_reports:reward_rule", N_("Reward rules"), view=ABOVE | STORE, edit=OFFICE),
        *resource_permissions("daily_reports:reward_run", N_("Runs of the reward rules"), view=DECIDERS),
        *resource_permissions("daily_reports:payroll", N_("Rewards for the payroll"), view=DECIDERS),
        Permission("daily_reports:payroll:settle", N_("Settle a month's rewards and penalties"), OFFICE),
    ]  # fmt: skip


def admin_views() -> list[object]:
    """The list, the rules and their runs, the payroll."""
    from plugins.daily_reports.rewards.payroll_views import PayrollLines, Settlement
    from plugins.daily_reports.rewards.rule_views import RewardRules, RewardRuns
    from plugins.daily_reports.rewards.views import Rewards

    settlement = Settlement("daily_reports_settlement", "daily_reports/settlement")
    return [Rewards(), settlement, PayrollLines(), RewardRules(), RewardRuns()]


def tasks() -> list[ScheduledTask]:
    """Rules judge finished weeks; what nobody appealed against comes into effect."""
    return [
        ScheduledTask("daily_reports.reward_rules", timedelta(minutes=30), lambda s: f"{rules.run_due(s)} proposed"),
        ScheduledTask("daily_reports.reward_effect", timedelta(minutes=15), lambda s: f"{services.take_effect_due(s)} in effect"),
    ]  # fmt: skip


def add_usual_rules(session: Session) -> None:
    """Add the usual rules, switched off, to a chain that has none: head office looks at them and switches them on."""
    if session.scalars(select(Rule.id).limit(1)).first() is not None:
        return
    today = clock.today()
    begin = today - timedelta(days=today.weekday())
    session.add_all([
        Rule(name=_("Three days late in a week"), kind="penalty", metric="late_days", threshold=3, amount=Decimal(50), since=begin, active=False),
        Rule(name=_("Best of its peer group"), kind="reward", metric="best_of_group", threshold=100, amount=Decimal(100), since=begin, active=False),
        Rule(name=_("Week at 110 percent and more"), kind="reward", metric="achievement", threshold=110, amount=Decimal(200), since=begin, active=False),
    ])  # fmt: skip
    session.flush()
