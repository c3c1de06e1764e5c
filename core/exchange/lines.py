"""The lines of a csv, made by the database itself as far as it can.

PostgreSQL knows the whole rule, and writes the file itself (COPY). SQLite makes nearly every cell, asks Python for
those in which a formula might begin, and Python sets the commas.
"""

import csv
import io
from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    BinaryExpression,
    BindParameter,
    Case,
    Connection,
    Date,
    Integer,
    Numeric,
    ScalarSelect,
    String,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.sql.operators import concat_op

from core.db import Database, Id, Instant, Money
from core.exchange.writing import FORMULA_START, PLAIN_NUMBER, csv_cell, guard

BLOCK = 1 << 16
ROWS_TOGETHER = 500
ORDINARY = (("\u3001", "\uff00"), ("A", "\x80"), ("0", ":"))
"""Chinese, letters and digits, from the first to the one behind the last: nearly every text begins with them, no formula does."""
EIGHT_HOURS_AHEAD_SINCE = "1992-01-01"
"""Before, Shanghai's clock had summer times (IANA time zone database). A year alone SQLite would compare as a number."""


def blocks(database: Database, query: Any, expressions: list[Any], kinds: list[str]) -> Iterator[bytes]:
    """Yield the lines of `query`, whose columns are the `expressions` of these `kinds`, as `csv_line` writes them."""
    with database.engine.connect() as connection:
        if database.is_sqlite:
            yield from _written(connection, query, expressions)
        else:
            yield from _copied(connection, query, expressions, kinds)


def _copied(connection: Connection, query: Any, expressions: list[Any], kinds: list[str]) -> Iterator[bytes]:
    """Let PostgreSQL write the lines; only blocks of bytes pass through here."""
    named = [sql.label(f"c{position}") for position, sql in enumerate(expressions)]
    # Its ORDER BY keeps the inner query whole, so that a name is read once and not once a test of it.
    inner = query.with_only_columns(*named).subquery()
    lines = select(*(_text_of_postgresql(inner.c[sql.name], kind) for sql, kind in zip(named, kinds, strict=True)))
    compiled = lines.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    cursor = connection.connection.cursor()
    block = bytearray()
    with cursor.copy(f"COPY ({compiled}) TO STDOUT (FORMAT csv, ENCODING 'UTF8')", _bound(compiled)) as copy:
        for line in copy:
            block += line
            if len(block) > BLOCK:
                yield bytes(block)
                block.clear()
    yield bytes(block)


def _text_of_postgresql(sql: Any, kind: str) -> Any:
    if isinstance(sql.type, Money):
        return cast(cast(type_coerce(sql, Id), Numeric) / 100, Numeric(20, 2))
    if kind == "datetime":
        return func.to_char(func.timezone("Asia/Shanghai", sql), "YYYY-MM-DD HH24:MI:SS")
    if not isinstance(sql.type, String):
        return sql
    first = func.ascii(sql)
    # A pattern for each cell would double the time.
    is_ordinary = or_(*(first.between(ord(start), ord(behind) - 1) for start, behind in ORDINARY))
    is_formula = sql.regexp_match(FORMULA_START) & ~sql.regexp_match(PLAIN_NUMBER)
    return case((is_ordinary, sql), (is_formula, literal("'").concat(sql)), else_=sql)


def _bound(compiled: Any) -> dict[str, Any]:
    """Return the parameters of a compiled statement as the driver takes them."""
    kept = {}
    for name, value in compiled.params.items():
        type_ = compiled.binds[name].type if name in compiled.binds else None
        process = type_.dialect_impl(compiled.dialect).bind_processor(compiled.dialect) if type_ is not None else None
        kept[name] = process(value) if process else value
    return kept


def _written(connection: Connection, query: Any, expressions: list[Any]) -> Iterator[bytes]:
    """Let SQLite make the cells, and ask `csv_cell` for those that it leaves to Python."""
    dialect = connection.dialect
    values = [sql.type.dialect_impl(dialect).result_processor(dialect, None) for sql in expressions]

    def cell(position: int, kept: Any) -> str | None:
        value = values[position]
        text = csv_cell(value(kept) if value else kept)
        return None if text is None else str(text)

    connection.connection.driver_connection.create_function("csv_cell", 2, cell)  # type: ignore[union-attr]
    texts = [_text_of_sqlite(sql, position) for position, sql in enumerate(expressions)]
    cursor = connection.execute(query.with_only_columns(*texts)).cursor
    while rows := cursor.fetchmany(ROWS_TOGETHER):
        block = io.StringIO()
        csv.writer(block, lineterminator="\r\n").writerows(rows)
        yield block.getvalue().encode()


def _text_of_sqlite(sql: Any, position: int) -> Any:
    """Return what SQLite makes of a value by itself; `csv_cell` is asked for the rest."""
    kept, other = type_coerce(sql, String), func.csv_cell(position, sql)
    if isinstance(sql.type, String):
        return _guarded(sql, position)
    if isinstance(sql.type, Instant):
        local = func.datetime(func.substr(kept, 1, 19), "+8 hours")
        return case((kept >= EIGHT_HOURS_AHEAD_SINCE, local), (kept < EIGHT_HOURS_AHEAD_SINCE, other))
    if isinstance(sql.type, Money):
        fen = type_coerce(sql, Id)
        yuan = fen // 100
        return case(
            (fen % 100 == 0, cast(yuan, String).concat(".00")),
            (fen > 0, func.printf("%d.%02d", yuan, fen % 100)),
            (fen < 0, other),
        )
    return sql if isinstance(sql.type, Integer | Date) else other


def _guarded(sql: Any, position: int) -> Any:
    """Return the text with `csv_cell` asked only where a formula may begin.

    What makes the text is tested as near to the table as can be: SQLite would make it once for each comparison.
    """
    if isinstance(sql, BindParameter) and isinstance(sql.value, str):
        return literal(guard(sql.value))
    if isinstance(sql, Case):
        whens = [(when, _guarded(then, position)) for when, then in sql.whens]
        return case(*whens, value=sql.value, else_=None if sql.else_ is None else _guarded(sql.else_, position))
    if isinstance(sql, ScalarSelect):
        [name] = sql.element.selected_columns
        return sql.element.with_only_columns(_guarded(name, position), maintain_column_froms=True).scalar_subquery()
    start = sql
    while isinstance(start, BinaryExpression) and start.operator is concat_op:
        start = start.left
    is_ordinary = or_(*(and_(start >= first, start < behind) for first, behind in ORDINARY))
    return case((is_ordinary, sql), (sql > "", func.csv_cell(position, sql)), else_=sql)
