"""Days of a made-up chain, for the demonstration: month targets, reports, plan lines, corrections.

The same stores, people, seed, day and hour give the same rows. Rows are written in sets, past the audit.
"""

import tomllib
from collections import defaultdict
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from core.api import Node, chain, clock, closed_ids, names_of_people, people_at
from plugins.daily_reports.departments import sample as departments
from plugins.daily_reports.models import Correction, DayReport, MonthTarget, PlanLine
from plugins.daily_reports.sample_days import Day, Diary, Staff, World
from plugins.daily_reports.sample_sales import Shop, days_between, season_of, shop_of
from plugins.daily_reports.week import sample as weeks

WORDS = Path(__file__).with_name("sample.toml")
IN_ONE_SET = {"render_nulls": True}
"""Rows with and without a value go in one statement, not in one for each pattern of empty columns."""


def fill(session: Session, size: dict[str, Any], seed: int) -> None:
    """Write `size["days"]` days up to the day before `size["today"]`, and today as far as it has come.

    Month targets are set for every month touched, and for the last one. In the month in which the days
    begin the target is for the rest of it, as if the chain had begun to work so on that day.
    """
    today: date = size["today"]
    since = today - timedelta(days=size["days"])
    found = session.scalars(select(Node).where(Node.kind == "store", Node.deleted_at.is_(None)))
    stores = sorted(found, key=lambda node: node.code)
    if not stores:
        return
    months = _months(min(since, today.replace(day=1) - timedelta(days=1)), today)
    days = days_between(months[0], _next_month(today))
    closed = _closed_days(session, stores, days)
    words = tomllib.loads(WORDS.read_text("utf-8"))
    world = World(season_of(days, seed), since, today, clock.now(), seed, words)
    shops = [shop_of(node, seed) for node in stores]
    targets = {shop.node.id: _store_targets(shop, months, closed[shop.node.id], world) for shop in shops}
    _write_months(session, shops, targets)
    staff = _staff(session, stores, today)
    told: list[Day] = []
    for shop in shops:
        node_id = shop.node.id
        diary = Diary(shop, staff[node_id], world, targets[node_id], closed[node_id])
        for day in days_between(since, today + timedelta(days=1)):
            if day not in closed[node_id] and (written := diary.write(day)):
                told.append(written)
    _write_days(session, told, since)
    departments.fill(session, today, seed)
    weeks.fill(session, stores, {node_id: team.manager for node_id, team in staff.items()}, today, seed)


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _months(since: date, until: date) -> list[date]:
    return sorted({day.replace(day=1) for day in days_between(since, until + timedelta(days=1))})


def _closed_days(session: Session, stores: list[Node], days: list[date]) -> dict[int, set[date]]:
    closed: dict[int, set[date]] = defaultdict(set)
    for day in days:
        for node_id in closed_ids(session, stores, day):
            closed[node_id].add(day)
    return closed


def _store_targets(shop: Shop, months: list[date], closed: set[date], world: World) -> dict[date, Decimal]:
    """Return the store's month targets, in whole thousands of yuan: what is usual, times the ambition."""
    targets = {}
    for month in months:
        begin = world.since if month <= world.since < _next_month(month) else month
        open_days = [day for day in days_between(begin, _next_month(month)) if day not in closed]
        usual = sum(shop.usual(day, world.season, world.since) for day in open_days)
        if amount := round(usual * shop.ambition / 1000) * 1000:
            targets[month] = Decimal(amount)
    return targets


def _write_months(session: Session, shops: list[Shop], targets: dict[int, dict[date, Decimal]]) -> None:
    """Write the stores' targets and their sums above. The weights are amounts too, so that a split agrees."""
    root = chain(session)
    sums: dict[tuple[int, date], Decimal] = defaultdict(Decimal)
    weeks = {shop.node.id: list(shop.week) for shop in shops}
    for shop in shops:
        places = dict.fromkeys((shop.node.id, shop.node.area_id, shop.node.region_id, root.id))
        for month, amount in targets[shop.node.id].items():
            for node_id in filter(None, places):
                sums[node_id, month] += amount
    found = session.scalars(select(Node).where(Node.id.in_({node_id for node_id, _month in sums})))
    nodes = {node.id: node for node in found}
    rows = []
    for (node_id, month), amount in sorted(sums.items(), key=lambda item: (item[0][1], item[0][0])):
        set_at = clock.at(month - timedelta(days=2), time(17))
        rows.append({
            "node_id": node_id, "area_id": nodes[node_id].area_id, "region_id": nodes[node_id].region_id,
            "month": month, "amount": amount, "weight": amount / 10_000, "weekdays": weeks.get(node_id),
            "created_at": set_at, "updated_at": set_at,
        })  # fmt: skip
    session.execute(insert(MonthTarget), rows, execution_options=IN_ONE_SET)


def _staff(session: Session, stores: list[Node], today: date) -> dict[int, Staff]:
    """Return who works in each store; in a closed one, who did on its last day."""
    found: dict[str, dict[int, list[int]]] = {}
    for role in ("store_manager", "deputy", "clerk"):
        held: dict[int, set[int]] = {}
        for last in {node.closed_on for node in stores}:
            ids = {node.id for node in stores if node.closed_on == last}
            held |= people_at(session, ids, {role}, last - timedelta(days=1) if last else today)
        found[role] = {node_id: sorted(people) for node_id, people in held.items()}
    areas = people_at(session, {node.area_id for node in stores if node.area_id}, {"area_manager"}, today)
    names = names_of_people(session, {person for people in found["clerk"].values() for person in people})
    return {
        node.id: Staff(
            manager=next(iter(found["store_manager"].get(node.id, ())), None),
            deputy=next(iter(found["deputy"].get(node.id, ())), None),
            clerks=tuple(names[person] for person in found["clerk"].get(node.id, ())),
            reviewer=min(areas.get(node.area_id or 0, ()), default=None),
        )
        for node in stores
    }


def _write_days(session: Session, told: list[Day], since: date) -> None:
    """Write reports in the order of their days, then what hangs on them."""
    told.sort(key=lambda day: (day.report["day"], day.report["node_id"]))
    if not told:
        return
    session.execute(insert(DayReport), [day.report for day in told], execution_options=IN_ONE_SET)
    query = select(DayReport.id, DayReport.node_id, DayReport.day).where(DayReport.day >= since)
    ids = {(node_id, day): report_id for report_id, node_id, day in session.execute(query)}

    def of_report(day: Day, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        report_id = ids[day.report["node_id"], day.report["day"]]
        return [{"report_id": report_id, **row} for row in rows]

    for model, rows in (
        (PlanLine, [row for day in told for row in of_report(day, day.lines)]),
        (Correction, [row for day in told for row in of_report(day, day.corrections)]),
    ):
        if rows:
            session.execute(insert(model), rows)
