"""Changing a setting of a plugin: checked, one row a change, seen by every worker at its next request."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import typed
from core.access.person import Forbidden, current_person
from core.language import _, gettext
from core.org.models import Node
from core.registry.host import Host
from core.registry.models import SettingChange, everybody_looks_again
from core.registry.setting_types import Setting
from core.registry.settings import newest_changes
from core.registry.switching import Overtaken, PluginRefused, loaded

PERMISSION = "registry:setting:update"


class WrongSettings(ValueError):
    """Some texts do not fit; `errors` says which and why, by name. Nothing was changed."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in errors.items()))
        self.errors = errors


def declared_by(host: Host, plugin: str) -> dict[str, Setting]:
    """Return the settings of a plugin by name; raise `PluginRefused` when its code is not there to say them."""
    return loaded(host, plugin).settings


def newest_id(session: Session, plugin: str) -> int:
    """Return the number of a plugin's newest change, 0 before the first: what a form has seen."""
    query = select(SettingChange.id).where(SettingChange.plugin == plugin).order_by(SettingChange.id.desc()).limit(1)
    return session.scalars(query).one_or_none() or 0


def change(
    session: Session, host: Host, plugin: str, texts: dict[str, str], node: Node | None = None, seen: int | None = None
) -> list[SettingChange]:
    """Set what the texts say, for the chain or for one place; an empty text follows what is above again.

    Returns the changes made, none when all is so already. Raises `WrongSettings` with a reason for each text that
    does not fit, `Overtaken` when something was changed after `seen`, `PluginRefused` for an unknown plugin.
    """
    node = None if node is not None and node.kind == "chain" else node
    _require(node)
    declared = declared_by(host, plugin)
    everybody_looks_again(session)  # and nobody else changes one until this transaction ends
    if seen is not None and seen != newest_id(session, plugin):
        raise Overtaken(
            _(
                "Somebody else has changed a setting of %(name)s in the meantime. "
                "Nothing of yours was saved: look at the new state and save again.",
                name=plugin,
            )
        )
    errors: dict[str, str] = {}
    wanted: dict[str, Any] = {}
    for name, text in texts.items():
        try:
            wanted[name] = _understood(declared, plugin, name, text, node)
        except typed.BadValue as error:
            errors[name] = str(error)
    if errors:
        raise WrongSettings(errors)
    holds = _holding(session, plugin, node)
    made = [
        _add(session, plugin, name, node.id if node else None, holds.get(name), after)
        for name, after in wanted.items()
        if after != holds.get(name)
    ]
    session.flush()
    return made


def undo(session: Session, host: Host, change_id: int) -> SettingChange:
    """Take one change back, with one more row; refused when a later one has replaced it."""
    everybody_looks_again(session)
    made = session.get(SettingChange, change_id)
    if made is None:
        raise PluginRefused(_("There is no such change."))
    node = session.get(Node, made.node_id) if made.node_id else None
    _require(node)
    declared_by(host, made.plugin)
    if made.id not in {newest.id for newest in newest_changes(session, made.plugin)}:
        raise Overtaken(_("This setting was changed again later: take the later change back first."))
    taken_back = _add(session, made.plugin, made.name, made.node_id, made.after, made.before)
    session.flush()
    return taken_back


def _require(node: Node | None) -> None:
    reach = current_person().reach(PERMISSION)
    if not (reach.everything or (node is not None and reach.holds(node.id, node.area_id, node.region_id))):
        raise Forbidden(PERMISSION)


def _understood(declared: dict[str, Setting], plugin: str, name: str, text: str, node: Node | None) -> Any:
    setting = declared.get(name)
    if setting is None:
        known = ", ".join(declared) or "–"
        raise typed.BadValue(
            _("%(plugin)s has no setting %(name)s; it has: %(known)s.", plugin=plugin, name=name, known=known)
        )
    text = typed.text(text)
    if not text:
        return None
    if node is not None and not setting.per_node:
        raise typed.BadValue(_("“%(title)s” is the same for the whole chain.", title=gettext(setting.title)))
    return setting.stored(setting.read(text))


def _holding(session: Session, plugin: str, node: Node | None) -> dict[str, Any]:
    place = node.id if node else None
    return {made.name: made.after for made in newest_changes(session, plugin) if made.node_id == place}


def _add(session: Session, plugin: str, name: str, node_id: int | None, before: Any, after: Any) -> SettingChange:
    person = current_person()
    made = SettingChange(
        plugin=plugin, name=name, node_id=node_id, before=before, after=after, person_name=person.name or "system"
    )
    session.add(made)
    return made
