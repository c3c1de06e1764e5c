"""What a statement names: every table, by its class or past it, and whether there is SQL as text in it."""

import re
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import TextClause

from core.model_facts import forgotten_with_models


@dataclass
class Seen:
    """What a statement names: tables by themselves, tables by their class, SQL as text."""

    named: set[Any] = field(default_factory=set)
    tables: set[Any] = field(default_factory=set)
    mappers: set[Any] = field(default_factory=set)
    as_text: bool = False


LEAVES = frozenset({"column", "table", "bindparam"})
WRITES = frozenset({"insert", "update", "delete"})
HARMLESS = re.compile(r"\d+|\*")
"""A literal column that holds no more than a number counts rows; any other is SQL as text."""


_known: WeakKeyDictionary[Any, Seen] = WeakKeyDictionary()
"""What the statements name that are built once and asked often: a statement never changes."""
_known_alike: OrderedDict[Any, Seen] = OrderedDict()
"""The same of statements that are built anew each time, by what SQLAlchemy knows their SQL by."""
MOST_ALIKE = 500
forgotten_with_models(_known_alike.clear)


def seen_in(statement: Any) -> Seen:
    """Return what a statement names; looked through once where the same was asked before."""
    seen = _known.get(statement)
    if seen is None:
        seen = _known[statement] = _seen_in_alike(statement)
    return seen


def _seen_in_alike(statement: Any) -> Seen:
    made = statement._generate_cache_key()
    if made is None:  # what SQLAlchemy compiles anew each time
        return _looked_through(statement)
    seen = _known_alike.get(made.key)
    if seen is None:
        seen = _known_alike[made.key] = _looked_through(statement)
        if len(_known_alike) > MOST_ALIKE:
            _known_alike.popitem(last=False)
    return seen


def _looked_through(statement: Any) -> Seen:
    seen, waiting = Seen(), [statement]
    looked_at: dict[int, Any] = {}
    while waiting:
        part = waiting.pop()
        if id(part) in looked_at:  # most parts are reached by several ways, such as a subquery by each of its columns
            continue
        looked_at[id(part)] = part
        kind = part.__visit_name__
        entity = part._annotations.get("parententity")
        if kind not in LEAVES:
            waiting.extend(part.get_children())
        if entity is not None:
            seen.mappers.add(entity.mapper)
            seen.tables.add(entity.mapper.local_table)
        elif kind == "column":
            seen.named.add(part.table)
            if part.is_literal and not HARMLESS.fullmatch(part.name):
                seen.as_text = True
        elif kind == "table":
            seen.named.add(part)
        elif isinstance(part, TextClause) or (kind in WRITES and part is not statement):
            seen.as_text = True
        elif kind == "select":
            for join in part._setup_joins:
                if hasattr(join[0], "property"):  # a join along a relationship
                    seen.mappers.add(join[0].property.mapper)
                    seen.tables.add(join[0].property.mapper.local_table)
    return seen
