"""The card of skills on the home of those who have no day of their own to open: what they can do themselves."""

from typing import Any

from sqlalchemy import select

from core.api import CurrentPerson, HomeCard, _
from plugins.daily_reports.skills.models import PersonSkill, Skill

READ = "daily_reports:person_skill:read"


def cards_of(session: Any, person: CurrentPerson) -> list[HomeCard]:
    """Return a clerk's own skills, with the way to those of the store; a manager gets there from the day."""
    if not person.may(READ) or person.may("daily_reports:day:read"):
        return []
    mine = select(Skill.name).join(PersonSkill, PersonSkill.skill_id == Skill.id)
    names = session.scalars(
        mine.where(PersonSkill.person_id == person.id, ~Skill.retired).order_by(PersonSkill.level.desc())
    )
    found = list(names)
    return [
        HomeCard(
            _("My skills"),
            number=str(len(found)),
            url="/day/skills/",
            note="、".join(found[:4]) or _("Nothing noted yet"),
        )
    ]
