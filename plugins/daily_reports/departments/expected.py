"""Which places are expected to report: every store, and the departments that have a template and somebody in charge.

A department without a template reports nothing. One in which nobody holds a role that may write its day is
not missing, because there is nobody to ask: head office sees "nobody in charge" beside its template.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from core.api import Node, people_who_may
from plugins.daily_reports.departments.models import ReportTemplate

UPDATE = "daily_reports:day:update"


def reporting() -> ColumnElement[bool]:
    """Return the condition for the nodes that may be expected to report."""
    return or_(Node.kind == "store", (Node.kind == "department") & Node.id.in_(select(ReportTemplate.node_id)))


def excused(session: Session, places: Iterable[Any], day: date) -> set[int]:
    """Return the ids of those departments (rows with `id` and `kind`) of which nothing is expected on a day."""
    departments = {place.id for place in places if place.kind == "department"}
    if not departments:
        return set()
    query = select(ReportTemplate.node_id, ReportTemplate.weekdays).where(ReportTemplate.node_id.in_(departments))
    works = {node_id for node_id, weekdays in session.execute(query) if str(day.isoweekday()) in weekdays}
    return departments - (works & set(people_who_may(session, departments, UPDATE)))


def template_of(session: Session, node_id: int) -> ReportTemplate | None:
    """Return the template of a department, or None."""
    return session.scalars(select(ReportTemplate).where(ReportTemplate.node_id == node_id)).one_or_none()
