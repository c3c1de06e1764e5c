"""IT's page of plugins: what is installed, what runs, what is wrong, and the switch."""

from typing import Any

from flask import current_app, redirect, request, url_for
from sqlalchemy import select

from core import typed
from core.access.person import current_person
from core.admin.toasts import toast
from core.admin.view import Page, allowed, expose
from core.db import session
from core.language import N_, _, gettext
from core.org.models import Node
from core.registry import states

MEANINGS = {"enabled": "good", "failed": "bad", "missing": "watch"}


class PluginsPage(Page):
    """`/admin/plugins/`."""

    title = N_("Plugins")
    permission = "registry:plugin:list"

    @expose("/")
    def index(self) -> Any:
        """Show every plugin with its state."""
        house = current_app.extensions["backoffice"]
        may_switch = current_person().may("registry:plugin:update")
        names = dict(session.execute(select(Node.code, Node.name)).all())  # type: ignore[arg-type]
        found = []
        for state in states.states(session, house.database, house.host):
            where = "、".join(names.get(code, code) for code in state.nodes) or _("The whole chain")
            found.append({
                "title": gettext(state.title), "name": state.name, "version": state.version, "summary": gettext(state.summary),
                "state": state.state, "meaning": MEANINGS.get(state.state, "none"), "reason": state.reason,
                "traceback": state.traceback, "nodes": where if state.state == "enabled" else "",
                "requires": list(state.requires), "actions": self._actions(state) if may_switch else [],
                "command": f"backoffice plugin upgrade {state.name}" if state.needs_upgrade else "",
            })  # fmt: skip
        return self.render(
            "backoffice/plugins.html", page_title=_("Plugins"), plugins=found, safe_mode=house.settings.safe_mode,
            crumbs=[(_("Desk"), url_for("admin.index")), (_("Plugins"), None)],
            page_lead=_("A plugin is installed by a deploy and switched on here, for all or for pilot places."),
        )  # fmt: skip

    @staticmethod
    def _actions(state: states.PluginState) -> list[dict[str, Any]]:
        actions: list[dict[str, Any]] = []
        if state.state in ("disabled", "discovered") and not state.needs_upgrade:
            actions.append({"title": _("Enable"), "url": url_for(".switch", name=state.name), "method": "get"})
        if state.state == "enabled":
            actions.append({"title": _("Change where"), "url": url_for(".switch", name=state.name), "method": "get"})
        if state.state in ("enabled", "failed"):
            actions.append({
                "title": _("Disable"), "url": url_for(".disable", name=state.name), "method": "post",
                "confirm": _("Its pages and menu vanish at once for everybody. Its data is kept."),
            })  # fmt: skip
        return actions

    @expose("/switch/", methods=("GET", "POST"))
    @allowed("registry:plugin:update")
    def switch(self) -> Any:
        """Enable a plugin, for the whole chain or for the places named by their codes."""
        house = current_app.extensions["backoffice"]
        name = request.args.get("name", "")
        codes = tuple(
            typed.text(request.form.get("nodes", "")).replace("，", ",").replace("、", ",").replace(" ", ",").split(",")
        )
        problem = ""
        if request.method == "POST":
            try:
                states.enable(session, house.database, house.host, name, tuple(code for code in codes if code))
                toast(_("%(name)s is on.", name=name), "good")
                return redirect(url_for(".index"))
            except states.PluginRefused as error:
                session.rollback()
                problem = str(error)
        title = _("Enable %(name)s", name=name)
        field = {
            "name": "nodes", "title": _("Pilot places"), "kind": "text", "value": request.form.get("nodes", ""), "error": problem,
            "help": _("Codes of areas or stores, separated by commas. Empty: the whole chain."), "required": False,
        }  # fmt: skip
        page = self.render(
            "backoffice/form.html", page_title=title, fields=[field], submit_title=_("Enable"), cancel_url=url_for(".index"),
            crumbs=[(_("Desk"), url_for("admin.index")), (_("Plugins"), url_for(".index")), (title, None)],
        )  # fmt: skip
        return page, (422 if problem else 200)

    @expose("/disable/", methods=("POST",))
    @allowed("registry:plugin:update")
    def disable(self) -> Any:
        """Disable a plugin for everybody."""
        name = request.args.get("name", "")
        try:
            states.disable(session, current_app.extensions["backoffice"].host, name)
            toast(_("%(name)s is off. Its data is kept.", name=name), "none")
        except states.PluginRefused as error:
            toast(str(error), "bad")
        return redirect(url_for(".index"))
