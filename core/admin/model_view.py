"""The one view of a table: from one declaration come list, form, details, bin, bulk edit, export, print.

It derives from Flask-Admin's own door for model backends and keeps its addresses; the way rows are
found, shown and saved is ours, because there every right and every row is checked.
"""

from functools import partial
from typing import Any

from flask import abort, jsonify, redirect, request, url_for
from flask_admin.model import BaseModelView
from sqlalchemy import inspect, or_, select

from core import clock, typed
from core.access.guard import ScopeViolation, read_permission
from core.access.guards import Guard
from core.access.person import current_person
from core.access.scope import criteria
from core.admin import listing, looking_up, one_row
from core.admin.columns import Column, renderer
from core.admin.fields import Field, Form
from core.admin.history import history_of
from core.admin.question import ListQuestion
from core.admin.toasts import toast
from core.admin.view import View, expose
from core.admin.writing import Writing
from core.db import Deletable, session
from core.exchange.pages import Imports
from core.language import _, gettext
from core.org.models import InNode
from core.search.columns import found, searched_of

ACTIONS_OF_METHODS = {
    "index_view": "list", "ajax_lookup": "list", "print_view": "list", "details_view": "read",
    "create_view": "create", "edit_view": "update", "delete_view": "delete", "restore_view": "delete",
    "action_view": "update", "bulk_view": "update", "undo_view": "update", "export": "export",
    "import_view": "import", "import_batch_view": "import", "import_revert_view": "import", "import_refused_view": "import",
    "import_template_view": "import",
}  # fmt: skip


