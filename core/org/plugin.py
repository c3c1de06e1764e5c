"""The organisation speaks to the desk through the same hooks as any plugin."""

from core.access.permissions import Permission, resource_permissions
from core.hookspecs import hookimpl
from core.language import N_

TITLE = N_("Organisation")
ICON = "network"

EVERYWHERE = {"head_office": "all", "leader": "all"}
IN_PLACE = {"area_manager": "node", "store_manager": "node", "deputy": "node"}


@hookimpl
def backoffice_permissions() -> list[Permission]:
    """The tree is known to managers as far as they reach; head office shapes it."""
    office = {"head_office": "all"}
    return [
        *resource_permissions("org:store", N_("Stores"), view=EVERYWHERE | IN_PLACE, edit=office),
        *resource_permissions("org:node", N_("Areas and departments"), view=EVERYWHERE | IN_PLACE, edit=office),
        *resource_permissions("org:calendar", N_("Closed days"), view=EVERYWHERE | IN_PLACE, edit=office),
        *resource_permissions(
            "org:person", N_("People"), view=EVERYWHERE | IN_PLACE | {"it": "all", "clerk": "own", "technician": "own"},
            edit=office,
        ),
        Permission("org:person:reset_password", N_("Give a one-time password"), office | {"area_manager": "node"}),
        Permission("org:person:unmask", N_("See a mobile number in full"), office | {"area_manager": "node"}),
    ]  # fmt: skip


@hookimpl
def backoffice_admin_views() -> list[object]:
    """Stores, places, people, calendar."""
    from core.org.views import CalendarDays, Nodes, People, Stores

    return [Stores(), Nodes(), People(), CalendarDays()]
