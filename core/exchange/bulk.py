"""Many rows at once, past the ORM: for use inside `unscoped(reason)`, on rows that were checked before."""

import json
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice, repeat
from typing import Any

from sqlalchemy import JSON, String, Table, bindparam, column, false, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.db import Instant, dialect_of

SQLITE_VALUES = 10_000
"""So many values a statement holds at most; SQLite takes 32,766."""
BUMP = (
    "INSERT INTO sqlite_sequence (name, seq) SELECT :name, 0 "
    "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = :name)",
    "UPDATE sqlite_sequence SET seq = seq + :count WHERE name = :name RETURNING seq",
)


def reserve_ids(session: Session, table: Table, count: int) -> list[int]:
    """Return `count` ids of `table` that nobody else will get; the session must be a writing one."""
    if not count:
        return []
    if dialect_of(session) == "postgresql":
        number = func.nextval(func.pg_get_serial_sequence(table.name, "id"))
        numbers = select(func.array_agg(number)).select_from(func.generate_series(1, count))
        return list(session.scalars(numbers).one())
    for statement in BUMP:
        result = session.execute(text(statement), {"name": table.name, "count": count})
    last = result.scalar_one()
    return list(range(last - count + 1, last + 1))


def among(session: Session, columns: Sequence[Any], keys: Sequence[Sequence[Any]]) -> Any:
    """Return the condition that `columns` equal one of `keys`; some thousands of keys are no burden."""
    if not keys:
        return false()
    if dialect_of(session) != "postgresql":
        return tuple_(*columns).in_(keys) if len(columns) > 1 else columns[0].in_([key[0] for key in keys])
    # A list in the statement is planned pair by pair, which takes longer than finding the rows.
    names = [f"k{position}" for position in range(len(columns))]
    types = [String() if isinstance(c.type, String) else c.type for c in columns]
    parts = zip(*keys, strict=True)
    arrays = [bindparam(None, list(part), ARRAY(type_)) for part, type_ in zip(parts, types, strict=True)]
    found = func.unnest(*arrays).table_valued(*(column(n, c.type) for n, c in zip(names, columns, strict=True)))
    return tuple_(*columns).in_(select(*found.render_derived().c))


def insert_rows(session: Session, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows, by COPY on PostgreSQL; columns that a row does not name get their defaults.

    Raises IntegrityError as INSERT does.
    """
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        alike.setdefault(tuple(row), []).append(row)
    connection = session.connection()
    dialect = connection.dialect
    quote = dialect.identifier_preparer.quote
    for names, group in alike.items():
        columns = [column for column in table.columns if column.name in names or column.default is not None]
        target = f"{quote(table.name)} ({', '.join(quote(column.name) for column in columns)})"
        lines = zip(*(_bound(column, names, group, dialect) for column in columns), strict=True)
        if dialect.name != "postgresql":
            _insert_values(connection, f"INSERT INTO {target} VALUES ", len(columns), lines)
            continue
        try:
            with connection.connection.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN") as copy:
                for line in lines:
                    copy.write_row(line)
        except dialect.loaded_dbapi.IntegrityError as error:
            raise IntegrityError(f"COPY {target}", None, error) from error


def _insert_values(connection: Any, insert: str, width: int, lines: Iterable[tuple[Any, ...]]) -> None:
    """Insert some hundred rows with each statement: at the end of each, SQLite's search writes its index to the file."""
    values = f"({', '.join('?' * width)})"
    while some := list(islice(lines, SQLITE_VALUES // width)):
        connection.exec_driver_sql(insert + ", ".join([values] * len(some)), tuple(chain.from_iterable(some)))


def _bound(column: Any, names: tuple[str, ...], rows: list[dict[str, Any]], dialect: Any) -> Iterable[Any]:
    """Return what the driver takes for one column of all rows: a column at a time, as half of the cells are alike."""
    name, type_ = column.name, column.type
    process = _json(type_) if isinstance(type_, JSON) else type_.dialect_impl(dialect).bind_processor(dialect)
    if name in names:
        values = [row[name] for row in rows]
    elif column.default.is_callable and not isinstance(type_, Instant | JSON):
        values = [column.default.arg(None) for _row in rows]
    else:
        # Now, or an empty list: the same for all rows that are written together.
        value = column.default.arg(None) if column.default.is_callable else column.default.arg
        return repeat(process(value) if process else value, len(rows))
    return map(process, values) if process else values


def _json(type_: JSON) -> Callable[[Any], str | None]:
    """Return how a value is written as text, which COPY takes too: the driver's own way wraps each in an object."""
    return lambda value: None if value is None and type_.none_as_null else json.dumps(value)
