"""What a person sees of their jobs: the list, one under way, and the file it made."""

from typing import Any

from flask import Blueprint, abort, current_app, redirect, render_template, send_file, url_for
from sqlalchemy import select

from core import clock
from core.access.guards import signed_in
from core.access.person import current_person
from core.db import session
from core.jobs.models import STATES, Job
from core.jobs.queue import file_of
from core.language import _, gettext

jobs = Blueprint("jobs", __name__, url_prefix="/jobs")
SHOWN = 50
SECONDS_BETWEEN_LOOKS = 2


@jobs.route("/")
@signed_in("one's own jobs")
def index() -> Any:
    """Show what one has asked for, newest first."""
    query = select(Job).where(Job.person_id == current_person().id).order_by(Job.id.desc()).limit(SHOWN)
    shown = [_shown(job) for job in session.scalars(query)]
    return render_template("backoffice/jobs.html", page_title=_("My jobs"), jobs=shown)


@jobs.route("/<int:job_id>")
@signed_in("one's own jobs")
def job(job_id: int) -> Any:
    """Show how far a job is; the page looks again by itself, and goes to the result when that is a page."""
    found = _own(job_id)
    if found.state == "done" and found.url:
        return redirect(found.url)
    page = render_template("backoffice/job.html", page_title=found.title, job=_shown(found), crumbs=[
        (_("My jobs"), url_for("jobs.index")), (found.title, None),
    ])  # fmt: skip
    return page, {"Refresh": str(SECONDS_BETWEEN_LOOKS)} if found.ended_at is None else {}


@jobs.route("/<int:job_id>/file")
@signed_in("one's own jobs")
def file(job_id: int) -> Any:
    """Send the file a job made."""
    found = _own(job_id)
    path = file_of(current_app.extensions["backoffice"], job_id)
    if not found.file_name or not path.is_file():
        abort(404)
    return send_file(path, as_attachment=True, download_name=found.file_name)


def _own(job_id: int) -> Job:
    query = select(Job).where(Job.id == job_id, Job.person_id == current_person().id)
    return session.scalars(query).one_or_none() or abort(404)


def _shown(job: Job) -> dict[str, Any]:
    return {
        "title": job.title, "state": job.state, "state_title": gettext(STATES.get(job.state, job.state)), "percent": job.percent,
        "problem": job.problem, "asked_at": f"{clock.local(job.asked_at):%m-%d %H:%M}",
        "url": url_for("jobs.job", job_id=job.id), "page": job.arguments.get("page", ""),
        "file_url": url_for("jobs.file", job_id=job.id) if job.file_name else None, "file_name": job.file_name,
    }  # fmt: skip
