"""What enabling a plugin does, said before it is done: what it brings, who gets it, what is missing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.auth.models import Grant, Role
from core.db import tables_of
from core.language import _, gettext
from core.registry import switching

LEAVES_OUT = ("static", "ajax_lookup")


@dataclass(frozen=True)
class Right:
    """A permission, and who has it: role and level of each grant."""

    name: str
    title: str
    holders: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Preview:
    """What is there and works once the plugin is on. `missing` says what stands in the way, with the fix."""

    missing: list[str] = field(default_factory=list)
    rights: list[Right] = field(default_factory=list)
    menu: list[tuple[str, str]] = field(default_factory=list)
    """Title and address of each entry."""
    addresses: list[tuple[str, str, str]] = field(default_factory=list)
    """Methods, rule, and the right it needs."""
    tasks: list[tuple[str, int]] = field(default_factory=list)
    """Name, and every how many minutes it runs."""
    jobs: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    settings: list[str] = field(default_factory=list)
    hooks: list[str] = field(default_factory=list)


def preview(app: Flask, session: Session, name: str) -> Preview:
    """Return what enabling the plugin `name` does; only `missing` when its code is not loaded."""
    house = app.extensions["backoffice"]
    try:
        plugin = switching.loaded(house.host, name)
    except switching.PluginRefused as refusal:
        return Preview([str(refusal)])
    missing = switching.in_the_way(session, house, plugin)
    return Preview(
        missing, _rights(session, house, name),
        [(gettext(view.title), f"{view.url}/".replace("//", "/")) for view in house.menu_views if view.plugin == name],
        _addresses(app, house, name),
        _asked(missing, house, name, "backoffice_scheduled_tasks", lambda task: (task.name, round(task.every.total_seconds() / 60))),
        _asked(missing, house, name, "backoffice_job_kinds", lambda kind: kind.name),
        sorted(table.name for table in tables_of(name)),
        [gettext(setting.title) for setting in plugin.settings.values()], house.host.hooks.of(name),
    )  # fmt: skip


def _rights(session: Session, house: Any, name: str) -> list[Right]:
    query = select(Grant.permission, Role.name, Grant.level).join(Role, Role.id == Grant.role_id)
    grants = session.execute(
        query.where(Grant.permission.startswith(f"{name}:", autoescape=True)).order_by(Role.rank.desc(), Role.name)
    ).all()
    return [
        Right(
            permission.name, gettext(permission.title),
            tuple((gettext(role), level) for granted, role, level in grants if granted == permission.name),
        )
        for permission in house.permissions.values()
        if permission.name.startswith(f"{name}:")
    ]  # fmt: skip


def _addresses(app: Flask, house: Any, name: str) -> list[tuple[str, str, str]]:
    found = []
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if house.owners.get(rule.endpoint.split(".")[0]) == name and not rule.endpoint.endswith(LEAVES_OUT):
            guard = house.guards[rule.endpoint]
            methods = ", ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
            found.append((methods, rule.rule, guard.permission or guard.reason))
    return found


def _asked(missing: list[str], house: Any, name: str, hook: str, say: Callable[[Any], Any]) -> list[Any]:
    """Return what a hook answers, each as `say` puts it; a plugin that cannot answer has something missing."""
    try:
        return [say(answer) for answer in house.host.ask(hook, name)]
    except (Exception, SystemExit) as error:
        missing.append(_("%(hook)s fails: %(reason)s", hook=hook, reason=f"{type(error).__name__}: {error}"))
        return []
