"""Signing in, roles and assignments speak through the same hooks as any plugin."""

from core.access.permissions import Permission, resource_permissions
from core.hookspecs import hookimpl
from core.language import N_

TITLE = N_("Rights")
ICON = "key"


@hookimpl
def backoffice_permissions() -> list[Permission]:
    """Head office gives roles below its own rank; IT sees none of it."""
    office, leader = {"head_office": "all"}, {"leader": "all"}
    return [
        *resource_permissions("auth:assignment", N_("Who holds which role"), view=office | leader | {"area_manager": "node"}, edit=office),
        *resource_permissions("auth:role", N_("Roles"), view=office | leader, edit=office),
    ]  # fmt: skip


@hookimpl
def backoffice_admin_views() -> list[object]:
    """Roles, and who holds them."""
    from core.auth.views import Assignments, Roles

    return [Assignments(), Roles()]


@hookimpl
def backoffice_blueprints() -> list[object]:
    """The login page and one's own account."""
    from core.auth.pages import blueprint

    return [blueprint]
