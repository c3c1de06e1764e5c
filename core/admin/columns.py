"""What a list shows: one declaration from which list, filter, sort, details, export and print come."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Boolean, Date, Integer, Numeric, Time

from core import clock
from core.db import Instant, Money
from core.language import _, gettext
from core.model_facts import model_fact
from core.typed import mask_mobile, show_money

KIND_OF_TYPE = (
    (Money, "money"), (Instant, "datetime"), (Date, "date"), (Time, "time"), (Boolean, "boolean"), (Integer, "number"),
)  # fmt: skip
"""How a column is shown and asked for, by its type; what only one of the two knows stands there."""


@model_fact
def kind_of(model: Any, name: str, besides: tuple[type, str]) -> str:
    """Return how an attribute is shown, by its type; kept, because a page asks for each of them several times."""
    return _kind_of_type(getattr(model, name).type, besides)


def _kind_of_type(type_: Any, besides: tuple[type, str]) -> str:
    return next((kind for known, kind in (*KIND_OF_TYPE, besides) if isinstance(type_, known)), "text")


@dataclass(frozen=True)
class Column:
    """A column of a list, and of what is made from it.

    `name` is an attribute of the model unless `expression` gives another SQL expression. A `sortable`
    column is NOT NULL and indexed together with `id`. `filter` is `select`, `text`, `date`, `range`
    or `boolean`. `names` resolves ids to names, once a page (a reference to another table).
    `meanings` colours a value: good, watch, bad or none.
    """

    name: str
    title: str
    kind: str = ""
    expression: Any = None
    choices: dict[Any, str] | None = None
    sortable: bool = False
    filter: str = ""
    lookup: str = ""
    names: Callable[[set[Any]], dict[Any, str]] | None = None
    meanings: dict[Any, str] = field(default_factory=dict, hash=False)
    shown: bool = True
    exported: bool = True
    export: Any = None
    """SQL expression for files, where a reference's name must be read with the row."""
    help: str = ""
    permission: str = ""
    """A right that the value needs besides; the column is there for who holds it as far as they read the rows."""

    def sql(self, model: Any) -> Any:
        """Return the SQL expression that is selected."""
        return getattr(model, self.name) if self.expression is None else self.expression

    def listed(self, model: Any) -> Any:
        """Return what a list selects: the name of a reference where the row itself can bring it."""
        return self.export if self.names and self.export is not None else self.sql(model)

    def kind_for(self, model: Any) -> str:
        """Return how the column is shown; from its type unless it was said."""
        if self.kind:
            return self.kind
        if self.choices:
            return "state"
        if self.names:
            return "reference"
        if self.expression is not None:
            return _kind_of_type(self.expression.type, (Numeric, "number"))
        return kind_of(model, self.name, (Numeric, "number"))


class Cell(NamedTuple):
    """One value as a person reads it."""

    text: str
    meaning: str | None = None
    url: str | None = None


EMPTY = Cell("")


def show(value: Any, kind: str) -> str:
    """Return a value as text, in the person's language and Shanghai's time."""
    if value is None or value == "":
        return ""
    shown = SHOWN_BY_KIND.get(kind)
    return shown(value) if shown else _shown_by_type(value)


def _shown_by_type(value: Any) -> str:
    shown = SHOWN_BY_TYPE.get(type(value))
    return shown(value) if shown else str(value)


SHOWN_BY_TYPE: dict[type, Callable[[Any], str]] = {
    datetime: lambda value: f"{clock.local(value):%Y-%m-%d %H:%M}",
    date: date.isoformat,
    time: lambda value: f"{value:%H:%M}",
    Decimal: lambda value: f"{value:,f}",
}
SHOWN_BY_KIND: dict[str, Callable[[Any], str]] = {
    "money": show_money,
    "mobile": lambda value: mask_mobile(str(value)),
    "month": lambda value: f"{value:%Y-%m}",
    "percent": lambda value: f"{value}%",
    "boolean": lambda value: _("Yes") if value else _("No"),
    "number": lambda value: f"{value:,}" if isinstance(value, int) else _shown_by_type(value),
}


def renderer(column: Column, model: Any, values: Iterable[Any]) -> Callable[[Any], Cell]:
    """Return the function that makes this column's cells for one page of `values`."""
    kind = column.kind_for(model)
    if column.names:
        names = column.names({value for value in values if value is not None})
        return lambda value: Cell(names.get(value, "")) if value is not None else EMPTY
    if column.choices:
        cells = {value: Cell(gettext(title), column.meanings.get(value)) for value, title in column.choices.items()}
        return lambda value: cells.get(value) or Cell(show(value, "text"))
    if column.meanings:
        return lambda value: Cell(show(value, kind), column.meanings.get(value))
    return lambda value: Cell(show(value, kind))
