"""The phone pages under `/day/`: parse, ask a service, answer."""

from plugins.daily_reports.pages import day, missing, overview, reviewing, sending
from plugins.daily_reports.pages.addresses import blueprint
from plugins.daily_reports.skills import pages as skills
from plugins.daily_reports.week import pages as week

__all__ = ["blueprint", "day", "missing", "overview", "reviewing", "sending", "skills", "week"]
