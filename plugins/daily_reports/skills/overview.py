"""Best use of skills over several stores: what nobody in a store can do, and who of the area can help."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.api import Node
from plugins.daily_reports.skills.models import Skill
from plugins.daily_reports.skills.rollups import Helper

HELPERS_SHOWN = 5
ENOUGH = 2
"""A store with so many who are good at something can lend one and still do it itself."""


@dataclass
class Gap:
    """A skill that nobody has in some stores."""

    skill: Skill
    stores: list[Node]
    helpers: list[Helper] = field(default_factory=list)


@dataclass
class Row:
    """One line of the page: a store with the people who have each skill, or an area with its stores without."""

    node: Node
    stores: list[Node]
    counts: list[tuple[Skill, int]] = field(default_factory=list)
    gaps: list[tuple[Skill, int]] = field(default_factory=list)
    """Each skill that stores lack, and how many of them."""

    @property
    def lacking(self) -> int:
        """How often a store lacks a skill."""
        return sum(count for _skill, count in self.gaps)


def gaps_of(skills: Iterable[Skill], stores: list[Node], counts: Mapping[tuple[int, int], int]) -> list[Gap]:
    """Return the skills that stores lack, those first that most of them lack."""
    gaps = [Gap(skill, [store for store in stores if (store.id, skill.id) not in counts]) for skill in skills]
    return sorted((gap for gap in gaps if gap.stores), key=lambda gap: -len(gap.stores))


def who_can_help(helpers: Iterable[Helper]) -> list[Helper]:
    """Return helpers in order: from stores that have two or more of them first, then the best; one skill at a time."""
    found = list(helpers)
    at = Counter((helper.skill_id, helper.node_id) for helper in found)
    return sorted(found, key=lambda helper: (at[helper.skill_id, helper.node_id] < ENOUGH, -helper.level))


def rows_of(
    skills: list[Skill], groups: Iterable[tuple[Node, list[Node]]], counts: Mapping[tuple[int, int], int]
) -> list[Row]:
    """Return a row for each place with its stores, those that lack most first."""
    rows = [
        Row(
            node, stores,
            [(skill, sum(counts.get((store.id, skill.id), 0) for store in stores)) for skill in skills],
            [(gap.skill, len(gap.stores)) for gap in gaps_of(skills, stores, counts)],
        )
        for node, stores in groups
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (-row.lacking, row.node.code))


def by_area(session: Session, stores: list[Node]) -> list[tuple[Node, list[Node]]]:
    """Return the stores under their areas; a store that stands in none stands for itself."""
    areas = {
        node.id: node
        for node in session.scalars(
            select(Node).where(Node.id.in_({store.area_id for store in stores if store.area_id}))
        )
    }
    groups: dict[int, tuple[Node, list[Node]]] = {}
    for store in stores:
        node = areas.get(store.area_id or 0, store)
        groups.setdefault(node.id, (node, []))[1].append(store)
    return list(groups.values())
