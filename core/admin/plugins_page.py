"""IT's pages of plugins: what is installed, what runs, what is wrong, what a switch would do, and the switch."""

from typing import Any

from flask import abort, current_app, redirect, request, url_for
from sqlalchemy import select

from core import clock, typed
from core.access.person import current_person
from core.admin.toasts import toast
from core.admin.view import Page, allowed, expose
from core.auth.views import LEVEL_TITLES
from core.db import session
from core.language import N_, _, gettext
from core.org.models import Node
from core.registry import processes, setting_changes, states, switching
from core.registry.check import must_start
from core.registry.preview import Preview, preview

MEANINGS = {"enabled": "good", "failed": "bad", "missing": "watch"}


class PluginsPage(Page):
    """`/admin/plugins/`."""

    title = N_("Plugins")
    permission = "registry:plugin:list"

    @expose("/")
    def index(self) -> Any:
        """Show every plugin with its state."""
        found = states.states(session, _house())
        return self.render(
            "backoffice/plugins.html", page_title=_("Plugins"), plugins=_shown(found), safe_mode=_house().settings.safe_mode,
            crumbs=crumbs(),
            page_lead=_("A plugin is installed by a deploy and switched on here, for all or for pilot places."),
        )  # fmt: skip

    @expose("/<name>/")
    def details(self, name: str) -> Any:
        """Show one plugin: what it brings, how it does in each process, what went wrong."""
        state = found_state(name)
        [shown] = _shown([state])
        return self.render(
            "backoffice/plugin.html", page_title=shown["title"], plugin=shown, crumbs=crumbs(shown["title"]),
            facts=_facts(state, shown), hooks=_hooks(state), processes=_processes(name),
            preview=_brought(preview(current_app, session, name)), actions=shown["actions"],
            purge_url="" if state.seen.startswith("on") or not _may_switch() else url_for("plugin_purge.index", name=name),
        )  # fmt: skip

    @expose("/<name>/enable/", methods=("GET", "POST"))
    @allowed(switching.UPDATE)
    def enable(self, name: str) -> Any:
        """Say what enabling does; then enable for the whole chain, or for the places named by their codes."""
        state, problem, status = found_state(name), "", 200
        nodes = request.form.get("nodes", ", ".join(state.nodes))
        if request.method == "POST":
            session.rollback()  # the check takes seconds: nobody waits for a lock of this request meanwhile
            try:
                must_start(_house().host, name)
                switching.enable(session, _house(), name, _codes(nodes), seen=request.form.get("seen"))
                toast(_("%(name)s is on.", name=name), "good")
                return redirect(url_for(".details", name=name))
            except switching.PluginRefused as error:
                session.rollback()
                problem, status = str(error), 409 if isinstance(error, switching.Overtaken) else 422
                state = found_state(name)
        title = _("Enable %(name)s", name=_title(state))
        page = self.render(
            "backoffice/plugin_enable.html", page_title=title, seen=state.seen, problem=problem,
            fields=[_pilot_field(nodes)], preview=_brought(preview(current_app, session, name)),
            cancel_url=url_for(".index"), crumbs=crumbs(title),
        )  # fmt: skip
        return page, status

    @expose("/<name>/disable/", methods=("POST",))
    @allowed(switching.UPDATE)
    def disable(self, name: str) -> Any:
        """Disable a plugin for everybody."""
        try:
            switching.disable(session, _house(), name, seen=request.form.get("seen"))
            toast(_("%(name)s is off. Its data is kept.", name=name), "none")
        except switching.PluginRefused as error:
            session.rollback()
            toast(str(error), "bad")
        return redirect(url_for(".index"))


def _house() -> Any:
    return current_app.extensions["backoffice"]


def found_state(name: str) -> states.PluginState:
    """Return how a plugin is; nobody finds one that is not there."""
    return next((state for state in states.states(session, _house()) if state.name == name), None) or abort(404)


def crumbs(title: str = "") -> list[tuple[str, str | None]]:
    """Return the way to the page of plugins, or to one under it."""
    above: list[tuple[str, str | None]] = [(_("Desk"), url_for("admin.index"))]
    return (
        [*above, (_("Plugins"), url_for("plugins.index")), (title, None)] if title else [*above, (_("Plugins"), None)]
    )


def _codes(text: str) -> tuple[str, ...]:
    for mark in "，、 ":
        text = text.replace(mark, ",")
    return tuple(code for code in typed.text(text).split(",") if code)


def _pilot_field(nodes: str) -> dict[str, Any]:
    return {
        "name": "nodes", "title": _("Pilot places"), "kind": "text", "value": nodes, "error": "", "required": False,
        "help": _("Codes of areas or stores, separated by commas. Empty: the whole chain."),
    }  # fmt: skip


def _title(state: states.PluginState) -> str:
    return gettext(state.title)


