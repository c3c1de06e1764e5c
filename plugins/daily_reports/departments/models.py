"""What a department reports: its own figure, further figures, reasons and times, made by head office without code."""

from datetime import time

from sqlalchemy import String, Text, Time, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.api import InNode, Row
from plugins.daily_reports.models import Base


class ReportTemplate(Row, InNode, Base):
    """The day's form of one department.

    A department's day is the same record as a store's: its figure stands where a store's sales stand, so that
    states, achievement, review and the list of the missing work alike. Figures that are added are counted
    in the evening only.
    """

    __tablename__ = "daily_reports_template"
    __scope__ = "node"
    __resource__ = "daily_reports:template"
    __table_args__ = (UniqueConstraint("node_id"), {"sqlite_autoincrement": True})

    figure: Mapped[str] = mapped_column(String(20))
    """What is set in the morning and counted in the evening, such as 回访客户."""
    unit: Mapped[str] = mapped_column(String(8), default="")
    figures: Mapped[str] = mapped_column(Text, default="")
    """Further figures of the evening, one a line."""
    reasons: Mapped[str] = mapped_column(Text, default="")
    """The chips under "why", one a line."""
    opens: Mapped[time] = mapped_column(Time)
    closes: Mapped[time] = mapped_column(Time)
    weekdays: Mapped[str] = mapped_column(String(7), default="12345")
    """The weekdays on which a report is expected, 1 for Monday."""

    @property
    def figure_names(self) -> list[str]:
        """Return the further figures."""
        return self.figures.splitlines()

    @property
    def reason_names(self) -> list[str]:
        """Return the reasons one can choose from."""
        return self.reasons.splitlines()
