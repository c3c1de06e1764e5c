"""Import at the desk: choose a file, look at what it would do, write it, take it back.

`Imports` is the part of `ModelView` that a table with an `import_key` gets; its first methods are what
a view may answer for itself when the file says less, or other things, than the table needs.
"""

import io
import time
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path, PurePath
from typing import Any

from flask import Response, abort, current_app, redirect, request, send_file, url_for
from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session

from core.access.person import current_person
from core.access.scope import criteria, unscoped
from core.admin.toasts import toast
from core.admin.view import expose
from core.db import session
from core.exchange import applying, importing
from core.exchange.importing import KEPT_DAYS
from core.exchange.limits import UnreadableFile
from core.exchange.mapping import ImportRefused, columns_to_fields
from core.exchange.models import ImportBatch, ImportRow
from core.exchange.reading import open_table
from core.exchange.writing import BOM, csv_line
from core.language import _, gettext
from core.org.models import Node

SHOWN_REFUSALS = 50
REFUSALS_TOGETHER = 1000


class Imports:
    """The import of one table: what its view may answer, and its pages."""

    resource: str
    permission: str
    title: str
    fields: list[Any]
    import_options: dict[str, dict[str, str]]
    render: Any
    crumbs: Any

    # What a view may answer

    def import_resolve(self, session: Session, field: Any, texts: set[str]) -> dict[str, int]:
        """Return `{text: id}` for the references in a file that the person may choose, in one query.

        A row is meant by its import key or code, or by its title when only one row in reach has it.
        """
        target = current_app.extensions["backoffice"].views[field.lookup]
        names = [target.title_column, *(["code"] if hasattr(target.model, "code") else target.import_key[:1])]
        keys = [getattr(target.model, name) for name in dict.fromkeys(filter(None, names))]
        reach = target.conditions("list")
        if target.model is Node:
            reach.append(criteria(Node, current_person(), f"{self.permission}:import"))
        query = select(target.model.id, *keys).where(or_(*(key.in_(texts) for key in keys)), *reach)
        found = session.execute(query).all()
        answer: dict[str, int] = {}
        for position in range(1, len(keys) + 1):
            said = Counter(row[position] for row in found)
            answer |= {row[position]: row.id for row in found if said[row[position]] == 1}
        return {text: row_id for text, row_id in answer.items() if text in texts}

    def import_values(self, session: Session, values: list[dict[str, Any]], options: dict[str, str]) -> list[dict[str, Any]]:
        """Return the rows of a chunk as the table means them, as many and in this order; before they are compared."""
        return values

    def import_defaults(self, session: Session, values: list[dict[str, Any]], options: dict[str, str]) -> list[dict[str, Any]]:
        """Return the rows that will be new, completed with what the file does not say."""
        return values

    def import_check(self, session: Session, values: list[dict[str, Any]], ids: list[int | None]) -> dict[int, tuple[str, str]]:
        """Return what is wrong with rows of a chunk as `{position: (field, reason)}`; a new row has no id."""
        return {}

    def after_import(self, session: Session, batch: ImportBatch, options: dict[str, str]) -> None:
        """Do what follows an import, in its transaction; `staged_rows(session, self, batch, "created")` gives its rows."""

    def after_revert(self, session: Session, batch: ImportBatch) -> None:
        """Do what follows when an import was taken back, in the same transaction."""

    # Pages

    @expose("/import/", methods=("GET", "POST"))
    def import_view(self) -> Any:
        """Ask for a file, and check it."""
        if request.method == "GET":
            return self._upload_page()
        upload, folder = request.files.get("file"), _folder()
        name = PurePath((upload and upload.filename or "").replace("\\", "/")).name
        if not upload or not name:
            return self._upload_page(_("Choose a file first.")), 422
        path = folder / f"upload-{time.time_ns()}"
        upload.save(path)
        try:
            table = open_table(path, name)
            chosen = {option: request.form[option] for option in self.import_options if option in request.form}
            batch = importing.open_batch(session, self, name, table, options=chosen)
            self._check(batch, table)
        except (UnreadableFile, ImportRefused) as error:
            path.unlink()
            session.rollback()
            return self._upload_page(str(error)), 422
        path.rename(folder / f"{batch.id}")
        return redirect(url_for(".import_batch_view", id=batch.id))

    @expose("/import/batch/", methods=("GET", "POST"))
    def import_batch_view(self) -> Any:
        """Show what a file would do, or did; apply it, or check it again with other columns."""
        batch = self._own_batch()
        if request.method == "GET":
            return self._batch_page(batch)
        mapping = {column: request.form.get(f"column-{i}", "") for i, column in enumerate(batch.mapping)}
        if "again" in request.args or mapping != batch.mapping:
            return self._map_again(batch, mapping)
        try:
            applying.apply(session, self, batch)
        except ImportRefused as error:
            return self._batch_page(batch, str(error)), 409
        (_folder() / f"{batch.id}").unlink(missing_ok=True)
        return redirect(url_for(".import_batch_view", id=batch.id))

    @expose("/import/revert/", methods=("POST",))
    def import_revert_view(self) -> Any:
        """Take an import back."""
        batch = self._own_batch()
        try:
            applying.revert(session, self, batch)
        except ImportRefused as error:
            return self._batch_page(batch, str(error)), 409
        return redirect(url_for(".import_batch_view", id=batch.id))

    @expose("/import/refused/")
    def import_refused_view(self) -> Any:
        """Send the refused rows, each with its reason, as a file that can be corrected and imported."""
        reading = current_app.extensions["backoffice"].database.session(writes=False)
        answer = Response(refused_lines(reading, self._own_batch()), mimetype="text/csv")
        answer.headers["Content-Disposition"] = "attachment; filename=refused.csv"
        answer.call_on_close(reading.close)
        return answer

    @expose("/import/template/")
    def import_template_view(self) -> Any:
        """Send an empty file with the headings an import understands."""
        text = BOM + csv_line([gettext(declared.title) for declared in self.fields])
        return send_file(io.BytesIO(text.encode()), "text/csv", as_attachment=True, download_name=f"{self.resource}.csv")

    def _own_batch(self) -> ImportBatch:
        number = request.args.get("id", "")
        mine = (ImportBatch.resource == self.resource, ImportBatch.person_id == current_person().id)
        known = number.isascii() and number.isdigit() and len(number) < 19
        return known and session.scalars(select(ImportBatch).where(ImportBatch.id == int(number), *mine)).one_or_none() or abort(404)

    def _check(self, batch: ImportBatch, table: Any) -> None:
        try:
            importing.check(session, self, batch, table)
        except ImportRefused as error:
            toast(str(error), "watch")

    def _map_again(self, batch: ImportBatch, mapping: dict[str, str]) -> Any:
        path = _folder() / f"{batch.id}"
        if batch.state != "checked" or not path.exists():
            return self._batch_page(batch, _("The file is no longer here. Upload it again.")), 409
        try:
            table = open_table(path, batch.file_name)
            batch.mapping = columns_to_fields(self, table.headers, mapping)
            self._check(batch, table)
        except (UnreadableFile, ImportRefused) as error:
            session.rollback()
            return self._batch_page(self._own_batch(), str(error)), 422
        toast(_("Checked again with the columns as they are now."), "none")
        return redirect(url_for(".import_batch_view", id=batch.id))

    def _upload_page(self, problem: str = "") -> Any:
        shown = [{"title": gettext(f.title), "required": f.required, "help": gettext(f.help) if f.help else ""} for f in self.fields]
        options = [
            {"name": name, "options": [(value, gettext(title)) for value, title in choices.items()]}
            for name, choices in self.import_options.items()
        ]
        return self._import_page("upload", form_error=problem, match_choices=[], options=options, fields=shown, template_url=url_for(".import_template_view"))

    def _batch_page(self, batch: ImportBatch, problem: str = "") -> Any:
        common = {
            "form_error": problem, "counts": batch.counts, "refused_url": url_for(".import_refused_view", id=batch.id),
            "file_name": batch.file_name,
        }  # fmt: skip
        if batch.state != "checked":
            revert_url = url_for(".import_revert_view", id=batch.id) if batch.state == "applied" else None
            return self._import_page("done", **common, revert_url=revert_url, list_url=url_for(".index_view"), reverted=batch.state == "reverted")
        choices = [(declared.name, gettext(declared.title)) for declared in self.fields]
        mapping = [
            {"column": column, "name": f"column-{i}", "value": name, "options": choices, "sample": batch.sample.get(column)}
            for i, (column, name) in enumerate(batch.mapping.items())
        ]
        refused = [
            {"row": row.number, "column": row.column, "value": row.value, "reason": row.reason}
            for row in session.scalars(_refused(batch).limit(SHOWN_REFUSALS))
        ]
        here = url_for(".import_batch_view", id=batch.id)
        again = url_for(".import_batch_view", id=batch.id, again=1)
        return self._import_page("preview", **common, mapping=mapping, refused=refused, apply_url=here, remap_url=again)

    def _import_page(self, step: str, **context: Any) -> Any:
        title = _("Import %(title)s", title=gettext(self.title))
        return self.render(
            "backoffice/import.html", step=step, page_title=title, crumbs=self.crumbs(title), cancel_url=url_for(".index_view"),
            resource_title=gettext(self.title), **context,
        )  # fmt: skip


