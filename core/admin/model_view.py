"""The one view of a table: from one declaration come list, form, details, bin, bulk edit, export, print.

It derives from Flask-Admin's own door for model backends and keeps its addresses; the way rows are
found, shown and saved is ours, because there every right and every row is checked.
"""

from typing import Any

from flask import abort, current_app, jsonify, redirect, request, url_for
from flask_admin.model import BaseModelView
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import or_, select
from werkzeug.datastructures import MultiDict

from core import clock, typed
from core.access.guard import ScopeViolation
from core.access.guards import Guard
from core.access.person import current_person
from core.access.scope import criteria
from core.admin import listing
from core.admin.columns import Cell, Column, renderer, show
from core.admin.fields import Field, TypedField, form_class
from core.admin.history import history_of
from core.admin.toasts import toast
from core.admin.view import View, expose
from core.db import Deletable, session
from core.exchange.pages import Imports
from core.language import _, gettext
from core.org.models import Node

ACTIONS_OF_METHODS = {
    "index_view": "list", "ajax_lookup": "list", "print_view": "list", "details_view": "read",
    "create_view": "create", "edit_view": "update", "delete_view": "delete", "restore_view": "delete",
    "action_view": "update", "bulk_view": "update", "undo_view": "update", "export": "export",
    "import_view": "import", "import_batch_view": "import", "import_revert_view": "import", "import_refused_view": "import",
    "import_template_view": "import",
}  # fmt: skip
LOOKUP_LIMIT = 20


