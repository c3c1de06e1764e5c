"""What a list page and its printed form show."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from flask import current_app, request, url_for
from markupsafe import Markup, escape
from sqlalchemy import select

from core import clock
from core.access.person import current_person
from core.admin import listing, page_rows
from core.admin.columns import Cell, renderer
from core.admin.model_view import ModelView
from core.admin.question import ListQuestion
from core.db import session
from core.language import _, gettext

PRINTED_ROWS = 1000
PLACE_ARGUMENTS = {"after", "before"}


def list_context(view: ModelView, asked: ListQuestion) -> dict[str, Any]:
    """Return everything the list template shows for one page."""
    columns = asked.shown_columns()
    page = _read_page(view, asked, columns)
    arguments = request.args.to_dict(flat=False)
    base = url_for(".index_view")  # the one look-up; the addresses below it are fixed by the view's decorators
    link = Links(base, arguments)
    in_bin = asked.in_bin
    shown = {column.name for column in columns}
    offers_bulk = view.can_edit and any(f.bulk for f in view.fields) and not in_bin
    return {
        "page_title": gettext(view.title) if not in_bin else _("%(title)s: recycle bin", title=gettext(view.title)),
        "page_lead": gettext(view.lead) if view.lead else "",
        "crumbs": view.crumbs(_("Recycle bin")) if in_bin else view.crumbs(),
        "columns": [_heading(column, view, asked, link) for column in columns],
        "rows": _rows(view, asked, columns, page["rows"]),
        "previous_url": link.to(before=page["first"]) if page["has_previous"] else None,
        "next_url": link.to(after=page["last"]) if page["has_next"] else None,
        "count_text": page["count_text"],
        "search": {"supported": bool(view.search), "value": asked.words, "hint": gettext(view.search_hint) if view.search_hint else ""},
        "filters": [_filter(column, view, asked) for column in asked.columns if column.filter],
        "chips": _chips(view, asked, link),
        "clear_url": base,
        "hidden_args": {name: value for name, value in request.args.items() if name in ("sort", "desc", "bin")},
        "column_choices": [
            {"name": column.name, "title": gettext(column.title), "shown": column.name in shown} for column in asked.columns
        ],
        "new_url": f"{base}new/" if view.can_create else None,
        "import_url": f"{base}import/" if hasattr(view, "import_view") and view.import_key and view.offers("import") else None,
        "exports": [
            {"title": title, "url": Links(f"{base}export/{kind}/", arguments).to()}
            for kind, title in (("csv", _("As csv")), ("xlsx", _("As Excel")))
        ] if view.can_export else [],
        "print_url": Links(f"{base}print/", arguments).to(),
        "bin_url": (base if in_bin else f"{base}?bin=1") if view.can_delete and hasattr(view.model, "deleted_at") else None,
        "in_bin": in_bin,
        "bulk_actions": [{"name": "edit", "title": _("Edit together"), "confirm": None}] if offers_bulk else [],
        "bulk_url": f"{base}action/" if offers_bulk else None,
        "problems": asked.problems,
        "empty": _empty(view, asked),
    }  # fmt: skip


class Links:
    """Addresses that keep what the list was asked for and change one thing."""

    def __init__(self, base: str, arguments: dict[str, list[str]]) -> None:
        self.base = base
        self.arguments = {name: values for name, values in arguments.items() if name not in PLACE_ARGUMENTS}

    def to(self, **changes: str | None) -> str:
        """Return the address with some arguments set, or taken away (None)."""
        from urllib.parse import urlencode

        arguments = {name: values for name, values in self.arguments.items() if name not in changes}
        pairs = [(name, value) for name, values in arguments.items() for value in values if value]
        pairs += [(name, value) for name, value in changes.items() if value is not None]
        return f"{self.base}?{urlencode(pairs)}" if pairs else self.base


def _read_page(view: ModelView, asked: ListQuestion, columns: list[Any]) -> dict[str, Any]:
    order, size = asked.order, current_app.extensions["backoffice"].settings.page_size
    sort_sql = order.column.sql(view.model)
    salt = f"{view.endpoint}:{order.column.name}:{order.descending}"
    cursor = listing.read_cursor(
        salt, asked.arguments.get("after"), sort_sql.type.python_type, backwards=False
    ) or listing.read_cursor(salt, asked.arguments.get("before"), sort_sql.type.python_type, backwards=True)
    rows = page_rows.read(asked, columns, cursor, size)
    if rows or not cursor:
        found = rows[0][-1] if rows else 0
    else:
        found = session.scalar(select(listing.capped_count(view.model, asked.conditions("list"))))
    more, rows = len(rows) > size, rows[:size]
    went_back = bool(cursor and cursor.backwards)
    if went_back:
        rows.reverse()
    has_previous, has_next = (more, True) if went_back else (cursor is not None, more)
    return {
        "rows": rows,
        "count_text": listing.count_text(found),
        "has_next": has_next,
        "has_previous": has_previous,
        "first": listing.write_cursor(salt, rows[0][1], rows[0][0]) if rows and has_previous else None,
        "last": listing.write_cursor(salt, rows[-1][1], rows[-1][0]) if rows and has_next else None,
    }


def _renderer(column: Any, model: Any, values: Iterable[Any]) -> Callable[[Any], Cell]:
    if column.names and column.export is not None:
        return lambda name: Cell(name or "")
    return renderer(column, model, values)


class ListRow(NamedTuple):
    """One row of a list, in the order in which the template unpacks it."""

    id: int
    url: str
    edit_url: str | None
    first: str
    cells: list[tuple[Any, ...]]
    """The other cells: opening tag, text, meaning, address."""
    actions: tuple[dict[str, Any], ...]


def _rows(view: ModelView, asked: ListQuestion, columns: list[Any], found: list[Any]) -> list[ListRow]:
    by_column = []
    for column, values in zip(columns, list(zip(*found, strict=True))[2:-1], strict=False):
        render = _renderer(column, view.model, values)
        by_column.append([render(value) for value in values])
    tags = [_opening_tag(column, view) for column in columns[1:]]
    base = url_for(".index_view")
    suffix = "&bin=1" if asked.in_bin else ""
    edits = view.can_edit and not asked.in_bin
    deletes = view.can_delete and hasattr(view.model, "deleted_at")
    verb, title = ("restore", _("Restore")) if asked.in_bin else ("delete", _("Delete"))
    return [
        ListRow(
            row[0],
            f"{base}details/?id={row[0]}{suffix}",
            f"{base}edit/?id={row[0]}" if edits else None,
            first.text,
            [(tag, *cell) for tag, cell in zip(tags, cells, strict=True)],
            ({"title": title, "url": f"{base}{verb}/?id={row[0]}", "method": "post"},) if deletes else (),
        )
        for row, first, *cells in zip(found, *by_column, strict=True)
    ]


def _opening_tag(column: Any, view: ModelView) -> Markup:
    return Markup(f'<td class="{escape(column.kind_for(view.model))}" data-label="{escape(gettext(column.title))}">')


def _heading(column: Any, view: ModelView, asked: ListQuestion, link: Links) -> dict[str, Any]:
    is_sorted = asked.order.column is column
    descending = asked.order.descending
    return {
        "name": column.name,
        "title": gettext(column.title),
        "kind": column.kind_for(view.model),
        "help": gettext(column.help) if column.help else "",
        "sort": ("desc" if descending else "asc") if is_sorted else None,
        "sort_url": link.to(sort=column.name, desc="1" if is_sorted and not descending else None)
        if column.sortable
        else None,
    }


def _filter(column: Any, view: ModelView, asked: ListQuestion) -> dict[str, Any]:
    value, _text = asked.filters.get(column.name, ("", ""))
    kind = {"date": "range"}.get(column.filter, column.filter)
    views = current_app.extensions["backoffice"].views
    return {
        "name": column.name,
        "title": gettext(column.title),
        "kind": kind,
        "value": (asked.arguments.get(f"{column.name}_from"), asked.arguments.get(f"{column.name}_to")) if kind == "range" and value else value,
        "input": "date" if column.filter == "date" else "number",
        "options": [(key, gettext(title)) for key, title in (column.choices or {}).items()],
        "lookup_url": url_for(f"{views[column.lookup].endpoint}.ajax_lookup") if column.lookup else None,
        "display": asked.arguments.get(f"{column.name}_text", ""),
    }  # fmt: skip


def _chips(view: ModelView, asked: ListQuestion, link: Links) -> list[dict[str, str]]:
    chips = []
    for name, (value, text) in asked.filters.items():
        if value:
            column = view.by_name[name]
            shown = gettext((column.choices or {}).get(value, text))
            if column.filter == "boolean":
                shown = _("Yes") if value == "1" else _("No")
            if column.lookup:
                shown = asked.arguments.get(f"{name}_text") or text
            chips.append({
                "title": gettext(column.title), "value_title": shown,
                "remove_url": link.to(**{name: None, f"{name}_from": None, f"{name}_to": None, f"{name}_text": None}),
            })  # fmt: skip
    if asked.words:
        chips.append({"title": _("Search"), "value_title": asked.words, "remove_url": link.to(search=None)})
    return chips


def _empty(view: ModelView, asked: ListQuestion) -> dict[str, str]:
    if asked.in_bin:
        return {"title": _("The recycle bin is empty"), "text": _("What is deleted waits here and can be restored.")}
    if asked.narrowing:
        return {
            "title": _("Nothing matches"), "text": _("Take a filter away, or search for fewer words."),
            "action_title": _("Show everything"), "action_url": url_for(".index_view"),
        }  # fmt: skip
    empty = {"title": _("Nothing here yet"), "text": gettext(view.empty_text) if view.empty_text else ""}
    if view.can_create:
        empty |= {
            "action_title": _("New %(what)s", what=gettext(view.row_title)),
            "action_url": url_for(".create_view"),
        }
    return empty


def print_context(view: ModelView, asked: ListQuestion) -> dict[str, Any]:
    """Return the first rows of the list as it is filtered, for A4."""
    columns = asked.shown_columns()
    order = asked.order
    query = select(view.model.id, order.column.sql(view.model), *(column.listed(view.model) for column in columns))
    query = listing.keyset(query.where(*asked.conditions("list")), view.model, order, None, PRINTED_ROWS - 1)
    found = list(session.execute(query))
    renderers = [_renderer(column, view.model, [row[i + 2] for row in found]) for i, column in enumerate(columns)]
    chips = _chips(view, asked, Links("", {}))
    return {
        "title": gettext(view.title),
        "subtitle": " · ".join(f"{chip['title']}: {chip['value_title']}" for chip in chips),
        "columns": [_heading(column, view, asked, Links("", {})) for column in columns],
        "rows": [
            {"id": row[0], "cells": [render(value) for render, value in zip(renderers, row[2:], strict=True)]}
            for row in found
        ],
        "printed_by": current_person().name,
        "printed_at": f"{clock.local(clock.now()):%Y-%m-%d %H:%M}",
    }
