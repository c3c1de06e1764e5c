"""What a reward or penalty is founded on: facts of days, each with the way to its record."""

from collections import Counter
from typing import Any

from core.api import _
from plugins.daily_reports.ranking.reading import percent

LATE_KINDS = ("target_late", "report_late", "no_target", "no_report")


def say(what: str, figure: Any) -> str:
    """Return one fact of a day in words."""
    match what:
        case "target_late":
            return _("Target %(minutes)s min late", minutes=figure)
        case "report_late":
            return _("Report %(minutes)s min late", minutes=figure)
        case "no_target":
            return _("No target in the morning")
        case "no_report":
            return _("No report")
        case "achievement":
            return _("%(percent)s%% of the target", percent=figure)
        case "week":
            return _("The week at %(percent)s by the ranking", percent=percent(figure))
        case "rank":
            return _("Place %(rank)s in its peer group", rank=figure)
    return _("Day record")


def why(reward: Any) -> str:
    """Return why, in one sentence for the column: what the proposer wrote, else what the evidence shows."""
    if reward.why:
        return reward.why
    kinds = Counter(what for _day, what, _figure in reward.evidence)
    if late := sorted({day for day, what, _figure in reward.evidence if what in LATE_KINDS}):
        days = "、".join(day[5:] for day in late)
        return _("Late or missing on %(count)s days: %(days)s", count=len(late), days=days)
    if kinds["rank"]:
        return _("Best of its peer group in the week of %(week)s", week=reward.since)
    if kinds["week"]:
        reached = next(figure for _day, what, figure in reward.evidence if what == "week")
        return _("Every day reported, and the week at %(percent)s by the ranking", percent=percent(reached))
    return ""


def of_report(report: Any) -> list[list[Any]]:
    """Return what one day record shows: lateness, what is missing, the achievement. A record that is not there lacks its report."""
    day = report.day.isoformat()
    if report.imported:
        return [[day, "day", None]]
    found: list[list[Any]] = []
    if report.target_amount is None:
        found.append([day, "no_target", None])
    elif report.target_late_minutes:
        found.append([day, "target_late", report.target_late_minutes])
    if report.amount is None:
        found.append([day, "no_report", None])
    elif report.report_late_minutes:
        found.append([day, "report_late", report.report_late_minutes])
    if report.target_amount and report.amount is not None:
        found.append([day, "achievement", round(report.amount * 100 / report.target_amount)])
    return found
