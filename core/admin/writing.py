"""Adding and changing one row: the form, what is wrong with it, and what somebody else did meanwhile."""

from typing import Any

from flask import current_app, redirect, request, url_for
from sqlalchemy import select

from core import typed
from core.access.person import current_person
from core.access.scope import criteria
from core.admin import one_row
from core.admin.columns import show
from core.admin.fields import Field, TypedField
from core.admin.toasts import toast
from core.admin.versions import read_version, sign_version
from core.admin.view import expose
from core.db import session
from core.language import _, gettext
from core.org.models import Node


class Writing:
    """The addresses `/new/` and `/edit/` of a `ModelView`, and the hooks a table overrides for them."""

    model: Any
    fields: list[Field]
    permission: str
    row_title: str

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> Any:
        """Add a row; an address may bring what is known already (`?node_id=7`)."""
        form = self._create_form_class(request.form if request.method == "POST" else request.args)
        problem = ""
        if request.method == "POST" and self._form_holds(form, "create"):
            row = self.model()
            problem = self._save(row, self.values_of(form), is_new=True)
        if request.method == "POST" and not problem and not any(form[f.name].errors for f in self.fields):
            toast(_("“%(name)s” is saved.", name=self.name_of(row)), "good")
            return redirect(url_for(".create_view") if "_again" in request.form else self.details_url(row))
        page = self._form_page(form, _("New %(what)s", what=gettext(self.row_title)), None, problem=problem)
        return page, (422 if request.method == "POST" else 200)

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> Any:
        """Change a row. Somebody else's change in the meantime is shown, never overwritten."""
        row = self.one(request.args.get("id"), "update")
        form_type = self._edit_form_class
        if request.method == "GET":
            return self._form_page(form_type(row=row), self.name_of(row), row)
        form = form_type(request.form, row)
        holds = self._form_holds(form, "update", row)
        if read_version(self, row, request.form.get("_version")) != row.version:
            return self._form_page(form, self.name_of(row), row, conflict=self._differences(form, row)), 409
        if not holds:
            return self._form_page(form, self.name_of(row), row), 422
        if problem := self._save(row, self.values_of(form, row), is_new=False):
            row = self.one(request.args.get("id"), "update")
            return self._form_page(form, self.name_of(row), row, problem=problem), 422
        toast(_("“%(name)s” is saved.", name=self.name_of(row)), "good")
        return redirect(self.details_url(row))

    def _save(self, row: Any, values: dict[str, Any], *, is_new: bool) -> str:
        """Fill and write a row; return why it was refused, with nothing written, or nothing."""
        try:
            self.fill(row, values, is_new=is_new)
            if is_new:
                session.add(row)
            session.flush()
            self.must_reach(row, "create" if is_new else "update")
            self.after_save(row, is_new=is_new)
        except typed.BadValue as error:
            session.rollback()
            self.after_refusal(error)
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

    def after_refusal(self, error: typed.BadValue) -> None:
        """Note what a refusal has told, after all else is taken back; `g.keep_writes = True` lets it be kept."""

    def _form_holds(self, form: Any, action: str, row: Any = None) -> bool:
        holds = form.validate()
        for declared in self.fields:
            field = form[declared.name]
            if row is not None and declared.only_new:
                field.process_errors, field.errors = [], []
            elif row is not None and getattr(row, declared.name) == field.data:
                continue  # what stood there before may stay, also when one could not choose it oneself
            elif (
                declared.lookup
                and field.data is not None
                and not field.errors
                and not self.may_point_to(declared, field.data, action)
            ):
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
        if target.model is Node and declared.name in ("node_id", "parent_id"):
            scope = criteria(Node, current_person(), f"{self.permission}:{action}")
            return (
                session.scalar(select(Node.id).where(Node.id == row_id, Node.deleted_at.is_(None), scope)) is not None
            )
        return (
            session.scalar(select(target.model.id).where(target.model.id == row_id, *target.conditions("list")))
            is not None
        )

    def _differences(self, form: Any, row: Any) -> list[tuple[str, str, str]]:
        rows = []
        for declared in self.fields:
            if declared.only_new:
                continue
            field: TypedField = form[declared.name]
            theirs = getattr(row, declared.name)
            both_empty = field.data in (None, "") and theirs in (None, "")
            if field.errors or (field.data != theirs and not both_empty):
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
        row = one_row.read(target, value, "list")
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
                "display": self._name_beside(declared, field, row) or request.form.get(f"{declared.name}_text", ""),
            }
        return shown

    def _name_beside(self, declared: Field, field: TypedField, row: Any) -> str:
        names = getattr(row, "names_beside", {})
        if declared.name in names and field.data == getattr(row, declared.name):
            return str(names[declared.name] or "")
        return self.tell(declared, field.data)
