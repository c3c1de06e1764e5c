"""The home page, messages, the audit, IT's screens and the health addresses speak through the same hooks as any plugin."""

from core.access.permissions import Permission
from core.hookspecs import hookimpl
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
        Permission("audit:entry:list", N_("Audit"), audit),
        Permission("audit:entry:read", N_("Audit"), audit),
        Permission("audit:entry:export", N_("Audit"), audit),
    ]


@hookimpl
def backoffice_admin_views() -> list[object]:
    """Plugins and audit."""
    from core.admin.audit_view import AuditEntries
    from core.admin.plugins_page import PluginsPage

    return [PluginsPage("plugins", "plugins"), AuditEntries()]


@hookimpl
def backoffice_blueprints() -> list[object]:
    """Home, inbox, health."""
    from core.admin.pages import health, home

    return [home, health]
