"""The customers at the desk."""

from collections.abc import Set
from typing import Any

from flask import g, request, url_for
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from core.api import (
    N_,
    Cell,
    Column,
    Field,
    ModelView,
    Node,
    _,
    allowed,
    clock,
    current_person,
    expose,
    gettext,
    names_of_nodes,
    session,
    typed,
)
from plugins.customers import consents, counted, identities, imports, known_by, numbers, searching, services, timeline
from plugins.customers.belongings.rollups import belongings_of
from plugins.customers.consent_texts import CHOICES
from plugins.customers.matching import at_save
from plugins.customers.models import Customer
from plugins.customers.pages.card import log_number_shown
from plugins.customers.persons import stands
from plugins.customers.privacy.desk import Privacy, ask_before
from plugins.customers.tags import read_words
from plugins.customers.words import CREDIT_MEANINGS, CREDITS, IDENTITIES, KINDS, LEVEL_MEANINGS, LEVELS, PARTIES


class Customers(Privacy, ModelView):
    """Everybody who has visited a store in reach; one record a person."""

    model = Customer
    resource = "customers.customer"
    title = N_("Customers")
    lead = N_(
        "One person, one record. You see who has visited your stores; anybody else is found at the counter by the full number."
    )
    row_title = N_("customer")
    columns = [
        Column("name", N_("Full name")),
        Column("code", N_("Code"), "code"),
        Column("mobile", N_("Mobile"), "mobile"),
        Column("email", N_("E-mail"), "mobile", shown=False),
        Column("wecom", N_("WeCom"), "mobile", shown=False),
        Column("level", N_("Level"), choices=LEVELS, meanings=LEVEL_MEANINGS, filter="select"),
        Column("party", N_("Party"), choices=PARTIES, filter="select"),
        Column("kind", N_("Person or firm"), choices=KINDS, filter="select", shown=False),
        Column("credit", N_("Credit"), choices=CREDITS, meanings=CREDIT_MEANINGS, filter="select"),
        Column("node_id", N_("Looked after by"), names=names_of_nodes, filter="lookup", lookup="org.node",
               export=select(Node.name).where(Node.id == Customer.node_id).scalar_subquery()),
        Column("tags", N_("Tags")),
        Column("year_profit", N_("Gross profit, 12 months"), sortable=True, filter="range", permission="customers:contribution:read", shown=False,
               help=N_("Of the last twelve full months; kept right with each import, and every night.")),
        Column("created_at", N_("Recorded"), shown=False),
        Column("external_id", N_("Number elsewhere"), "code", filter="text", shown=False),
        Column("sms", N_("Offers by text message"), "boolean", expression=consents.given("marketing", "sms"), filter="boolean", shown=False),
    ]  # fmt: skip
    fields = [
        Field("name", N_("Full name"), required=True, maximum=60, aliases=("姓名", "客户姓名", "客户")),
        Field("mobile", N_("Mobile"), "mobile", parse=numbers.read_mobile, aliases=("phone", "手机", "手机号", "电话")),
        Field("email", N_("E-mail"), "mobile", parse=identities.read_email, aliases=("邮箱", "email", "e-mail")),
        Field("wecom", N_("WeCom"), "mobile", parse=identities.read_wecom, aliases=("微信", "企业微信ID")),
        Field("node_id", N_("Looked after by"), lookup="org.node", aliases=("store", "门店", "店号"),
              help=N_("The store that looks after them; its people see the customer at once.")),
        Field("kind", N_("Person or firm"), choices=KINDS, aliases=("Kind", "类型")),
        Field("party", N_("Party"), choices=PARTIES, bulk=True),
        Field("level", N_("Level"), choices=LEVELS),
        Field("level_reason", N_("Why this level"), maximum=200,
              help=N_("A level set by hand needs a reason. Without one the visits of the last year decide.")),
        Field("credit", N_("Credit"), choices=CREDITS),
        Field("credit_note", N_("About the credit"), maximum=200),
        Field("address", N_("Address"), maximum=200, aliases=("地址",)),
        Field("tags", N_("Tags"), parse=read_words, help=N_("Words with a comma between them: regular, photography."), aliases=("标签",)),
        Field("preferences", N_("Preferences"), "textarea", maximum=1000),
        Field("external_id", N_("Number elsewhere"), maximum=60, aliases=("CustomerID", "customer_id", "会员号", "客户编号"),
              help=N_("Their number in the system they come from.")),
    ]  # fmt: skip
    search = ("search_text",)
    search_hint = N_("Number, last four digits, name, initials, code, e-mail")
    import_key = ("mobile",)
    import_key_or = ("external_id",)
    empty_text = N_("Record the first one at the counter, or import a sheet.")

    def search_condition(self, words: str) -> Any:
        """Numbers, their ends, codes, parts of names."""
        return searching.matching(words)

    def narrowed(self, action: str) -> list[Any]:
        """Lists and files show people, not records; an import finds the record that owns a number, also a merged one."""
        return [stands()] if action in ("list", "export") else []

    def one(self, row_id: Any, action: str, *, in_bin: bool = False) -> Any:
        """The number of a merged record leads to the one that stands for the person."""
        row = super().one(row_id, action, in_bin=in_bin)
        return row if row.merged_into_id is None else super().one(row.merged_into_id, action, in_bin=in_bin)

    # Saving

    def check(self, values: dict[str, Any], row: Any) -> dict[str, str]:
        """A level that differs from the rule's needs a reason."""
        level = values.get("level")
        was = row.level if row is not None else "ordinary"
        if level and level != was and not values.get("level_reason"):
            return {"level_reason": _("Please say why: a level set by hand needs a reason.")}
        return {}

    def fill(self, row: Any, values: dict[str, Any], *, is_new: bool) -> None:
        """Write by the services, so that number, visit and level keep their rules; what was left empty is usual."""
        values = {name: imports.USUAL.get(name) if value is None else value for name, value in values.items()}
        if values.get("mobile") and values["mobile"] != row.mobile:
            ask_before(values["mobile"])
        if is_new:
            super().fill(row, values, is_new=True)
            self._enter(row)
            return
        changed = {name: value for name, value in values.items() if getattr(row, name) != value}
        plain = {name: value for name, value in changed.items() if name not in identities.ONE_EACH}
        super().fill(row, plain, is_new=False)
        for kind in identities.ONE_EACH:
            if kind in changed:
                known_by.change(session, row, kind, changed[kind])
        self._follow(row, changed.keys())

    def must_reach(self, row: Any, action: str) -> None:
        """Who was reached before a save is reached after it: it may add a place that sees them, and takes none away."""
        if action == "create":
            super().must_reach(row, action)

    @staticmethod
    def _follow(row: Any, changed: Set[str]) -> None:
        """Do what a change brings along, and no more: a place that is to look after them sees them, the rule decides on a
        level without a reason, and what is compared may show that the chain knows them already."""
        if changed & {"level", "level_reason"}:
            services.relevel(session, row)
        if "node_id" in changed and row.node_id is not None:
            services.be_known_at(session, row, row.node_id)
        if changed & at_save.COMPARED:
            at_save.look(session, row)

    @staticmethod
    def _enter(row: Any) -> None:
        if row.node_id is None and not current_person().reach("customers:customer:create").everything:
            raise typed.BadValue(_("Please choose the store that looks after them."))
        if row.mobile:
            known_by.must_be_free(session, row, "mobile", row.mobile)
        try:
            services.enter(session, row, row.node_id)
        except IntegrityError as error:
            raise typed.BadValue(
                _("This number belongs to another customer. Find them by it at the counter.")
            ) from error

    def after_refusal(self, error: typed.BadValue) -> None:
        """Who learned, masked, whose a number or an e-mail is, is in the history: as at the counter."""
        g.keep_writes = known_by.note_that_it_was_told(session, error)

    def bin(self, row: Any) -> None:
        """With identities and contacts."""
        services.put_in_bin(session, row)

    def restore(self, row: Any) -> None:
        """With what went along."""
        services.restore(session, row)

    # The card at the desk

    def facts(self, row: Any) -> list[dict[str, Any]]:
        """Besides the columns: address, preferences and reasons; and the number on request."""
        facts = super().facts(row)
        for name, title in (("level_reason", _("Why this level")), ("credit_note", _("About the credit")), ("address", _("Address")),
                            ("preferences", _("Preferences"))):  # fmt: skip
            facts.append(
                {"name": name, "title": title, "text": getattr(row, name), "kind": "text", "meaning": None, "url": None}
            )
        if row.mobile and current_person().may("customers:customer:unmask"):
            next(fact for fact in facts if fact["name"] == "mobile")["reveal_url"] = url_for(".unmask_view", id=row.id)
        return facts

    def children(self, row: Any) -> list[Any]:
        """Identities, contacts, consents, and what happened."""
        belongings = belongings_of(session, row)
        found = belongings.theirs
        return [
            *_records(found.merged),
            (_("Known by"), _headings(_("Kind"), _("Value"), _("From"), _("To")), _identities(found.identities, row)),
            (
                _("Contacts"),
                _headings(_("Full name"), _("Their part"), _("Mobile")),
                _contacts(belongings.beside.contacts),
            ),
            (_("Consents"), _headings(_("Agreed to"), _("Text"), _("Given")), _consents(found.consents)),
            (
                _("What happened"),
                _headings(_("When"), _("Event"), _("Place and people")),
                _happened(row.id, belongings),
            ),
        ]

    def row_actions(self, row: Any, *, in_bin: bool = False) -> list[dict[str, Any]]:
        """Besides the usual: the card of the counter, where consents are given and withdrawn."""
        actions = super().row_actions(row, in_bin=in_bin)
        if not in_bin:
            for title, page in ((_("Open the card"), "customers.card"), (_("Known by"), "customers.known_by_page")):
                actions.append({"title": title, "url": url_for(page, code=row.code), "method": "get"})
        return [*actions, *self.privacy_actions(row, in_bin=in_bin)]

    @expose("/unmask/", methods=("POST",))
    @allowed("customers:customer:unmask")
    def unmask_view(self) -> Any:
        """Show a number in full; who, when and why is kept before it is shown."""
        row = self.one(request.args.get("id"), "unmask")
        log_number_shown(row)
        back = url_for(".details_view", id=row.id)
        return self.render(
            "backoffice/number.html",
            page_title=row.name,
            crumbs=self.crumbs(row.name),
            mobile=row.mobile,
            back_url=back,
        )

    # Files

    def import_defaults(self, session: Any, values: list[Any], options: dict[str, str]) -> list[Any]:
        """A new customer gets a code, and a name where the file has none."""
        return imports.completed(session, values)

    def import_check(self, session: Any, values: list[Any], ids: list[int | None]) -> dict[int, tuple[str, str]]:
        """A number belongs to one customer."""
        return imports.refusals(session, values, ids)

    def after_import(self, session: Any, batch: Any, options: dict[str, str]) -> None:
        """Identities and visits follow the rows."""
        imports.follow(session, self, batch)

    def before_revert(self, session: Any, batch: Any) -> None:
        """They go first when an import is taken back; the records are counted anew."""
        imports.take_back(session, self, batch)
        counted.forget(session)


