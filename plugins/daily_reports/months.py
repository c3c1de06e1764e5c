"""Month targets: what the chain is to sell, split to areas, stores and days."""

from calendar import monthrange
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.api import Node
from plugins.daily_reports.models import MonthTarget
from plugins.daily_reports.opening.models import Opening


def shares(amount: Decimal, weights: list[Decimal]) -> list[Decimal]:
    """Split an amount in yuan by weights into whole yuan; the parts add up to the amount.

    What rounding leaves goes to the largest remainders, first ones first (Hamilton's method). Without
    any weight the parts are equal.
    """
    total = sum(weights, Decimal())
    if not weights:
        return []
    exact = [amount * (weight / total if total else Decimal(1) / len(weights)) for weight in weights]
    parts = [part.to_integral_value(ROUND_DOWN) for part in exact]
    left = amount - sum(parts, Decimal())
    order = sorted(range(len(parts)), key=lambda n: (parts[n] - exact[n], n))
    for n in order[: int(left)]:
        parts[n] += 1
    parts[order[0]] += left - int(left)
    return parts


def split(session: Session, target: MonthTarget) -> int:
    """Split a node's month target over the places below it, down to the stores; return how many were set.

    A place's weight is the one on its own row of the month, else the one of its last month, else the one of the
    store it was opened after, else 1; so are the weights of its weekdays.
    A place that is closed for good before the month, or opens after it, gets nothing.
    """
    ends = target.month + timedelta(days=monthrange(target.month.year, target.month.month)[1])
    children = list(session.scalars(
        select(Node).where(
            Node.parent_id == target.node_id, Node.kind != "department", Node.deleted_at.is_(None),
            or_(Node.closed_on.is_(None), Node.closed_on > target.month), or_(Node.opened_on.is_(None), Node.opened_on < ends),
        ).order_by(Node.code)
    ))  # fmt: skip
    if not children:
        return 0
    rows = _rows(session, children, target.month)
    habits = [
        (rows[child.id].weight, None) if child.id in rows else habits_of(session, child.id, target.month)
        for child in children
    ]
    done = 0
    parts = shares(target.amount, [weight for weight, _weekdays in habits])
    for child, amount, (weight, weekdays) in zip(children, parts, habits, strict=True):
        row = rows.get(child.id)
        if row is None:
            row = MonthTarget(node_id=child.id, month=target.month, amount=amount, weight=weight, weekdays=weekdays)
            session.add(row)
        row.amount = amount
        session.flush()
        done += 1 if child.kind == "store" else 1 + split(session, row)
    return done


def _rows(session: Session, nodes: list[Node], month: date) -> dict[int, MonthTarget]:
    query = select(MonthTarget).where(MonthTarget.month == month, MonthTarget.node_id.in_([node.id for node in nodes]))
    return {row.node_id: row for row in session.scalars(query)}


def habits_of(session: Session, node_id: int, month: date) -> tuple[Decimal, list[Any] | None]:
    """Return a place's weight and weekday weights: of its last month, else of the store it was opened after, else 1."""
    query = select(MonthTarget.weight, MonthTarget.weekdays).where(
        MonthTarget.node_id == node_id, MonthTarget.month < month
    )
    opened = select(Opening.weight, Opening.weekdays).where(Opening.node_id == node_id)
    last = session.execute(query.order_by(MonthTarget.month.desc()).limit(1)).first() or session.execute(opened).first()
    return (last.weight, last.weekdays) if last else (Decimal(1), None)


def day_shares(target: MonthTarget, closed: set[date]) -> dict[date, Decimal]:
    """Split a store's month over its open days by weekday weights; `{day: yuan}`, adding up to the month."""
    days = [target.month + timedelta(days=n) for n in range(monthrange(target.month.year, target.month.month)[1])]
    open_days = [day for day in days if day not in closed]
    weekdays: list[Any] = target.weekdays or [1] * 7
    parts = shares(target.amount, [Decimal(str(weekdays[day.weekday()])) for day in open_days])
    return dict(zip(open_days, parts, strict=True))