def _shown(found: list[states.PluginState]) -> list[dict[str, Any]]:
    names = dict(session.execute(select(Node.code, Node.name)).all())  # type: ignore[arg-type]
    return [
        {
            "title": _title(state), "name": state.name, "version": state.version, "summary": gettext(state.summary),
            "state": state.state, "meaning": "watch" if state.trouble and state.state == "enabled" else MEANINGS.get(state.state, "none"),
            "reason": state.reason, "trouble": state.trouble, "traceback": state.traceback,
            "nodes": ("、".join(names.get(code, code) for code in state.nodes) or _("The whole chain")) if state.seen.startswith("on") else "",
            "requires": list(state.requires), "actions": _actions(state), "url": url_for(".details", name=state.name),
            "command": f"backoffice plugin upgrade {state.name}" if state.needs_upgrade else "",
        }
        for state in found
    ]  # fmt: skip


def _actions(state: states.PluginState) -> list[dict[str, Any]]:
    actions: list[dict[str, Any]] = []
    if current_person().may(setting_changes.PERMISSION) and _house().host.settings_of(state.name):
        url = url_for("plugin_settings.index", name=state.name)
        actions.append({"title": _("Settings"), "url": url, "method": "get"})
    if not _may_switch():
        return actions
    if state.needs_upgrade:
        url = url_for("plugin_upgrade.index", name=state.name)
        actions.append({"title": _("Upgrade"), "url": url, "method": "get"})
    if state.state in ("disabled", "discovered", "enabled") and not state.needs_upgrade:
        title = _("Change where") if state.state == "enabled" else _("Enable")
        actions.append({"title": title, "url": url_for(".enable", name=state.name), "method": "get"})
    if state.seen.startswith("on"):
        actions.append({
            "title": _("Disable"), "url": url_for(".disable", name=state.name), "method": "post", "seen": state.seen,
            "confirm": _("Its pages and menu vanish at once for everybody. Its data is kept."),
        })  # fmt: skip
    return actions


def _may_switch() -> bool:
    return current_person().reach(switching.UPDATE).everything


def _facts(state: states.PluginState, shown: dict[str, Any]) -> list[dict[str, Any]]:
    switched = f"{clock.local(state.changed_at):%Y-%m-%d %H:%M}" if state.changed_at else ""
    return [
        {"title": _("Name"), "text": state.name}, {"title": _("Version"), "text": state.version},
        {"title": _("Installed from"), "text": state.origin}, {"title": _("Needs"), "text": ", ".join(state.requires)},
        {"title": _("Where"), "text": shown["nodes"]},
        {"title": _("Last switched"), "text": f"{switched} {state.changed_by}".strip()},
    ]  # fmt: skip


def _hooks(state: states.PluginState) -> list[dict[str, Any]]:
    return [
        {
            "name": hook, "calls": f"{said['calls']:,}", "failures": f"{said['failures']:,}",
            "time": f"{1000 * said['seconds'] / said['calls']:.1f} ms" if said["calls"] else "–",
            "because": gettext(because) if (because := said["because"]) else "", "traceback": said["last_error"], "meaning": "bad" if said["failures"] else "",
        }
        for hook, said in state.hooks.items()
    ]  # fmt: skip


def _processes(name: str) -> list[dict[str, Any]]:
    kinds = {"web": _("serves pages"), "worker": _("runs jobs and tasks")}
    serving = processes.alive(_house())
    newest = max((seen.revision for seen in serving), default=0)
    return [
        {
            "name": seen.name, "kind": kinds.get(seen.kind, seen.kind), "since": f"{clock.local(seen.since):%m-%d %H:%M}",
            "seen": f"{clock.local(seen.seen):%H:%M:%S}", "version": seen.plugins.get(name, {}).get("version", "–"),
            "reason": seen.plugins.get(name, {}).get("reason", _("It does not know this plugin: restart it.")),
            "behind": seen.revision < newest,
        }
        for seen in serving
    ]  # fmt: skip


def _brought(found: Preview) -> dict[str, Any]:
    """Return a preview as its page shows it: empty parts left out."""
    rights = [
        f"{right.title} ({right.name}): "
        + (", ".join(f"{role} – {gettext(LEVEL_TITLES[level])}" for role, level in right.holders) or _("nobody yet"))
        for right in found.rights
    ]
    parts = [
        (_("Rights, and who has them"), rights),
        (_("Menu"), [f"{title} ({url})" for title, url in found.menu]),
        (_("Tasks by the clock"), [_("%(name)s, every %(minutes)s minutes", name=name, minutes=minutes) for name, minutes in found.tasks]),
        (_("Jobs"), found.jobs), (_("Settings"), found.settings), (_("Tables"), found.tables), (_("Hooks"), found.hooks),
        (_("Addresses"), [f"{rule} · {methods} · {right}" for methods, rule, right in found.addresses]),
    ]  # fmt: skip
    return {"missing": found.missing, "parts": [(title, lines) for title, lines in parts if lines]}
