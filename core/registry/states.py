"""Every plugin as it is seen in this process: what is stored is only what is meant, the rest is observed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock
from core.language import _
from core.migrate import pending
from core.org.models import Node
from core.registry import processes
from core.registry.host import Plugin
from core.registry.models import FailedUpgrade, PilotNode, PluginIntent
from core.registry.switching import switched_as


@dataclass(frozen=True)
class PluginState:
    """One plugin as IT sees it in this process."""

    name: str
    title: str
    version: str
    summary: str
    state: str
    """enabled, disabled, discovered, failed or missing."""
    reason: str
    traceback: str
    nodes: tuple[str, ...]
    """Codes of the pilot nodes; empty means the whole chain."""
    seen: str
    """How it is switched, for a form to send back: two people who switch at once find out."""
    changed_by: str
    changed_at: datetime | None
    requires: tuple[str, ...] = ()
    origin: str = ""
    needs_upgrade: bool = False
    hooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What each hook has done in the processes that serve; see `core.registry.processes`."""
    trouble: tuple[str, ...] = ()
    """What went wrong in the processes that serve, and with the last upgrade of its tables, a sentence each."""
    failed_revision: str = ""
    """The step in which that upgrade failed; empty when it did not."""


def states(session: Session, house: Any) -> list[PluginState]:
    """Return every plugin that is installed or was ever enabled, by name."""
    host, serving = house.host, processes.alive(house)
    intents = {intent.name: intent for intent in session.scalars(select(PluginIntent))}
    query = select(PilotNode.plugin, Node.code).join(Node, Node.id == PilotNode.node_id).order_by(Node.code)
    pilots: dict[str, list[str]] = {}
    for name, code in session.execute(query):
        pilots.setdefault(name, []).append(code)
    failed = {each.plugin: each for each in session.scalars(select(FailedUpgrade))}
    return [
        _state(house, name, intents.get(name), tuple(pilots.get(name, ())), serving, failed.get(name))
        for name in sorted({*host.plugins, *intents})
    ]


def _state(
    house: Any, name: str, intent: PluginIntent | None, nodes: tuple[str, ...], serving: list[processes.Seen],
    failed: FailedUpgrade | None,
) -> PluginState:  # fmt: skip
    plugin = house.host.plugins.get(name)
    switched: dict[str, Any] = {
        "nodes": nodes, "seen": switched_as(intent, nodes),
        "changed_by": intent.changed_by if intent else "", "changed_at": intent.changed_at if intent else None,
    }  # fmt: skip
    if plugin is None:
        reason = _("Its code is not installed. Its data is kept; the site works without it.")
        return PluginState(name, name, "", "", "missing", reason, "", **switched)
    needs_upgrade = plugin.is_loaded and pending(house.database, house.host, name)
    state, reason = _observed(plugin, intent, needs_upgrade)
    manifest, hooks = plugin.installed.manifest, processes.together(house.host, name, serving)
    return PluginState(
        name, manifest.title if manifest else name, manifest.version if manifest else "", manifest.summary if manifest else "",
        state, reason, plugin.traceback or (failed.traceback if failed else ""), **switched,
        requires=manifest.requires if manifest else (), origin=plugin.installed.origin, needs_upgrade=needs_upgrade, hooks=hooks,
        trouble=(*_failure(failed), *processes.trouble(name, plugin.failure, hooks, serving)),
        failed_revision=failed.revision if failed else "",
    )  # fmt: skip


def _observed(plugin: Plugin, intent: PluginIntent | None, needs_upgrade: bool) -> tuple[str, str]:
    """Return the state of an installed plugin, and why it is not what is meant."""
    if not plugin.is_loaded:
        return "failed", plugin.failure
    if intent is None:
        return "discovered", ""
    if not intent.enabled:
        return "disabled", ""
    return ("failed", _("Its tables are not up to date.")) if needs_upgrade else ("enabled", "")


def _failure(failed: FailedUpgrade | None) -> Iterator[str]:
    if failed:
        yield _(
            "The upgrade of its tables failed at %(time)s in %(revision)s, and they are as they were: %(reason)s",
            time=f"{clock.local(failed.at):%m-%d %H:%M}", revision=failed.revision, reason=failed.reason,
        )  # fmt: skip
