"""The boot story: settings, database, plugins, language, desk, guards; then requests, one like the other."""

from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import flask_admin
import structlog
from flask import Flask
from flask_wtf.csrf import CSRFProtect
from jinja2 import ChoiceLoader, FileSystemLoader
from werkzeug.middleware.proxy_fix import ProxyFix

from config.settings import Settings
from core import clock, errors, language, logs, requests
from core.access.guard import GuardedSession
from core.access.guards import Guard
from core.access.scope import undeclared_tables
from core.admin import pictures, rendering
from core.admin.desk import DeskHome
from core.db import Database
from core.registry import admission, processes
from core.registry.admission import Brought
from core.registry.host import BUILT_IN, Host
from core.registry.processes import Process
from core.rules import LateRule

log = structlog.get_logger("core")


@dataclass(eq=False)
class House:
    """What belongs to one application: found as `app.extensions["backoffice"]`."""

    settings: Settings
    database: Database
    host: Host
    views: dict[str, Any] = field(default_factory=dict)
    """Model views by resource (`org.store`)."""
    menu_views: list[Any] = field(default_factory=list)
    guards: dict[str, Guard] = field(default_factory=dict)
    """What each endpoint needs."""
    owners: dict[str, str] = field(default_factory=dict)
    """Which plugin each endpoint belongs to; core's own are not in it."""
    permissions: dict[str, Any] = field(default_factory=dict)
    menus: OrderedDict[Any, list[dict[str, Any]]] = field(default_factory=OrderedDict)
    """The menus worked out last, and those that were rendered; see `core.admin.menu`."""
    navigations: OrderedDict[Any, str] = field(default_factory=OrderedDict)
    process: Process | None = None
    """This process as IT sees it, once it serves."""

    def plugin_title(self, name: str) -> tuple[str, str]:
        """Return the title and icon of a plugin, or of a part of core."""
        if name in BUILT_IN:
            import importlib

            module = importlib.import_module(name)
            return module.TITLE, module.ICON
        manifest = self.host.plugins[name].installed.manifest
        return (manifest.title, manifest.icon) if manifest else (name, "box")


class Backoffice(Flask):
    """Flask without its question, ten times a request, whether a function is a coroutine: none is, here."""

    def ensure_sync(self, func: Any) -> Any:
        """Return the function as it is."""
        return func


class UnguardedRoute(RuntimeError):
    """A route of core has no guard: the app does not start."""


def create_app(settings: Settings | None = None, *, serves: str = "") -> Flask:
    """Build the application. Nothing is written to the database.

    A process that `serves` ("web") is seen by IT, and what it leaves behind when a plugin takes it down is heeded.
    """
    logs.set_up_once()
    settings = (settings or Settings()).prepared()
    app = Backoffice(
        "core", static_folder=None, template_folder="admin/templates", root_path=str(Path(__file__).parent)
    )
    app.url_rule_class = LateRule
    house = House(settings, Database(settings.database_url, GuardedSession), Host())
    app.extensions["backoffice"] = house
    house.database.info["host"] = house.host
    _configure(app, settings)
    if serves:
        processes.begin(house, serves)
    house.host.load(settings.plugins_dir, safe_mode=settings.safe_mode)
    parts = admission.admit(house.host)
    _load_texts(house)
    _add_static(app, house)
    requests.add_to(app, house)
    CSRFProtect(app)  # after the request is open: its refusal is a page like any other
    errors.add_to(app)
    _add_parts(app, house, parts)
    _add_templates(app, house)
    _collect_guards(app, house)
    if tables := undeclared_tables():
        raise RuntimeError(f"tables without a __scope__: {', '.join(tables)}; see core.access.scope")
    processes.tell(house)
    return app


def _configure(app: Flask, settings: Settings) -> None:
    production = settings.env == "production"
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=production,
        SESSION_REFRESH_EACH_REQUEST=False,
        MAX_CONTENT_LENGTH=requests.FORM_BYTES,
        MAX_FORM_MEMORY_SIZE=requests.FORM_BYTES,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=production,
        TESTING=settings.env == "testing",
    )
    app.jinja_environment = rendering.Environment
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    if settings.env == "testing" and settings.pretend_now:
        from datetime import datetime

        clock.pretend(datetime.fromisoformat(settings.pretend_now))
    app.jinja_env.globals.update(_=language.gettext, gettext=language.gettext, pictures=pictures)


def _load_texts(house: House) -> None:
    language.load_texts(Path(__file__).parent / "locale")
    for plugin in house.host.plugins.values():
        if plugin.is_loaded:
            try:
                language.load_texts(plugin.installed.folder / "locale")
            except Exception:
                log.exception("texts of a plugin cannot be read", plugin=plugin.name)


def _add_static(app: Flask, house: House) -> None:
    from core.admin import assets

    assets.add_to(app, house)


def _add_parts(app: Flask, house: House, parts: list[Brought]) -> None:
    home = DeskHome("admin", "/admin")
    home.plugin = "core.admin.plugin"
    desk = flask_admin.Admin(app, name=house.settings.product_name, index_view=home)
    for part in parts:
        if part.name not in BUILT_IN:
            house.owners |= dict.fromkeys(_endpoints_of(part), part.name)
        try:
            _add_part(app, desk, part)
        except Exception as error:
            if part.name in BUILT_IN:
                raise
            house.host.fail(house.host.plugins[part.name], error)
            continue
        house.permissions |= {permission.name: permission for permission in part.permissions}
        house.views |= {view.resource: view for view in part.views if hasattr(view, "resource")}
        house.menu_views += [view for view in part.views if view.in_menu]


def _endpoints_of(part: Brought) -> list[str]:
    return [*(view.endpoint for view in part.views), *(blueprint.name for blueprint in part.blueprints)]


def _add_part(app: Flask, desk: flask_admin.Admin, part: Brought) -> None:
    for view in part.views:
        view.plugin = part.name
        desk.add_view(view)
    for blueprint in part.blueprints:
        app.register_blueprint(blueprint)


def _add_templates(app: Flask, house: House) -> None:
    app.context_processor(lambda: requests.template_globals(house))  # behind Flask-WTF's: its token is dearer
    for plugin in house.host.plugins.values():
        templates = plugin.installed.folder / "templates"
        if plugin.is_loaded and templates.is_dir():
            app.jinja_loader = ChoiceLoader([app.jinja_loader, FileSystemLoader(templates)])  # type: ignore[list-item]


def _collect_guards(app: Flask, house: House) -> None:
    for rule in app.url_map.iter_rules():
        guard = admission.guard_of(app.view_functions[rule.endpoint])
        if guard is not None:
            house.guards[rule.endpoint] = guard
        elif rule.endpoint.split(".")[0] not in house.owners:
            raise UnguardedRoute(
                f"{rule.rule} ({rule.endpoint}) has no guard: mark it with requires(), signed_in() or public()"
            )
