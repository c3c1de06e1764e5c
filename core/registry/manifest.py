"""`plugin.toml`: what a plugin says of itself, read without importing it."""

import keyword
import re
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

API = 1
"""Version of the hook contract this core speaks."""
RESERVED = {
    "admin", "api", "app", "audit", "auth", "backoffice", "codes", "config", "core", "exchange", "files",
    "inbox", "jobs", "migrations", "org", "plugins", "registry", "search", "static", "system",
    "tests",
}  # fmt: skip


CORE_ADDRESSES = {
    "/account/", "/admin/", "/healthz/", "/inbox/", "/jobs/", "/language/", "/login/", "/logout/", "/metrics/", "/readyz/", "/static/",
}  # fmt: skip


def check_name(name: str) -> str:
    """Return a plugin's name; raise ValueError, with what to do, when no plugin may have it."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,39}", name, re.ASCII):
        raise ValueError("use 2 to 40 small letters, digits and _, beginning with a letter, such as loyalty_points")
    if name in RESERVED or keyword.iskeyword(name):
        whose = "core" if name in RESERVED else "Python"
        raise ValueError(f"{whose} uses this word itself: choose another")
    return name


KEYS = "name, title, summary, version, icon, api, requires, after, prefix"
FIXES = {
    "missing": "it is missing: add it",
    "extra_forbidden": f"there is no such key: remove it; there are {KEYS}",
    "string_type": 'it must be a text: put it in quotes, such as "1.0"',
    "int_type": "it must be a whole number: write it without quotes",
    "tuple_type": 'it must be a list, such as ["sales"]',
}
"""What to do, by the kind of fault."""


class BadManifest(ValueError):
    """The manifest cannot be used; the message names the file, the key and the fix."""


class Manifest(BaseModel):
    """A plugin's name, place in the order of plugins, and address outside the desk."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

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

    @field_validator("requires", "after", mode="before")
    @classmethod
    def _as_tuple(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    @field_validator("name")
    @classmethod
    def _plain_name(cls, value: str) -> str:
        return check_name(value)

    @field_validator("prefix")
    @classmethod
    def _own_prefix(cls, value: str) -> str:
        if value and not re.fullmatch(r"/[a-z][a-z0-9-]*/", value):
            raise ValueError("use one word between slashes, such as /day/")
        if value in CORE_ADDRESSES:
            raise ValueError("this address is core's own")
        return value


def read_manifest(folder: Path) -> Manifest:
    """Read `folder/plugin.toml`; raise `BadManifest` with file, key and reason."""
    path = folder / "plugin.toml"
    try:
        manifest = Manifest.model_validate(tomllib.loads(path.read_text("utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "plugin.toml"
        raise BadManifest(f"{path}: {key}: {FIXES.get(first['type'], first['msg'])}") from error
    except PermissionError as error:
        raise BadManifest(f"{path}: {error}: let the user that runs the server read it") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadManifest(f"{path}: {error}") from error
    if manifest.api != API:
        raise BadManifest(f"{path}: api = {manifest.api}, but this core speaks api {API}: install a matching version")
    return manifest
