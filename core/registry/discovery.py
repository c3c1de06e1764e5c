"""Which plugins are installed: folders in `plugins/`, and packages in the group `backoffice.plugins`."""

import graphlib
from dataclasses import dataclass
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from core.registry.manifest import BadManifest, Manifest, read_manifest

ENTRY_POINT_GROUP = "backoffice.plugins"


@dataclass
class Installed:
    """An installed plugin as found on disk; `problem` says why it cannot be loaded."""

    name: str
    package: str
    folder: Path
    manifest: Manifest | None = None
    problem: str = ""
    origin: str = "plugins/"


def discover(plugins_dir: Path) -> list[Installed]:
    """Return every installed plugin, in an order in which each comes after what it requires.

    Nothing is imported. A second plugin of one name, an unreadable manifest and the members of a
    cycle come with a `problem`, and stop nobody else.
    """
    found: dict[str, Installed] = {}
    for plugin in (*_folders(plugins_dir), *_packages()):
        _read(plugin)
        _keep_prefix_apart(plugin, found)
        if plugin.name in found:
            first = found[plugin.name]
            plugin.problem = f"a plugin named {plugin.name} is already installed in {first.origin}: remove one"
            plugin.name = f"{plugin.name} ({plugin.origin})"
        found[plugin.name] = plugin
    return _in_order(found)


def _folders(plugins_dir: Path) -> list[Installed]:
    try:
        folders = sorted(path for path in plugins_dir.iterdir() if _has_manifest(path))
    except FileNotFoundError:
        return []
    except OSError as error:
        problem = f"{error}: let the user that runs the server read this folder"
        return [Installed(plugins_dir.name, "", plugins_dir, problem=problem)]
    return [Installed(path.name, f"plugins.{path.name}", path) for path in folders]


def _has_manifest(folder: Path) -> bool:
    """Say whether there is a manifest, also one that may not be read."""
    try:
        (folder / "plugin.toml").stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        pass
    return True


def _packages() -> list[Installed]:
    plugins = []
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
        origin = f"package {point.dist.name}" if point.dist else "package"
        try:
            folder = _folder_of(point.value)
            problem = "" if folder else f"its package {point.value} is not there"
        except (Exception, SystemExit) as error:
            folder, problem = None, f"its package {point.value} cannot be found: {error}"
        plugins.append(Installed(point.name, point.value, folder or Path(), problem=problem, origin=origin))
    return plugins


def _folder_of(package: str) -> Path | None:
    """Return a package's folder without importing anything: `find_spec("a.b")` would import `a`."""
    top, *rest = package.split(".")
    spec = find_spec(top)
    folders = [Path(location, *rest) for location in (spec.submodule_search_locations or [])] if spec else []
    return next((folder for folder in folders if folder.is_dir()), None)


def _read(plugin: Installed) -> None:
    if plugin.problem:
        return
    try:
        plugin.manifest = read_manifest(plugin.folder)
    except BadManifest as error:
        plugin.problem = str(error)
        return
    if plugin.manifest.name != plugin.name:
        plugin.problem = f"plugin.toml says name = {plugin.manifest.name!r}, but it is installed as {plugin.name!r}"


def _keep_prefix_apart(plugin: Installed, found: dict[str, Installed]) -> None:
    prefix = plugin.manifest.prefix if plugin.manifest else ""
    for other in found.values():
        if prefix and other.manifest and other.manifest.prefix == prefix and other.name != plugin.name:
            plugin.problem = (
                plugin.problem or f"its prefix {prefix} is already used by {other.name}: choose another in plugin.toml"
            )


def _in_order(found: dict[str, Installed]) -> list[Installed]:
    needs = {
        name: {other for other in (*plugin.manifest.requires, *plugin.manifest.after) if other in found}
        if plugin.manifest
        else set()
        for name, plugin in sorted(found.items())
    }
    while True:
        try:
            return [found[name] for name in graphlib.TopologicalSorter(needs).static_order()]
        except graphlib.CycleError as error:
            for name in set(error.args[1]):
                found[name].problem = "it is part of a circle of requirements: " + " → ".join(error.args[1])
                needs[name] = set()
