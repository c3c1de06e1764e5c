"""Switching a plugin on and off: what is meant is stored, and every process follows it."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, clock
from core.access.person import Forbidden, current_person
from core.language import _
from core.migrate import pending
from core.org.models import Node
from core.registry import calls, processes
from core.registry.host import Host, Plugin
from core.registry.models import PilotNode, PluginIntent, everybody_looks_again

UPDATE = "registry:plugin:update"


class PluginRefused(ValueError):
    """A switch that cannot be made now; the message says why and what to do."""


class Overtaken(PluginRefused):
    """Somebody else has switched or set something in the meantime; nothing was changed."""


def switched_as(intent: PluginIntent | None, nodes: tuple[str, ...]) -> str:
    """Return how a plugin is switched, in a few words that a form sends back."""
    return f"{'on' if intent and intent.enabled else 'off'} {','.join(sorted(nodes))}".strip()


def enable(
    session: Session, house: Any, name: str, node_codes: tuple[str, ...] = (), *, seen: str | None = None
) -> None:
    """Mean a plugin to be on, for the whole chain or for the people at the given nodes.

    Ask `core.registry.check` first, outside of a transaction. Refused with the reason when it is not loaded, when a plugin it
    requires is off, or when its tables are not at head; `Overtaken` when it is not switched as in `seen` any more.
    """
    plugin = loaded(house.host, name)
    hold(session, name, seen)
    if reasons := in_the_way(session, house, plugin):
        raise PluginRefused(" ".join(reasons))
    nodes = list(session.scalars(select(Node).where(Node.code.in_(node_codes), Node.deleted_at.is_(None))))
    if unknown := set(node_codes) - {node.code for node in nodes}:
        raise PluginRefused(_("There is no place with the code %(codes)s.", codes=", ".join(sorted(unknown))))
    if any(node.kind == "chain" for node in nodes):
        nodes = []  # the chain is everybody
    _mean(session, session.get(PluginIntent, name) or PluginIntent(name=name), on=True)
    for pilot in session.scalars(select(PilotNode).where(PilotNode.plugin == name)):
        session.delete(pilot)
    session.flush()  # before the new ones, which may be the same
    session.add_all(PilotNode(plugin=name, node_id=node.id) for node in nodes)
    note_switch(session, name, "enabled", {"nodes": [None, sorted(node_codes)]})
    calls.forget(processes.folder_of(house), name)
    house.host.collect("backoffice_enabled", only={name})


def in_the_way(session: Session, house: Any, plugin: Plugin) -> list[str]:
    """Return what stands in the way of enabling a plugin, each with its fix."""
    name, required, meant = plugin.name, plugin.installed.manifest.requires, _meant_to_be_on(session)  # type: ignore[union-attr]
    found = []
    if missing := [other for other in required if other not in meant]:
        found.append(_("%(name)s needs %(others)s: enable that first.", name=name, others=", ".join(missing)))
    if pending(house.database, house.host, name):
        found.append(_("The tables of %(name)s are not up to date. Run: backoffice plugin upgrade %(name)s", name=name))
    return found


def _meant_to_be_on(session: Session) -> set[str]:
    return set(session.scalars(select(PluginIntent.name).where(PluginIntent.enabled)))


def _mean(session: Session, intent: PluginIntent, *, on: bool) -> None:
    intent.enabled, intent.changed_by = on, current_person().name
    session.add(intent)


def loaded(host: Host, name: str) -> Plugin:
    """Return a plugin whose code is in this process; raise `PluginRefused` with the reason when it is not."""
    plugin = host.plugins.get(name)
    if plugin is None:
        raise PluginRefused(_("There is no plugin named %(name)s.", name=name))
    if not plugin.is_loaded:
        raise PluginRefused(_("%(name)s cannot be loaded: %(reason)s", name=name, reason=plugin.failure))
    return plugin


def require_whole_chain() -> None:
    """Raise `Forbidden` unless the person may switch plugins, and change their tables, for everybody."""
    if not current_person().reach(UPDATE).everything:
        raise Forbidden(UPDATE, _("A plugin is switched by whoever may do it for the whole chain."))


def hold(session: Session, name: str, seen: str | None = None) -> None:
    """Let nobody else switch until this transaction ends, and every process look again when it commits.

    Raises `Overtaken` when somebody has switched since `seen`. A switch is the whole chain's affair, also one for pilot places: who holds the right for a part does not switch.
    """
    require_whole_chain()
    everybody_looks_again(session)
    if seen is None:
        return
    intent = session.get(PluginIntent, name, populate_existing=True)
    query = select(Node.code).join(PilotNode, PilotNode.node_id == Node.id).where(PilotNode.plugin == name)
    if switched_as(intent, tuple(session.scalars(query))) != seen:
        raise Overtaken(
            _(
                "%(who)s has switched %(name)s at %(time)s. Nothing of yours was done: look at the new state.",
                who=intent.changed_by if intent else "?", name=name,
                time=f"{clock.local(intent.changed_at):%H:%M}" if intent else "?",
            )
        )  # fmt: skip


def disable(session: Session, house: Any, name: str, *, seen: str | None = None) -> None:
    """Mean a plugin to be off. Its code is not needed for it; refused while an enabled plugin requires it."""
    host = house.host
    hold(session, name, seen)
    meant = _meant_to_be_on(session)
    needed_by = [
        other.name for other in host.plugins.values()
        if other.name in meant and other.installed.manifest and name in other.installed.manifest.requires
    ]  # fmt: skip
    if needed_by:
        raise PluginRefused(_("%(others)s needs %(name)s: disable that first.", name=name, others=", ".join(needed_by)))
    intent = session.get(PluginIntent, name)
    if intent is None and name not in host.plugins:
        raise PluginRefused(_("There is no plugin named %(name)s.", name=name))
    _mean(session, intent or PluginIntent(name=name), on=False)
    note_switch(session, name, "disabled", {})
    calls.forget(processes.folder_of(house), name)
    if name in host.plugins and host.plugins[name].is_loaded:
        host.collect("backoffice_disabled", only={name})


def note_switch(session: Session, name: str, action: str, changes: dict[str, Any]) -> None:
    """Write a switch that is held (see `hold`), with its line in the audit."""
    audit.record(session, resource="registry:plugin", row_id=name, action=action, changes=changes)
    session.flush()
