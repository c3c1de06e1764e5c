"""The host: loads plugins, knows their state in this process, and which of them are on for whom."""

import importlib
import sys
import traceback
from dataclasses import dataclass, field
from datetime import datetime
from importlib.util import find_spec
from typing import Any

import structlog
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from core.access.person import CurrentPerson
from core.access.scope import unscoped
from core.db import forget_plugin, metadata, plugin_registries
from core.registry.calls import at_most
from core.registry.discovery import Installed, discover
from core.registry.hooks import Hooks, MustFailed
from core.registry.models import PilotNode, PluginIntent
from core.registry.setting_types import Setting
from core.registry.settings import Values, read_values

log = structlog.get_logger("registry")
BUILT_IN = ("core.org.plugin", "core.auth.plugin", "core.admin.plugin")
"""Parts of core that speak through the same hooks as any plugin; they are always on."""
LOAD_SECONDS = 15
SAFE_MODE = "safe mode: no plugin is loaded"


@dataclass
class Plugin:
    """A plugin in this process: what is installed, and what loading it brought."""

    installed: Installed
    failure: str = ""
    traceback: str = ""
    module: Any = None
    settings: dict[str, Setting] = field(default_factory=dict)
    """What it declares, by name."""

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
    """Which plugins are meant to be on, as of one revision, and what their settings are."""

    revision: int
    enabled: dict[str, frozenset[int]]
    """`{name: pilot node ids, empty for all}`"""
    settings: Values = field(default_factory=dict)
    since: dict[str, datetime] = field(default_factory=dict)
    """When each that is on was switched last."""


class Host:
    """Every plugin of this installation, as this process sees it."""

    def __init__(self) -> None:
        self.plugins: dict[str, Plugin] = {}
        self._switches = Switches(0, {})
        self.plugins_dir: Any = None
        self.heads: dict[str | None, str | None] = {}
        """The newest schema on disk of core (None) and of each plugin, kept by `core.migrate.head`."""
        self.hooks = Hooks(BUILT_IN)

    def load(self, plugins_dir: Any, *, safe_mode: bool = False) -> None:
        """Import core's own parts and every installed plugin; a plugin that fails is kept with its reason.

        In safe mode no plugin is imported, and each says so.
        """
        self.plugins_dir = plugins_dir
        for name in BUILT_IN:
            self.hooks.add(importlib.import_module(name), name)
        folders = importlib.import_module("plugins").__path__
        if str(plugins_dir) not in folders:
            folders.insert(0, str(plugins_dir))
        for installed in discover(plugins_dir):
            plugin = Plugin(installed, failure=installed.problem or (SAFE_MODE if safe_mode else ""))
            self.plugins[installed.name] = plugin
            if not plugin.failure:
                self._import(plugin)

    def _import(self, plugin: Plugin) -> None:
        tables_before, bases_before = set(metadata.tables), set(plugin_registries)
        try:
            if missing := self.missing_for(plugin):
                raise RuntimeError(f"it needs {', '.join(missing)}, which is not loaded")
            if self.hooks.rests(plugin.name, "import"):
                raise RuntimeError("a process hung or ended in its import: mend it, switch it off, and restart")
            too_long = f"it did not load within {LOAD_SECONDS} seconds"
            with self.hooks.marked(plugin.name, "import"), at_most(LOAD_SECONDS, too_long):
                plugin.module = importlib.import_module(f"{plugin.installed.package}.plugin")
            own = f"{plugin.installed.package}.hookspecs"
            self.hooks.add(plugin.module, plugin.name, importlib.import_module(own) if find_spec(own) else None)
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
        plugin.settings = {}
        self.hooks.remove(plugin.name)
        forget_plugin(plugin.name)
        package = plugin.installed.package
        for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
            del sys.modules[name]
        log.error("plugin failed", plugin=plugin.name, reason=plugin.failure)

    # What is on

    def switches(self, session: Session, revision: int) -> Switches:
        """Return which plugins are meant to be on; read again only when the revision has moved.

        One whose tables are behind its code is not among them: it comes back with the upgrade, which
        moves the revision.
        """
        if self._switches.revision != revision:
            before, self._switches = self._switches, self.read_switches(session, revision)
            for name, switched_at in self._switches.since.items() if before.revision else ():
                if before.since.get(name) != switched_at:  # this process may not have seen it off in between
                    self.hooks.forgive(name)  # IT has mended it
        return self._switches

    def read_switches(self, session: Session, revision: int) -> Switches:
        """Return the same as this transaction sees it, which may never be committed: nothing is kept."""
        pilots: dict[str, set[int]] = {}
        for name, node_id in session.execute(select(PilotNode.plugin, PilotNode.node_id)):
            pilots.setdefault(name, set()).add(node_id)
        meant = session.execute(select(PluginIntent.name, PluginIntent.changed_at).where(PluginIntent.enabled)).all()
        since = {name: at for name, at in meant if self._is_up_to_date(session, name)}
        declared = {name: plugin.settings for name, plugin in self.plugins.items()}
        return Switches(
            revision, {name: frozenset(pilots.get(name, ())) for name in since}, read_values(session, declared), since
        )

    @property
    def switched(self) -> int:
        """The newest switch this process knows."""
        return self._switches.revision

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

    def settings_of(self, name: str) -> dict[str, Setting]:
        """Return what a plugin declares; nothing when it is not loaded."""
        return self.plugins[name].settings if name in self.plugins else {}

    def names_on(self, switches: Switches, person: CurrentPerson) -> set[str]:
        """Return the names of the plugins that are on for a person."""
        return {name for name in self.plugins if self.is_on(name, switches, person)}

    # Hooks

    def collect(self, hook: str, *, only: set[str] | None = None, **arguments: Any) -> list[tuple[str, Any]]:
        """Call a *collect* hook; see `Hooks.collect`."""
        return self.hooks.collect(hook, only, arguments)

    def must(self, session: Session, hook: str, **arguments: Any) -> list[tuple[str, Any]]:
        """Call a *must* hook of every plugin, on or off; return (plugin name, answer) of those that have one.

        Raises `MustFailed` naming a plugin that fails, or has tables here and is not in this process.
        """
        loaded = {"core", *(name for name, plugin in self.plugins.items() if plugin.is_loaded)}
        with unscoped("which plugins have tables"):
            tables = inspect(session.connection()).get_table_names()
        prefix = "alembic_version_"
        for name in sorted({table.removeprefix(prefix) for table in tables if table.startswith(prefix)} - loaded):
            raise MustFailed(name, hook)
        return self.hooks.must(hook, arguments)

    def ask(self, hook: str, name: str) -> list[Any]:
        """Return the list one plugin answers to a hook without arguments; whatever goes wrong is raised."""
        return self.hooks.ask(hook, name)
