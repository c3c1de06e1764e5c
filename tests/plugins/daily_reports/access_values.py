"""What stands in the addresses and rows of the daily reports, for tests/core/access_matrix.py."""

from datetime import time, timedelta

from core import clock

_CODES = {
    "own": lambda site: site.here.code,
    "foreign": lambda site: site.elsewhere.code,
    "missing": lambda site: "NOWHERE",
}


def _monday():
    return clock.today() - timedelta(days=clock.today().weekday())


ROUTE_VALUES = {
    ("daily_reports", "code"): lambda site, kind: _CODES[kind](site),
    ("daily_reports", "day"): lambda site, kind: clock.today().isoformat(),
    ("daily_reports", "week"): lambda site, kind: _monday().isoformat(),
    ("daily_reports_board.index", "?below"): lambda site, kind: _CODES[kind](site),
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
}
