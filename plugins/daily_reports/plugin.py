"""What the daily reports tell the house."""

from datetime import timedelta
from typing import Any

from core.api import N_, CurrentPerson, HomeCard, Permission, ScheduledTask, hookimpl, resource_permissions, session
from plugins.daily_reports import models  # noqa: F401 - the host must know every table before it looks at the schema
from plugins.daily_reports.departments import models as department_models  # noqa: F401 - the same
from plugins.daily_reports.opening import models as opening_models  # noqa: F401 - the same
from plugins.daily_reports.reminders import remind_due
from plugins.daily_reports.week import models as week_models  # noqa: F401 - the same

OFFICE = {"head_office": "all"}
ABOVE = OFFICE | {"leader": "all", "area_manager": "node"}
STORE = {"store_manager": "node", "deputy": "node"}


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
    ]  # fmt: skip


@hookimpl
def backoffice_admin_views() -> list[object]:
    """The board, the reports and the month targets at the desk."""
    from plugins.daily_reports.departments.views import ReportTemplates
    from plugins.daily_reports.opening.views import Openings
    from plugins.daily_reports.views import Board, DayReports, MonthTargets
    from plugins.daily_reports.week.views import WeekReports

    return [
        Board("daily_reports_board", "daily_reports/board"),
        DayReports(),
        MonthTargets(),
        WeekReports(),
        Openings(),
        ReportTemplates(),
    ]


@hookimpl
def backoffice_blueprints() -> list[object]:
    """The phone pages under /day/."""
    from plugins.daily_reports.pages import blueprint

    return [blueprint]


@hookimpl
def backoffice_home_cards(person: CurrentPerson) -> list[HomeCard]:
    """The day of one's store, or how one's stores stand."""
    from plugins.daily_reports.cards import cards_of

    return cards_of(session, person)


@hookimpl
def backoffice_scheduled_tasks() -> list[ScheduledTask]:
    """Days are locked 48 hours after their end; who is late is reminded."""
    from plugins.daily_reports.services import lock_due

    return [
        ScheduledTask("daily_reports.lock", timedelta(minutes=15), lambda session: f"{lock_due(session)} locked"),
        ScheduledTask("daily_reports.remind", timedelta(minutes=1), lambda session: f"{remind_due(session)} reminded"),
    ]


@hookimpl
def backoffice_sample_data(size: dict[str, Any], seed: int) -> None:
    """Believable days for the demonstration chain."""
    from plugins.daily_reports.sample import fill

    fill(session, size, seed)
