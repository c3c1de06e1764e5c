"""What stands in the addresses and rows of the daily reports, for core.testing.access_matrix."""

from core import clock

_CODES = {
    "own": lambda site: site.here.code,
    "foreign": lambda site: site.elsewhere.code,
    "missing": lambda site: "NOWHERE",
}

ROUTE_VALUES = {
    ("daily_reports", "code"): lambda site, kind: _CODES[kind](site),
    ("daily_reports", "day"): lambda site, kind: clock.today().isoformat(),
    ("daily_reports_board.index", "?below"): lambda site, kind: _CODES[kind](site),
}
SIGNED_IN = {
    "daily_reports_ranking.ranking": "name, rank and achievement are for everybody; amounts are masked",
    "daily_reports_ranking_desk.index": "name, rank and achievement are for everybody; amounts are masked",
}
ROW_VALUES = {
    "daily_reports_day": {"state": "reported", "imported": False, "tenders": {}, "gap_reasons": []},
    "daily_reports_month_target": {
        "month": lambda number: clock.today().replace(day=1, month=number % 12 + 1, year=2000 + number),
        "weekdays": None,
    },
}
