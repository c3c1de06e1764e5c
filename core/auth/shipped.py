"""The roles every chain starts with, and the grants its plugins ask for them."""

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from core.access.permissions import SHIPPED_ROLES, Permission
from core.auth.models import Grant, Role, SeededPermission
from core.auth.rights import rights_changed


def seed_roles(session: Session) -> dict[str, Role]:
    """Create the shipped roles that are not there yet; return all roles by code."""
    roles = {role.code: role for role in session.scalars(select(Role))}
    for code, name, rank in SHIPPED_ROLES:
        if code not in roles:
            roles[code] = Role(code=code, name=name, rank=rank, everything=code == "system_administrator")
            session.add(roles[code])
    session.flush()
    return roles


def seed_grants(session: Session, permissions: list[Permission]) -> None:
    """Give the shipped roles what newly declared permissions ask for; an edited role is never reset."""
    roles = seed_roles(session)
    seen = set(session.scalars(select(SeededPermission.permission)))
    new = [permission for permission in permissions if permission.name not in seen]
    for permission in new:
        session.execute(insert(SeededPermission), {"permission": permission.name})
        session.add_all(
            Grant(role_id=roles[role].id, permission=permission.name, level=level)
            for role, level in permission.grants.items()
        )
    if new:
        session.flush()
        rights_changed(session)
