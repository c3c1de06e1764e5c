"""What people can do: the chain's list of skills, and who has which, how well, since when."""

from datetime import date

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.api import N_, Id, Row
from plugins.daily_reports.models import Base

CAN, GOOD, TEACHES = 1, 2, 3
LEVELS = {CAN: N_("Can do it"), GOOD: N_("Good at it"), TEACHES: N_("Teaches it")}


class Skill(Row, Base):
    """Something people can do that a plan may need, such as 换屏. Kept by head office; never deleted, only retired."""

    __tablename__ = "daily_reports_skill"
    __scope__ = "global"
    __resource__ = "daily_reports:skill"
    __table_args__ = (UniqueConstraint("name"), {"sqlite_autoincrement": True})

    name: Mapped[str] = mapped_column(String(20))
    retired: Mapped[bool] = mapped_column(Boolean, default=False)


class PersonSkill(Row, Base):
    """A skill of a person. It belongs to the person, and is seen and noted where they work now."""

    __tablename__ = "daily_reports_person_skill"
    __scope__ = ("via", "person_id")
    __resource__ = "daily_reports:person_skill"
    __table_args__ = (
        UniqueConstraint("person_id", "skill_id"),
        Index("ix_daily_reports_person_skill_skill_id", "skill_id", "level"),
        {"sqlite_autoincrement": True},
    )

    person_id: Mapped[int] = mapped_column(Id, ForeignKey("org_person.id"))
    skill_id: Mapped[int] = mapped_column(Id, ForeignKey("daily_reports_skill.id"))
    level: Mapped[int] = mapped_column(Integer)
    """One of `LEVELS`; who cannot do it has no row."""
    since: Mapped[date] = mapped_column(Date)
    """The day on which this level was noted."""
    noted_by: Mapped[int | None] = mapped_column(Id, default=None)
