"""What core's parts and the plugins bring at start, judged one by one in an application of their own.

A plugin that brings something the house cannot serve is left out whole, with the reason for IT: its tables,
views, addresses, rights and hooks. The site serves on without it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import flask_admin
from flask import Blueprint, Flask

from core.access.guards import Guard
from core.access.permissions import Permission
from core.access.person import CurrentPerson, Reach
from core.access.rows import read_permission
from core.access.scope import criteria, undeclared_tables
from core.admin.desk import DeskHome
from core.admin.view import View
from core.db import plugin_registries, tables_named_after
from core.migrate import head
from core.registry.host import BUILT_IN, Host, Plugin
from core.registry.setting_types import Setting
from core.rules import LateRule

STATIC = Guard("static", reason="style sheets, scripts and icons")
Claim = tuple[str, ...]


class NotAdmitted(RuntimeError):
    """A part brings what the house cannot serve; the message says what, and what to do."""


@dataclass(frozen=True)
class Brought:
    """What one part of core, or one plugin, brings at start."""

    name: str
    permissions: list[Permission]
    settings: list[Setting]
    views: list[View]
    blueprints: list[Blueprint]


def admit(host: Host) -> list[Brought]:
    """Return what core's parts and the loaded plugins bring, in loading order.

    A plugin that fails is taken out of the host with its reason; a part of core that fails is raised.
    """
    admitted: list[Brought] = []
    taken: dict[Claim, str] = {("blueprint", "admin"): "core", ("address", "GET", "/admin/"): "core"}
    taken |= {("blueprint", f"{name}_static"): name for name in ("core", *host.plugins)}
    for name in (*BUILT_IN, *host.plugins):
        plugin = host.plugins.get(name)
        if plugin is not None and not plugin.is_loaded:
            continue
        try:
            if plugin is not None:
                _check_requirements(host, plugin)
                _check_tables(name)
                head(host, name)
            brought = Brought(name, *(host.ask(hook, name) for hook in START_HOOKS))
            taken |= _claims_of(brought, plugin, taken)
            if plugin is not None:
                plugin.settings = {setting.name: setting for setting in brought.settings}
        except (Exception, SystemExit) as error:
            if plugin is None:
                raise
            host.fail(plugin, error)
            continue
        admitted.append(brought)
    return admitted


START_HOOKS = ("backoffice_permissions", "backoffice_settings", "backoffice_admin_views", "backoffice_blueprints")


def guard_of(function: Any) -> Guard | None:
    """Return what a view function needs of its caller; None when nobody has said it."""
    if getattr(function, "__func__", None) is Blueprint.send_static_file:
        return STATIC
    view = getattr(function, "__self__", None)
    guard = view.guard(function.__name__) if isinstance(view, View) else getattr(function, "__guard__", None)
    return guard if guard is not None and guard.kind in ("permission", "signed_in", "public") else None


def _check_requirements(host: Host, plugin: Plugin) -> None:
    if missing := host.missing_for(plugin):
        raise NotAdmitted(f"it needs {', '.join(missing)}, which is not loaded")


def _check_tables(name: str) -> None:
    tables = tables_named_after(name)
    if undeclared := sorted(set(undeclared_tables()) & {table.name for table in tables}):
        raise NotAdmitted(f"tables without a __scope__: {', '.join(undeclared)}; see core.access.scope")
    for table in tables:
        for key in table.foreign_keys:
            key.column  # noqa: B018 - raises when the table it points to is not there
    if name not in plugin_registries:
        return
    plugin_registries[name].configure()
    for model in (mapper.class_ for mapper in plugin_registries[name].mappers):
        if model.__scope__ != "global":
            right = read_permission(model)
            person = CurrentPerson(None, "", "", rights={right: Reach(nodes=frozenset({1}), own=True)})
            criteria(model, person, right)  # raises when the scope leads nowhere


def _claims_of(brought: Brought, plugin: Plugin | None, taken: dict[Claim, str]) -> dict[Claim, str]:
    """Return the names and addresses a part takes for itself; raise `NotAdmitted` when one may not be taken."""
    claims: dict[Claim, str] = {}
    for claim in (*_rights(brought, plugin), *_settings(brought), *_resources(brought, plugin)):
        _take(claim, brought.name, claims, taken)
    trial = _trial(brought)
    for blueprint in {name.split(".")[0] for name in trial.blueprints} - {"admin"}:
        _take(("blueprint", blueprint), brought.name, claims, taken)
    desk = {view.endpoint for view in brought.views}
    for rule in trial.url_map.iter_rules():
        owner = rule.endpoint.split(".")[0]
        if owner == "admin":
            continue
        if plugin is not None:
            _check_address(rule.rule, "/admin/" if owner in desk else plugin.installed.manifest.prefix)  # type: ignore[union-attr]
        address = re.sub(r"<[^>]*>", "<>", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            _take(("address", method, address), brought.name, claims, taken)
        _check_guard(rule, guard_of(trial.view_functions[rule.endpoint]), {**taken, **claims})
    return claims


def _take(claim: Claim, name: str, claims: dict[Claim, str], taken: dict[Claim, str]) -> None:
    owner = taken.get(claim) or claims.get(claim)
    if owner:
        raise NotAdmitted(f"{' '.join(claim)} is already there, from {owner}: choose another")
    claims[claim] = name


def _rights(brought: Brought, plugin: Plugin | None) -> Iterator[Claim]:
    for permission in brought.permissions:
        if not isinstance(permission, Permission):
            raise NotAdmitted(f"backoffice_permissions returned {permission!r}, which is no Permission")
        if plugin is not None and permission.name.split(":")[0] != plugin.name:
            raise NotAdmitted(f"permission {permission.name} must begin with {plugin.name}:")
        yield ("permission", permission.name)


def _settings(brought: Brought) -> Iterator[Claim]:
    for setting in brought.settings:
        if not isinstance(setting, Setting):
            raise NotAdmitted(f"backoffice_settings returned {setting!r}, which is no Setting")
        yield ("setting", f"{brought.name}.{setting.name}")


def _resources(brought: Brought, plugin: Plugin | None) -> Iterator[Claim]:
    for view in brought.views:
        if not isinstance(view, View):
            raise NotAdmitted(f"{type(view).__name__} must derive from core.api's ModelView or Page")
        resource = getattr(view, "resource", None)
        if resource is None:
            continue
        if plugin is not None and not resource.startswith(f"{plugin.name}."):
            raise NotAdmitted(f"resource {resource!r} of {type(view).__name__} must begin with {plugin.name}.")
        yield ("resource", resource)


def _trial(brought: Brought) -> Flask:
    """Return an application with nothing but this part in it: what breaks there breaks nobody else."""
    trial = Flask("trial", static_folder=None)
    trial.url_rule_class = LateRule
    desk = flask_admin.Admin(trial, index_view=DeskHome("admin", "/admin"))
    for view in brought.views:
        desk.add_view(view)
    for blueprint in brought.blueprints:
        if not isinstance(blueprint, Blueprint):
            raise NotAdmitted(f"backoffice_blueprints returned {blueprint!r}, which is no Blueprint")
        trial.register_blueprint(blueprint)
    return trial


def _check_address(rule: str, prefix: str) -> None:
    if not prefix or not f"{rule}/".startswith(prefix):
        raise NotAdmitted(f"{rule} lies outside {prefix or 'any prefix: set prefix in plugin.toml'}")


def _check_guard(rule: Any, guard: Guard | None, known: dict[Claim, str]) -> None:
    if guard is None:
        raise NotAdmitted(
            f"{rule.rule} ({rule.endpoint}) has no guard: mark it with requires(), signed_in() or public()"
        )
    if guard.kind == "permission" and ("permission", guard.permission) not in known:
        raise NotAdmitted(
            f"{rule.rule} needs {guard.permission or 'no right'}, which nobody declares in backoffice_permissions"
        )
