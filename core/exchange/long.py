"""Files too big for a request: a workbook made, an import checked, applied or taken back as a job."""

from pathlib import Path
from typing import Any

from flask import current_app, redirect, request, url_for
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from core import clock
from core.access.scope import unscoped
from core.db import session
from core.exchange import applying, importing, uploads
from core.exchange.limits import UnreadableFile
from core.exchange.mapping import ImportRefused
from core.exchange.models import ImportBatch
from core.exchange.reading import open_table
from core.jobs.queue import JobRefused, Work, ask_for
from core.language import _, gettext

BIG_FILE, BIG_ROWS = 1024 * 1024, 20_000
"""An import of more bytes or rows takes longer than a person waits."""


def offer(view: Any, rows: int) -> Any:
    """Ask whether a workbook of more than `rows` rows shall be made as a job; the button queues it."""
    title = _("%(title)s as an Excel file", title=gettext(view.title))
    if request.method == "POST":
        arguments = list(request.args.items(multi=True))
        job = ask_for(session, "exchange.export", title, resource=view.resource, arguments=arguments)
        return redirect(url_for("jobs.job", job_id=job.id))
    text = _(
        "It has more than %(count)s rows, so it is made in the background. A message says when it is ready.",
        count=f"{rows:,}",
    )
    return view.render(
        "backoffice/confirm.html", page_title=title, crumbs=view.crumbs(title), text=text, calm=True,
        action_title=_("Make the file"), action_url=request.full_path,
        cancel_url=f"{url_for('.index_view')}?{request.query_string.decode()}",
    )  # fmt: skip


def export(work: Work) -> None:
    """Make the workbook that a person asked for, with the rights they have now."""
    from core.exchange.exporting import Export, ExportRefused

    view = work.house.views[work.arguments["resource"]]
    asked = view.asked(MultiDict([tuple(pair) for pair in work.arguments["arguments"]]))
    wanted = Export(view, asked)
    try:
        wanted.xlsx(work.path, work.progress)
    except ExportRefused as refusal:
        raise JobRefused(str(refusal)) from refusal
    wanted.write_audit("xlsx")
    work.made(f"{wanted.title} {clock.today()}.xlsx")


def is_big(batch: ImportBatch) -> bool:
    """Say whether the steps of an import are jobs: its file is big, or what was found in it is."""
    path = _file_of(current_app.extensions["backoffice"], batch)
    return batch.counts.get("rows", 0) > BIG_ROWS or (path.is_file() and path.stat().st_size > BIG_FILE)


def queue_step(view: Any, batch: ImportBatch, step: str) -> Any:
    """Queue the next step of a big import (check, apply or revert) and go to its page."""
    title = {
        "check": _("Check of %(file)s", file=batch.file_name),
        "apply": _("Import of %(file)s", file=batch.file_name),
        "revert": _("Taking back %(file)s", file=batch.file_name),
    }[step]
    page = url_for(".import_batch_view", id=batch.id)
    job = ask_for(session, "exchange.import", title, resource=view.resource, batch=batch.id, step=step, page=page)
    return redirect(url_for("jobs.job", job_id=job.id))


def import_step(work: Work) -> None:
    """Do one step of a big import; all of it or nothing."""
    view = work.house.views[work.arguments["resource"]]
    with unscoped("the batch of the person who asked"):
        batch = work.session.scalars(select(ImportBatch).where(ImportBatch.id == work.arguments["batch"])).one()
    path = _file_of(work.house, batch)
    try:
        match work.arguments["step"]:
            case "check":
                if not path.is_file():
                    raise JobRefused(_("The file is no longer here. Upload it again."))
                importing.check(work.session, view, batch, open_table(path, batch.file_name))
                batch.state = "checked"
            case "apply":
                applying.apply(work.session, view, batch)
                path.unlink(missing_ok=True)
            case "revert":
                applying.revert(work.session, view, batch)
    except (ImportRefused, UnreadableFile) as refusal:
        raise JobRefused(str(refusal)) from refusal
    work.see(work.arguments["page"])


def _file_of(house: Any, batch: ImportBatch) -> Path:
    return uploads.folder_of(house) / f"{batch.id}"
