"""What the people of a made-up chain can do: the list of head office, and who has which skill since when."""

import tomllib
from datetime import date, time, timedelta
from pathlib import Path
from random import Random

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from core.api import Node, Person, clock, people_at
from plugins.daily_reports.skills.models import LEVELS, PersonSkill, Skill

WORDS = Path(__file__).with_name("sample.toml")
HOW_OFTEN = (5, 4, 1)
"""Of ten who have a skill: so many can do it, are good at it, teach it."""


def fill(session: Session, today: date, seed: int) -> None:
    """Write down the skills, and those of everybody who works in a store; the same people and seed give the same."""
    words = tomllib.loads(WORDS.read_text("utf-8"))
    skills = [Skill(name=name) for name in words["skills"]]
    session.add_all(skills)
    session.flush()
    works_in_store = select(Person.id, Person.username, Person.node_id).join(Node, Node.id == Person.node_id)
    people = session.execute(works_in_store.where(Node.kind == "store", Person.active).order_by(Person.id)).all()
    stores = {node_id for *_person, node_id in people}
    managers = people_at(session, stores, {"store_manager"})
    technicians = set().union(*people_at(session, stores, {"technician"}).values())
    rows = []
    for person_id, username, node_id in people:
        of_ten = words["skills"] | (words["technicians"] if person_id in technicians else {})
        chance = Random(f"skills {seed} {username}")
        for skill in skills:
            if chance.randrange(10) < of_ten[skill.name]:
                since = today - timedelta(days=chance.randrange(20, 600))
                noted_at = clock.at(since, time(18))
                rows.append({
                    "person_id": person_id, "skill_id": skill.id, "level": chance.choices(list(LEVELS), HOW_OFTEN)[0],
                    "since": since, "noted_by": min(managers.get(node_id, ()), default=None),
                    "created_at": noted_at, "updated_at": noted_at,
                })  # fmt: skip
    if rows:
        session.execute(insert(PersonSkill), rows)
