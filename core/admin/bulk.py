"""Editing several rows together: seen before it happens, one batch, undone in one step."""

import uuid
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from flask import abort, redirect, url_for
from sqlalchemy import select

from core import typed
from core.access.person import current_person
from core.access.scope import unscoped
from core.admin.columns import show
from core.admin.model_view import ModelView
from core.admin.toasts import toast
from core.audit import AuditEntry, audited_as
from core.db import session
from core.language import _, gettext

MOST_ROWS = 500
PREVIEWED_ROWS = 20


def start(view: ModelView, form: Any) -> Any:
    """Open the bulk edit for the rows chosen in a list."""
    if form.get("action") != "edit":
        abort(404)
    return _choose_page(view, _chosen(view, form.getlist("rowid")), form)


def _chosen(view: ModelView, ids: list[str]) -> list[Any]:
    numbers = [int(text) for text in ids[:MOST_ROWS] if text.isascii() and text.isdigit() and len(text) < 19]
    query = select(view.model).where(view.model.id.in_(numbers), *view.conditions("update"))
    rows = list(session.scalars(query.order_by(view.model.id)))
    return rows or abort(404)


def preview_or_apply(view: ModelView, form: Any) -> Any:
    """Show before and after of each row; when it is confirmed, write all of them or none."""
    rows = _chosen(view, form.getlist("rowid"))
    declared = next((f for f in view.fields if f.bulk and f.name == form.get("field")), None)
    if declared is None:
        return _choose_page(view, rows, form, _("Choose what to change.")), 422
    confirmed = form.get("_confirmed") == "1"
    text = form.get("value", "") if confirmed else form.get(declared.name, "")
    try:
        value = declared.value_of(text, view.model)
    except typed.BadValue as error:
        return _choose_page(view, rows, form, f"{gettext(declared.title)}: {error}"), 422
    changing = [row for row in rows if getattr(row, declared.name) != value]
    if not confirmed:
        return _preview_page(view, rows, changing, declared, text, value)
    batch = uuid.uuid4().hex
    with audited_as(batch=batch):
        for row in changing:
            view.fill(row, {declared.name: value}, is_new=False)
        session.flush()
    toast(_("%(count)s rows are changed.", count=len(changing)), "good", undo_url=url_for(".undo_view", batch=batch))
    return redirect(url_for(".index_view"))


def _choose_page(view: ModelView, rows: list[Any], form: Any, problem: str = "") -> str:
    fields = [
        {
            "name": f.name, "title": gettext(f.title), "kind": f.kind_for(view.model), "value": form.get(f.name, ""),
            "options": [(value, gettext(title)) for value, title in (f.choices or {}).items()],
        }
        for f in view.fields
        if f.bulk
    ]  # fmt: skip
    return _page(view, rows, "choose", fields=fields, chosen=form.get("field"), form_error=problem)


def _preview_page(view: ModelView, rows: list[Any], changing: list[Any], declared: Any, text: str, value: Any) -> str:
    def shown(value: Any) -> str:
        if declared.choices:
            return gettext(declared.choices.get(value, "")) if value is not None else ""
        return show(value, declared.kind_for(view.model))

    preview = [
        {"title": view.name_of(row), "before": shown(getattr(row, declared.name)), "after": shown(value),
         "url": url_for(".details_view", id=row.id)}
        for row in changing[:PREVIEWED_ROWS]
    ]  # fmt: skip
    return _page(
        view, rows, "preview", field_name=declared.name, field_title=gettext(declared.title), value=text, refused_count=0,
        value_text=shown(value), preview=preview, changed_count=len(changing), unchanged_count=len(rows) - len(changing),
    )  # fmt: skip


def _page(view: ModelView, rows: list[Any], step: str, **context: Any) -> str:
    title = _("Edit %(count)s together", count=len(rows))
    return view.render(
        "backoffice/bulk.html", step=step, page_title=title, crumbs=view.crumbs(title), selected_count=len(rows),
        rowids=[row.id for row in rows], bulk_url=url_for(".bulk_view"), cancel_url=url_for(".index_view"), **context,
    )  # fmt: skip


def undo(view: ModelView, batch: str) -> Any:
    """Give every row of one's own batch its values back, except where somebody has changed the value since."""
    with unscoped("one's own batch"):
        query = select(AuditEntry.row_id, AuditEntry.changes).where(
            AuditEntry.batch == batch,
            AuditEntry.resource == view.model.__resource__,
            AuditEntry.person_id == current_person().id,
        )
        entries = session.execute(query).all() if batch else []
    if not entries:
        abort(404)
    rows = {row.id: row for row in _chosen(view, [row_id for row_id, _changes in entries])}
    kept = 0
    with audited_as(batch=uuid.uuid4().hex, reason=_("Undo")):
        for row_id, changes in entries:
            row = rows.get(int(row_id))
            if row is None or any(_json(getattr(row, name)) != after for name, (_before, after) in changes.items()):
                kept += 1
                continue
            values = {name: _value(view.model, name, before) for name, (before, _after) in changes.items()}
            view.fill(row, values, is_new=False)
        session.flush()
    if kept:
        toast(_("Undone, except %(count)s rows that were changed since.", count=kept), "watch")
    else:
        toast(_("Undone: %(count)s rows are as before.", count=len(entries)), "good")
    return redirect(url_for(".index_view"))


def _json(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal | datetime | date | time) else value


def _value(model: Any, name: str, kept: Any) -> Any:
    python_type = getattr(model, name).type.python_type
    if kept is None or python_type in (int, bool, str):
        return kept
    return Decimal(kept) if python_type is Decimal else python_type.fromisoformat(kept)
