"""The settings of one plugin: a form made from what it declares, for the chain or one place, and their history."""

from typing import Any

from flask import abort, current_app, redirect, request, url_for
from sqlalchemy import select

from core import clock, typed
from core.admin.toasts import toast
from core.admin.view import Page, expose
from core.db import session
from core.language import N_, _, gettext
from core.org.models import Node
from core.registry import setting_changes, switching
from core.registry.asking import current_switches
from core.registry.models import SettingChange
from core.registry.setting_types import Setting
from core.registry.settings import nearest, newest_changes

SHOWN_CHANGES = 50


class PluginSettings(Page):
    """`/admin/plugins/NAME/settings/`."""

    title = N_("Plugin settings")
    permission = setting_changes.PERMISSION
    in_menu = False

    @expose("/", methods=("GET", "POST"))
    def index(self, name: str) -> Any:
        """Show and change the settings for the chain, or for the place named by its code (`?node=`)."""
        plugin = _plugin(name)
        code = typed.text(request.args.get("node", ""))
        node, problem = _place(code)
        errors: dict[str, str] = {}
        status = 200
        if request.method == "POST" and not problem:
            try:
                asked = {key: request.form.get(key, "") for key in _shown(plugin, node) if key in request.form}
                made = setting_changes.change(session, _host(), name, asked, node, seen=_seen())
                toast(
                    _("Saved. It holds from everybody's next page on.") if made else _("Nothing was changed."), "good"
                )
                return redirect(_address(name, node))
            except setting_changes.WrongSettings as error:
                errors, status = error.errors, 422
            except setting_changes.Overtaken as error:
                problem, status = str(error), 409
            session.rollback()
        title = _("Settings of %(plugin)s", plugin=gettext(plugin.installed.manifest.title))
        page = self.render(
            "backoffice/plugin_settings.html", page_title=title, problem=problem, node=node, code=code,
            place_url=url_for(".index", name=name), version=setting_changes.newest_id(session, name),
            fields=[_field(name, each, node, errors) for each in _shown(plugin, node).values()],
            per_place=any(each.per_node for each in plugin.settings.values()), differing=_differing(name),
            history=_history(plugin, name), cancel_url=url_for("plugins.index"),
            crumbs=[(_("Desk"), url_for("admin.index")), (_("Plugins"), url_for("plugins.index")), (title, None)],
        )  # fmt: skip
        return page, (404 if problem and status == 200 else status)

    @expose("/undo/", methods=("POST",))
    def undo(self, name: str) -> Any:
        """Take one change back."""
        _plugin(name)
        try:
            made = setting_changes.undo(session, _host(), typed.integer(request.args.get("change", ""), 1))
            toast(_("Taken back."), "good")
            node = session.get(Node, made.node_id) if made.node_id else None
            return redirect(_address(name, node))
        except (switching.PluginRefused, typed.BadValue) as error:
            session.rollback()
            toast(str(error), "bad")
            return redirect(_address(name, None))


def _host() -> Any:
    return current_app.extensions["backoffice"].host


def _plugin(name: str) -> Any:
    plugin = _host().plugins.get(name)
    if plugin is None or plugin.installed.manifest is None:
        abort(404)
    return plugin


def _place(code: str) -> tuple[Node | None, str]:
    if not code:
        return None, ""
    node = session.scalars(select(Node).where(Node.code == code, Node.deleted_at.is_(None))).one_or_none()
    problem = "" if node else _("There is no place with the code %(codes)s.", codes=code)
    return (None if node is None or node.kind == "chain" else node), problem


def _address(name: str, node: Node | None) -> str:
    return url_for(".index", name=name, node=node.code if node else None)


def _seen() -> int | None:
    text = request.form.get("_version", "")
    return int(text) if text.isascii() and text.isdigit() else None


def _shown(plugin: Any, node: Node | None) -> dict[str, Setting]:
    return {key: setting for key, setting in plugin.settings.items() if node is None or setting.per_node}


def _field(plugin: str, setting: Setting, node: Node | None, errors: dict[str, str]) -> dict[str, Any]:
    """Return what the form asks: the place's own value, and what holds while it has none."""
    name, values = f"{plugin}.{setting.name}", current_switches().settings
    place = node.id if node else None
    own = values.get(name, {}).get(place)
    rest = {name: {where: value for where, value in values.get(name, {}).items() if where != place}}
    above = nearest(rest, name, node)
    follows = setting.default if above is None else above[0]
    inherited = setting.shown(follows)
    return {
        "name": setting.name, "title": gettext(setting.title), "kind": setting.kind, "required": False,
        "value": request.form.get(setting.name, "" if own is None else setting.written(own)),
        "error": errors.get(setting.name, ""), "placeholder": inherited if setting.kind == "select" else setting.written(follows),
        "help": " ".join(filter(None, (gettext(setting.help), _empty_means(inherited, above)))), **setting.asked(),
    }  # fmt: skip


def _empty_means(inherited: str, above: tuple[Any, int | None] | None) -> str:
    if above is None:
        return _("Left empty: %(value)s, as delivered.", value=inherited or "–")
    if above[1] is None:
        return _("Left empty: %(value)s, as in the whole chain.", value=inherited)
    name = session.scalars(select(Node.name).where(Node.id == above[1])).one()
    return _("Left empty: %(value)s, as in %(place)s.", value=inherited, place=name)


def _differing(plugin: str) -> list[dict[str, str]]:
    """Return the places that have values of their own, for a link to each."""
    ids = {made.node_id for made in newest_changes(session, plugin) if made.node_id and made.after is not None}
    nodes = session.scalars(select(Node).where(Node.id.in_(ids)).order_by(Node.code)) if ids else []
    return [{"name": node.name, "url": _address(plugin, node)} for node in nodes]


def _history(plugin: Any, name: str) -> list[dict[str, Any]]:
    made = session.scalars(
        select(SettingChange).where(SettingChange.plugin == name).order_by(SettingChange.id.desc()).limit(SHOWN_CHANGES)
    ).all()
    places = {each.node_id for each in made if each.node_id}
    query = select(Node.id, Node.name).where(Node.id.in_(places))
    names = dict(session.execute(query).all()) if places else {}  # type: ignore[arg-type]
    holding = {each.id for each in newest_changes(session, name)}
    return [
        {
            "when": f"{clock.local(each.at):%Y-%m-%d %H:%M}", "who": each.person_name,
            "where": names.get(each.node_id, _("The whole chain")), "title": _title(plugin, each),
            "before": _value(plugin, each, each.before), "after": _value(plugin, each, each.after),
            "undo_url": url_for(".undo", name=name, change=each.id) if each.id in holding else "",
        }
        for each in made
    ]  # fmt: skip


def _title(plugin: Any, made: SettingChange) -> str:
    setting = plugin.settings.get(made.name)
    return gettext(setting.title) if setting else made.name


def _value(plugin: Any, made: SettingChange, stored: Any) -> str:
    if stored is None:
        return _("(as above)")
    try:
        return plugin.settings[made.name].shown(plugin.settings[made.name].loaded(stored))
    except (KeyError, ValueError):  # declared otherwise by now
        return str(stored)
