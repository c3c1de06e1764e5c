"""What a role can be granted: `plugin:resource:action`, declared by plugins; undeclared means denied."""

import re
from dataclasses import dataclass, field

from core.language import N_

LEVELS = ("own", "node", "all")
SHIPPED_ROLES = (
    ("system_administrator", N_("System administrator"), 100),
    ("head_office", N_("Head-office admin"), 80),
    ("it", N_("IT"), 75),
    ("leader", N_("Leader"), 90),
    ("area_manager", N_("Area manager"), 50),
    ("store_manager", N_("Store manager"), 30),
    ("deputy", N_("Deputy manager"), 25),
    ("clerk", N_("Clerk"), 10),
    ("technician", N_("Technician"), 10),
)
"""Code, name and rank of the roles every chain starts with."""
ROLES = tuple(code for code, _name, _rank in SHIPPED_ROLES if code != "system_administrator")
"""The shipped roles a plugin may give its permissions to; the system administrator has them all."""

_NAME = re.compile(r"[a-z][a-z0-9_]*:[a-z][a-z0-9_]*:[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Permission:
    """One right. `grants` says which shipped roles get it, and how far, when it is first seen."""

    name: str
    title: str
    grants: dict[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"permission {self.name!r} must read plugin:resource:action")
        for role, level in self.grants.items():
            if role not in ROLES or level not in LEVELS:
                raise ValueError(f"permission {self.name}: no role {role!r} or no level {level!r}")


ACTIONS = {
    "list": N_("List"),
    "read": N_("Read"),
    "create": N_("Create"),
    "update": N_("Update"),
    "delete": N_("Delete"),
    "export": N_("Export"),
    "import": N_("Import"),
}


def resource_permissions(resource: str, title: str, **grants: dict[str, str]) -> list[Permission]:
    """Declare the seven usual permissions of a resource (`plugin:resource`).

    Keyword arguments name actions and say who gets them; `view` stands for list, read and export,
    `edit` for create, update, delete and import.
    """
    names = {"view": ("list", "read", "export"), "edit": ("create", "update", "delete", "import")}
    given: dict[str, dict[str, str]] = {action: {} for action in ACTIONS}
    for key, roles in grants.items():
        for action in names.get(key, (key.rstrip("_"),)):
            given[action].update(roles)
    return [Permission(f"{resource}:{action}", title, roles) for action, roles in given.items()]
