"""Conditions that differ in nothing but their values: a statement is built for the first, and asked with those of each.

Building the statement of a list takes longer than asking it.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import and_, true
from sqlalchemy.sql import visitors


class Alike:
    """Conditions, equal to others that are the same SQL by what SQLAlchemy knows a statement by."""

    def __init__(self, conditions: Iterable[Any]) -> None:
        self._conditions = tuple(conditions)
        made = and_(true(), *self._conditions)._generate_cache_key()
        self._key = made.key if made else object()  # what SQLAlchemy compiles anew each time is like nothing else
        self._bound = made.bindparams if made else []
        self._given = (made and made.params) or {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Alike) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def values(self) -> dict[str, Any]:
        """What a statement with these conditions, or any like them, is asked with."""
        return {
            _name(place): self._given.get(bound.key, bound.effective_value) for place, bound in enumerate(self._bound)
        }

    def named(self) -> list[Any]:
        """Return the conditions with the names of `values` where they held a value of their own."""
        names = {id(bound): _name(place) for place, bound in enumerate(self._bound)}

        def name(part: Any, **_options: Any) -> Any:
            if id(part) not in names:
                return None
            # Of its own name: SQLAlchemy lends what it has compiled to any like statement, whose values have other numbers.
            named = part._clone(maintain_key=True)
            named.key, named.unique = names[id(part)], False
            return named

        return [visitors.replacement_traverse(condition, {}, name) for condition in self._conditions]


def _name(place: int) -> str:
    return f"asked_{place}"
