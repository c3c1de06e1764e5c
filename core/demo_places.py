"""The places of the demonstration chain: regions, areas, stores, departments, and their closed days."""

import string
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import cycle, islice
from random import Random
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from core import clock
from core.org.models import CalendarDay, Node

Words = dict[str, Any]
FESTIVAL_DAYS = 3
CALENDAR_AHEAD = timedelta(days=366)


@dataclass(frozen=True)
class Frame:
    """What the demonstration is made from: the words, the sizes, the day and the seed."""

    words: Words
    stores: int
    days: int
    seed: int
    today: date

    @property
    def since(self) -> date:
        """The first day of which anything is told."""
        return self.today - timedelta(days=self.days)

    @property
    def stamp(self) -> dict[str, datetime]:
        """The columns that say when a row was made: the organisation stands since the first morning."""
        morning = clock.at(self.since, time(8))
        return {"created_at": morning, "updated_at": morning}

    def chance(self, subject: str) -> Random:
        """Return the subject's own stream: one more draw in one of them changes nothing in the others."""
        return Random(f"{self.seed}/{subject}")


@dataclass(frozen=True)
class Places:
    """The tree as it stands in the database."""

    chain: Node
    regions: list[Node]
    areas: list[Node]
    stores: list[Node]
    departments: list[Node]

    def open_stores(self) -> list[Node]:
        """Return the stores that are not closed for good, by code."""
        return [store for store in self.stores if store.closed_on is None]

    def usual_shop(self) -> Node:
        """Return an ordinary shop with many peers, open by day, in an area with a service point."""
        usual = [store for store in self.open_stores() if store.opens < store.closes]  # type: ignore[operator]
        groups = Counter(store.peer_group for store in usual)
        served = {store.area_id for store in usual if store.format == "service_point"}
        return max(
            usual or self.open_stores(),
            key=lambda store: (groups[store.peer_group], store.area_id in served, -store.id),
        )


def make_places(session: Session, chain: Node, frame: Frame) -> Places:
    """Write regions, areas, stores and departments below the chain."""

    def write(kind: str, rows: list[dict[str, Any]], own_level: str = "") -> list[Node]:
        hours = {} if kind == "store" else {"opens": None, "closes": None}
        whole = [{"kind": kind, **hours, **frame.stamp, **row} for row in rows]
        session.execute(insert(Node), whole, execution_options={"render_nulls": True})
        if own_level:
            # An area lies in itself too: its people and its stores are reached by one column.
            level = {own_level: Node.id, "updated_at": Node.created_at}
            fill = update(Node).where(Node.kind == kind).values(level)
            session.execute(fill.execution_options(synchronize_session=False))
        return list(session.scalars(select(Node).where(Node.kind == kind).order_by(Node.id)))

    words = frame.words
    regions = write("region", [_below(chain, said) for said in words["regions"]], "region_id")
    by_code = {region.code: region for region in regions}
    areas = write("area", [_below(by_code[said["region"]], said) for said in words["areas"]], "area_id")
    by_code |= {area.code: area for area in areas}
    plans = plan_stores(frame)
    stores = write("store", [_below(by_code[plan.pop("area")], plan) | plan for plan in plans])
    departments = write("department", [_below(chain, said) for said in words["departments"]])
    return Places(chain, regions, areas, stores, departments)


def _below(parent: Node, said: Words) -> dict[str, Any]:
    return {
        "code": said["code"], "name": said["name"], "parent_id": parent.id, "area_id": parent.area_id,
        "region_id": parent.region_id,
    }  # fmt: skip


def quotas(total: int, shares: list[int], least: int = 0) -> list[int]:
    """Split `total` by shares into whole numbers that add up to it, with `least` for each when it lasts."""
    if total < least * len(shares):
        least = 0
    rest = total - least * len(shares)
    exact = [rest * share / sum(shares) for share in shares]
    parts = [int(part) for part in exact]
    for n in sorted(range(len(parts)), key=lambda n: (parts[n] - exact[n], n))[: rest - sum(parts)]:
        parts[n] += 1
    return [part + least for part in parts]


