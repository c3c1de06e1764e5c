"""Every question core asks its plugins, and everything it tells them.

A plugin answers in its `plugin.py`, with functions of these names marked `@hookimpl`, and takes
only the arguments it needs. Every enabled plugin is called, timed and caught on its own. A failure is
shown to IT and what it had half written is undone, the others go on; after repeated failures the plugin
is not asked again for a minute. At start a plugin that fails, or brings what cannot be served, is left out.

Arguments are never removed or renamed; a new one may be added.
"""

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from flask import Blueprint

    from core.access.permissions import Permission
    from core.access.person import CurrentPerson
    from core.admin.home import HomeCard
    from core.admin.model_view import ModelView
    from core.admin.view import Page
    from core.jobs.queue import JobKind
    from core.jobs.tasks import ScheduledTask
    from core.registry.setting_types import Setting

hookspec = pluggy.HookspecMarker("backoffice")
hookimpl = pluggy.HookimplMarker("backoffice")


@hookspec
def backoffice_permissions() -> "list[Permission]":  # type: ignore[empty-body]
    """At start: return the permissions the plugin knows, with the shipped roles that get them."""


@hookspec
def backoffice_settings() -> "list[Setting]":  # type: ignore[empty-body]
    """At start: return what a chain, or each of its places, may set of the plugin; read with `setting()`."""


@hookspec
def backoffice_admin_views() -> "list[ModelView | Page]":  # type: ignore[empty-body]
    """At start: return the plugin's views for the desk, in menu order."""


@hookspec
def backoffice_blueprints() -> "list[Blueprint]":  # type: ignore[empty-body]
    """At start: return blueprints for addresses under the manifest's `prefix`; every route is guarded."""


@hookspec
def backoffice_home_cards(person: "CurrentPerson") -> "list[HomeCard]":  # type: ignore[empty-body]
    """When a person opens their home: return cards for it, most important first."""


@hookspec
def backoffice_scheduled_tasks() -> "list[ScheduledTask]":  # type: ignore[empty-body]
    """When the worker starts: return the plugin's tasks that run by the clock."""


@hookspec
def backoffice_job_kinds() -> "list[JobKind]":  # type: ignore[empty-body]
    """When a worker takes a job: return the kinds of long work the plugin does, which `ask_for` queues by name."""


@hookspec
def backoffice_sample_data(size: dict[str, Any], seed: int) -> None:
    """When the demonstration chain is made, after the organisation: fill the plugin's tables."""


@hookspec
def backoffice_enabled() -> None:
    """After IT has enabled the plugin: prepare what needs no schema."""


@hookspec
def backoffice_disabled() -> None:
    """After IT has disabled the plugin."""
