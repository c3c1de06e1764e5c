"""The spans a ranking is made for: a day, a week from Monday, a month."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from core.api import N_

KINDS = {"day": N_("By day"), "week": N_("By week"), "month": N_("By month")}


@dataclass(frozen=True)
class Period:
    """One day, week or month, named by its first day."""

    kind: str
    begins: date

    @property
    def ends(self) -> date:
        """The last day."""
        if self.kind == "month":
            return self.begins.replace(day=monthrange(self.begins.year, self.begins.month)[1])
        return self.begins + timedelta(days=6 if self.kind == "week" else 0)

    @property
    def next(self) -> "Period":
        """The period after."""
        return period_of(self.kind, self.ends + timedelta(days=1))

    @property
    def previous(self) -> "Period":
        """The period before."""
        return period_of(self.kind, self.begins - timedelta(days=1))

    def days(self, until: date | None = None) -> list[date]:
        """Return its days in order, no further than `until`."""
        return days_between(self.begins, min(self.ends, until or self.ends))


def period_of(kind: str, day: date) -> Period:
    """Return the period of this kind that holds a day."""
    if kind == "week":
        return Period(kind, day - timedelta(days=day.weekday()))
    return Period(kind, day.replace(day=1) if kind == "month" else day)


def days_between(first: date, last: date) -> list[date]:
    """Return every day from the first to the last."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def months_between(first: date, last: date) -> list[Period]:
    """Return the months that a span touches."""
    return [period_of("month", month) for month in sorted({day.replace(day=1) for day in days_between(first, last)})]
