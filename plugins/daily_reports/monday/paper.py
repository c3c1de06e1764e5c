"""The Monday sheet as a PDF: laid out by WeasyPrint, which is loaded only here."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.api import JobKind, JobRefused, Node, Work, _, clock, criteria, current_person, gettext, show, typed
from plugins.daily_reports.models import GAP_REASONS
from plugins.daily_reports.monday.figures import READ, Sheet, sheet_of
from plugins.daily_reports.rewards import evidence, states
from plugins.daily_reports.rewards.models import KINDS

STATIC = Path(__file__).parent.parent / "static"


def words_of(sheet: Sheet) -> dict[str, Any]:
    """Return what the sheet's template needs besides the sheet."""
    return {
        "sheet": sheet, "title": title_of(sheet.node, sheet.monday), "subtitle": f"{sheet.monday} – {sheet.sunday}",
        "printed_by": current_person().name, "printed_at": f"{clock.local(clock.now()):%Y-%m-%d %H:%M}",
        "money": lambda value: "–" if value is None else show(round(value), "money"), "short": typed.show_wan,
        "reasons": {key: gettext(text) for key, text in GAP_REASONS.items()}, "kinds": KINDS, "states": states.STATES, "why_of": evidence.why,
    }  # fmt: skip


def title_of(node: Node, monday: date) -> str:
    """Return what the sheet is called."""
    return _("Monday sheet of %(name)s", name=node.name)


def monday_sheet_pdf(session: Session, node: Node, week: date, progress: Callable[[float], None]) -> bytes:
    """Return the sheet of a node's week as a PDF for A4, of what the acting person may read.

    Raises `JobRefused` where WeasyPrint or its libraries are missing.
    """
    try:
        from weasyprint import CSS, HTML
    except (ImportError, OSError) as error:
        raise JobRefused(
            _(
                "This server cannot make a PDF. Print the page in the browser instead. "
                "IT installs weasyprint, libpango-1.0-0 and libpangoft2-1.0-0 to mend it."
            )
        ) from error
    sheet = sheet_of(session, node, week)
    progress(0.2)
    words = words_of(sheet)
    text = current_app.jinja_env.get_template("daily_reports/monday/paper.html").render(**words)
    progress(0.3)
    styles = [CSS(string=style, url_fetcher=_nothing) for style in _styles()]
    document = HTML(string=text, url_fetcher=_nothing).render(stylesheets=styles)
    progress(0.8)
    return document.write_pdf(title=words["title"])


def _styles() -> list[str]:
    core = Path(current_app.root_path) / "admin" / "static"
    return [path.read_text("utf-8") for path in (core / "tokens.css", core / "print.css", STATIC / "monday.css")]


def _nothing(url: str, *_arguments: Any, **_named: Any) -> Any:
    """Fetch nothing: all that is on the paper is in the text."""
    raise ValueError(f"the sheet asks for nothing, not for {url}")


def _make(work: Work) -> None:
    query = select(Node).where(Node.id == work.arguments["node"], criteria(Node, current_person(), READ))
    node = work.session.scalars(query).one_or_none()
    if node is None:
        raise JobRefused(_("This place is out of your reach now."))
    week = date.fromisoformat(work.arguments["week"])
    work.path.write_bytes(monday_sheet_pdf(work.session, node, week, work.progress))
    work.made(f"{title_of(node, week)} {week}.pdf".replace("/", "-"))


PDF = JobKind("daily_reports.monday_sheet", _make)