def _refused(batch: ImportBatch) -> Any:
    return select(ImportRow).where(ImportRow.batch_id == batch.id, ImportRow.status == "refused").order_by(ImportRow.number, ImportRow.id)


def refused_lines(session: Session, batch: ImportBatch) -> Iterator[str]:
    """Return the refused rows of a batch as csv: row, column, value and reason, then the row itself."""
    headings = csv_line([_("Row"), _("Column"), _("Value"), _("Reason"), *batch.mapping])
    return chain([BOM + headings], _refused_lines(session, batch))


def _refused_lines(session: Session, batch: ImportBatch) -> Iterator[str]:
    last = (0, 0)
    columns = (ImportRow.number, ImportRow.id, ImportRow.column, ImportRow.value, ImportRow.reason, ImportRow.values)
    while True:
        query = _refused(batch).where(tuple_(ImportRow.number, ImportRow.id) > last).limit(REFUSALS_TOGETHER)
        with unscoped("a batch the caller was allowed to see"):
            rows = session.execute(query.with_only_columns(*columns)).all()
        if not rows:
            return
        last = (rows[-1].number, rows[-1].id)
        for row in rows:
            texts = [row.values.get(column, "") for column in batch.mapping]
            yield csv_line([row.number, row.column, row.value, row.reason, *texts])


def _folder() -> Path:
    """Return the folder of uploaded files, rid of what nobody came back for."""
    folder = current_app.extensions["backoffice"].settings.data_dir / "imports"
    folder.mkdir(exist_ok=True)
    oldest = time.time() - KEPT_DAYS * 24 * 3600
    for path in folder.iterdir():
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
    return folder
