"""The home page, messages, jobs, the audit, IT's screens and the health addresses speak through the same hooks as any plugin."""

from datetime import timedelta

from core.access.permissions import Permission
from core.hookspecs import hookimpl
from core.jobs.queue import JobKind, forget_old_jobs
from core.jobs.tasks import ScheduledTask
from core.language import N_

TITLE = N_("System")
ICON = "settings"


@hookimpl
def backoffice_permissions() -> list[Permission]:
    """IT switches plugins and sees no business data; the audit is head office's and the leader's."""
    it = {"it": "all"}
    audit = {"head_office": "all", "leader": "all"}
    return [
        Permission("registry:plugin:list", N_("See plugins"), it | {"head_office": "all"}),
        Permission("registry:plugin:update", N_("Enable and disable plugins"), it),
        Permission("registry:setting:update", N_("Change the settings of plugins"), it | {"head_office": "all"}),
        Permission("audit:entry:list", N_("Audit"), audit),
        Permission("audit:entry:read", N_("Audit"), audit),
        Permission("audit:entry:export", N_("Audit"), audit),
    ]


@hookimpl
def backoffice_admin_views() -> list[object]:
    """Plugins and audit."""
    from core.admin.audit_view import AuditEntries
    from core.admin.plugin_upkeep_pages import PluginPurge, PluginUpgrade
    from core.admin.plugins_page import PluginsPage
    from core.admin.settings_page import PluginSettings

    return [
        PluginsPage("plugins", "plugins"),
        PluginSettings("plugin_settings", "plugins/<name>/settings"),
        PluginUpgrade("plugin_upgrade", "plugins/<name>/upgrade"),
        PluginPurge("plugin_purge", "plugins/<name>/purge"),
        AuditEntries(),
    ]


@hookimpl
def backoffice_blueprints() -> list[object]:
    """Home, inbox, jobs, health."""
    from core.admin.pages import health, home
    from core.jobs.pages import jobs

    return [home, jobs, health]


@hookimpl
def backoffice_job_kinds() -> list[JobKind]:
    """Files that are too big for a request, and the tables of plugins."""
    from core.exchange.long import export, import_step
    from core.registry import upkeep

    return [
        JobKind("exchange.export", export),
        JobKind("exchange.import", import_step, writes=True),
        JobKind("registry.rehearse", upkeep.rehearse),
        JobKind("registry.upgrade", upkeep.upgrade),
        JobKind("registry.purge", upkeep.purge, writes=True),
    ]


@hookimpl
def backoffice_scheduled_tasks() -> list[ScheduledTask]:
    """The files of old jobs and old uploads go once a day; SQLite looks at its tables."""
    from core.exchange.uploads import forget_with_rows
    from core.statistics import look_anew

    return [
        ScheduledTask("jobs.forget", timedelta(days=1), forget_old_jobs),
        ScheduledTask("exchange.forget", timedelta(days=1), forget_with_rows),
        ScheduledTask("core.statistics", timedelta(days=1), look_anew),
    ]
