"""The chain's day on one page: who is missing, how everybody stands, how a store does beside its peers."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from flask import has_request_context
from sqlalchemy import ColumnElement, Text, and_, cast, or_, select
from sqlalchemy.orm import Session

from core.api import CurrentPerson, Node, clock, closed_ids, criteria, is_on_at
from plugins.daily_reports import hours
from plugins.daily_reports.departments.expected import excused, reporting
from plugins.daily_reports.models import DayReport
from plugins.daily_reports.settings import report_grace

LIST = "daily_reports:day:list"
GOOD_FROM, WATCH_FROM = 100, 85
"""Whole percent of the target from which a day is good, and below which it is bad."""


class StoreDay(NamedTuple):
    """One store on one day, as the board shows it. Amounts in yuan."""

    node_id: int
    code: str
    name: str
    area_id: int | None
    state: str | None
    target: Decimal | None
    amount: Decimal | None
    reasons: tuple[str, ...]
    late: bool
    """Target or report came late, or the morning was missed."""
    closed: bool
    report_id: int | None = None
    on_time: bool | None = None
    """Whether all that is due came in time; None while nothing is due, on closed days, for imported ones."""
    percent: int | None = None
    """The result in whole percent of the target."""

    @property
    def gap(self) -> Decimal | None:
        """Return the result less the target."""
        return None if self.target is None or self.amount is None else self.amount - self.target

    @property
    def meaning(self) -> str:
        """Return the colour: good, watch, bad, or none without a figure."""
        return meaning_of(self.percent)


def meaning_of(percent: int | None) -> str:
    """Return what an achievement means: good, watch, bad, or none without a figure."""
    if percent is None:
        return "none"
    return "good" if percent >= GOOD_FROM else "watch" if percent >= WATCH_FROM else "bad"


@dataclass
class Group:
    """An area with its stores and their sums, which are worked out once."""

    id: int | None
    name: str
    stores: list[StoreDay] = field(default_factory=list)
    code: str = ""

    @cached_property
    def target(self) -> Decimal:
        """The sum of the targets set."""
        return sum((row.target for row in self.stores if row.target is not None), Decimal())

    @cached_property
    def amount(self) -> Decimal:
        """The sum of the results reported."""
        return sum((row.amount for row in self.stores if row.amount is not None), Decimal())

    @cached_property
    def percent(self) -> int | None:
        """Result in whole percent of the target, of those stores that have reported."""
        both = [(row.target, row.amount) for row in self.stores if row.target is not None and row.amount is not None]
        target = sum((target for target, _sold in both), Decimal())
        return round(sum((sold for _target, sold in both), Decimal()) * 100 / target) if target else None

    @property
    def meaning(self) -> str:
        """The colour of the group."""
        return meaning_of(self.percent)

    def count(self, *, reported: bool) -> int:
        """Return how many open stores have set a target, or have reported."""
        return sum(1 for row in self.stores if not row.closed and (row.amount if reported else row.target) is not None)

    @property
    def on_time(self) -> int | None:
        """How many of the stores were in time, in whole percent; None while nothing is due."""
        judged = [row.on_time for row in self.stores if row.on_time is not None]
        return round(100 * sum(judged) / len(judged)) if judged else None

    @property
    def open_stores(self) -> int:
        """How many stores are open on the day."""
        return sum(1 for row in self.stores if not row.closed)


def board(session: Session, person: CurrentPerson, day: date, below: Node | None = None) -> list[Group]:
    """Return areas with their stores as they stand on `day`, worst gap first; see `_found_on`, and one query for names."""
    groups: dict[int | None, Group] = {}
    for store in _store_days(*_found_on(session, person, day, below), day):
        groups.setdefault(store.area_id, Group(store.area_id, "")).stores.append(store)
    names = select(Node.id, Node.name, Node.code).where(Node.id.in_([key for key in groups if key]))
    for area_id, name, code in session.execute(names):
        groups[area_id].name, groups[area_id].code = name, code
    for group in groups.values():
        group.stores.sort(key=_by_gap)
    return sorted(groups.values(), key=lambda group: (group.percent is None, group.percent or 0, group.name))


def _found_on(
    session: Session, person: CurrentPerson, day: date, below: Node | None = None
) -> tuple[list[Any], set[int]]:
    """Return the stores in the person's scope with what they sent of `day`, and the ids of those that are closed.

    A store that was not open yet, or is closed for good, is left out unless it has a report.

    Two queries (stores with their day, closed days) for any number of stores.
    """
    query = (
        select(
            Node.id, Node.code, Node.name, Node.area_id, Node.region_id, Node.opens, Node.closes, Node.opened_on, Node.closed_on,
            DayReport.state, DayReport.imported, DayReport.target_amount, DayReport.amount, cast(DayReport.gap_reasons, Text),
            DayReport.target_late_minutes, DayReport.report_late_minutes, DayReport.id.label("report_id"),
        )
        .outerjoin(DayReport, (DayReport.node_id == Node.id) & (DayReport.day == day))
        .where(Node.kind == "store", Node.deleted_at.is_(None), criteria(Node, person, LIST), or_(DayReport.id.is_not(None), _exists(day)))
    )  # fmt: skip
    if below is not None and below.kind != "chain":
        column = {"region": Node.region_id, "area": Node.area_id}.get(below.kind, Node.id)
        query = query.where(column == below.id)
    found: Any = session.execute(query).all()
    return found, closed_ids(session, found, day)


def _store_days(found: list[Any], closed: set[int], day: date) -> list[StoreDay]:
    """Return the stores of `_found_on` as they stand on `day`."""
    stores, now = [], clock.now()
    for row in found:
        (
            node_id, code, name, area_id, _region, _opens, _closes, _opened, _shut, state, imported, target, amount, reasons,
            target_late, report_late, report_id,
        ) = row  # fmt: skip
        late = bool(target_late or report_late or (amount is not None and target is None and not imported))
        on_time = None if node_id in closed or imported else _on_time(row, day, late, now)
        percent = round(amount * 100 / target) if target and amount is not None else None
        stores.append(StoreDay(
            node_id, code, name, area_id, state, target, amount, _reasons(reasons), late, node_id in closed, report_id, on_time, percent,
        ))  # fmt: skip
    return stores


@lru_cache(maxsize=1000)
def _reasons(text: str | None) -> tuple[str, ...]:
    """Read a list of reasons; a thousand stores have a handful of different ones."""
    return tuple(json.loads(text or "[]"))


def _exists(day: date) -> Any:
    return and_(
        or_(Node.opened_on.is_(None), Node.opened_on <= day), or_(Node.closed_on.is_(None), Node.closed_on > day)
    )


def _on_time(row: Any, day: date, late: bool, now: datetime) -> bool | None:
    """Say whether a store is in time with what was due by now; None before its first deadline."""
    if late:
        return False
    if row.amount is not None and row.target_amount is not None:
        return True
    overdue = (row.target_amount is None and now > hours.target_due(row, day)) or (
        row.amount is None and now > hours.report_due(row, day, report_grace(row))
    )
    if overdue:
        return False
    return True if row.amount is not None or now > hours.target_due(row, day) else None


def _by_gap(row: StoreDay) -> tuple[Any, ...]:
    gap = row.gap
    return (row.closed, gap is None, gap or 0, row.code)


class Missing(NamedTuple):
    """A store whose target or report is overdue on a day."""

    node_id: int
    code: str
    name: str
    area_id: int | None
    what: str
    """`target` or `report`."""
    minutes: int


def missing(
    session: Session, person: CurrentPerson, day: date, among: ColumnElement[bool] | None = None
) -> list[Missing]:
    """Return who is overdue now with the target or the report of `day`, longest first; `among` keeps some of the places.

    Late follows each store's hours; a closed day is never missing, and imported history never late.
    Departments that have a form of their own are among them.
    """
    query = (
        select(
            Node.id, Node.kind, Node.code, Node.name, Node.area_id, Node.region_id, Node.opens, Node.closes, Node.opened_on, Node.closed_on,
            DayReport.target_amount, DayReport.imported,
        )
        .outerjoin(DayReport, (DayReport.node_id == Node.id) & (DayReport.day == day))
        .where(
            reporting() if among is None else reporting() & among,
            Node.deleted_at.is_(None), criteria(Node, person, LIST), DayReport.amount.is_(None),
        )
    )  # fmt: skip
    found = session.execute(query).all()
    closed = closed_ids(session, found, day) | excused(session, found, day)  # type: ignore[arg-type]
    now = clock.now()
    overdue = []
    for row in found:
        what, minutes = _overdue(row, day, now)
        if minutes and _expects(row, closed):
            overdue.append(Missing(row.id, row.code, row.name, row.area_id, what, minutes))
    return sorted(overdue, key=lambda item: (-item.minutes, item.code))


def _expects(row: Any, closed: set[int]) -> bool:
    """Say whether anything is expected from a place: not when it is closed, nor of history, nor outside a pilot."""
    if row.imported or row.id in closed:
        return False
    return not has_request_context() or is_on_at("daily_reports", row)


def _overdue(row: Any, day: date, now: datetime) -> tuple[str, int]:
    """Return what of a place without a result is overdue, `target` or `report`, and by how many minutes."""
    closes = hours.report_due(row, day, timedelta())
    # What a place may set is asked of those that have closed: most of a chain has not.
    minutes = hours.late_minutes(closes + report_grace(row), now) if now > closes else 0
    if not minutes and row.target_amount is None:
        return "target", hours.late_minutes(hours.target_due(row, day), now)
    return "report", minutes


def totals(groups: Iterable[Group]) -> Group:
    """Return all stores of several groups as one, for the line of sums."""
    return Group(None, "", [row for group in groups for row in group.stores])


def totals_on(session: Session, person: CurrentPerson, day: date) -> tuple[Group, int]:
    """Return all stores in the person's scope as one, as they stand on `day`, and how many places are `missing`."""
    found, closed = _found_on(session, person, day)
    now, departments = clock.now(), missing(session, person, day, Node.kind == "department")
    late = [row for row in found if row.amount is None and _overdue(row, day, now)[1] and _expects(row, closed)]
    return Group(None, "", _store_days(found, closed, day)), len(late) + len(departments)


def looks_after_several(person: CurrentPerson) -> bool:
    """Say whether the person's reports are those of more than one store."""
    reach = person.reach(LIST)
    return reach.everything or bool(reach.areas or reach.regions) or len(reach.nodes) > 1
