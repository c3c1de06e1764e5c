"""What is done with skills: note one, and name those first who can do what a plan's line says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.api import Node, clock, current_person
from plugins.daily_reports.skills.models import LEVELS, PersonSkill, Skill
from plugins.daily_reports.skills.rollups import staff_of

SHOWN = 2
"""So many skills fit beside a name."""


@dataclass(frozen=True)
class Mate:
    """Somebody who works at a place, with their skills: `{name: level}`."""

    id: int
    name: str
    skills: Mapping[str, int] = field(default_factory=dict)

    def best_for(self, what: str) -> list[str]:
        """Return which skills to show beside the name: those a line names, then those they are best at."""
        return sorted(self.skills, key=lambda name: (not names(what, name), -self.skills[name]))[:SHOWN]


def active_skills(session: Session) -> list[Skill]:
    """Return the skills in use, in the order head office wrote them down."""
    return list(session.scalars(select(Skill).where(~Skill.retired).order_by(Skill.id)))


def team_of(session: Session, node: Node) -> list[Mate]:
    """Return who works at a place and what they can do, with two queries."""
    staff = staff_of(session, node)
    query = (
        select(PersonSkill.person_id, Skill.name, PersonSkill.level)
        .join(Skill, Skill.id == PersonSkill.skill_id)
        .where(PersonSkill.person_id.in_([person_id for person_id, _name in staff]), ~Skill.retired)
        .order_by(Skill.id)
    )
    skills: dict[int, dict[str, int]] = {}
    for person_id, name, level in session.execute(query):
        skills.setdefault(person_id, {})[name] = level
    return [Mate(person_id, name, skills.get(person_id, {})) for person_id, name in staff]


def names(what: str, skill: str) -> bool:
    """Say whether a line of a plan names a skill."""
    return skill.casefold() in what.casefold()


def fit(what: str, skills: Mapping[str, int]) -> int:
    """Return how well somebody fits a line of a plan: the sum of their levels in the skills it names."""
    return sum(level for name, level in skills.items() if names(what, name))


def best_first(what: str, team: Iterable[Mate]) -> list[Mate]:
    """Return the team, those who can do what a line says first and the best of them before the others."""
    return sorted(team, key=lambda mate: -fit(what, mate.skills))


def note(session: Session, person_id: int, skill_id: int, level: int) -> None:
    """Note how well somebody can do something, 0 for not at all; noting the same again changes nothing."""
    row = _find(session, person_id, skill_id)
    if row is None and level in LEVELS:
        row = PersonSkill(person_id=person_id, skill_id=skill_id, level=level, **_signed())
        try:
            with session.begin_nested():
                session.add(row)
            return
        except IntegrityError:  # two who note it at once meet at the unique key; the later one holds
            row = _find(session, person_id, skill_id)
            if row is None:
                raise
    if row is not None and level not in LEVELS:
        session.delete(row)
    elif row is not None and row.level != level:
        row.level = level
        for name, value in _signed().items():
            setattr(row, name, value)
    session.flush()


def _find(session: Session, person_id: int, skill_id: int) -> PersonSkill | None:
    query = select(PersonSkill).where(PersonSkill.person_id == person_id, PersonSkill.skill_id == skill_id)
    return session.scalars(query.with_for_update().execution_options(populate_existing=True)).one_or_none()


def _signed() -> dict[str, object]:
    return {"since": clock.today(), "noted_by": current_person().id}
