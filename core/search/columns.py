"""What a table declares to be searched, and the condition for what was typed.

    search_text: Mapped[str] = search_column(names=("name",), codes=("code",))

and `op.create_search("shop_customer", names=["name"], codes=["code"])` in the migration, which
`backoffice plugin revision` writes by itself. The database fills the column; nobody writes to it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, Text, and_, bindparam, false, inspect, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import MappedColumn, mapped_column
from sqlalchemy.sql.functions import FunctionElement

from core.db import dialect_of, session
from core.model_facts import model_fact
from core.search.words import grams, patterns


@dataclass(frozen=True)
class Searched:
    """Which columns of a table are found how."""

    names: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is looked in."""
        return (*self.names, *self.codes, *self.numbers)


def search_column(
    *, names: tuple[str, ...] = (), codes: tuple[str, ...] = (), numbers: tuple[str, ...] = ()
) -> MappedColumn[str]:
    """Return the column that a search looks in.

    `names` are found anywhere, by their initials and by the beginning of their pinyin; `codes` by their
    beginning; `numbers` by their last four digits or more.
    """
    searched = Searched(names, codes, numbers)
    return mapped_column(Text, server_default="", deferred=True, info={"search": searched})


def searched_of(column: Any) -> Searched | None:
    """Return what a column of a table or a model declares to be searched; None for any other column."""
    return getattr(column, "info", {}).get("search")


def searched_in(table: Table) -> Searched | None:
    """Return what a table declares to be searched."""
    return next((searched for each in table.columns if (searched := searched_of(each))), None)


def found(model: Any, searched_column: Any, words: str, *, also: Iterable[Any] = ()) -> Any:
    """Return the condition that a row of `model`, or of an alias of one, holds what was typed, answered by its index.

    `also` says whose rows count as found in any case: each a list of few ids, or a query of ids.
    """
    others = [model.id.in_(ids) for ids in also]
    wanted = found_values(model, words)
    if not wanted:
        return or_(false(), *others)
    index, text = _hold(searched_column, *(bindparam(None, value, Text, unique=True) for value in wanted.values()))
    # Apart, and not as one OR of both: so what the index has answered is not worked out again for each row.
    return and_(or_(index, *others), or_(text, *others))


def found_later(model: Any, searched_column: Any, values: Iterable[str]) -> Any:
    """Return the same condition for a statement that is built once: `found_values` gives the values it is asked with.

    `values` are the names of these.
    """
    return and_(*_hold(searched_column, *(bindparam(name, type_=Text) for name in values)))


def found_values(model: Any, words: str) -> dict[str, str]:
    """Return what `found_later` is to be asked with for what was typed; nothing where no row can hold it.

    The names differ where the statement does: by the database, and by in how many ways the words can be meant.
    """
    wanted = patterns(words, **_kinds(model))
    if not wanted:
        return {}
    dialect = dialect_of(session)
    pairs = _pairs_on_postgres(wanted) if dialect == "postgresql" else _pairs_on_sqlite(wanted)
    return {f"pairs_on_{dialect}": pairs, **{f"found_{place}": pattern for place, pattern in enumerate(wanted)}}


@model_fact
def _kinds(model: Any) -> dict[str, bool]:
    searched = searched_in(inspect(model).mapper.local_table)
    assert searched is not None
    return {"names": bool(searched.names), "codes": bool(searched.codes), "numbers": bool(searched.numbers)}


def _hold(text: Any, pairs: Any, *wanted: Any) -> tuple[Any, Any]:
    return _HasPairs(text, pairs), _Holds(text, *wanted)


class _HasPairs(FunctionElement[bool]):
    """Whether the pairs of a text are as a query wants them; in one piece, because each operator costs a search.

    Without a type: of a Boolean SQLite would be asked whether it is 1, and would not see its index.
    """

    inherit_cache = True


class _Holds(FunctionElement[bool]):
    """Whether a text holds one of several patterns."""

    inherit_cache = True


@compiles(_HasPairs, "postgresql")
def _has_pairs(element: Any, compiler: Any, **options: Any) -> str:
    text, query = (compiler.process(part, **options) for part in element.clauses)
    return f"(search_grams({text}) @@ CAST({query} AS TSQUERY))"


@compiles(_HasPairs, "sqlite")
def _is_in_index(element: Any, compiler: Any, **options: Any) -> str:
    text, query = element.clauses
    row = compiler.process(text.table.c.id, **options)
    index = f"search_{getattr(text.table, 'element', text.table).name}"  # of an alias the table itself
    # FTS5 calls the whole of a row by the name of its table
    return f"({row} IN (SELECT rowid FROM {index} WHERE {index} MATCH {compiler.process(query, **options)}))"


@compiles(_Holds)
def _holds(element: Any, compiler: Any, **options: Any) -> str:
    text, *patterns = (compiler.process(part, **options) for part in element.clauses)
    place = {"postgresql": "strpos", "sqlite": "instr"}[compiler.dialect.name]
    return f"({' OR '.join(f'{place}({text}, {pattern}) > 0' for pattern in patterns)})"


def _pairs_on_postgres(wanted: list[str]) -> str:
    # One condition for all patterns: an OR of several would be worked out again for each row that is found.
    return " | ".join(f"({' & '.join(map(_lexeme, grams(pattern)))})" for pattern in wanted)


def _lexeme(pair: str) -> str:
    quoted = pair.replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}'"


def _pairs_on_sqlite(wanted: list[str]) -> str:
    return " OR ".join(f"({' AND '.join(pair.encode().hex() for pair in grams(pattern))})" for pattern in wanted)
