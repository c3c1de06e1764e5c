"""The people of a place and what they can do, and in which order a plan's line offers them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

SHOWN = 2
"""So many skills fit beside a name."""


@dataclass(frozen=True)
class Mate:
    """Somebody who works at a place, with their skills: `{name: level}`."""

    id: int
    name: str
    skills: dict[str, int] = field(default_factory=dict)

    @cached_property
    def skills_told(self) -> str:
        """The same for a script, which orders a team while a line is typed."""
        return json.dumps(self.skills)

    def best_for(self, what: str) -> list[str]:
        """Return which skills to show beside the name: those a line names, then those they are best at."""
        return sorted(self.skills, key=lambda name: (not names(what, name), -self.skills[name]))[:SHOWN]


def names(what: str, skill: str) -> bool:
    """Say whether a line of a plan names a skill."""
    return skill.casefold() in what.casefold()


def fit(what: str, skills: Mapping[str, int]) -> int:
    """Return how well somebody fits a line of a plan: the sum of their levels in the skills it names."""
    return sum(level for name, level in skills.items() if names(what, name))


def best_first(what: str, team: Iterable[Mate]) -> list[Mate]:
    """Return the team, those who can do what a line says first and the best of them before the others."""
    return sorted(team, key=lambda mate: -fit(what, mate.skills))
