"""Editing several rows together: seen before it happens, one batch, undone in one step.

The preview carries the versions it has seen: what somebody changes before it is confirmed stays theirs.
"""

import uuid
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from flask import abort, current_app, redirect, url_for
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import select

from core import typed
from core.access.person import current_person
from core.access.scope import unscoped
from core.admin.fields import Field
from core.admin.model_view import ModelView
from core.admin.toasts import toast
from core.audit import AuditEntry, audited_as
from core.db import Money, session
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
    query = select(view.model).where(view.model.id.in_(numbers), *view.conditions("update")).order_by(view.model.id)
    return list(session.scalars(query.with_for_update())) or abort(404)


def preview_or_apply(view: ModelView, form: Any) -> Any:
    """Show before and after of each row; when it is confirmed, write every row that holds and was not changed since."""
    rows = _chosen(view, form.getlist("rowid"))
    declared = next((f for f in view.fields if f.bulk and f.name == form.get("field")), None)
    if declared is None:
        return _choose_page(view, rows, form, _("Choose what to change.")), 422
    text = form.get(declared.name, "")
    try:
        value = declared.value_of(text, view.model)
        if declared.lookup and value is not None and not view.may_point_to(declared, value, "update"):
            raise typed.BadValue(_("There is no such choice for you."))
    except typed.BadValue as error:
        return _choose_page(view, rows, form, f"{gettext(declared.title)}: {error}"), 422
    changing = [row for row in rows if getattr(row, declared.name) != value]
    problems = {row.id: problem for row in changing if (problem := _problem(view, row, declared, value))}
    seen = _read_versions(form.get("version_token")) if form.get("_confirmed") == "1" else None
    if seen is None:
        return _preview_page(view, rows, changing, problems, declared, text, value)
    return _apply(view, [row for row in changing if row.id not in problems], seen, declared.name, value)


def _problem(view: ModelView, row: Any, declared: Field, value: Any) -> str:
    values = {f.name: getattr(row, f.name) for f in view.fields if not f.only_new} | {declared.name: value}
    return next(iter(view.check(values, row).values()), "")


def _apply(view: ModelView, rows: list[Any], seen: dict[str, int], name: str, value: Any) -> Any:
    batch, untouched = uuid.uuid4().hex, [row for row in rows if seen.get(str(row.id)) == row.version]
    try:
        with audited_as(batch=batch):
            for row in untouched:
                view.fill(row, {name: value}, is_new=False)
            session.flush()
            for row in untouched:
                view.must_reach(row, "update")
                view.after_save(row, is_new=False)
    except typed.BadValue as error:
        session.rollback()
        toast(str(error), "bad")
        return redirect(url_for(".index_view"))
    if len(untouched) < len(rows):
        toast(
            _(
                "%(count)s rows were changed by somebody meanwhile and are as they left them.",
                count=len(rows) - len(untouched),
            ),
            "watch",
        )
    undo_url = url_for(".undo_view", batch=batch) if untouched else None
    toast(_("%(count)s rows are changed.", count=len(untouched)), "good", undo_url=undo_url)
    return redirect(url_for(".index_view"))


def _versions() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt="bulk")


def _read_versions(text: str | None) -> dict[str, int] | None:
    try:
        return _versions().loads(text or "")
    except (BadSignature, ValueError):
        return None


def _choose_page(view: ModelView, rows: list[Any], form: Any, problem: str = "") -> str:
    views = current_app.extensions["backoffice"].views
    fields = [
        {
            "name": f.name, "title": gettext(f.title), "kind": f.kind_for(view.model), "value": form.get(f.name, ""),
            "options": [(value, gettext(title)) for value, title in (f.choices or {}).items()],
            "lookup_url": url_for(f"{views[f.lookup].endpoint}.ajax_lookup") if f.lookup else None,
        }
        for f in view.fields
        if f.bulk
    ]  # fmt: skip
    return _page(view, rows, "choose", fields=fields, chosen=form.get("field"), form_error=problem)


def _preview_page(
    view: ModelView,
    rows: list[Any],
    changing: list[Any],
    problems: dict[int, str],
    declared: Field,
    text: str,
    value: Any,
) -> str:
    preview = [
        {"title": view.name_of(row), "before": view.tell(declared, getattr(row, declared.name)), "after": view.tell(declared, value),
         "url": url_for(".details_view", id=row.id), "problem": problems.get(row.id, "")}
        for row in sorted(changing, key=lambda row: row.id not in problems)[:PREVIEWED_ROWS]
    ]  # fmt: skip
    return _page(
        view, rows, "preview", field_name=declared.name, field_title=gettext(declared.title), value=text,
        value_text=view.tell(declared, value), preview=preview, changed_count=len(changing) - len(problems), refused_count=len(problems),
        unchanged_count=len(rows) - len(changing), version_token=_versions().dumps({str(row.id): row.version for row in rows}),
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
            AuditEntry.action == "updated",
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
            if row is None or any(
                getattr(row, name) != _value(view.model, name, after) for name, (_before, after) in changes.items()
            ):
                kept += 1
                continue
            view.fill(
                row,
                {name: _value(view.model, name, before) for name, (before, _after) in changes.items()},
                is_new=False,
            )
            view.after_save(row, is_new=False)
        session.flush()
    if kept:
        toast(_("Undone, except %(count)s rows that were changed since.", count=kept), "watch")
    else:
        toast(_("Undone: %(count)s rows are as before.", count=len(entries)), "good")
    return redirect(url_for(".index_view"))


def _value(model: Any, name: str, kept: Any) -> Any:
    """Return a value as the row holds it from what the audit keeps of it."""
    type_ = getattr(model, name).type
    if kept is None or isinstance(type_, Money) or type_.python_type is Decimal:
        return kept if kept is None else Decimal(kept)
    return type_.python_type.fromisoformat(kept) if type_.python_type in (date, datetime, time) else kept