def plan_stores(frame: Frame) -> list[dict[str, Any]]:
    """Return the stores' columns and their area's code: a few are night shops, one is closed, one is new."""
    words, days, chance = frame.words, frame.days, frame.chance("stores")
    plans = [_plan(words, *slot, frame.today, chance) for slot in _named_slots(words, frame.stores, chance)]
    candidates = [plan for plan in plans if plan["format"] == "district"]
    for plan in chance.sample(candidates, min(len(candidates), 1 + len(plans) // 80)):
        plan["opens"], plan["closes"] = _hours(words["hours"]["night"])
    if len(plans) > 5:
        ordinary = [plan for plan in plans if plan["format"] in ("community", "shop_in_shop")]
        closed, new = chance.sample(ordinary, 2)
        closed["closed_on"] = frame.today - timedelta(days=days // 3)
        new["opened_on"] = frame.today - timedelta(days=min(days, max(3, days // 4)))
    numbers = sorted(chance.sample(range(1, len(plans) + len(plans) // 8 + 2), len(plans)))
    for number, plan in zip(numbers, sorted(plans, key=lambda plan: plan["opened_on"]), strict=True):
        plan["code"] = f"SZ-{plan.pop('letters')}-{number:04}"
    return sorted(plans, key=lambda plan: plan["code"])


def _named_slots(words: Words, count: int, chance: Random) -> Iterator[tuple[Words, str, str]]:
    """Yield (area, format, store name); flagships and service points are spread, the rest falls as it may."""
    areas = sorted(words["areas"], key=lambda area: -area["share"])
    free = dict(enumerate(quotas(count, [area["share"] for area in areas], least=1)))
    formats = words["formats"]
    counts = dict(zip(formats, quotas(count, [f["share"] for f in formats.values()], least=1), strict=True))
    slots: list[tuple[int, str]] = []
    for spread in ("flagship", "service_point"):
        for place in islice(cycle(free), count * len(free)):
            if counts[spread] and free[place]:
                slots.append((place, spread))
                counts[spread] -= 1
                free[place] -= 1
    rest = [name for name in formats for _ in range(counts[name])]
    chance.shuffle(rest)
    slots += zip((place for place in free for _ in range(free[place])), rest, strict=True)
    quarters = {place: _quarters(areas[place]["places"], chance) for place in free}
    taken: set[str] = set()
    for place, name in sorted(slots, key=lambda slot: (slot[0], slot[1] != "flagship")):
        ending = chance.choice(formats[name]["endings"])
        yield areas[place], name, _store_name(next(quarters[place]), ending, taken)


def _quarters(places: list[str], chance: Random) -> Iterator[str]:
    """Yield the busiest quarter, then the others in any order, again and again."""
    yield from cycle([places[0], *chance.sample(places[1:], len(places) - 1)])


def _store_name(quarter: str, ending: str, taken: set[str]) -> str:
    for middle in ("", "东", "西", "南", "北", *string.ascii_uppercase):
        name = f"{quarter}{middle}{ending}"
        if name not in taken:
            break
    else:
        name = f"{quarter}{len(taken) + 1}号{ending}"
    taken.add(name)
    return name


def _plan(words: Words, area: Words, format_: str, name: str, today: date, chance: Random) -> dict[str, Any]:
    kind = words["formats"][format_]
    size = chance.randint(*kind["size_m2"])
    classes = ("大店" if size >= kind["large_from"] else "小店") if kind["large_from"] else ""
    road = chance.choice(area["roads"])
    opens, closes = _hours(chance.choice(kind["hours"]))
    return {
        "area": area["code"], "letters": area["letters"], "name": name, "format": format_,
        "peer_group": "·".join(filter(None, (kind["title"], classes))), "size_m2": size,
        "address": f"深圳市{area['district']}{road}{chance.randrange(8, 3600)}号",
        "opens": opens, "closes": closes,
        "opened_on": today - timedelta(days=chance.randrange(400, 5600)), "closed_on": None,
    }  # fmt: skip


def _hours(text: str) -> tuple[time, time]:
    opens, _dash, closes = text.partition("-")
    return time.fromisoformat(opens), time.fromisoformat(closes)


def make_calendar(session: Session, places: Places, frame: Frame) -> None:
    """Write the closed days from the first day told of to a year from now.

    The chain is closed on the first days of the lunar year, flagships open again on the last of them. One
    store in eight has a single closed day.
    """
    said, chance, since, today = frame.words["calendar"], frame.chance("calendar"), frame.since, frame.today
    rows: dict[tuple[int, date], dict[str, Any]] = {}

    def say(node: Node, day: date, closed: bool, reason: str) -> None:
        rows.setdefault((node.id, day), {"node_id": node.id, "day": day, "closed": closed, "reason": reason})

    for new_year in said["new_years"]:
        days = [new_year + timedelta(days=n) for n in range(FESTIVAL_DAYS)]
        for day in [day for day in days if since <= day <= today + CALENDAR_AHEAD]:
            say(places.chain, day, True, said["festival"])
            for store in places.open_stores() if day == days[-1] else []:
                if store.format == "flagship":
                    say(store, day, False, said["festival_open"])
    stores = places.open_stores()
    for store in chance.sample(stores, -(-len(stores) // 8)):
        day = since + timedelta(days=chance.randrange(frame.days + 14))
        if day not in (today, today - timedelta(days=1)):
            say(store, day, True, chance.choice(said["single_days"]))
    if rows:
        session.execute(insert(CalendarDay), [frame.stamp | row for row in rows.values()])