class ModelView(Imports, View, BaseModelView):
    """Declare `model`, `resource`, `columns` and what else the table offers; inherit the rest."""

    model: Any = None
    resource: str = ""
    """`plugin.resource`, as the commands and the audit call it; its rights are `plugin:resource:…`."""
    row_title: str = ""
    """What one row is called: "store" (marked with `N_`)."""
    columns: list[Column] = []
    fields: list[Field] = []
    search: tuple[str, ...] = ()
    """Columns a search looks in: codes by their beginning, names anywhere."""
    search_hint: str = ""
    default_order: tuple[str, bool] = ("id", True)
    """(column, descending)."""
    title_column: str = ""
    """The column that names a row; the first one unless said."""
    import_key: tuple[str, ...] = ()
    """The fields that tell whether an imported row is already there; empty: no import."""
    import_options: dict[str, dict[str, str]] = {}
    """What an import may be asked besides: `{option: {value: title}}`, the first value is usual."""
    actions: tuple[str, ...] = ("list", "read", "create", "update", "delete", "export", "import")
    """What the table offers at all; the person's rights narrow it."""
    empty_text: str = ""
    ajax_update = None
    """Flask-Admin's inline edit writes even when editing is off: there is no such address here."""

    def __init__(self) -> None:
        plugin, name = self.resource.split(".")
        BaseModelView.__init__(
            self, self.model, name=self.title, endpoint=f"{plugin}_{name}", url=f"{plugin}/{name}"
        )
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
        return form_class(self.model, self.fields)

    def scaffold_list_form(self, *_arguments: Any, **_named: Any) -> Any:
        """Return nothing: rows are not edited in the list."""
        return None

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

    # Rows

    def conditions(self, action: str, *, in_bin: bool = False) -> list[Any]:
        """Return the conditions every query of this table carries: the scope of `action`, and the bin."""
        conditions = [criteria(self.model, current_person(), f"{self.permission}:{action}")]
        if issubclass(self.model, Deletable):
            deleted = self.model.deleted_at
            conditions.append(deleted.is_not(None) if in_bin else deleted.is_(None))
        return conditions

    def one(self, row_id: Any, action: str, *, in_bin: bool = False) -> Any:
        """Return the row if `action` reaches it, else 404: the same answer as for a row that does not exist."""
        if not str(row_id or "").isascii() or not str(row_id).isdigit() or len(str(row_id)) > 18:
            abort(404)
        query = select(self.model).where(self.model.id == int(row_id), *self.conditions(action, in_bin=in_bin))
        if request.method == "POST":
            # Two who save at once come one after the other; the second sees what the first has saved.
            query = query.with_for_update().execution_options(populate_existing=True)
        return session.scalars(query).one_or_none() or abort(404)

    def must_reach(self, row: Any, action: str) -> None:
        """Raise `ScopeViolation` when a row that was just saved lies where the right to save it does not reach."""
        if not current_person().reach(f"{self.permission}:{action}").everything:
            query = select(self.model.id).where(self.model.id == row.id, *self.conditions(action))
            if session.scalar(query) is None:
                raise ScopeViolation(f"{self.resource} {row.id} is saved outside the reach of {action}")

    def get_one(self, id: Any) -> Any:  # noqa: A002 - Flask-Admin's name
        """Return the row for reading; see `one`."""
        return self.one(id, "read")

    def name_of(self, row: Any) -> str:
        """Return what a row is called on pages and in messages."""
        return str(getattr(row, self.title_column or self.columns[0].name))

    def search_condition(self, words: str) -> Any:
        """Return the condition for what was typed into the search field."""
        parts = []
        for name in self.search:
            column = getattr(self.model, name)
            parts.append(listing.begins(column, words) if name == "code" else listing.contains(column, words))
        return or_(*parts)

    # The list

    def asked(self, arguments: Any) -> "ListQuestion":
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
        words = typed.text(request.args.get("q", ""))[:60]
        query = select(self.model).where(*self.conditions("list"))
        if words and self.search:
            query = query.where(self.search_condition(words))
        rows = session.scalars(query.order_by(self.model.id).limit(LOOKUP_LIMIT))
        return jsonify([{"id": row.id, "text": self.name_of(row)} for row in rows])

    # One row

    @expose("/details/")
    def details_view(self) -> Any:
        """Show one row with its history; a fragment of it for the drawer of the list."""
        in_bin = request.args.get("bin") == "1"
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
        for column in self.columns:
            value = getattr(row, column.name, None) if column.expression is None else session.scalar(
                select(column.sql(self.model)).where(self.model.id == row.id)
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

    # Writing

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> Any:
        """Add a row."""
        form = self._create_form_class(request.form if request.method == "POST" else None)
        problem = ""
        if request.method == "POST" and self._form_holds(form, "create"):
            row = self.model()
            problem = self._save(row, self.values_of(form), is_new=True)
        if request.method == "POST" and not problem and not any(form[f.name].errors for f in self.fields):
            toast(_("“%(name)s” is saved.", name=self.name_of(row)), "good")
            return redirect(url_for(".create_view") if "_again" in request.form else url_for(".details_view", id=row.id))
        page = self._form_page(form, _("New %(what)s", what=gettext(self.row_title)), None, problem=problem)
        return page, (422 if request.method == "POST" else 200)

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> Any:
        """Change a row. Somebody else's change in the meantime is shown, never overwritten."""
        row = self.one(request.args.get("id"), "update")
        form_type = self._edit_form_class
        if request.method == "GET":
            return self._form_page(form_type(None, obj=row), self.name_of(row), row)
        form = form_type(request.form, obj=row)
        holds = self._form_holds(form, "update", row)
        if read_version(self, row, request.form.get("_version")) != row.version:
            return self._form_page(form, self.name_of(row), row, conflict=self._differences(form, row)), 409
        if not holds:
            return self._form_page(form, self.name_of(row), row), 422
        if problem := self._save(row, self.values_of(form, row), is_new=False):
            row = self.one(request.args.get("id"), "update")
            return self._form_page(form, self.name_of(row), row, problem=problem), 422
        toast(_("“%(name)s” is saved.", name=self.name_of(row)), "good")
        return redirect(url_for(".details_view", id=row.id))

    def _save(self, row: Any, values: dict[str, Any], *, is_new: bool) -> str:
        """Fill and write a row; return why it was refused, with nothing written, or nothing."""
        try:
            self.fill(row, values, is_new=is_new)
            session.add(row)
            session.flush()
            self.must_reach(row, "create" if is_new else "update")
            self.after_save(row, is_new=is_new)
        except typed.BadValue as error:
            session.rollback()
            return str(error)
        return ""

    def values_of(self, form: Any, row: Any = None) -> dict[str, Any]:
        """Return the values a valid form gives; fields that are for new rows only are left alone later."""
        return {f.name: form[f.name].data for f in self.fields if row is None or not f.only_new}

    def fill(self, row: Any, values: dict[str, Any], *, is_new: bool) -> None:
        """Put values into a row. Override to call a service; raise `BadValue` to refuse."""
        for name, value in values.items():
            if getattr(row, name, None) != value:
                setattr(row, name, value)

    def check(self, values: dict[str, Any], row: Any) -> dict[str, str]:
        """Return what is wrong with values that parse, as `{field: message}`."""
        return {}

    def after_save(self, row: Any, *, is_new: bool) -> None:
        """Do what follows a save, in the same transaction."""

    def _form_holds(self, form: Any, action: str, row: Any = None) -> bool:
        holds = form.validate()
        for declared in self.fields:
            field = form[declared.name]
            if row is not None and declared.only_new:
                field.process_errors, field.errors = [], ()
            elif declared.lookup and field.data is not None and not field.errors and not self.may_point_to(declared, field.data, action):
                field.errors = [_("There is no such choice for you.")]
        if any(form[f.name].errors for f in self.fields):
            return False
        for name, message in self.check(self.values_of(form, row), row).items():
            form[name].errors = [message]
            holds = False
        return holds or not any(form[f.name].errors for f in self.fields)

    def may_point_to(self, declared: Field, row_id: int, action: str) -> bool:
        """Say whether a look-up field may hold this id: a row of the list one may choose from, a place in reach."""
        target = current_app.extensions["backoffice"].views[declared.lookup]
        if declared.name == "node_id":
            scope = criteria(Node, current_person(), f"{self.permission}:{action}")
            return session.scalar(select(Node.id).where(Node.id == row_id, Node.deleted_at.is_(None), scope)) is not None
        return session.scalar(select(target.model.id).where(target.model.id == row_id, *target.conditions("list"))) is not None

    def _differences(self, form: Any, row: Any) -> list[tuple[str, str, str]]:
        rows = []
        for declared in self.fields:
            if declared.only_new:
                continue
            field: TypedField = form[declared.name]
            theirs = getattr(row, declared.name)
            if field.errors or field.data != theirs:
                mine = field.shown() if field.errors else self.tell(declared, field.data)
                rows.append((gettext(declared.title), self.tell(declared, theirs), mine))
        return rows or [(_("Record"), _("Saved again meanwhile"), "")]

    def tell(self, declared: Field, value: Any) -> str:
        """Return a field's value as a person reads it: the title of a choice, the name of a row, else as in a list."""
        if value is None:
            return ""
        if declared.choices:
            return gettext(declared.choices.get(value, str(value)))
        if not declared.lookup:
            return show(value, declared.kind_for(self.model))
        target = current_app.extensions["backoffice"].views[declared.lookup]
        query = select(target.model).where(target.model.id == value, *target.conditions("list"))
        row = session.scalars(query).one_or_none()
        return target.name_of(row) if row is not None else ""

    def _form_page(self, form: Any, title: str, row: Any, conflict: Any = None, problem: str = "") -> str:
        fields = [self._shown_field(declared, form[declared.name], row) for declared in self.fields]
        return self.render(
            "backoffice/form.html", page_title=title, crumbs=self.crumbs(title), fields=fields,
            version=sign_version(self, row) if row is not None else None, conflict=conflict,
            cancel_url=url_for(".index_view") if row is None else url_for(".details_view", id=row.id),
            form_error=_("Nothing was saved yet. What you typed is kept; please correct the marked fields.")
            if any(field["error"] for field in fields) else problem,
        )  # fmt: skip

    def _shown_field(self, declared: Field, field: TypedField, row: Any) -> dict[str, Any]:
        shown = {
            "name": declared.name, "title": gettext(declared.title), "kind": declared.kind_for(self.model),
            "value": field.shown(), "error": field.errors[0] if field.errors else "", "help": gettext(declared.help) if declared.help else "",
            "required": declared.required, "maxlength": None, "disabled": declared.only_new and row is not None,
            "options": [(value, gettext(title)) for value, title in (declared.choices or {}).items()],
        }  # fmt: skip
        if declared.lookup:
            target = current_app.extensions["backoffice"].views[declared.lookup]
            shown |= {
                "lookup_url": url_for(f"{target.endpoint}.ajax_lookup"),
                "display": self.tell(declared, field.data) or request.form.get(f"{declared.name}_text", ""),
            }
        return shown

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
            toast(_("“%(name)s” is in the recycle bin.", name=name), "none", undo_url=url_for(".restore_view", id=row.id))
        else:
            toast(_("“%(name)s” is removed.", name=name), "none")
        return redirect(url_for(".index_view"))

    @expose("/restore/", methods=("POST",))
    def restore_view(self) -> Any:
        """Bring a row back from the recycle bin."""
        row = self.one(request.args.get("id"), "delete", in_bin=True)
        self.restore(row)
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
        """Take a row out of the bin."""
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

    @expose("/export/<export_type>/")
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


class ListQuestion:
    """What a list's address asks for, read once and kept: bad values become messages, not errors."""

    def __init__(self, view: ModelView, arguments: Any) -> None:
        self.view = view
        self.arguments: MultiDict[str, str] = arguments
        self.in_bin = arguments.get("bin") == "1" and issubclass(view.model, Deletable)
        self.words = typed.text(arguments.get("search", ""))[:60]
        self.problems: list[str] = []
        name = arguments.get("sort", view.default_order[0])
        column = view.by_name.get(name)
        usable = column is not None and column.sortable
        self.order = listing.Order(
            column if usable else (view.by_name.get(view.default_order[0]) or Column("id", "")),  # type: ignore[arg-type]
            (arguments.get("desc") == "1") if usable and "sort" in arguments else view.default_order[1],
        )
        self.filters: dict[str, tuple[str, str]] = {}
        self.narrowing: list[Any] = []
        self._read_filters()

    def _read_filters(self) -> None:
        for column in self.view.columns:
            if not column.filter:
                continue
            try:
                conditions, value, text = listing.filter_conditions(self.view.model, column, self.arguments)
            except typed.BadValue as error:
                self.problems.append(f"{gettext(column.title)}: {error}")
                continue
            self.filters[column.name] = (value, text)
            self.narrowing += conditions
        if self.words and self.view.search:
            self.narrowing.append(self.view.search_condition(self.words))

    def conditions(self, action: str) -> list[Any]:
        """Return scope, bin, filters and search as conditions."""
        return [*self.view.conditions(action, in_bin=self.in_bin), *self.narrowing]

    def shown_columns(self) -> list[Column]:
        """Return the columns that were chosen, else those shown at first; the first one always."""
        chosen = set(self.arguments.getlist("columns"))
        return [
            column
            for position, column in enumerate(self.view.columns)
            if position == 0 or (column.name in chosen if chosen else column.shown)
        ]


def _versions() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt="version")


def sign_version(view: ModelView, row: Any) -> str:
    """Return the version a form was opened with, signed for this row."""
    return _versions().dumps([view.resource, row.id, row.version])  # type: ignore[return-value]


def read_version(view: ModelView, row: Any, text: str | None) -> int | None:
    """Return the version a form was opened with; None when it is missing or not for this row."""
    try:
        resource, row_id, version = _versions().loads(text or "")
    except (BadSignature, ValueError):
        return None
    return version if (resource, row_id) == (view.resource, row.id) else None


__all__ = ["Cell", "Column", "Field", "ListQuestion", "ModelView", "show"]
