"""What stands in the addresses and rows of the daily reports, for core.testing.access_matrix."""

from datetime import time, timedelta

from core import clock

_CODES = {
    "own": lambda site: site.here.code,
    "foreign": lambda site: site.elsewhere.code,
    "missing": lambda site: "NOWHERE",
}


def _monday():
    return clock.today() - timedelta(days=clock.today().weekday())


def _reward(site, kind):
    """The number of a reward or penalty in reach, out of it, or of none."""
    ids = [] if kind == "missing" else getattr(site, kind)["daily_reports_reward"]
    return ids[0] if ids else 10**9


ROUTE_VALUES = {
    ("daily_reports_rewards", "reward_id"): _reward,
    ("daily_reports_rewards", "code"): lambda site, kind: _CODES[kind](site),
    ("daily_reports_rewards", "day"): lambda site, kind: clock.today().isoformat(),
    ("daily_reports", "code"): lambda site, kind: _CODES[kind](site),
    ("daily_reports", "day"): lambda site, kind: clock.today().isoformat(),
    ("daily_reports", "week"): lambda site, kind: _monday().isoformat(),
    ("daily_reports_board.index", "?below"): lambda site, kind: _CODES[kind](site),
    ("daily_reports_monday.index", "?below"): lambda site, kind: _CODES[kind](site),
}
SIGNED_IN = {
    "daily_reports_ranking.ranking": "name, rank and achievement are for everybody; amounts are masked",
    "daily_reports_ranking_desk.index": "name, rank and achievement are for everybody; amounts are masked",
}
ROW_VALUES = {
    "daily_reports_day": {"state": "reported", "imported": False, "tenders": {}, "gap_reasons": []},
    "daily_reports_week": {"week": lambda number: _monday() - timedelta(weeks=number), "state": "planned"},
    "daily_reports_week_line": {"due": 2},
    "daily_reports_reminder": {"day": lambda number: clock.today() - timedelta(days=number), "kind": "target_due"},
    "daily_reports_template": {"opens": time(9), "closes": time(18), "weekdays": "12345"},
    "daily_reports_opening": {"weekdays": None, "positions": {}, "actions": [], "events": []},
    "daily_reports_month_target": {
        "month": lambda number: clock.today().replace(day=1, month=number % 12 + 1, year=2000 + number),
        "weekdays": None,
    },
    # People are named by number alone; the step of a stranger stands under a record that is out of reach.
    "daily_reports_reward": {"evidence": [], "corrects_id": None, "payroll_id": None},
    "daily_reports_reward_step": {"event": "propose", "by": None},
    "daily_reports_reward_run": {"hits": []},
    "daily_reports_payroll": {"person_id": None},
    "daily_reports_skill": {"name": lambda number: f"skill {number}"},  # offered in every store
    "daily_reports_person_skill": {"level": 2},
}
EVERYBODYS = {
    "daily_reports.skill": "the list of skills is of the whole chain, and stores tick from it",
    "daily_reports.reward_rule": "the rules hold for the whole chain, and everybody knows what they say",
    "daily_reports.reward_run": "a run is of the whole chain; only who decides for the chain has the right",
}
