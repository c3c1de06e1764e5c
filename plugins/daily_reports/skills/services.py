"""What is done with skills: the list of those in use, and a note that somebody has one."""

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.api import clock, current_person
from plugins.daily_reports.skills.models import LEVELS, PersonSkill, Skill


def skills_in_use(session: Session) -> list[Skill]:
    """Return the skills that are offered, in the order head office wrote them down."""
    return list(session.scalars(select(Skill).where(~Skill.retired).order_by(Skill.id)))


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
