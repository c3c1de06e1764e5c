"""What the settings of plugins are, place by place: read with the switches, under the same revision."""

from typing import Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.registry.models import SettingChange
from core.registry.setting_types import Setting

log = structlog.get_logger("registry")
Values = dict[str, dict[int | None, Any]]
"""`{"plugin.name": {node id, None for the chain: value}}`; what nobody has set is not in it."""


def newest_changes(session: Session, plugin: str | None = None) -> list[SettingChange]:
    """Return the newest change of each setting at each place, of one plugin or of all: what holds now."""
    newest = select(func.max(SettingChange.id)).group_by(
        SettingChange.plugin, SettingChange.name, SettingChange.node_id
    )
    if plugin is not None:
        newest = newest.where(SettingChange.plugin == plugin)
    return list(session.scalars(select(SettingChange).where(SettingChange.id.in_(newest)).order_by(SettingChange.id)))


def read_values(session: Session, declared: dict[str, dict[str, Setting]]) -> Values:
    """Return what is set; a value its declaration does not take any more counts as not set, and is logged."""
    values: Values = {}
    for change in newest_changes(session):
        setting = declared.get(change.plugin, {}).get(change.name)
        if setting is None or change.after is None or (change.node_id is not None and not setting.per_node):
            continue
        try:
            values.setdefault(f"{change.plugin}.{change.name}", {})[change.node_id] = setting.loaded(change.after)
        except ValueError as error:
            log.error("a setting does not fit", setting=f"{change.plugin}.{change.name}", error=str(error))
    return values


def nearest(values: Values, name: str, node: Any) -> tuple[Any, int | None] | None:
    """Return the value for a place and the node that says so: itself, its area, its region or the chain (None).

    None when nobody has said anything.
    """
    said = values.get(name)
    if not said:
        return None
    for place in (node.id, node.area_id, node.region_id) if node is not None else ():
        if place is not None and place in said:
            return said[place], place
    return (said[None], None) if None in said else None
