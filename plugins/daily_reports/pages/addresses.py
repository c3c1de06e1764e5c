"""What every page under `/day/` shares: the blueprint, the place and the day of an address, how things are written."""

from datetime import date
from typing import Any
from urllib.parse import quote

from flask import Blueprint, abort, request, url_for
from sqlalchemy import bindparam, select

from core.api import N_, Node, clock, current_person, gettext, is_on_at, planned_once, session, typed
from plugins.daily_reports import boards, hours
from plugins.daily_reports.models import DayReport

blueprint = Blueprint("daily_reports", __name__, url_prefix="/day")
READ, UPDATE = "daily_reports:day:read", "daily_reports:day:update"
REVIEW, REMIND, CORRECT = "daily_reports:day:review", "daily_reports:day:remind", "daily_reports:day:correct"
WEEKDAYS = (
    N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"), N_("Sunday"),
)  # fmt: skip
_PLACE = planned_once(select(Node).where(Node.code == bindparam("code"), Node.deleted_at.is_(None)))
_PLACE_AND_DAY = planned_once(
    select(Node, DayReport)
    .outerjoin(DayReport, (DayReport.node_id == Node.id) & (DayReport.day == bindparam("on")))
    .where(Node.code == bindparam("code"), Node.deleted_at.is_(None))
)


def node_by(code: str, permission: str) -> Node:
    """Return the place with this code if the permission reaches it, else 404; places outside a pilot are read only."""
    if not code.isprintable():
        abort(404)
    node = session.scalars(_PLACE, {"code": code}).one_or_none()
    if node is None or not reaches(permission, node):
        abort(404)
    if not permission.endswith(":read") and not is_on_at("daily_reports", node):
        abort(404)
    return node


def node_and_day(code: str, day: date) -> tuple[Node, DayReport | None]:
    """Return the place with this code and its record of a day, if the person may read them; else 404."""
    values = {"code": code, "on": day}
    found = session.execute(_PLACE_AND_DAY, values).one_or_none() if code.isprintable() else None
    node, report = found or (None, None)
    return (node, report) if node and reaches(READ, node) else abort(404)


def day_from(text: str) -> date:
    """Return the date of an address, else 404."""
    return hours.day_of(text) or abort(404)


def page_of(node: Any, day: date) -> str:
    """Return the address of a node's day, as `day_page` has it; written out, because `url_for` costs a page of days dearly."""
    return f"/day/at/{quote(node.code)}/{day}/"


def money(value: Any) -> str:
    """Return an exact amount."""
    return "–" if value is None else typed.show_money(value)


@blueprint.context_processor
def figures() -> dict[str, Any]:
    """Give the templates their ways to write an amount: exact, short for a sum, plain for a field."""
    return {
        "money": money,
        "short": lambda value: "–" if value is None else typed.show_wan(value),
        "plain": lambda value: "" if value is None else f"{value:f}".removesuffix(".00"),
    }


def wants_json() -> bool:
    """Say whether the page's script asks, which keeps what was typed and shows the answer itself."""
    return request.headers.get("X-Requested-With") == "fetch"


def seen_version() -> int:
    """Return the version the form was opened with; 0 when it does not say."""
    seen = request.form.get("version", "")
    return int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else 0


def back_url() -> str:
    """Return where the arrow leads: to the overview for those who look after several places, else home."""
    return url_for("daily_reports.today") if boards.looks_after_several(current_person()) else "/"


def reaches(permission: str, node: Node) -> bool:
    """Say whether the person holds a permission at this place."""
    return current_person().reach(permission).holds(node.id, node.area_id, node.region_id)


def title_of(day: date) -> str:
    """Return a day as the pages name it: 11-20 Friday."""
    return f"{day:%m-%d} {weekday_of(day)}"


def weekday_of(day: date) -> str:
    """Return the name of the weekday."""
    return gettext(WEEKDAYS[day.weekday()])


def show_time(instant: Any) -> str:
    """Return an instant as day and time in Shanghai; nothing for none."""
    return f"{clock.local(instant):%m-%d %H:%M}" if instant else ""
