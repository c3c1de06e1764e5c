"""The host: loads plugins, knows their state in this process, and calls their hooks one by one."""

import importlib
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import pluggy
import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import hookspecs, metrics
from core.access.person import CurrentPerson
from core.access.scope import forget_scoped_models
from core.db import forget_plugin
from core.registry.discovery import Installed, discover
from core.registry.models import PilotNode, PluginIntent

log = structlog.get_logger("registry")
FAILURES_BEFORE_BREAK = 5
BREAK_SECONDS = 60
BUILT_IN = ("core.org.plugin", "core.auth.plugin", "core.admin.plugin")
"""Parts of core that speak through the same hooks as any plugin; they are always on."""


class HookFailed(RuntimeError):
    """A *must* hook had no answer from a plugin; the message names it."""


@dataclass
class HookCount:
    """What one implementation of one hook has done in this process."""

    calls: int = 0
    failures: int = 0
    seconds: float = 0.0
    in_a_row: int = 0
    open_until: float = 0.0
    last_error: str = ""


@dataclass
class Plugin:
    """A plugin in this process: what is installed, and what loading it brought."""

    installed: Installed
    failure: str = ""
    traceback: str = ""
    module: Any = None
    counts: dict[str, HookCount] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The plugin's name, as in its manifest."""
        return self.installed.name

    @property
    def is_loaded(self) -> bool:
        """Whether its code is in this process."""
        return self.module is not None and not self.failure


@dataclass(frozen=True)
class Switches:
    """Which plugins are meant to be on, as of one revision: `{name: pilot node ids, empty for all}`."""

    revision: int
    enabled: dict[str, frozenset[int]]


