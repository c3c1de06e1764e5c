"""Import at the desk: choose a file, look at what it would do, write it, take it back."""

import io
import time
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any

from flask import Response, abort, current_app, redirect, request, send_file, url_for
from sqlalchemy import false, select

from core.access.person import current_person
from core.admin.toasts import toast
from core.admin.view import expose
from core.db import session
from core.exchange import applying, importing, long, uploads
from core.exchange.hooks import ImportHooks
from core.exchange.limits import UnreadableFile
from core.exchange.mapping import ImportRefused, columns_to_fields
from core.exchange.models import ImportBatch
from core.exchange.reading import open_table
from core.exchange.refusals import refused_lines, refused_rows
from core.exchange.writing import BOM, csv_line
from core.language import _, gettext

SHOWN_REFUSALS = 50


class Imports(ImportHooks):
    """The import pages of one table, as far as `ModelView` has an `import_key`."""

    resource: str
    title: str
    fields: list[Any]
    import_key: tuple[str, ...]
    import_key_or: tuple[str, ...]
    import_options: dict[str, dict[str, str]]
    render: Any
    crumbs: Any

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
            match = [field for field in self.import_key_or if field == request.form.get("match")]
            batch = importing.open_batch(session, self, name, table, match=match, options=chosen)
            if path.stat().st_size <= long.BIG_FILE:
                self._check(batch, table)
        except (UnreadableFile, ImportRefused) as error:
            path.unlink()
            session.rollback()
            return self._upload_page(str(error)), 422
        big = path.stat().st_size > long.BIG_FILE
        path.rename(folder / f"{batch.id}")
        return self._check_long(batch) if big else redirect(url_for(".import_batch_view", id=batch.id))

    @expose("/import/batch/", methods=("GET", "POST"))
    def import_batch_view(self) -> Any:
        """Show what a file would do, or did; apply it, or check it again with other columns."""
        batch = self._own_batch()
        if batch.state == "checking":
            return redirect(url_for("jobs.index"))
        if request.method == "GET":
            return self._batch_page(batch)
        mapping = {column: request.form.get(f"column-{i}", "") for i, column in enumerate(batch.mapping)}
        if "again" in request.args or mapping != batch.mapping:
            return self._map_again(batch, mapping)
        if long.is_big(batch):
            return long.queue_step(self, batch, "apply")
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
        if long.is_big(batch):
            return long.queue_step(self, batch, "revert")
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
        file = io.BytesIO(text.encode())
        return send_file(file, "text/csv", as_attachment=True, download_name=f"{self.resource}.csv")

    def _own_batch(self) -> ImportBatch:
        number = request.args.get("id", "")
        mine = (ImportBatch.resource == self.resource, ImportBatch.person_id == current_person().id)
        known = number.isascii() and number.isdigit() and len(number) < 19
        query = select(ImportBatch).where(ImportBatch.id == int(number) if known else false(), *mine)
        return session.scalars(query).one_or_none() or abort(404)

    def _check(self, batch: ImportBatch, table: Any) -> None:
        with suppress(ImportRefused):  # the page says what is missing, and lets the person choose
            importing.check(session, self, batch, table)

    def _check_long(self, batch: ImportBatch) -> Any:
        batch.counts = {}
        if importing.missing_key(self, batch):  # the page says so at once
            return redirect(url_for(".import_batch_view", id=batch.id))
        batch.state = "checking"
        return long.queue_step(self, batch, "check")

    def _map_again(self, batch: ImportBatch, mapping: dict[str, str]) -> Any:
        path = _folder() / f"{batch.id}"
        if batch.state != "checked" or not path.exists():
            return self._batch_page(batch, _("The file is no longer here. Upload it again.")), 409
        try:
            table = open_table(path, batch.file_name)
            batch.mapping = columns_to_fields(self, table.headers, mapping)
            if long.is_big(batch):
                return self._check_long(batch)
            self._check(batch, table)
        except (UnreadableFile, ImportRefused) as error:
            session.rollback()
            return self._batch_page(self._own_batch(), str(error)), 422
        toast(_("Checked again with the columns as they are now."), "none")
        return redirect(url_for(".import_batch_view", id=batch.id))

    def _upload_page(self, problem: str = "") -> Any:
        shown = [
            {"title": gettext(f.title), "required": f.required, "help": gettext(f.help) if f.help else ""}
            for f in self.fields
        ]
        options = [
            {"name": name, "options": [(value, gettext(title)) for value, title in choices.items()]}
            for name, choices in self.import_options.items()
        ]
        return self._import_page(
            "upload", form_error=problem, match_choices=self._match_choices(), match=request.form.get("match"), options=options,
            fields=shown, template_url=url_for(".import_template_view"),
        )  # fmt: skip

    def _match_choices(self) -> list[tuple[str, str]]:
        """Return the keys to choose from as (value, title); nothing where there is but one."""
        titles = {declared.name: gettext(declared.title) for declared in self.fields}
        usual = "", " + ".join(titles[name] for name in self.import_key)
        return [usual, *((name, titles[name]) for name in self.import_key_or)] if self.import_key_or else []

    def _batch_page(self, batch: ImportBatch, problem: str = "") -> Any:
        here = url_for(".import_batch_view", id=batch.id)
        common = {
            "form_error": problem or importing.missing_key(self, batch), "counts": batch.counts,
            "file_name": batch.file_name, "refused_url": url_for(".import_refused_view", id=batch.id),
        }  # fmt: skip
        if batch.state != "checked":
            common["revert_url"] = url_for(".import_revert_view", id=batch.id) if batch.state == "applied" else None
            return self._import_page(
                "done", **common, list_url=url_for(".index_view"), reverted=batch.state == "reverted"
            )
        choices = [(declared.name, gettext(declared.title)) for declared in self.fields]
        mapping = [
            {"column": column, "name": f"column-{i}", "value": name, "options": choices, "sample": sample}
            for i, (column, name) in enumerate(batch.mapping.items())
            for sample in [batch.sample.get(column, "")]
        ]
        refused = [
            {"row": row.number, "column": row.column, "value": row.value, "reason": row.reason}
            for row in session.scalars(refused_rows(batch).limit(SHOWN_REFUSALS))
        ]
        return self._import_page(
            "preview", **common, mapping=mapping, refused=refused, apply_url=here, remap_url=f"{here}&again=1"
        )

    def _import_page(self, step: str, **context: Any) -> Any:
        title = _("Import %(title)s", title=gettext(self.title))
        return self.render(
            "backoffice/import.html", step=step, page_title=title, crumbs=self.crumbs(title),
            cancel_url=url_for(".index_view"), resource_title=gettext(self.title), **context,
        )  # fmt: skip


def _folder() -> Path:
    """Return the folder of uploaded files, rid of what nobody came back for."""
    house = current_app.extensions["backoffice"]
    uploads.forget_old(house)
    return uploads.folder_of(house)
