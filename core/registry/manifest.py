"""`plugin.toml`: what a plugin says of itself, read without importing it."""

import keyword
import re
import tomllib
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

API = 1
"""Version of the hook contract this core speaks."""
RESERVED = {
    "admin", "api", "app", "audit", "auth", "backoffice", "codes", "config", "core", "exchange", "files",
    "inbox", "jobs", "migrations", "org", "plugins", "registry", "search", "static", "system",
    "tests",
}  # fmt: skip


CORE_ADDRESSES = {
    "/account/", "/admin/", "/healthz/", "/inbox/", "/jobs/", "/language/", "/login/", "/logout/", "/metrics/", "/pins/", "/readyz/", "/static/",
}  # fmt: skip


def check_name(name: str) -> str:
    """Return a plugin's name; raise ValueError, with what to do, when no plugin may have it."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,39}", name, re.ASCII):
        raise ValueError("use 2 to 40 small letters, digits and _, beginning with a letter, such as loyalty_points")
    if name in RESERVED or keyword.iskeyword(name):
        whose = "core" if name in RESERVED else "Python"
        raise ValueError(f"{whose} uses this word itself: choose another")
    return name


TEXT = 'it must be a text: put it in quotes, such as "1.0"'
WHOLE_NUMBER = "it must be a whole number: write it without quotes"
LIST = 'it must be a list, such as ["sales"]'


class BadManifest(ValueError):
    """The manifest cannot be used; the message names the file, the key and the fix."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A plugin's name, place in the order of plugins, and address outside the desk."""

    name: str
    """Its tables, rights and addresses begin with it; the folder or the entry point bears it too."""
    title: str
    """What people call it, in English; its Chinese stands in its `locale/`."""
    summary: str = ""
    """One sentence for IT: what it does."""
    version: str
    """Numbers and dots."""
    api: int
    """The hook contract it was written for."""
    requires: tuple[str, ...] = ()
    """Plugins that must be enabled for this one to be."""
    after: tuple[str, ...] = ()
    """Plugins that load earlier when they are there."""
    prefix: str = ""
    """Its addresses outside the desk, e.g. `/day/`."""
    icon: str = "box"
    """What stands beside its title in the menu."""


def read_manifest(folder: Path) -> Manifest:
    """Read `folder/plugin.toml`; raise `BadManifest` with file, key and reason."""
    path = folder / "plugin.toml"
    try:
        said = tomllib.loads(path.read_text("utf-8"))
    except PermissionError as error:
        raise BadManifest(f"{path}: {error}: let the user that runs the server read it") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadManifest(f"{path}: {error}") from error
    for key, problem in _problems(said):
        raise BadManifest(f"{path}: {key}: {problem}")
    if said["api"] != API:
        raise BadManifest(f"{path}: api = {said['api']}, but this core speaks api {API}: install a matching version")
    return Manifest(**{key: tuple(value) if isinstance(value, list) else value for key, value in said.items()})


def _problems(said: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (key, what to do) for each fault, those of the keys in their order first."""
    keys = {each.name: each for each in fields(Manifest)}
    for name, each in keys.items():
        if name not in said:
            if each.default is MISSING:
                yield name, "it is missing: add it"
        elif problem := _problem(name, said[name], list if each.default == () else each.type):
            yield name, problem
    for key in said.keys() - keys.keys():
        yield key, f"there is no such key: remove it; there are {', '.join(keys)}"


def _problem(name: str, value: Any, kind: Any) -> str:
    if kind is list:
        return "" if type(value) is list and all(type(each) is str for each in value) else LIST
    if type(value) is not kind:
        return WHOLE_NUMBER if kind is int else TEXT
    if name == "prefix" and value and not re.fullmatch(r"/[a-z][a-z0-9-]*/", value):
        return "use one word between slashes, such as /day/"
    if name == "prefix" and value in CORE_ADDRESSES:
        return "this address is core's own"
    if name == "name":
        try:
            check_name(value)
        except ValueError as error:
            return str(error)
    return ""
