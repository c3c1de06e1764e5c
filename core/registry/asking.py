"""What code that runs in a request, a command or a job asks of the registry: who is on, what do they say, what is set."""

from typing import Any

from sqlalchemy import select

from core.access.person import current_person
from core.db import session
from core.registry.host import Host, Switches
from core.registry.models import Revision
from core.registry.settings import nearest


class UnknownSetting(LookupError):
    """A setting is asked for that no loaded plugin declares."""


def current_switches() -> Switches:
    """Return what is on and what is set, as the request or the transaction found it; its own changes count."""
    info = session.info
    switches: Switches | None = info.get("switches")
    if switches is None:
        revision = session.scalars(select(Revision.plugins)).one()
        read = info["host"].read_switches if info.get("switching") else info["host"].switches
        switches = info["switches"] = read(session, revision)
    return switches


def collect(hook: str, **arguments: Any) -> list[Any]:
    """Call a *collect* hook of the plugins that are on in this request or command; return their answers."""
    host, switches = _host(), current_switches()
    on = host.names_on(switches, current_person())
    return [answer for _name, answer in host.collect(hook, only=on, **arguments)]


def must(hook: str, **arguments: Any) -> list[tuple[str, Any]]:
    """Call a *must* hook of every installed plugin, on or off; return (plugin name, answer) of those that have one.

    Raises `MustFailed` naming the plugin that could not answer: then nothing may be kept of the transaction.
    """
    return _host().must(session, hook, **arguments)


def is_on_at(plugin: str, node: Any) -> bool:
    """Say whether a plugin is on for records of `node` now: for all, or at or under a pilot node."""
    pilots = current_switches().enabled.get(plugin, frozenset())
    return not pilots or bool({node.id, node.area_id, node.region_id} & pilots)


def setting(name: str, node: Any = None) -> Any:
    """Return what a setting (`plugin.name`) is at a place (the chain for None): the nearest above it that says so.

    Without a query while nothing was switched or set; `node` needs `id`, `area_id` and `region_id`. Raises
    `UnknownSetting` for a name that is not declared.
    """
    plugin, _dot, key = name.partition(".")
    info = session.info  # once: a board asks for each of a thousand stores
    declared = info["host"].settings_of(plugin).get(key)
    if declared is None:
        raise UnknownSetting(f"there is no setting {name!r}: declare it in backoffice_settings() of {plugin!r}")
    found = nearest((info.get("switches") or current_switches()).settings, name, node)
    return declared.default if found is None else found[0]


def _host() -> Host:
    return session.info["host"]
