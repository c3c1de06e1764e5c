"""Rows of any mapped table, made out of its columns."""

import itertools
from datetime import time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Boolean, Date, Float, Integer, Numeric, String, Time, inspect, select

from core import clock
from core.access.scope import is_through, link_of, model_of
from core.auth.models import Role
from core.db import Instant, Money
from core.org.models import Node, Person
from core.testing.access_matrix.values import CANARY, ROW_VALUES


class RowMaker:
    """Makes a row of any mapped table out of its columns."""

    def __init__(self, session: Any, house: Any) -> None:
        self.session = session
        self.numbers = itertools.count(1)
        self.made: dict[Any, Any] = {}
        self.choices: dict[tuple[str, str], Any] = {}
        self.links: list[Any] = []
        """The rows through which things of the whole chain are seen where they were made."""
        for view in house.views.values():
            for declared in (*view.columns, *view.fields):
                if declared.choices:
                    self.choices[view.model.__tablename__, declared.name] = next(iter(declared.choices))

    def make(self, model: Any, node: Any, person: Any, *, canary: bool, linked: bool = True, **given: Any) -> Any:
        """Return a flushed row that belongs to `node` and `person`; the texts of one with a canary hold it.

        A thing of the whole chain gets the row through which it is seen there, unless it is not to be `linked`.
        """
        row = model(**given)
        number = next(self.numbers)
        for attribute in inspect(model).column_attrs:
            column = attribute.columns[0]
            if attribute.key not in given and not self._stays(attribute.key, column):
                setattr(row, attribute.key, self._value(model, attribute.key, column, number, node, person, canary))
        self.session.add(row)
        self.session.flush()
        if linked and is_through(model):
            link = link_of(model)
            self.links.append(self.make(link.class_, node, person, canary=canary, **{link.key: row.id}))
        return row

    @staticmethod
    def _stays(name: str, column: Any) -> bool:
        if name in ("version", "created_at", "updated_at", "deleted_at", "area_id", "region_id"):
            return True
        if column.nullable and any(key.column.table is column.table for key in column.foreign_keys):
            return True
        return column.primary_key and isinstance(column.type, Integer) and not column.foreign_keys

    def _value(self, model: Any, name: str, column: Any, number: int, node: Any, person: Any, canary: bool) -> Any:
        table = model.__tablename__
        if name in ROW_VALUES.get(table, {}):
            value = ROW_VALUES[table][name]
            return value(number) if callable(value) else value
        if name == "node_id":
            return node.id
        if name == getattr(model, "__owner__", ""):
            return person.id
        if (table, name) in self.choices:
            return self.choices[table, name]
        for key in column.foreign_keys:
            target = model_of(key.column.table)
            if is_through(target) and link_of(target).class_ is model:
                return self.make(target, node, person, canary=canary, linked=False).id
            return self._target(target, node, person, canary, column)
        return plain_value(column, number, canary)

    def _target(self, target: Any, node: Any, person: Any, canary: bool, column: Any) -> Any:
        if target is Node:
            return node.id
        if target is Person:
            return person.id
        if target is Role:
            return self.session.scalars(select(Role.id).where(Role.code == "clerk")).one()
        same = [other.name for other in column.table.columns if other.references(inspect(target).local_table.c.id)]
        key = (target, same.index(column.name), node.id, person.id, canary)  # two columns never name one row
        if key not in self.made:
            self.made[key] = self.make(target, node, person, canary=canary)
        return inspect(self.made[key]).identity[0]


def plain_value(column: Any, number: int, canary: bool) -> Any:
    kind = column.type
    if isinstance(kind, JSON):
        return (
            {}
            if column.default is None
            else column.default.arg(None)
            if column.default.is_callable
            else column.default.arg
        )
    if column.info.get("personal") == "mobile":
        return f"139{number:08}"
    if isinstance(kind, Money):
        return Decimal("987654.32") if canary else Decimal(number)
    if isinstance(kind, Boolean):
        return True
    if isinstance(kind, Instant):
        return clock.now()
    if isinstance(kind, Date):
        return clock.today() - timedelta(days=number)
    if isinstance(kind, Time):
        return time(9, number % 60)
    if isinstance(kind, Numeric):
        return Decimal(1)
    if isinstance(kind, Float):
        return 0.5
    if isinstance(kind, Integer):
        return number
    if isinstance(kind, String):
        word = f"{CANARY}{number}" if canary else f"own{number}"
        return word if kind.length is None or kind.length >= len(word) else word[-kind.length :]
    raise AssertionError(f"{column}: teach the matrix to make a {kind!r}, or put it into ROW_VALUES")
