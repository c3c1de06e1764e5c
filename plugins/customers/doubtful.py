"""The pairs that wait, as far as each can make one person of two: those that no likelier ones imply."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from plugins.customers import pairs

BANDS = 5
"""Fifths of the score, 0 to 1."""


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


def by_band(session: Session) -> list[int]:
    """Return how many there are now, band by band."""
    found = [0] * BANDS
    for score in joining(session.execute(pairs.waiting_people())):
        found[band_of(score)] += 1
    return found
