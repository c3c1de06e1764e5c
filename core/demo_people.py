"""The people of the demonstration chain: who works where, in which role, and by which name."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from core.access.permissions import Permission
from core.auth.models import Assignment, Grant, Role
from core.demo_places import Frame, Places, Words
from core.org.models import Node, Person

READING = {"list", "read", "export"}
STAND_IN_DAYS = 10


@dataclass(frozen=True)
class Post:
    """A role at a place, from a day to a day."""

    role: str
    node: Node
    from_day: date | None = None
    to_day: date | None = None


@dataclass(frozen=True)
class Hire:
    """Somebody to be named: where they belong, and their posts."""

    home: Node
    posts: tuple[Post, ...]


def make_roles(session: Session, frame: Frame, permissions: list[Permission]) -> dict[str, int]:
    """Write the chain's own roles with their grants; return the ids of all roles by code."""
    own = frame.words["roles"]
    session.execute(insert(Role), [
        {"code": role["code"], "name": role["name"], "rank": role["rank"], **frame.stamp} for role in own
    ])  # fmt: skip
    ids = dict(session.execute(select(Role.code, Role.id)).all())  # type: ignore[arg-type]
    held: dict[int, list[tuple[str, str]]] = {}
    for role_id, permission, level in session.execute(select(Grant.role_id, Grant.permission, Grant.level)):
        held.setdefault(role_id, []).append((permission, level))
    declared = [permission.name for permission in permissions]
    reading = [(name, "all") for name in declared if name.rpartition(":")[2] in READING]
    session.execute(insert(Grant), [
        {"role_id": ids[role["code"]], "permission": permission, "level": level, **frame.stamp}
        for role in own
        for permission, level in sorted(held[ids[role["like"]]] if "like" in role else reading)
    ])  # fmt: skip
    return ids


def plan_hires(places: Places, frame: Frame) -> list[Hire]:
    """Return everybody who works for the chain, from the head office to the shops."""
    words, today, chance = frame.words, frame.today, frame.chance("hires")
    hires: list[Hire] = []
    for role, count in words["head_office"].items():
        hires += [Hire(places.chain, (Post(role, places.chain),))] * count
    for department, said in zip(places.departments, words["departments"], strict=True):
        hires.append(Hire(department, (Post("department_head", department),)))
        hires += [Hire(department, (Post("department_staff", department),))] * (said["people"] - 1)
    hires += [Hire(region, (Post("regional_manager", region),)) for region in places.regions]
    hires += [Hire(area, (Post("area_manager", area),)) for area in places.areas]
    others = [store for store in places.open_stores() if store is not places.usual_shop()]
    standing_in = chance.choice(others or [None])
    for store in places.stores:
        format_words = words["formats"][store.format]
        roles = ["store_manager", "deputy"] + ["clerk"] * chance.randint(*format_words["clerks"])
        for role in roles + ["technician"] * format_words["technicians"]:
            posts = _posts(store, role, places, today)
            if role == "deputy" and store is standing_in:
                away = today - timedelta(days=STAND_IN_DAYS // 2)
                posts += (Post("store_manager", store, away, away + timedelta(days=STAND_IN_DAYS)),)
            hires.append(Hire(posts[-1].node, posts))
    return hires


def _posts(store: Node, role: str, places: Places, today: date) -> tuple[Post, ...]:
    """Return the posts of one of a store's people; those of a closed store have gone to the next one."""
    if store.closed_on is None:
        is_new = store.opened_on and (today - store.opened_on).days < 365
        return (Post(role, store, store.opened_on if is_new else None),)
    others = places.open_stores()
    beside = [other for other in others if other.area_id == store.area_id] or others
    later = {"store_manager": "deputy"}.get(role, "technician" if role == "technician" else "clerk")
    return (
        Post(role, store, None, store.closed_on - timedelta(days=1)),
        Post(later, beside[0], store.closed_on),
    )


def names(words: Words, taken: set[str], chance: Random) -> Iterator[tuple[str, str]]:
    """Yield a Chinese name and the user name spelled from it, without end; user names never repeat."""
    families = [text.split() for text in words["names"]["families"]]
    often = [1 / (place + 4) for place in range(len(families))]
    used = Counter(taken)
    while True:
        family, family_spelling = chance.choices(families, often)[0]
        given = chance.choice(words["names"]["given"])
        parts = [chance.choice(given["last"]).split()]
        if chance.random() < 0.75:
            others = [text for text in given["first"] if text.split() not in parts]
            parts.insert(0, chance.choice(others).split())
        spelling = family_spelling + "".join(part[1] for part in parts)
        used[spelling] += 1
        while used[spelling] > 1 and used[f"{spelling}{used[spelling]}"]:
            used[spelling] += 1
        username = spelling if used[spelling] == 1 else f"{spelling}{used[spelling]}"
        yield family + "".join(part[0] for part in parts), username


def make_people(
    session: Session,
    hires: list[Hire],
    roles: dict[str, int],
    frame: Frame,
    signing_in: dict[int, dict[str, str]],
) -> None:
    """Write the people and their posts; `signing_in` gives columns of some by their place in `hires`."""
    taken = set(session.scalars(select(Person.username)))
    taken |= {given["username"] for given in signing_in.values()}
    people = []
    for number, (name, username) in zip(range(len(hires)), names(frame.words, taken, frame.chance("names"))):  # noqa: B905
        home = hires[number].home
        people.append({
            "name": name, "username": username, "password_hash": None, "mobile": f"139{number + 1:08}",
            "node_id": home.id, "area_id": home.area_id, "region_id": home.region_id,
            **frame.stamp, **signing_in.get(number, {}),
        })  # fmt: skip
    # Otherwise a statement for each pattern of empty columns.
    session.execute(insert(Person), people, execution_options={"render_nulls": True})
    ids = dict(session.execute(select(Person.username, Person.id)).all())  # type: ignore[arg-type]
    posts = [
        {"person_id": ids[person["username"]], "role_id": roles[post.role], "node_id": post.node.id,
         "from_day": post.from_day, "to_day": post.to_day, **frame.stamp}
        for person, hire in zip(people, hires, strict=True) for post in hire.posts
    ]  # fmt: skip
    session.execute(insert(Assignment), posts, execution_options={"render_nulls": True})
