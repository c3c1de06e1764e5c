"""How many different people the records stand for, and how sure that is.

Every record that is not in the recycle bin and stands for itself is one person, but for the pairs nobody has
decided on: each of them that is one person makes one less. A pair that other open pairs imply already (A–B and
B–C imply A–C) is left out: the open pairs are taken from the most likely one down, and only those that join two
groups count (a spanning forest, as Kruskal builds it).

From 200 answers of people on, the count has a 95 % interval. In each band of the score (fifths of 0…1), with n
answers of which s said "one person" and o pairs open:

- the rate is s/n (½ without answers), its bounds Wilson's, with z = 1.96:
  (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n), which is 0…1 without answers (Wilson, J. Am. Stat. Assoc. 22, 1927);
- of the o open pairs between o·low − z·√(o·low·(1−low)) and o·high + z·√(o·high·(1−high)) are one person, the
  second part being what chance does to so few pairs; never less than none, nor more than all of them.

The bands' bounds are added, which is wider than 95 % needs, so it holds at least so often. It assumes that open
pairs of a band are like the answered ones, and that what was merged is right. With fewer answers the count is no
estimate but a bound: all open pairs are one person, or none is.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from math import ceil, floor, sqrt
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from core.api import clock
from plugins.customers import counted, pairs
from plugins.customers.models import Customer, Pair
from plugins.customers.persons import stands

MANY = 1_000
"""So many merges and open pairs take long to count, for a page that shows them beside other things."""
BANDS = 5
ENOUGH = 200
"""So many answers make an estimate."""
Z = 1.96


@dataclass(frozen=True)
class Band:
    """Answers and open pairs of one fifth of the score."""

    number: int
    answered: int = 0
    same: int = 0
    waiting: int = 0

    @property
    def rate(self) -> float:
        """The part of the answered pairs that was one person."""
        return self.same / self.answered if self.answered else 0.5

    @property
    def bounds(self) -> tuple[float, float]:
        """Between how many of the open pairs are one person."""
        low, high = wilson(self.same, self.answered)
        chance_low, chance_high = (Z * sqrt(self.waiting * rate * (1 - rate)) for rate in (low, high))
        return max(0.0, self.waiting * low - chance_low), min(float(self.waiting), self.waiting * high + chance_high)


@dataclass(frozen=True)
class Count:
    """What the records come to; the numbers behind it beside it."""

    records: int
    merged: int
    without_number: int
    """Of the people: those of whom no number is known."""
    bands: list[Band] = field(default_factory=list)
    at: datetime = field(default_factory=clock.now)

    @property
    def answered(self) -> int:
        """How many pairs people have answered."""
        return sum(band.answered for band in self.bands)

    @property
    def waiting(self) -> int:
        """How many open pairs can make one person of two."""
        return sum(band.waiting for band in self.bands)

    @property
    def is_measured(self) -> bool:
        """Whether there are answers enough for an estimate."""
        return self.answered >= ENOUGH

    @property
    def most(self) -> int:
        """The most people there may be."""
        fewest_doubles = sum(band.bounds[0] for band in self.bands) if self.is_measured else 0
        return ceil(self.records - self.merged - fewest_doubles)

    @property
    def least(self) -> int:
        """The fewest people there may be."""
        most_doubles = sum(band.bounds[1] for band in self.bands) if self.is_measured else self.waiting
        return floor(self.records - self.merged - most_doubles)

    @property
    def people(self) -> int:
        """The best estimate; before there is one, the records that stand for themselves."""
        doubles = sum(band.waiting * band.rate for band in self.bands) if self.is_measured else 0
        return round(self.records - self.merged - doubles)


def wilson(same: int, answered: int) -> tuple[float, float]:
    """Return the bounds of a rate of which `same` of `answered` were seen; 0 and 1 when nothing was."""
    if not answered:
        return 0.0, 1.0
    rate, weight = same / answered, Z * Z / answered
    middle, half = rate + weight / 2, Z * sqrt(rate * (1 - rate) / answered + weight / (4 * answered))
    return max(0.0, (middle - half) / (1 + weight)), min(1.0, (middle + half) / (1 + weight))


def band_of(score: float) -> int:
    """Return the number of the band a score lies in."""
    return min(int(score * BANDS), BANDS - 1)


def joining(scored: Iterable[Any]) -> list[float]:
    """Return the scores of the pairs (first, second, score) that no more likely ones imply."""
    above: dict[int, int] = {}

    def top(one: int) -> int:
        while above.setdefault(one, one) != one:
            above[one] = one = above[above[one]]
        return one

    found = []
    for first, second, score in sorted(scored, key=lambda pair: pair[2], reverse=True):
        if top(first) != top(second):
            above[top(first)] = top(second)
            found.append(score)
    return found


def count(session: Session) -> Count:
    """Return how many records and people there are now; a person in the recycle bin counts no more."""
    some = select(func.count()).select_from(Customer)
    binned = some.where(Customer.deleted_at.is_not(None))
    merged = some.where(~stands(), Customer.deleted_at.is_(None))
    nameless = some.where(Customer.mobile.is_(None), stands(), Customer.deleted_at.is_(None))
    parts = (one.scalar_subquery() for one in (binned, merged, nameless))
    everything, gone, merged_count, without_number = session.execute(select(counted.records(), *parts)).one()
    return Count(everything - gone, merged_count, without_number, _bands(session))


def keep(session: Session) -> int:
    """Do what the hour does: count the records, and all the rest where it is much; return how many records that are."""
    records = counted.count_anew(session)
    now = count(session)
    if now.merged + now.waiting >= MANY:
        counted.keep(session, asdict(now) | {"at": now.at.isoformat()})
    return records


def at_a_glance(session: Session) -> Count:
    """Return the count of the last hour where there is much to count, else that of now."""
    kept = counted.kept(session)
    if not kept:
        return count(session)
    bands = [Band(**band) for band in kept["bands"]]
    return Count(**kept | {"bands": bands, "at": datetime.fromisoformat(kept["at"])})


def _bands(session: Session) -> list[Band]:
    is_same = func.sum(case((Pair.answer == "same", 1), else_=0))
    answers = select(Pair.score, func.count(), is_same).where(Pair.answered_by.is_not(None)).group_by(Pair.score)
    answered, same, open_ = [0] * BANDS, [0] * BANDS, [0] * BANDS
    for score, number, agreed in session.execute(answers):
        answered[band_of(score)] += number
        same[band_of(score)] += agreed
    for score in joining(session.execute(pairs.waiting_people())):
        open_[band_of(score)] += 1
    return [Band(*numbers) for numbers in zip(range(BANDS), answered, same, open_, strict=True)]
