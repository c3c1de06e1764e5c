"""Every question core asks its plugins, and everything it tells them.

A plugin answers in its `plugin.py`, with functions of these names marked `@hookimpl`, and takes
only the arguments it needs. There are two kinds of hook:

- **collect**: every enabled plugin is called, timed and caught on its own. A failure is shown to IT,
  the others go on; after repeated failures the plugin is not asked again for a minute.
- **must**: the answer of every installed plugin is needed, also of a disabled one. Any failure stops
  the whole and names the plugin.

Arguments are never removed or renamed; a new one may be added.
"""

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from flask import Blueprint

    from core.access.permissions import Permission
    from core.access.person import CurrentPerson
    from core.admin.home import HomeCard
    from core.admin.views import ModelView, Page
    from core.jobs import ScheduledTask

hookspec = pluggy.HookspecMarker("backoffice")
hookimpl = pluggy.HookimplMarker("backoffice")


@hookspec
def backoffice_permissions() -> "list[Permission]":  # type: ignore[empty-body]
    """At start: return the permissions the plugin knows, with the shipped roles that get them. (collect)"""


@hookspec
def backoffice_admin_views() -> "list[ModelView | Page]":  # type: ignore[empty-body]
    """At start: return the plugin's views for the desk, in menu order. (collect)"""


@hookspec
def backoffice_blueprints() -> "list[Blueprint]":  # type: ignore[empty-body]
    """At start: return blueprints for addresses under the manifest's `prefix`; every route is guarded. (collect)"""


@hookspec
def backoffice_home_cards(person: "CurrentPerson") -> "list[HomeCard]":  # type: ignore[empty-body]
    """When a person opens their home: return cards for it, most important first. (collect)"""


@hookspec
def backoffice_scheduled_tasks() -> "list[ScheduledTask]":  # type: ignore[empty-body]
    """When the worker starts: return the plugin's tasks that run by the clock. (collect)"""


@hookspec
def backoffice_sample_data(size: dict[str, Any], seed: int) -> None:
    """When the demonstration chain is made, after the organisation: fill the plugin's tables. (collect)"""


@hookspec
def backoffice_enabled() -> None:
    """After IT has enabled the plugin: prepare what needs no schema. (collect)"""


@hookspec
def backoffice_disabled() -> None:
    """After IT has disabled the plugin. (collect)"""


@hookspec
def backoffice_personal_data(person_id: int) -> dict[str, Any]:  # type: ignore[empty-body]
    """When a person asks for a copy: return all the plugin keeps about them, as JSON. (must)"""


@hookspec
def backoffice_erase_person(person_id: int) -> None:
    """When a person is erased: make everything the plugin keeps about them unreadable. (must)"""


KINDS = {
    "backoffice_personal_data": "must",
    "backoffice_erase_person": "must",
}
"""The hooks that are not `collect`."""
