"""How stores are ranked, rule by rule, each with its reason. People are ranked by the same function.

1. **Each is measured by its own yardstick.** Achievement is what was sold, divided by the yardstick of the
   same days. A large shop does not beat a small one by being large.
2. **The yardstick of a day is the month's target of head office, shared over the open days by weekday; where
   there is none, what the store usually sells on that weekday:** the average of the four weeks before the
   period. So a store with strong Saturdays is not punished on Mondays, and a week with a closed Sunday is no
   worse than one without. The target that a store sets itself in the morning does not count: else the lowest
   target would win.
3. **The yardstick is fixed before the period begins.** A bad day inside it cannot lower the bar for the rest.
4. **An open day without a report counts as nothing sold; a closed day does not count at all.** Hiding a bad
   day never helps, and a late report never costs a place: being late has a column of its own.
5. **Stores compete with their peer group** (format and size), because a service point and a flagship do not
   live on the same customers. A group of fewer than three is joined with the small groups of its format, then
   of the chain; who stands alone even so keeps the achievement and gets no rank.
6. **The figure that is shown decides:** achievement to a tenth of a percent. Who shows the same shares the
   rank, and the next rank is left out (1, 2, 2, 4): a rank says how many did better, plus one.
7. **Who cannot be measured is not ranked:** no month target and fewer than five reported days in the four
   weeks before, or no report at all in that time. A number without a yardstick would be luck.
8. **What is published stays.** A late report or a corrected figure moves ranks only by a correction that
   says who, when, why and what the rank was. Later periods keep what was known when they were made.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from operator import mul
from typing import Any, NamedTuple

FEWEST_IN_GROUP = 3
FEWEST_DAYS = 5
"""So many reported days make a store's usual; with fewer a single day would be the yardstick."""
WEEKS = 4
MOST = 99_999
"""An achievement is shown up to here, in tenths of a percent: what is beyond is a slip in a target."""
EVERYBODY = "*"
"""The group of those whose own group and format are too small."""

RANKED, CLOSED, NEW, SILENT, ALONE = "ranked", "closed", "new", "silent", "alone"
"""Ranked, or why not: closed all the time, no yardstick, no report for weeks, nobody to compare with."""
DAY, MISSING, OVERTAKEN, OTHERS_FELL, CORRECTED = "day", "missing", "overtaken", "others_fell", "corrected"
"""Why a row stands where it stands: a day that moved it most, a day without a report, or the others."""

Key = tuple[int, int]
"""Node and person; a store has person 0."""


class DayFigures(NamedTuple):
    """An open day of somebody who is ranked. Amounts in fen."""

    day: date
    amount: int | None
    yardstick: int | None


class Before(NamedTuple):
    """How somebody stood in the period before."""

    group: str
    rank: int | None
    achievement: int | None


@dataclass
class Contender:
    """A store or a person with the open days of a period."""

    key: Key
    groups: tuple[str, ...]
    """Where it belongs, the narrowest group first."""
    days: list[DayFigures]
    is_known: bool = True
    """Whether it has reported anything lately."""
    levels: tuple[int | None, int | None] = (None, None)
    """Area and region."""
    days_judged: int = 0
    days_on_time: int = 0


@dataclass
class Standing:
    """Where a contender stands. Achievement in tenths of a percent, amounts in fen."""

    contender: Contender
    group: str
    state: str
    amount: int
    yardstick: int | None
    achievement: int | None = None
    rank: int | None = None
    before: Before | None = None
    reason: tuple[str, date | None, int | None] = field(default=("", None, None))
    """A reason, the day it speaks of, and that day's achievement."""


def half_up(part: int, whole: int) -> int:
    """Return part ÷ whole as a whole number, halves up; exact at any size."""
    return (2 * part + whole) // (2 * whole)


def achievement(amount: int, yardstick: int) -> int:
    """Return what was sold in tenths of a percent of the yardstick."""
    return min(half_up(1000 * amount, yardstick), MOST)


