"""What a new store still lacks before it can run, each with the page where it is mended."""

from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.api import N_, Node, Person, _, clock, gettext, people_at
from plugins.daily_reports.models import DayReport, MonthTarget
from plugins.daily_reports.opening.models import Opening

TITLES = {
    "store_manager": N_("Store manager"),
    "deputy": N_("Deputy manager"),
    "clerk": N_("Clerks"),
    "technician": N_("Technicians"),
}
MANAGERS = ("store_manager", "deputy")


@dataclass(frozen=True)
class Item:
    """One line of the check list."""

    title: str
    is_done: bool
    said: str
    """How it stands."""
    todo: str = ""
    url: str = ""


def items_of(session: Session, opening: Opening) -> list[Item]:
    """Return the check list of a new store, in the order in which one goes through it."""
    node = session.get_one(Node, opening.node_id)
    wanted = {"store_manager": 1} | opening.positions
    here = {role: people_at(session, {node.id}, {role}).get(node.id, set()) for role in wanted}
    return [
        _hours(node),
        *[_position(node, role, len(here[role]), count) for role, count in wanted.items()],
        _sign_in(session, {person for role in MANAGERS for person in here.get(role, ())}),
        _month_target(session, node, opening),
        _first_target(session, node, opening),
    ]


def _hours(node: Node) -> Item:
    said = f"{node.opens:%H:%M}–{node.closes:%H:%M}" if node.opens and node.closes else "–"
    is_done = bool(node.opens and node.closes and node.address)
    edit = f"/admin/org/store/edit/?id={node.id}"
    return Item(_("Hours and address"), is_done, f"{said} {node.address or ''}".strip(), _("Fill in the address"), edit)


def _position(node: Node, role: str, present: int, wanted: int) -> Item:
    add = "/admin/org/person/new/?" + urlencode({"node_id": node.id, "locale": "zh_Hans_CN"})
    said = _("%(present)s of %(wanted)s", present=present, wanted=wanted)
    return Item(gettext(TITLES[role]), present >= wanted, said, _("Add a person, then give the role"), add)


def _sign_in(session: Session, managers: set[int]) -> Item:
    able = session.scalar(
        select(func.count()).select_from(Person).where(Person.id.in_(managers), Person.password_hash.is_not(None))
    )
    said = _("%(present)s of %(wanted)s", present=able or 0, wanted=len(managers))
    url = f"/admin/org/person/details/?id={min(managers)}" if managers else ""
    return Item(_("The manager can sign in"), bool(able), said, _("Give a one-time password"), url)


def _month_target(session: Session, node: Node, opening: Opening) -> Item:
    month = max(opening.opened_on, clock.today()).replace(day=1)
    found = session.scalar(select(MonthTarget.id).where(MonthTarget.node_id == node.id, MonthTarget.month == month))
    add = "/admin/daily_reports/month_target/new/?" + urlencode({"node_id": node.id, "month": month})
    said = _("%(month)s is set", month=f"{month:%Y-%m}") if found else _("%(month)s is missing", month=f"{month:%Y-%m}")
    return Item(_("Month target"), found is not None, said, _("Set it; weight and weekdays are taken over"), add)


def _first_target(session: Session, node: Node, opening: Opening) -> Item:
    first = session.scalar(
        select(func.min(DayReport.day)).where(DayReport.node_id == node.id, DayReport.target_amount.is_not(None))
    )
    day = max(opening.opened_on, clock.working_day())
    said = _("set on %(day)s", day=first) if first else _("opens on %(day)s", day=opening.opened_on)
    url = f"/day/at/{node.code}/{day}/"
    return Item(_("The first target of a day"), first is not None, said, _("The manager sets it on the phone"), url)
