"""All that changed is compared with the whole chain: at night, or when somebody asks for it.

A step is a transaction of its own: what a stopped run has done is kept, and the next one goes on behind it.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from core.api import SYSTEM, Work, _, acting_as, ask_for, clock, session, setting
from plugins.customers import merging
from plugins.customers.matching import comparing, finding, rollups
from plugins.customers.matching.blocks import keys_of
from plugins.customers.matching.people import People

KIND = "customers.matching"
STEP = 250
"""So few that a step is over before anybody who writes on SQLite gives up waiting."""
NIGHT = range(1, 6)
"""The hours, in Shanghai, in which nobody waits for the database."""


@dataclass(frozen=True)
class Step:
    """What a step did, and the record after which the next one begins; 0 when nothing is left."""

    compared: int = 0
    merged: int = 0
    asked: int = 0
    last: int = 0

    def __str__(self) -> str:
        return f"{self.compared} compared, {self.merged} merged, {self.asked} to be asked"


def start(page: str) -> Any:
    """Queue a run for the person who asks, and return its job; `page` is the address it leads to in the end."""
    return ask_for(session, KIND, _("Look for doubles"), page=page)


def run(work: Work) -> None:
    """Compare everything that changed, step by step."""
    with acting_as(SYSTEM):
        last, end = 0, 0
        while True:
            with work.house.database.transaction() as own:
                end = end or rollups.last_id(own)
                last = step(own, last).last
            if not last:
                break
            work.progress(min(last / end, 1))
    work.see(work.arguments["page"])


def run_at_night(session: Session) -> str:
    """Do a step, if it is night, behind the one before."""
    if clock.local(clock.now()).hour not in NIGHT:
        return "waits for the night"
    done = step(session, rollups.walked(session))
    rollups.walk_on(session, done.last)
    return str(done)


def step(session: Session, after: int = 0) -> Step:
    """Compare the next records that changed with all that share a key with them."""
    ids, last = rollups.changed(session, after, STEP)
    if not ids:
        return Step(last=last)
    records = rollups.load_all(session, ids)
    rollups.keep_keys(session, {record.id: keys_of(record.known) for record in records.values()})
    pairs = rollups.neighbours(session, ids)
    records |= rollups.load_all(session, {one for pair in pairs for one in pair} - set(records))
    found = finding.likely((records[one], records[two]) for one, two in pairs if one in records and two in records)
    group = merging.locked(session, {one for each in found for one in (each.first_id, each.second_id)})
    people = People(rollups.load_all(session, group).values(), rollups.pairs_of(session, group))
    found = [each for each in found if people.know(each.first_id) and people.know(each.second_id)]
    settled = rollups.unchanged(session, group)  # a merge writes records, but says nothing new of who they are
    merged = merging.join(session, group, sure(found, people), how="by_rule")
    asked = finding.ask(session, found, people)
    rollups.mark(session, settled.union(ids))
    return Step(len(ids), len(merged), asked, last)


def sure(found: list[finding.Likely], people: People) -> list[merging.Joined]:
    """Return whom the rule may merge by itself, united in `people`; the older record is kept."""
    least, joined = setting("customers.merge_from") / 100, []
    for each in found:
        kept, gone = sorted((people.of(each.first_id), people.of(each.second_id)))
        if each.likeness.probability < least or not comparing.may_merge_alone(each.likeness.levels) or kept == gone:
            continue
        asked = people.asked(kept, gone)
        if (asked and asked.answer == "different") or not people.fit(kept, gone):
            continue
        joined.append(merging.Joined(kept, gone, each.likeness.probability))
        people.unite(kept, gone)
    return joined
