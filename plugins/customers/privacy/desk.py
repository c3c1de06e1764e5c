"""At the desk: a copy of everything about a person, forgetting them, and the proofs."""

from typing import Any

from flask import redirect, request, send_file, url_for
from flask import session as cookie

from core.api import (
    N_,
    Cell,
    Column,
    JobRefused,
    ModelView,
    MustFailed,
    Work,
    _,
    allowed,
    ask_for,
    current_person,
    expose,
    gettext,
    hide_values,
    session,
    typed,
)
from plugins.customers.models import Customer
from plugins.customers.privacy import copying, forgetting
from plugins.customers.privacy.models import Erasure
from plugins.customers.words import RULES

PLACES = {
    "customers_customer": N_("Customer"), "customers_identity": N_("Known by"), "customers_contact": N_("Contacts"),
    "customers_prospect": N_("May buy"), "audit_entry": N_("History"), "exchange_row": N_("Rows of imports"),
    "exchange_batch": N_("Imports"), "inbox_message": N_("Messages"), "jobs_job": N_("Jobs"),
    "uploaded files": N_("Uploaded files"),
}  # fmt: skip
"""What the tables are called in which a person was emptied; that of another plugin goes by its own name."""
COPY, ERASE = "customers:customer:copy", "customers:customer:erase"


def ask_before(number: str) -> None:
    """Raise BadValue the first time a forgotten person's number is saved; saved once more, it is what they want."""
    forgotten, key = forgetting.forgotten_on(session, [number]), forgetting.digest(number)
    if number in forgotten and cookie.get("asked") != key:
        cookie["asked"] = key
        once_more = _("They agree? Then save once more.")
        raise typed.BadValue(f"{forgetting.warning(forgotten[number])} {once_more}")
    cookie.pop("asked", None)


class Privacy:
    """The part of the customers' view by which everything about a person is copied and forgotten."""

    one: Any
    crumbs: Any
    render: Any

    def privacy_actions(self, row: Customer, *, in_bin: bool) -> list[dict[str, Any]]:
        """Return what head office may do with everything about a person."""
        offered = ((COPY, _("Everything about them"), ".copy_view"), (ERASE, _("Forget them"), ".erase_view"))
        return [
            {"title": title, "url": url_for(endpoint, id=row.id, bin="1" if in_bin else None), "method": "get"}
            for permission, title, endpoint in offered if current_person().may(permission)
        ]  # fmt: skip

    def _person(self, action: str) -> Customer:
        return self.one(request.args.get("id"), action, in_bin=request.args.get("bin") == "1")

    @staticmethod
    def _details_of(row: Customer) -> str:
        return url_for(".details_view", id=row.id, bin="1" if row.deleted_at else None)

    @expose("/copy/", methods=("GET", "POST"))
    @allowed(COPY)
    def copy_view(self) -> Any:
        """Ask what for, then send the file; who took it and why is kept before it leaves."""
        row, reason, kind = self._person("copy"), _reason(), request.form.get("kind", "")
        if request.method == "POST" and reason and kind in copying.TYPES:
            try:
                file = copying.copy_of(session, row, kind, reason)
            except MustFailed as failure:
                return self._ask_copy(row, str(failure)), 503
            return send_file(file, copying.TYPES[kind], as_attachment=True, download_name=f"{row.code}.{kind}")
        return self._ask_copy(row), 200 if request.method == "GET" else 422

    def _ask_copy(self, row: Customer, problem: str = "") -> str:
        return self.render(
            "customers/copy.html", page_title=_("Everything about %(name)s", name=row.name), crumbs=self.crumbs(row.name),
            problem=problem, back_url=self._details_of(row),
        )  # fmt: skip

    @expose("/erase/", methods=("GET", "POST"))
    @allowed(ERASE)
    def erase_view(self) -> Any:
        """Show what will be emptied and what must stay; with reason and code typed it is queued."""
        row, reason = self._person("erase"), _reason()
        try:
            parts = forgetting.everything_about(session, row)
        except MustFailed as failure:
            return self._ask_erase(row, [], str(failure)), 503
        if request.method == "POST" and reason and request.form.get("word", "").strip() == row.code:
            reason = hide_values(reason, forgetting.names_and_numbers(session, row))  # a job keeps what it was asked
            title = _("Forget %(code)s", code=row.code)
            job = ask_for(session, "customers.erase", title, customer_id=row.id, reason=reason)
            return redirect(url_for("jobs.job", job_id=job.id))
        if request.method == "POST":
            wrong = _("Nothing was erased: please give the reason and type the code as it stands here.")
            return self._ask_erase(row, parts, wrong), 422
        return self._ask_erase(row, parts, _("This cannot be taken back. Names, numbers and notes go for good."))

    def _ask_erase(self, row: Customer, parts: list[Any], text: str) -> str:
        emptied, ours = _("emptied"), _("who did what stays; names and numbers in it are emptied")
        files = _("uploads that wait for an import are removed; files made of lists go from here after a week")
        facts = [
            (part.title, _("%(count)s rows: %(what)s", count=len(part.rows), what=part.kept or emptied))
            for _plugin, part in parts
        ]
        return self.render(
            "backoffice/confirm.html", page_title=_("Forget %(name)s", name=row.name), crumbs=self.crumbs(row.name),
            text=text, facts=[*facts, (_("Audit, imports, messages"), ours), (_("Files"), files)], type_word=row.code,
            reason_title=_("Why? For example: asked for it at the counter"), action_title=_("Forget for good"),
            action_url=request.full_path, cancel_url=self._details_of(row),
        )  # fmt: skip


def _reason() -> str:
    try:
        return typed.text(request.form.get("reason", ""), 200)
    except typed.BadValue:
        return ""


def erase(work: Work) -> None:
    """Forget the person a job names, with the rights its person has now; all of it or nothing."""
    current_person().require(ERASE)
    customer = work.session.get(Customer, work.arguments["customer_id"])
    if customer is None:
        raise JobRefused(_("There is no such customer in your reach."))
    try:
        erasure = forgetting.forget(work.session, customer, work.arguments["reason"])
    except (typed.BadValue, MustFailed) as refusal:
        raise JobRefused(str(refusal)) from refusal
    work.see(f"/admin/customers/erasure/details/?id={erasure.id}")


class Erasures(ModelView):
    """The proof of each erasure."""

    model = Erasure
    resource = "customers.erasure"
    title = N_("Proofs of erasure")
    menu_part = RULES
    lead = N_("Who was forgotten, when, by whom and why. What is left is a code; nothing here says who it was.")
    row_title = N_("proof")
    columns = [
        Column("code", N_("Code"), "code"),
        Column("at", N_("When"), filter="date"),
        Column("by_name", N_("Who")),
        Column("reason", N_("Reason")),
    ]
    actions = ("list", "read", "export")
    title_column = "code"
    empty_text = N_("Nobody has asked to be forgotten yet.")

    def children(self, row: Any) -> list[Any]:
        """How many rows of each table were emptied."""
        counts = [
            {"url": None, "cells": [Cell(gettext(PLACES.get(table, table))), Cell(f"{count:,}")]}
            for table, count in row.counts.items()
        ]
        headings = [
            {"title": _("Part of the data"), "kind": "text"},
            {"title": _("Emptied or removed"), "kind": "number"},
        ]
        return [(_("What was emptied"), headings, counts)]
