"""The host: loads plugins, knows their state in this process, and calls their hooks one by one."""

import importlib
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import pluggy
import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import hookspecs, metrics
from core.access.person import CurrentPerson
from core.access.scope import forget_scoped_models, unscoped
from core.db import forget_plugin, metadata, open_session, plugin_registries
from core.registry.discovery import Installed, discover
from core.registry.models import PilotNode, PluginIntent, Revision

log = structlog.get_logger("registry")
FAILURES_BEFORE_BREAK = 5
BREAK_SECONDS = 60
BUILT_IN = ("core.org.plugin", "core.auth.plugin", "core.admin.plugin")
"""Parts of core that speak through the same hooks as any plugin; they are always on."""


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
        self.plugins_dir: Any = None
        self.heads: dict[str | None, str | None] = {}
        """The newest schema on disk of core (None) and of each plugin, kept by `core.migrate.head`."""
        self._manager = pluggy.PluginManager("backoffice")
        self._manager.add_hookspecs(hookspecs)

    def load(self, plugins_dir: Any, *, safe_mode: bool = False) -> None:
        """Import core's own parts and every installed plugin; a plugin that fails is kept with its reason."""
        self.plugins_dir = plugins_dir
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
        tables_before, bases_before = set(metadata.tables), set(plugin_registries)
        try:
            if missing := self.missing_for(plugin):
                raise RuntimeError(f"it needs {', '.join(missing)}, which is not loaded")
            plugin.module = importlib.import_module(f"{plugin.installed.package}.plugin")
            if find_spec(f"{plugin.installed.package}.hookspecs"):
                self._manager.add_hookspecs(importlib.import_module(f"{plugin.installed.package}.hookspecs"))
            self._manager.register(plugin.module, name=plugin.name)
            self._manager.check_pending()
            if foreign := sorted(set(plugin_registries) - bases_before - {plugin.name}):
                raise RuntimeError(f"it calls plugin_base({foreign[0]!r}): a plugin has one base, under its own name")
            brought = sorted(set(metadata.tables) - tables_before)
            if strange := [table for table in brought if not table.startswith(f"{plugin.name}_")]:
                raise RuntimeError(f"its tables {', '.join(strange)} must be named {plugin.name}_…")
        except (Exception, SystemExit) as error:
            self.fail(plugin, error)
            for name in set(plugin_registries) - bases_before:
                forget_plugin(name)
            for table in set(metadata.tables) - tables_before:
                metadata.remove(metadata.tables[table])

    def missing_for(self, plugin: Plugin) -> list[str]:
        """Return the plugins it requires that are not in this process."""
        required = plugin.installed.manifest.requires  # type: ignore[union-attr]
        return [name for name in required if name not in self.plugins or not self.plugins[name].is_loaded]

    def fail(self, plugin: Plugin, error: BaseException) -> None:
        """Take a plugin out of this process, hooks, tables and code, with the reason IT will read."""
        plugin.failure = f"{type(error).__name__}: {error}"
        plugin.traceback = "".join(traceback.format_exception(error))
        plugin.module = None
        if self._manager.has_plugin(plugin.name):
            self._manager.unregister(name=plugin.name)
        forget_plugin(plugin.name)
        package = plugin.installed.package
        for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
            del sys.modules[name]
        forget_scoped_models()
        log.error("plugin failed", plugin=plugin.name, reason=plugin.failure)

    # What is on

    def switches(self, session: Session, revision: int) -> Switches:
        """Return which plugins are meant to be on; read again only when the revision has moved.

        One whose tables are behind its code is not among them: it comes back with the upgrade, which
        moves the revision.
        """
        if self._switches.revision != revision:
            pilots: dict[str, set[int]] = {}
            for name, node_id in session.execute(select(PilotNode.plugin, PilotNode.node_id)):
                pilots.setdefault(name, set()).add(node_id)
            meant = session.scalars(select(PluginIntent.name).where(PluginIntent.enabled)).all()
            names = [name for name in meant if self._is_up_to_date(session, name)]
            self._switches = Switches(revision, {name: frozenset(pilots.get(name, ())) for name in names})
        return self._switches

    def _is_up_to_date(self, session: Session, name: str) -> bool:
        from core.migrate import is_behind

        if name not in self.plugins or not self.plugins[name].is_loaded:
            return True
        with unscoped("schema versions belong to nobody"):
            behind = is_behind(session.connection(), self, name)
        if behind:
            log.error("plugin is off until its tables are up to date", plugin=name)
        return not behind

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

    def names_on(self, switches: Switches, person: CurrentPerson) -> set[str]:
        """Return the names of the plugins that are on for a person."""
        return {name for name in self.plugins if self.is_on(name, switches, person)}

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

    def ask(self, hook: str, name: str) -> list[Any]:
        """Return the list one plugin answers to a hook without arguments; whatever goes wrong is raised."""
        for owner, function, _argument_names in self._implementations(hook):
            if owner == name:
                answer = function()
                if not isinstance(answer, list | tuple):
                    raise TypeError(f"{hook} must return a list, not {type(answer).__name__}")
                return list(answer)
        return []

    def _gives_a_list(self, hook: str) -> bool:
        specification = getattr(self._manager.hook, hook).spec
        return str(specification.function.__annotations__.get("return", "")).startswith("list")

    def _implementations(self, hook: str) -> Iterator[tuple[str, Any, tuple[str, ...]]]:
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            yield implementation.plugin_name, implementation.function, implementation.argnames

    def _call(self, name: str, hook: str, function: Any, arguments: dict[str, Any]) -> tuple[Any] | None:
        counts = self.plugins[name].counts if name in self.plugins else {}
        count = counts.setdefault(hook, HookCount())
        started = time.monotonic()
        if started < count.open_until:
            return None
        inside = _savepoint()  # before the try: what it flushes is the caller's, and so are its faults
        try:
            with inside:
                answer = (function(**arguments),)
                if self._gives_a_list(hook):
                    answer = (list(answer[0] or ()),)
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


def _savepoint() -> AbstractContextManager[Any]:
    """What a failing hook has half written goes, and the caller's transaction lives on."""
    session = open_session()
    return session.begin_nested() if session is not None and session.info.get("writes") else nullcontext()


def collect(hook: str, **arguments: Any) -> list[Any]:
    """Call a *collect* hook of the plugins that are on in this request or command; return their answers."""
    from flask import current_app, g

    from core.access.person import current_person
    from core.db import session

    host: Host = current_app.extensions["backoffice"].host
    switches: Switches | None = g.get("switches")
    if switches is None:
        switches = host.switches(session, session.scalars(select(Revision.plugins)).one())
    on = host.names_on(switches, current_person())
    return [answer for _name, answer in host.collect(hook, only=on, **arguments)]


def is_on_at(plugin: str, node: Any) -> bool:
    """Say whether a plugin is on for records of `node` in this request: for all, or at or under a pilot node."""
    from flask import g

    pilots = g.switches.enabled.get(plugin, frozenset())
    return not pilots or bool({node.id, node.area_id, node.region_id} & pilots)
