"""IT's pages of a plugin's tables: an upgrade, tried before it is done, and the purge. The worker does both."""

from typing import Any

from flask import current_app, redirect, request, url_for
from sqlalchemy import select

from core import migrate
from core.access.person import current_person
from core.admin.plugins_page import crumbs, found_state
from core.admin.view import Page, expose
from core.db import session
from core.jobs.models import Job
from core.jobs.queue import ask_for, file_of
from core.language import N_, _, gettext
from core.registry import processes, switching
from core.registry.purge import tables_to_purge
from core.registry.upkeep import purged_folder


class _TablesPage(Page):
    permission = switching.UPDATE
    in_menu = False

    def _ask(self, kind: str, title: str, name: str, **arguments: Any) -> Any:
        """Queue a job and go to its page, which comes back to this one."""
        job = ask_for(session, kind, title, **{"name": name, "page": url_for(".index", name=name), **arguments})
        return redirect(url_for("jobs.job", job_id=job.id))

    def _made(self, kind: str, name: str) -> str | None:
        """Return what the job in the address has written, when it is one's own and of this plugin."""
        number = request.args.get("job", 0, type=int)
        query = select(Job).where(Job.id == number, Job.person_id == current_person().id, Job.kind == kind)
        job = session.scalars(query).one_or_none() if 0 < number < 2**31 else None
        path = file_of(_house(), number)
        return path.read_text("utf-8") if job and job.arguments["name"] == name and path.is_file() else None

    def _show(self, template: str, title: str, **shown: Any) -> str:
        waits = all(seen.kind != "worker" for seen in processes.alive(_house()))
        return self.render(f"backoffice/{template}.html", page_title=title, crumbs=crumbs(title), waits=waits, **shown)


class PluginUpgrade(_TablesPage):
    """`/admin/plugins/NAME/upgrade/`."""

    title = N_("Upgrade of tables")

    @expose("/", methods=("GET", "POST"))
    def index(self, name: str) -> Any:
        """Show the steps of an upgrade; a trial prints their SQL and keeps nothing; then the upgrade itself."""
        switching.require_whole_chain()
        state, house = found_state(name), _house()
        title = _("Upgrade the tables of %(name)s", name=gettext(state.title))
        details = url_for("plugins.details", name=name)
        steps, problem = [], ""
        if state.needs_upgrade:
            try:
                steps = migrate.outstanding(house.database, house.host, name)
            except migrate.MigrationsFailed as error:
                problem = str(error)
        if request.method == "POST" and steps:
            if target := request.form.get("target"):
                return self._ask("registry.upgrade", title, name, page=details, target=target)
            return self._ask("registry.rehearse", _("Trial: %(title)s", title=title), name)
        return self._show(
            "plugin_upgrade", title, problem=problem, steps=steps, trial=self._made("registry.rehearse", name),
            minutes=migrate.STATEMENT_SECONDS // 60, cancel_url=details,
        )  # fmt: skip


class PluginPurge(_TablesPage):
    """`/admin/plugins/NAME/purge/`."""

    title = N_("Purge of a plugin")

    @expose("/", methods=("GET", "POST"))
    def index(self, name: str) -> Any:
        """Ask for the plugin's name before its rows go into files and its tables are dropped."""
        switching.require_whole_chain()
        title = _("Take the data of %(name)s away", name=name)
        if purged := self._made("registry.purge", name):
            return self._show("plugin_purge", title, purged=purged.splitlines(), cancel_url=url_for("plugins.index"))
        found_state(name)
        tables, refused, problem = [], "", ""
        try:
            tables = tables_to_purge(session, _house().host, name)
        except switching.PluginRefused as refusal:
            refused = str(refusal)
        if request.method == "POST" and not refused:
            if request.form.get("word", "").strip() == name:
                return self._ask("registry.purge", title, name)
            problem = _("That is not its name. Nothing was done.")
        page = self._show(
            "plugin_purge", title, name=name, refused=refused, problem=problem, tables=tables,
            folder=purged_folder(_house()), cancel_url=url_for("plugins.details", name=name),
        )  # fmt: skip
        return page, 422 if problem else 200


def _house() -> Any:
    return current_app.extensions["backoffice"]