class Host:
    """Every plugin of this installation, as this process sees it."""

    def __init__(self) -> None:
        self.plugins: dict[str, Plugin] = {}
        self._switches = Switches(0, {})
        self.tables_without_code: set[str] = set()
        """Plugins whose tables exist but whose code cannot answer."""
        self._manager = pluggy.PluginManager("backoffice")
        self._manager.add_hookspecs(hookspecs)

    def load(self, plugins_dir: Any, *, safe_mode: bool = False) -> None:
        """Import core's own parts and every installed plugin; a plugin that fails is kept with its reason."""
        for name in BUILT_IN:
            self._manager.register(importlib.import_module(name), name=name)
        folders = importlib.import_module("plugins").__path__
        if str(plugins_dir) not in folders:
            folders.insert(0, str(plugins_dir))
        for installed in [] if safe_mode else discover(plugins_dir):
            plugin = Plugin(installed, failure=installed.problem)
            self.plugins[installed.name] = plugin
            if not plugin.failure:
                self._import(plugin)
        forget_scoped_models()

    def _import(self, plugin: Plugin) -> None:
        modules_before = set(sys.modules)
        try:
            missing = [
                name for name in plugin.installed.manifest.requires  # type: ignore[union-attr]
                if name not in self.plugins or not self.plugins[name].is_loaded
            ]  # fmt: skip
            if missing:
                raise RuntimeError(f"it needs {', '.join(missing)}, which is not loaded")
            plugin.module = importlib.import_module(f"{plugin.installed.package}.plugin")
            if find_spec(f"{plugin.installed.package}.hookspecs"):
                self._manager.add_hookspecs(importlib.import_module(f"{plugin.installed.package}.hookspecs"))
            self._manager.register(plugin.module, name=plugin.name)
            self._manager.check_pending()
        except (Exception, SystemExit) as error:
            if plugin.module and self._manager.has_plugin(plugin.name):
                self._manager.unregister(plugin.module)
            self.fail(plugin, error)
            forget_plugin(plugin.name)
            for name in set(sys.modules) - modules_before:
                if name.startswith(plugin.installed.package):
                    del sys.modules[name]

    def fail(self, plugin: Plugin, error: BaseException) -> None:
        """Keep a plugin out of this process, with the reason IT will read."""
        plugin.failure = f"{type(error).__name__}: {error}"
        plugin.traceback = traceback.format_exc()
        plugin.module = None
        log.error("plugin failed", plugin=plugin.name, reason=plugin.failure)

    # What is on

    def switches(self, session: Session, revision: int) -> Switches:
        """Return which plugins are meant to be on; read again only when the revision has moved."""
        if self._switches.revision != revision:
            pilots: dict[str, set[int]] = {}
            for name, node_id in session.execute(select(PilotNode.plugin, PilotNode.node_id)):
                pilots.setdefault(name, set()).add(node_id)
            names = session.scalars(select(PluginIntent.name).where(PluginIntent.enabled))
            self._switches = Switches(revision, {name: frozenset(pilots.get(name, ())) for name in names})
        return self._switches

    def is_on(self, name: str, switches: Switches, person: CurrentPerson) -> bool:
        """Say whether a plugin is loaded, enabled with all it requires, and on for this person."""
        plugin = self.plugins.get(name)
        if plugin is None:
            return name in BUILT_IN
        if not plugin.is_loaded or name not in switches.enabled:
            return False
        if not all(self.is_on(other, switches, person) for other in plugin.installed.manifest.requires):  # type: ignore[union-attr]
            return False
        pilots = switches.enabled[name]
        if not pilots or person.everything:
            return True
        return any({place.node_id, place.area_id, place.region_id} & pilots for place in person.places)

    # Hooks

    def collect(self, hook: str, *, only: set[str] | None = None, **arguments: Any) -> list[tuple[str, Any]]:
        """Call a *collect* hook of core's parts and of the plugins in `only` (None: of all that are loaded).

        Returns (plugin name, answer) for each that answered; failures are counted and logged.
        """
        answers = []
        for name, function, argument_names in self._implementations(hook):
            if only is not None and name not in only and name not in BUILT_IN:
                continue
            answer = self._call(name, hook, function, {key: arguments[key] for key in argument_names})
            if answer is not None:
                answers.append((name, answer[0]))
        return answers

    def must(self, hook: str, **arguments: Any) -> list[tuple[str, Any]]:
        """Call a *must* hook of every installed plugin; raise `HookFailed` when one cannot answer."""
        for plugin in self.plugins.values():
            if not plugin.is_loaded and plugin.installed.name in self.tables_without_code:
                raise HookFailed(f"{plugin.name} cannot answer {hook}: {plugin.failure}")
        answers = []
        for name, function, argument_names in self._implementations(hook):
            try:
                answers.append((name, function(**{key: arguments[key] for key in argument_names})))
            except (Exception, SystemExit) as error:
                raise HookFailed(f"{name} failed in {hook}: {error}") from error
        return answers

    def _implementations(self, hook: str) -> Iterator[tuple[str, Any, tuple[str, ...]]]:
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            yield implementation.plugin_name, implementation.function, implementation.argnames

    def _call(self, name: str, hook: str, function: Any, arguments: dict[str, Any]) -> tuple[Any] | None:
        counts = self.plugins[name].counts if name in self.plugins else {}
        count = counts.setdefault(hook, HookCount())
        started = time.monotonic()
        if started < count.open_until:
            return None
        try:
            answer = (function(**arguments),)
            count.in_a_row = 0
        except (Exception, SystemExit) as error:
            if name in BUILT_IN:
                raise
            count.failures += 1
            count.in_a_row += 1
            count.last_error = traceback.format_exc()
            metrics.HOOK_FAILURES.labels(name, hook).inc()
            if count.in_a_row >= FAILURES_BEFORE_BREAK:
                count.open_until, count.in_a_row = started + BREAK_SECONDS, 0
            log.error("hook failed", plugin=name, hook=hook, error=str(error))
            answer = None
        count.calls += 1
        count.seconds += time.monotonic() - started
        return answer


def collect(hook: str, **arguments: Any) -> list[Any]:
    """Call a *collect* hook of the plugins that are on in this request or command; return their answers."""
    from flask import current_app, g

    from core.access.person import current_person

    host: Host = current_app.extensions["backoffice"].host
    on = None
    if "switches" in g:
        on = {name for name in host.plugins if host.is_on(name, g.switches, current_person())}
    return [answer for _name, answer in host.collect(hook, only=on, **arguments)]


def is_on_at(plugin: str, node: Any) -> bool:
    """Say whether a plugin is on for records of `node` in this request: for all, or at or under a pilot node."""
    from flask import g

    pilots = g.switches.enabled.get(plugin, frozenset())
    return not pilots or bool({node.id, node.area_id, node.region_id} & pilots)
