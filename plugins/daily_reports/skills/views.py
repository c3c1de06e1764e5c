"""Skills at the desk: head office's list of them, and every note for reading, filtering and files."""

from typing import Any

from flask import url_for
from sqlalchemy import select

from core.api import N_, Column, Field, ModelView, Node, Person, _, gettext, names_of_people, session
from plugins.daily_reports.menu import STORES
from plugins.daily_reports.skills.models import LEVELS, PersonSkill, Skill

PLACE = select(Node.name).join(Person, Person.node_id == Node.id).where(Person.id == PersonSkill.person_id)


def names_of_skills(ids: set[int]) -> dict[int, str]:
    """Return `{skill id: name}`."""
    return dict(session.execute(select(Skill.id, Skill.name).where(Skill.id.in_(ids))).all())  # type: ignore[arg-type]


def _people(ids: set[int]) -> dict[int, str]:
    return names_of_people(session, ids)


class Skills(ModelView):
    """What people of the chain can be good at."""

    model = Skill
    resource = "daily_reports.skill"
    title = N_("Skills")
    menu_part = STORES
    lead = N_("Stores tick who can do what on their phone; a plan's line that names a skill offers those people first.")
    row_title = N_("skill")
    actions = ("list", "read", "create", "update", "export")
    columns = [Column("name", N_("Skill")), Column("retired", N_("No longer used"), filter="boolean")]
    fields = [
        Field("name", N_("Skill"), required=True, maximum=20, help=N_("As plans name it, for example: screen repair.")),
        Field("retired", N_("No longer used"), help=N_("It is offered nowhere any more; what was noted is kept.")),
    ]
    default_order = ("id", False)
    empty_text = N_("Write down the first skills: Apple, Android, screen repair, moving data, taking photos, the till.")

    def check(self, values: dict[str, Any], row: Any) -> dict[str, str]:
        """A skill stands on the list once."""
        twin = session.scalars(select(Skill).where(Skill.name == values["name"])).one_or_none()
        is_taken = twin is not None and (row is None or twin.id != row.id)
        return {"name": _("“%(name)s” is on the list already.", name=twin.name)} if is_taken else {}


class PersonSkills(ModelView):
    """Who can do what, how well and since when. Noted on the phone."""

    model = PersonSkill
    resource = "daily_reports.person_skill"
    title = N_("Who can do what")
    menu_part = STORES
    lead = N_("One line a person and skill; store managers note them on their phones.")
    row_title = N_("skill of a person")
    actions = ("list", "read", "export")
    columns = [
        Column("person_id", N_("Person"), names=_people,
               export=select(Person.name).where(Person.id == PersonSkill.person_id).scalar_subquery()),
        Column("place", N_("Place"), expression=PLACE.scalar_subquery()),
        Column("skill_id", N_("Skill"), names=names_of_skills, filter="lookup", lookup="daily_reports.skill",
               export=select(Skill.name).where(Skill.id == PersonSkill.skill_id).scalar_subquery()),
        Column("level", N_("How well"), choices=LEVELS),
        Column("since", N_("Noted on")),
        Column("noted_by", N_("Noted by"), names=_people),
    ]  # fmt: skip
    default_order = ("id", True)
    empty_text = N_("Store managers note on their phones what their people can do.")

    def name_of(self, row: Any) -> str:
        """The person, the skill and the level."""
        names = _people({row.person_id}), names_of_skills({row.skill_id})
        return f"{names[0].get(row.person_id, '')} · {names[1].get(row.skill_id, '')} {gettext(LEVELS[row.level])}"

    def row_actions(self, row: Any, *, in_bin: bool = False) -> list[dict[str, Any]]:
        """Open the page on which it is noted."""
        code = session.scalar(
            select(Node.code).join(Person, Person.node_id == Node.id).where(Person.id == row.person_id)
        )
        url = url_for("daily_reports.skills_page", code=code)
        return [{"title": _("Open the place's page"), "url": url, "method": "get"}] if code else []
