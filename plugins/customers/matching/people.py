"""Records as they stand together: who was merged with whom, and what was answered about whom."""

from collections.abc import Iterable, Iterator

from plugins.customers.matching import comparing
from plugins.customers.matching.rollups import Record
from plugins.customers.models import Pair


class People:
    """Which records are one person now, while merges are made."""

    def __init__(self, records: Iterable[Record], pairs: dict[tuple[int, int], Pair]) -> None:
        self._pairs = pairs
        self._person: dict[int, int] = {}
        self._members: dict[int, list[Record]] = {}
        for record in records:
            self._person[record.id] = record.person_id
            self._members.setdefault(record.person_id, []).append(record)

    def know(self, record_id: int) -> bool:
        """Say whether a record and the one that stands for it are among these: either may have gone into the recycle bin."""
        return self._person.get(record_id) in self._person

    def of(self, record_id: int) -> int:
        """Return the record that stands for the person of a record."""
        return self._person[record_id]

    def unite(self, kept: int, gone: int) -> None:
        """Let one person's records be another's."""
        for record in self._members[gone]:
            self._person[record.id] = kept
        self._members[kept] += self._members.pop(gone)

    def asked(self, one: int, other: int) -> Pair | None:
        """Return what was asked about two persons, by any of their records: an answer before an open question."""
        found = [
            pair for first, second in self._across(one, other)
            if (pair := self._pairs.get((min(first.id, second.id), max(first.id, second.id))))
        ]  # fmt: skip
        return min(found, key=lambda pair: (pair.answer == "open", pair.id), default=None)

    def fit(self, one: int, other: int) -> bool:
        """Say whether no record of one person rules out a record of the other."""
        return all(
            first.known.is_company == second.known.is_company
            and not comparing.rules_out(comparing.levels_of(first.known, second.known))
            for first, second in self._across(one, other)
        )

    def _across(self, one: int, other: int) -> Iterator[tuple[Record, Record]]:
        return ((first, second) for first in self._members[one] for second in self._members[other])
