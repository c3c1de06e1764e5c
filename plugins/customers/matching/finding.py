"""What is found between records, and the questions it puts into the queue."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.api import setting
from plugins.customers.matching import comparing, rollups
from plugins.customers.matching.comparing import Likeness
from plugins.customers.matching.people import People
from plugins.customers.matching.rollups import Record
from plugins.customers.models import Pair


@dataclass(frozen=True, slots=True)
class Likely:
    """Two records that are likely one person."""

    first_id: int
    second_id: int
    likeness: Likeness


def likely(pairs: Iterable[tuple[Record, Record]]) -> list[Likely]:
    """Return the pairs worth a question or more, the likeliest first."""
    least, found = setting("customers.ask_from") / 100, []
    for first, second in pairs:
        likeness = comparing.compare(first.known, second.known)
        if likeness.probability >= least and not comparing.rules_out(likeness.levels):
            found.append(Likely(first.id, second.id, likeness))
    return sorted(found, key=lambda each: (-each.likeness.probability, each.first_id, each.second_id))


def ask(session: Session, found: list[Likely], people: People) -> int:
    """Put the others into the queue, once each; return how many are new. What was answered is not asked again."""
    new: dict[tuple[int, int], Pair] = {}
    for each in found:
        first, second = sorted((people.of(each.first_id), people.of(each.second_id)))
        if first == second or (first, second) in new:
            continue
        asked = people.asked(first, second)
        if asked is None:
            asked = new[first, second] = Pair(first_id=first, second_id=second)
        if asked.answer in (None, "open"):
            asked.score, asked.reasons = each.likeness.probability, each.likeness.bits
    rollups.keep_pairs(session, list(new.values()))
    return len(new)