def usual(sums: list[int], counts: list[int]) -> list[int] | None:
    """Return what is usually sold on each weekday, Monday first, in fen; None with too few days.

    A weekday on which nothing was reported takes the average of all days.
    """
    days = sum(counts)
    if days < FEWEST_DAYS:
        return None
    overall = half_up(sum(sums), days)
    # Written out: this runs seven times a store.
    return [(2 * total + count) // (2 * count) if count else overall for total, count in zip(sums, counts, strict=True)]


class Shared(NamedTuple):
    """A month's target and how it is shared over the open days; or with target and whole 1, the weights themselves."""

    target: int
    weights: list[int]
    whole: int

    def of(self, day: date) -> int:
        """Return what falls on a day, in fen."""
        return half_up(self.target * self.weights[day.weekday()], self.whole)


def shared(target: int, weights: list[int], open_days: list[int]) -> Shared | None:
    """Share a month's target by weekday weights; `open_days` says how many of each weekday the month has.

    Returns None when no open day has any weight.
    """
    whole = sum(map(mul, weights, open_days))
    return Shared(target, weights, whole) if whole else None


def groups_of(belongs: Mapping[Key, tuple[str, ...]]) -> dict[Key, str]:
    """Put everybody into the narrowest of their groups that is large enough (rule 5)."""
    found: dict[Key, str] = {}
    left = dict(belongs)
    level = 0
    while left:
        at = {key: groups[level] if level < len(groups) else EVERYBODY for key, groups in left.items()}
        sizes = Counter(at.values())
        found |= {key: group for key, group in at.items() if sizes[group] >= FEWEST_IN_GROUP or group == EVERYBODY}
        left = {key: groups for key, groups in left.items() if key not in found}
        level += 1
    return found


def ranks(achievements: Mapping[Key, int]) -> dict[Key, int]:
    """Return 1 plus how many did better, for each (rule 6)."""
    better: dict[int, int] = {}
    for place, value in enumerate(sorted(achievements.values(), reverse=True), 1):
        better.setdefault(value, place)
    return {key: better[value] for key, value in achievements.items()}


def rank(contenders: Iterable[Contender], before: Mapping[Key, Before]) -> list[Standing]:
    """Return where everybody stands: stores or people, for any period."""
    found = list(contenders)
    groups = groups_of({each.key: each.groups for each in found})
    standings = [_measured(each, groups[each.key]) for each in found]
    by_group: dict[str, dict[Key, int]] = {}
    for each in standings:
        each.before = before.get(each.contender.key)
        if each.state == RANKED:
            by_group.setdefault(each.group, {})[each.contender.key] = each.achievement or 0
    placed = {group: ranks(achieved) for group, achieved in by_group.items()}
    for each in standings:
        if each.state == RANKED:
            if len(placed[each.group]) == 1:
                each.state = ALONE
            else:
                each.rank = placed[each.group][each.contender.key]
            each.reason = reason(each)
    return standings


def _measured(contender: Contender, group: str) -> Standing:
    amount, yardstick = 0, 0
    is_measured = True
    for day in contender.days:
        amount += day.amount or 0
        yardstick += day.yardstick or 0
        is_measured = is_measured and day.yardstick is not None
    if not contender.days:
        return Standing(contender, group, CLOSED, 0, None)
    if not contender.is_known:
        return Standing(contender, group, SILENT, amount, yardstick if is_measured else None)
    if not yardstick or not is_measured:
        return Standing(contender, group, NEW, amount, None)
    return Standing(contender, group, RANKED, amount, yardstick, achievement(amount, yardstick))


def change(standing: Any) -> int | None:
    """Return by how many ranks somebody rose (negative: fell) against the period before, in the same group."""
    before = standing.before
    if before is None or before.rank is None or standing.rank is None or before.group != standing.group:
        return None
    return before.rank - standing.rank


def reason(standing: Standing) -> tuple[str, date | None, int | None]:
    """Return what explains the rank: the day that weighed most, or what the others did.

    A rise is explained by the best day and a fall by the worst, unless the figure itself went the other way.
    """
    days, moved, before = standing.contender.days, change(standing), standing.before
    if len(days) == 1 and days[0].amount is None:
        return MISSING, days[0].day, None
    own, then = standing.achievement or 0, (before.achievement or 0) if before else 0
    if moved and moved < 0 and own >= then:
        return OVERTAKEN, None, None
    if moved and moved > 0 and own <= then:
        return OTHERS_FELL, None, None
    rises = moved > 0 if moved else own >= 1000
    chosen = (
        days[0]
        if len(days) == 1
        else (max if rises else min)(
            days, key=lambda day: ((day.amount or 0) - (day.yardstick or 0), -day.day.toordinal())
        )
    )
    if chosen.amount is None:
        return MISSING, chosen.day, None
    if len(days) == 1:
        return DAY, chosen.day, standing.achievement
    reached = achievement(chosen.amount, chosen.yardstick) if chosen.yardstick else None
    return DAY, chosen.day, reached
