"""Weeks of a made-up chain: plans and summaries of the last weeks, as diligent or late as the stores' days are.

The same stores, seed and day give the same rows; they are written in sets, past the audit.
"""

import tomllib
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from core.api import Node, clock
from plugins.daily_reports.models import DayReport
from plugins.daily_reports.week import states
from plugins.daily_reports.week.models import WeekLine, WeekReport

WORDS = Path(__file__).with_name("sample.toml")
WEEKS = 4
IN_ONE_SET = {"render_nulls": True}


def fill(session: Session, stores: list[Node], managers: dict[int, int | None], today: date, seed: int) -> None:
    """Write the last four weeks and the present one as far as it has come; `managers` by store."""
    words = tomllib.loads(WORDS.read_text("utf-8"))
    present = states.monday_of(today)
    since = present - timedelta(weeks=WEEKS)
    targets = _targets(session, since, today)
    rows: list[dict[str, Any]] = []
    lines: dict[tuple[int, date], list[dict[str, Any]]] = {}
    for store in stores:
        chance = Random(f"weeks {seed} {store.code}")
        for number in range(WEEKS + 1):
            week = since + timedelta(weeks=number)
            if (store.id, week) in targets and chance.random() > 0.08:
                row = _week(store, week, targets[store.id, week], managers.get(store.id), words, chance)
                if row is not None:
                    rows.append(row)
                    lines[store.id, week] = _lines(row, week == present, words, chance)
    if not rows:
        return
    rows.sort(key=lambda row: (row["week"], row["node_id"]))
    session.execute(insert(WeekReport), rows, execution_options=IN_ONE_SET)
    query = select(WeekReport.id, WeekReport.node_id, WeekReport.week).where(WeekReport.week >= since)
    found = session.execute(query.order_by(WeekReport.id))
    of_weeks = [{"week_id": week_id} | line for week_id, *key in found for line in lines[tuple(key)]]  # type: ignore[index]
    if of_weeks:
        session.execute(insert(WeekLine), of_weeks)


def _targets(session: Session, since: date, today: date) -> dict[tuple[int, date], Decimal]:
    query = select(DayReport.node_id, DayReport.day, DayReport.target_amount).where(
        DayReport.day >= since, DayReport.day <= today, DayReport.target_amount.is_not(None)
    )
    days: dict[tuple[int, date], list[Decimal]] = defaultdict(list)
    for node_id, day, amount in session.execute(query):
        days[node_id, states.monday_of(day)].append(amount)
    return {key: round(sum(amounts) / len(amounts) * 7 / 1000) * Decimal(1000) for key, amounts in days.items()}


def _week(
    store: Node, week: date, target: Decimal, manager: int | None, words: dict[str, Any], chance: Random
) -> dict[str, Any] | None:
    planned_at = _moment(week, time(9, 40), chance.choice((0, 15, 30, 50, 70, 260)))
    summed_up_at: datetime | None = _moment(week + timedelta(days=6), time(20), chance.choice((0, 25, 45, 60, 840)))
    if planned_at > clock.now():
        return None
    if summed_up_at > clock.now() or chance.random() < 0.1:  # type: ignore[operator]
        summed_up_at = None
    return {
        "node_id": store.id, "area_id": store.area_id, "region_id": store.region_id, "week": week,
        "state": states.SUMMED_UP if summed_up_at else states.PLANNED, "target_amount": target or None,
        "planned_at": planned_at, "planned_by": manager, "plan_late_minutes": _late(states.plan_due(week), planned_at),
        "summed_up_at": summed_up_at, "summed_up_by": manager if summed_up_at else None,
        "summary_late_minutes": _late(states.summary_due(week), summed_up_at),
        "reflection": chance.choice(words["learned"]) if summed_up_at else "",
        "next_week": chance.choice(words["next_week"]) if summed_up_at else "",
        "created_at": planned_at, "updated_at": summed_up_at or planned_at,
    }  # fmt: skip


def _moment(day: date, clock_time: time, minutes: int) -> datetime:
    return clock.at(day, clock_time) + timedelta(minutes=minutes)


def _late(due: datetime, came: datetime | None) -> int | None:
    return None if came is None else max(0, int((came - due).total_seconds() // 60))


def _lines(row: dict[str, Any], is_present: bool, words: dict[str, Any], chance: Random) -> list[dict[str, Any]]:
    events = chance.sample(words["events"], chance.choice((2, 3, 3, 4)))
    return [
        {
            "position": position, "what": what, "standard": standard, "due": due, "owner": "",
            "done": chance.random() < (0.3 if is_present else 0.75),
            "created_at": row["created_at"], "updated_at": row["updated_at"],
        }
        for position, (what, standard, due) in enumerate(events)
    ]  # fmt: skip
