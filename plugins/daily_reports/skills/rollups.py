"""Who works where and can do what, below one place.

A clerk may read the skills of their store, but no record of a colleague: what leaves this file of a person is
the name and the place, and of their skills only what the acting person's right to read them reaches.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, func, select, true
from sqlalchemy.orm import Session

from core.api import Node, Person, across_scopes, criteria, current_person, planned_once
from plugins.daily_reports.skills.models import GOOD, PersonSkill, Skill
from plugins.daily_reports.skills.team import Mate

READ = "daily_reports:person_skill:read"
MOST_PEOPLE, MOST_HELPERS = 60, 300
WORKS = Person.active & Person.deleted_at.is_(None)
_TEAM = planned_once(
    select(Person.id, Person.name, Skill.name, PersonSkill.level)
    .outerjoin(PersonSkill, PersonSkill.person_id == Person.id)
    .outerjoin(Skill, (Skill.id == PersonSkill.skill_id) & ~Skill.retired)
    .where(Person.node_id == bindparam("node"), WORKS)
    .order_by(Person.id, Skill.id)
)
"""Built once: every form of a plan asks it."""


class Helper(NamedTuple):
    """Somebody who is good at a skill, and where they work."""

    skill_id: int
    node_id: int
    name: str
    level: int


def team_of(session: Session, node: Node) -> list[Mate]:
    """Return who works at a place and what they can do, if the acting person may read it there; else nobody."""
    if not current_person().reach(READ).holds(node.id, node.area_id, node.region_id):
        return []
    team: dict[int, Mate] = {}
    with across_scopes("names and skills of a place the person may read"):
        for person_id, name, skill, level in session.execute(_TEAM, {"node": node.id}):
            mate = team.setdefault(person_id, Mate(person_id, name))
            if skill is not None:
                mate.skills[skill] = level
    return list(team.values())[:MOST_PEOPLE]


def counts_below(session: Session, node: Node) -> dict[tuple[int, int], int]:
    """Return `{(place, skill): people who have it}` of the places at or below `node`."""
    query = select(Person.node_id, PersonSkill.skill_id, func.count()).group_by(Person.node_id, PersonSkill.skill_id)
    return {(node_id, skill_id): count for node_id, skill_id, count in _skilled(session, query, node)}


def helpers_below(session: Session, node: Node, skill_ids: Iterable[int]) -> list[Helper]:
    """Return who below `node` is good at one of these skills or teaches it, the best first."""
    query = (
        select(PersonSkill.skill_id, Person.node_id, Person.name, PersonSkill.level)
        .where(PersonSkill.level >= GOOD, PersonSkill.skill_id.in_(list(skill_ids)))
        .order_by(PersonSkill.level.desc(), Person.id)
        .limit(MOST_HELPERS)
    )
    return [Helper(*row) for row in _skilled(session, query, node)]


def _skilled(session: Session, query: Any, node: Node) -> list[Any]:
    query = query.join(PersonSkill, PersonSkill.person_id == Person.id)
    query = query.where(_works_below(node), criteria(PersonSkill, current_person(), READ))
    with across_scopes("names and places of those whose skills the person may read"):
        return list(session.execute(query))


def _works_below(node: Node) -> ColumnElement[bool]:
    level = {"area": Person.area_id, "region": Person.region_id}.get(node.kind, Person.node_id)
    return WORKS & (true() if node.kind == "chain" else level == node.id)