class ModelView(Writing, Imports, View, BaseModelView):
    """Declare `model`, `resource`, `columns` and what else the table offers; inherit the rest."""

    model: Any = None
    resource: str = ""
    """`plugin.resource`, as the commands and the audit call it; its rights are `plugin:resource:…`."""
    row_title: str = ""
    """What one row is called: "store" (marked with `N_`)."""
    columns: list[Column] = []
    fields: list[Field] = []
    search: tuple[str, ...] = ()
    """Columns a search looks in: a `search_column` by its index; in a short table also others, row by row:
    `code` by its beginning, names anywhere."""
    search_hint: str = ""
    default_order: tuple[str, bool] = ("id", True)
    """(column, descending)."""
    title_column: str = ""
    """The column that names a row; the first one unless said."""
    import_key: tuple[str, ...] = ()
    """The fields that tell whether an imported row is already there; empty: no import."""
    import_key_or: tuple[str, ...] = ()
    """Single fields, each of which a person may choose in its place."""
    import_options: dict[str, dict[str, str]] = {}
    """What an import may be asked besides: `{option: {value: title}}`, the first value is usual."""
    actions: tuple[str, ...] = ("list", "read", "create", "update", "delete", "export", "import")
    """What the table offers at all; the person's rights narrow it."""
    empty_text: str = ""
    ajax_update = None
    """Flask-Admin's inline edit writes even when editing is off: there is no such address here."""

    def __init__(self) -> None:
        plugin, name = self.resource.split(".")
        BaseModelView.__init__(self, self.model, name=self.title, endpoint=f"{plugin}_{name}", url=f"{plugin}/{name}")
        self._urls = [address for address in self._urls if self._has_address(address[1])]
        self.permission = f"{plugin}:{name}"
        self.by_name = {column.name: column for column in self.columns}

    def _has_address(self, method: str) -> bool:
        """Say whether an address is registered at all: what a table does not offer does not exist."""
        action = ACTIONS_OF_METHODS.get(method)
        if method == "restore_view" and not issubclass(self.model, Deletable):
            return False
        if method in ("action_view", "bulk_view", "undo_view") and not any(f.bulk for f in self.fields):
            return False
        return action is None or (action in self.actions and (action != "import" or bool(self.import_key)))

    # What Flask-Admin asks its backends

    def get_pk_value(self, model: Any) -> Any:
        """Return the row's id."""
        return model.id

    def scaffold_list_columns(self) -> list[str]:
        """Return the names of the declared columns."""
        return [column.name for column in self.columns]

    def scaffold_sortable_columns(self) -> dict[Any, Any]:
        """Return the declared sortable columns."""
        return {column.name: column.name for column in self.columns if column.sortable}

    def scaffold_form(self) -> Any:
        """Return the form of the declared fields."""
        return partial(Form, self.model, self.fields)

    def scaffold_list_form(self, *_arguments: Any, **_named: Any) -> Any:
        """Return nothing: rows are not edited in the list."""
        return None

    def init_actions(self) -> None:
        """Look for no actions: ours are fields with `bulk`, and Flask-Admin looks for its own in every attribute."""

    # Rights

    def guard(self, method: str) -> Guard:
        """Return the permission an address of this view needs; an address that is not offered does not exist."""
        marked = getattr(getattr(self, method), "__guard__", None)
        return marked or Guard("permission", f"{self.permission}:{ACTIONS_OF_METHODS[method]}")

    def offers(self, action: str) -> bool:
        """Say whether the table offers an action and the person holds the right to it."""
        return action in self.actions and current_person().may(f"{self.permission}:{action}")

    @property
    def can_create(self) -> bool:  # type: ignore[override]
        """Whether this person may add rows; computed each time, because one view serves all people."""
        return self.offers("create")

    @property
    def can_edit(self) -> bool:  # type: ignore[override]
        """Whether this person may change rows."""
        return self.offers("update")

    @property
    def can_delete(self) -> bool:  # type: ignore[override]
        """Whether this person may put rows into the recycle bin."""
        return self.offers("delete")

    @property
    def can_export(self) -> bool:  # type: ignore[override]
        """Whether this person may take rows out as a file."""
        return self.offers("export")

    def offered_columns(self) -> list[Column]:
        """Return the columns the person may see; for all others they do not exist, in lists, filters, orders and files."""
        return [column for column in self.columns if not column.permission or self._may_see(column)]

    def _may_see(self, column: Column) -> bool:
        # Reaching less far it would be read off the order of the rows beyond.
        person = current_person()
        return person.reach(column.permission).covers(person.reach(read_permission(self.model)))

    # Rows

    def conditions(self, action: str, *, in_bin: bool = False) -> list[Any]:
        """Return the conditions every query of this table carries: the scope of `action`, and the bin.

        They hang on nothing but the person: who asks for one row after the other is answered by the same query.
        """
        conditions = [criteria(self.model, current_person(), f"{self.permission}:{action}")]
        if issubclass(self.model, Deletable):
            deleted = self.model.deleted_at
            conditions.append(deleted.is_not(None) if in_bin else deleted.is_(None))
        return [*conditions, *self.narrowed(action)]

    def narrowed(self, action: str) -> list[Any]:
        """Return what else holds for every row that `action` shows; in the table's own columns, as lists walk its index."""
        return []

    def one(self, row_id: Any, action: str, *, in_bin: bool = False) -> Any:
        """Return the row if `action` reaches it, else 404: the same answer as for a row that does not exist."""
        if not str(row_id or "").isascii() or not str(row_id).isdigit() or len(str(row_id)) > 18:
            abort(404)
        held = request.method == "POST"
        return one_row.read(self, int(row_id), action, in_bin=in_bin, held=held) or abort(404)

    def must_reach(self, row: Any, action: str) -> None:
        """Raise `ScopeViolation` when a row that was just saved lies where the right to save it does not reach."""
        reach = current_person().reach(f"{self.permission}:{action}")
        is_plain = (
            isinstance(row, InNode) and type(self).conditions is ModelView.conditions and not self.narrowed(action)
        )
        if reach.everything or (is_plain and reach.holds(row.node_id, row.area_id, row.region_id)):
            return
        query = select(self.model.id).where(self.model.id == row.id, *self.conditions(action))
        if session.scalar(query) is None:
            raise ScopeViolation(f"{self.resource} {row.id} is saved outside the reach of {action}")

    def get_one(self, id: Any) -> Any:  # noqa: A002 - Flask-Admin's name
        """Return the row for reading; see `one`."""
        return self.one(id, "read")

    def details_url(self, row: Any) -> str:
        """Return where a row is shown; as `url_for` writes it, in a fraction of the time."""
        return f"{self.url}/details/?id={row.id}"

    def name_of(self, row: Any) -> str:
        """Return what a row is called on pages and in messages."""
        return str(getattr(row, self.title_attribute))

    @property
    def title_attribute(self) -> str:
        """The attribute that names a row."""
        return self.title_column or self.columns[0].name

    @property
    def title_says_all(self) -> bool:
        """Whether a row is called as a column of its table says, and no more."""
        return type(self).name_of is ModelView.name_of and self.title_attribute in inspect(self.model).column_attrs

    def search_condition(self, words: str) -> Any:
        """Return the condition for what was typed into the search field."""
        parts = []
        for name in self.search:
            column = getattr(self.model, name)
            if searched_of(column):
                parts.append(found(self.model, column, words))
            else:
                parts.append(listing.begins(column, words) if name == "code" else listing.contains(column, words))
        return or_(*parts)

    # The list

    def asked(self, arguments: Any) -> ListQuestion:
        """Read a list's address: search, filters, order, place, columns."""
        return ListQuestion(self, arguments)

    @expose("/")
    def index_view(self) -> Any:
        """Show one page of the list."""
        from core.admin.list_page import list_context

        return self.render("backoffice/list.html", **list_context(self, self.asked(request.args)))

    @expose("/print/")
    def print_view(self) -> Any:
        """Show the list as it is filtered now, ready to print; at most a thousand rows."""
        from core.admin.list_page import print_context

        return self.render("backoffice/print.html", **print_context(self, self.asked(request.args)))

    @expose("/ajax/lookup/")
    def ajax_lookup(self) -> Any:
        """Answer a look-up field: at most twenty rows in scope, as id and text."""
        return jsonify(looking_up.found(self, typed.text(request.args.get("q", ""))[:60]))

    # One row

    @expose("/details/")
    def details_view(self) -> Any:
        """Show one row with its history; a fragment of it for the drawer of the list."""
        in_bin = request.args.get("bin") == "1" and issubclass(self.model, Deletable)
        row = self.one(request.args.get("id"), "read", in_bin=in_bin)
        fragment = request.headers.get("X-Requested-With") == "drawer"
        template = "backoffice/details_fragment.html" if fragment else "backoffice/details.html"
        return self.render(
            template, page_title=self.name_of(row), crumbs=self.crumbs(self.name_of(row)), facts=self.facts(row),
            children=self.children(row), history=history_of(self, row), actions=self.row_actions(row, in_bin=in_bin),
        )  # fmt: skip

    def facts(self, row: Any) -> list[dict[str, Any]]:
        """Return what the details page says of a row: every column, as in the list."""
        facts = []
        for column in self.offered_columns():
            value = (
                getattr(row, column.name, None)
                if column.expression is None
                else session.scalar(select(column.sql(self.model)).where(self.model.id == row.id))
            )
            cell = renderer(column, self.model, [value])(value)
            facts.append({
                "name": column.name, "title": gettext(column.title), "text": cell.text, "meaning": cell.meaning,
                "kind": column.kind_for(self.model), "url": cell.url,
            })  # fmt: skip
        return facts

    def children(self, row: Any) -> list[Any]:
        """Return tables of rows that belong to this one: (title, columns, rows)."""
        return []

    def row_actions(self, row: Any, *, in_bin: bool = False) -> list[dict[str, Any]]:
        """Return what can be done with a row from its details page and its menu in the list."""
        actions: list[dict[str, Any]] = []
        if in_bin:
            if self.offers("delete"):
                actions.append(self._post(_("Restore"), "restore_view", id=row.id))
            return actions
        if self.offers("update"):
            actions.append({"title": _("Edit"), "url": url_for(".edit_view", id=row.id), "method": "get"})
        if self.offers("delete"):
            confirm = None if isinstance(row, Deletable) else _("“%(name)s” will be gone.", name=self.name_of(row))
            actions.append(self._post(_("Delete"), "delete_view", confirm, id=row.id))
        return actions

    def _post(self, title: str, method: str, confirm: str | None = None, **arguments: Any) -> dict[str, Any]:
        return {"title": title, "url": url_for(f".{method}", **arguments), "method": "post", "confirm": confirm}

    # The recycle bin

    @expose("/delete/", methods=("POST",))
    def delete_view(self) -> Any:
        """Put a row into the recycle bin; the message offers to bring it back."""
        row = self.one(request.args.get("id") or request.form.get("id"), "delete")
        name = self.name_of(row)
        try:
            self.bin(row)
        except typed.BadValue as error:
            session.rollback()
            toast(str(error), "bad")
            return redirect(url_for(".details_view", id=row.id))
        session.flush()
        if issubclass(self.model, Deletable):
            toast(
                _("“%(name)s” is in the recycle bin.", name=name), "none", undo_url=url_for(".restore_view", id=row.id)
            )
        else:
            toast(_("“%(name)s” is removed.", name=name), "none")
        return redirect(url_for(".index_view"))

    @expose("/restore/", methods=("POST",))
    def restore_view(self) -> Any:
        """Bring a row back from the recycle bin."""
        row = self.one(request.args.get("id"), "delete", in_bin=True)
        try:
            self.restore(row)
        except typed.BadValue as error:
            session.rollback()
            toast(str(error), "bad")
            return redirect(url_for(".index_view", bin="1"))
        session.flush()
        toast(_("“%(name)s” is back.", name=self.name_of(row)), "good")
        return redirect(url_for(".details_view", id=row.id))

    def bin(self, row: Any) -> None:
        """Put a row into the bin, or remove one that has none. Override to refuse with `BadValue` what must stay."""
        if isinstance(row, Deletable):
            row.deleted_at = clock.now()
        else:
            session.delete(row)

    def restore(self, row: Any) -> None:
        """Take a row out of the bin. Override to refuse with `BadValue` what cannot come back."""
        row.deleted_at = None

    # Several rows at once

    @expose("/action/", methods=("POST",))
    def action_view(self) -> Any:
        """Start what was chosen in the bulk bar."""
        from core.admin.bulk import start

        return start(self, request.form)

    @expose("/bulk/", methods=("POST",))
    def bulk_view(self) -> Any:
        """Show what a bulk edit would change, then change it as one batch."""
        from core.admin.bulk import preview_or_apply

        return preview_or_apply(self, request.form)

    @expose("/undo/", methods=("POST",))
    def undo_view(self) -> Any:
        """Undo a batch: every row that nobody changed since gets its values back."""
        from core.admin.bulk import undo

        return undo(self, request.args.get("batch", ""))

    # Files

    @expose("/export/<export_type>/", methods=("GET", "POST"))
    def export(self, export_type: str) -> Any:
        """Send the list as it is filtered now as a csv or xlsx file."""
        from core.exchange.exporting import export_response

        return export_response(self, self.asked(request.args), export_type)

    # Frame

    def crumbs(self, *titles: str) -> list[tuple[str, str | None]]:
        """Return the way from the desk to here."""
        return [
            (_("Desk"), url_for("admin.index")),
            (gettext(self.title), url_for(".index_view") if titles else None),
            *[(title, None) for title in titles],
        ]
