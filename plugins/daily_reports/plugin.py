"""What the daily reports tell the house."""

from datetime import timedelta
from typing import Any

from core.api import (
    N_,
    CurrentPerson,
    HomeCard,
    JobKind,
    Permission,
    ScheduledTask,
    Setting,
    hookimpl,
    resource_permissions,
    session,
)
from plugins.daily_reports import models  # noqa: F401 - the host must know every table before it looks at the schema
from plugins.daily_reports.departments import models as department_models  # noqa: F401 - the same
from plugins.daily_reports.opening import models as opening_models  # noqa: F401 - the same
from plugins.daily_reports.ranking import models as ranking_models  # noqa: F401 - as above
from plugins.daily_reports.reminders import remind_due
from plugins.daily_reports.rewards import parts as rewards
from plugins.daily_reports.skills import models as skill_models  # noqa: F401 - the same
from plugins.daily_reports.week import models as week_models  # noqa: F401 - the same

OFFICE = {"head_office": "all"}
ABOVE = OFFICE | {"leader": "all", "area_manager": "node"}
STORE = {"store_manager": "node", "deputy": "node"}
COUNTER = {"clerk": "node", "technician": "node"}


@hookimpl
def backoffice_permissions() -> list[Permission]:
    """The store writes its day, the area reviews and reminds, head office sees all."""
    area = OFFICE | {"area_manager": "node"}
    return [
        *resource_permissions(
            "daily_reports:day", N_("Day reports"), list=ABOVE | STORE, read=ABOVE | STORE, export=ABOVE, import_=OFFICE,
            update=STORE | {"area_manager": "node"},
        ),
        Permission("daily_reports:day:review", N_("Review day reports"), area),
        Permission("daily_reports:day:remind", N_("Remind missing stores"), area),
        Permission("daily_reports:day:correct", N_("Correct a sent report"), area | STORE),
        Permission("daily_reports:ranking:compute", N_("Compute a ranking anew"), OFFICE),
        *resource_permissions(
            "daily_reports:week", N_("Weeks"), list=ABOVE | STORE, read=ABOVE | STORE, export=ABOVE,
            update=STORE | {"area_manager": "node"},
        ),
        *resource_permissions(
            "daily_reports:opening", N_("New stores"), list=ABOVE, read=ABOVE | STORE, create=OFFICE,
        ),
        *resource_permissions(
            "daily_reports:template", N_("Department reports"), list=ABOVE, read=ABOVE | STORE, create=OFFICE, update=OFFICE,
        ),
        *resource_permissions(
            "daily_reports:month_target", N_("Month targets"), view=ABOVE | STORE, edit=OFFICE, update={"area_manager": "node"},
        ),
        *resource_permissions("daily_reports:skill", N_("Skills"), view=ABOVE | STORE | COUNTER, edit=OFFICE),
        *resource_permissions(
            "daily_reports:person_skill", N_("Skills of people"), list=ABOVE | STORE, read=ABOVE | STORE | COUNTER, export=ABOVE,
            update=area | STORE,
        ),
        *rewards.permissions(),
        Permission("daily_reports:monday:read", N_("Monday sheet"), ABOVE),
    ]  # fmt: skip


@hookimpl
def backoffice_settings() -> list[Setting]:
    """Until when after closing a report is in time."""
    from plugins.daily_reports.settings import SETTINGS

    return SETTINGS


@hookimpl
def backoffice_admin_views() -> list[object]:
    """The board, the reports and the month targets at the desk."""
    from plugins.daily_reports.departments.views import ReportTemplates
    from plugins.daily_reports.monday.views import MondaySheet
    from plugins.daily_reports.opening.views import Openings
    from plugins.daily_reports.ranking.views import RankingPage
    from plugins.daily_reports.skills.views import PersonSkills, Skills
    from plugins.daily_reports.views import Board, DayReports, MonthTargets
    from plugins.daily_reports.week.views import WeekReports

    return [
        Board("daily_reports_board", "daily_reports/board"),
        RankingPage("daily_reports_ranking_desk", "daily_reports/ranking"),
        DayReports(),
        MonthTargets(),
        MondaySheet("daily_reports_monday", "daily_reports/monday"),
        *rewards.admin_views(),
        WeekReports(),
        Openings(),
        ReportTemplates(),
        PersonSkills(),
        Skills(),
    ]


@hookimpl
def backoffice_blueprints() -> list[object]:
    """The phone pages under /day/."""
    from plugins.daily_reports.pages import blueprint
    from plugins.daily_reports.ranking.pages import blueprint as ranking_pages
    from plugins.daily_reports.rewards.pages import blueprint as reward_pages

    return [blueprint, ranking_pages, reward_pages]


@hookimpl
def backoffice_home_cards(person: CurrentPerson) -> list[HomeCard]:
    """The day of one's store, or how one's stores stand."""
    from plugins.daily_reports.cards import cards_of
    from plugins.daily_reports.ranking.cards import cards_of as ranking_cards_of
    from plugins.daily_reports.rewards.cards import cards_of as reward_cards_of
    from plugins.daily_reports.skills.cards import cards_of as skill_cards_of

    cards = (cards_of, ranking_cards_of, reward_cards_of, skill_cards_of)
    return [card for cards_for in cards for card in cards_for(session, person)]


@hookimpl
def backoffice_scheduled_tasks() -> list[ScheduledTask]:
    """Days are locked 48 hours after their end, and ranked when they are over; who is late is reminded; rewards come
    into effect."""
    from plugins.daily_reports.after_the_report import lock_due
    from plugins.daily_reports.ranking.snapshots import run

    return [
        ScheduledTask("daily_reports.lock", timedelta(minutes=15), lambda session: f"{lock_due(session)} locked"),
        ScheduledTask("daily_reports.remind", timedelta(minutes=1), lambda session: f"{remind_due(session)} reminded"),
        ScheduledTask("daily_reports.ranking", timedelta(minutes=5), run),
        *rewards.tasks(),
    ]


@hookimpl
def backoffice_job_kinds() -> list[JobKind]:
    """The Monday sheet as a PDF."""
    from plugins.daily_reports.monday.paper import PDF

    return [PDF]


@hookimpl
def backoffice_enabled() -> None:
    """The usual reward rules, switched off, in a chain that has none."""
    rewards.add_usual_rules(session)


@hookimpl
def backoffice_sample_data(size: dict[str, Any], seed: int) -> None:
    """Believable days for the demonstration chain."""
    from plugins.daily_reports.ranking.sample import rank
    from plugins.daily_reports.rewards.sample import fill as fill_rewards
    from plugins.daily_reports.sample import fill
    from plugins.daily_reports.skills.sample import fill as fill_skills

    fill(session, size, seed)
    rank(session, size)
    fill_rewards(session, size, seed)
    fill_skills(session, size["today"], seed)
