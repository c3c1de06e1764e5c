"""One department of a made-up chain reports: its form, and two weeks of its days."""

from datetime import date, time, timedelta
from decimal import Decimal
from random import Random

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from core.api import Node, clock, people_who_may
from plugins.daily_reports import hours, states
from plugins.daily_reports.departments.expected import UPDATE
from plugins.daily_reports.departments.models import ReportTemplate
from plugins.daily_reports.models import DayReport

DAYS = 14
FIGURES, REASONS = ("已解决投诉", "待件超 3 天"), ("电话打不通", "等配件", "等厂家回复", "人手不足")


def fill(session: Session, today: date, seed: int) -> None:
    """Give the last department by its code a form, and write its working days up to yesterday."""
    query = select(Node).where(Node.kind == "department", Node.deleted_at.is_(None)).order_by(Node.code.desc()).limit(1)
    node = session.scalars(query).one_or_none()
    if node is None:
        return
    node.opens, node.closes = time(9), time(18)
    made_at = clock.at(today - timedelta(days=DAYS + 1), time(15))
    session.add(ReportTemplate(
        node_id=node.id, figure="回访客户", unit="个", figures="\n".join(FIGURES), reasons="\n".join(REASONS),
        opens=node.opens, closes=node.closes, weekdays="12345",
        created_at=made_at, updated_at=made_at,
    ))  # fmt: skip
    session.flush()
    people = people_who_may(session, {node.id}, UPDATE).get(node.id)
    if people:
        days = [today - timedelta(days=number) for number in range(DAYS, 0, -1)]
        rows = [_day(node, day, min(people), Random(f"{seed} {node.code} {day}")) for day in days if day.weekday() < 5]
        session.execute(insert(DayReport), rows, execution_options={"render_nulls": True})


def _day(node: Node, day: date, person: int, chance: Random) -> dict[str, object]:
    target, amount = chance.choice((50, 60, 70)), chance.randint(42, 75)
    target_at, reported_at = clock.at(day, time(8, 50)), clock.at(day, time(18, 10))
    return {
        "node_id": node.id, "area_id": node.area_id, "region_id": node.region_id, "day": day,
        "state": states.LOCKED if day <= hours.last_locked(clock.now()) else states.REPORTED,
        "target_amount": Decimal(target), "amount": Decimal(amount), "target_at": target_at, "reported_at": reported_at,
        "target_by": person, "reported_by": person, "target_late_minutes": 0, "report_late_minutes": 0,
        "figures": {name: str(chance.randint(1, 9)) for name in FIGURES},
        "gap_reasons": [chance.choice(REASONS)] if amount < target else [], "tenders": {},
        "created_at": target_at, "updated_at": reported_at,
    }  # fmt: skip
