"""Head office's page: what each format of store asks, all on one sheet."""

from typing import Any

from flask import abort, redirect, request, url_for

from core.api import N_, Page, _, allowed, current_person, expose, gettext, session, toast
from plugins.customers.collection import rules
from plugins.customers.words import RULES

UPDATE = "customers:collection:update"


class Collection(Page):
    """What the counters ask, by format of store and thing to ask."""

    title = N_("What counters ask")
    menu_part = RULES
    lead = N_(
        "Name, number and consent are asked everywhere. The rest follows the format of the store, from the next customer on."
    )
    permission = "customers:collection:list"

    @expose("/")
    def index(self) -> Any:
        """Show the sheet."""
        chosen = rules.all_rules(session)
        return self.render(
            "customers/collection.html", page_title=gettext(self.title), page_lead=gettext(self.lead),
            crumbs=[(_("Desk"), url_for("admin.index")), (gettext(self.title), None)],
            fields=[(field, gettext(title)) for field, title in rules.FIELDS.items()],
            formats=[(format_, gettext(title)) for format_, title in rules.FORMATS_ASKED.items()],
            choices=[(rule, gettext(title)) for rule, title in rules.RULES.items()], chosen=chosen, may_change=_may_change(),
        )  # fmt: skip

    @expose("/save/", methods=("POST",))
    @allowed(UPDATE)
    def save(self) -> Any:
        """Write what was changed on the sheet; a cell that was left alone stays as somebody else has set it meanwhile."""
        if not _may_change():
            abort(404)
        changes = {}
        for format_, field in rules.all_rules(session):
            name = f"{format_}-{field}"
            rule = request.form.get(name, "")
            if rule in rules.RULES and rule != request.form.get(f"was-{name}"):
                changes[format_, field] = rule
        count = rules.change(session, changes)
        toast(_("Saved: %(count)s changed. The counters follow at once.", count=count), "good")
        return redirect(url_for(".index"))


def _may_change() -> bool:
    """Say whether the person may say it for the whole chain."""
    return current_person().reach(UPDATE).everything
