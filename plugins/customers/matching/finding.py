"""From records to what is done about their likeness: merged by the rule, asked in the queue, or nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.api import setting, typed
from plugins.customers import merging
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


def merge_sure(session: Session, found: list[Likely], people: People) -> int:
    """Merge those that the rule may merge by itself; return how many. The older record is kept."""
    least, count = setting("customers.merge_from") / 100, 0
    for each in found:
        kept, gone = sorted((people.of(each.first_id), people.of(each.second_id)))
        if each.likeness.probability < least or not comparing.may_merge_alone(each.likeness.levels) or kept == gone:
            continue
        asked = people.asked(kept, gone)
        if (asked and asked.answer == "different") or not people.fit(kept, gone):
            continue
        try:
            merging.merge(session, kept, gone, how="by_rule", score=each.likeness.probability)
        except typed.BadValue:  # somebody has put one into the recycle bin meanwhile
            continue
        people.unite(kept, gone)
        count += 1
    return count


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