def _headings(*titles: str) -> list[dict[str, str]]:
    return [{"title": title, "kind": "text"} for title in titles]


def _rows(found: Any) -> list[dict[str, Any]]:
    return [
        {"url": None, "cells": [cell if isinstance(cell, Cell) else Cell(cell) for cell in cells]} for cells in found
    ]


def _records(merged: list[Any]) -> list[Any]:
    """Return the table of the records merged into the one that is shown; nothing where there is none."""
    rows = _rows((one.name, one.code, f"{clock.local(one.created_at):%Y-%m-%d}") for one in merged)
    return (
        [(_("Records of the same person"), _headings(_("Full name"), _("Code"), _("Recorded")), rows)] if merged else []
    )


def _identities(found: list[Any], row: Customer) -> list[dict[str, Any]]:
    return _rows(
        (gettext(IDENTITIES[one.kind]), identities.masked(one.kind, one.value), str(one.since), str(one.until or ""))
        for one in found if one.deleted_at == row.deleted_at
    )  # fmt: skip


def _contacts(found: list[Any]) -> list[dict[str, Any]]:
    return _rows(
        (Cell(one.name, url=f"/admin/customers/contact/details/?id={one.id}"), one.role, typed.mask_mobile(one.mobile) if one.mobile else "")
        for one in found
    )  # fmt: skip


def _consents(found: list[Any]) -> list[dict[str, Any]]:
    held = consents.holding(found)
    return _rows(
        (gettext(CHOICES[choice]), f"{consent.text_version} {consent.words or ''}", f"{clock.local(consent.given_at):%Y-%m-%d}")
        for choice, consent in held.items() if choice in CHOICES
    )  # fmt: skip


def _happened(customer_id: int, belongings: Any) -> list[dict[str, Any]]:
    entries = timeline.timeline_of(customer_id, belongings)
    return _rows((entry.day, Cell(entry.title, url=entry.url or None), entry.text) for entry in entries)
