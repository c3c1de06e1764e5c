"""Many rows at once, past the ORM: for use inside `unscoped(reason)`, on rows that were checked before."""

from typing import Any

from sqlalchemy import Table, func, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session


def reserve_ids(session: Session, table: Table, count: int) -> list[int]:
    """Return `count` ids of `table` that nobody else will get; the session must be a writing one."""
    if not count:
        return []
    if session.get_bind().dialect.name == "postgresql":
        sequence = func.pg_get_serial_sequence(table.name, "id")
        return list(session.scalars(select(func.nextval(sequence)).select_from(func.generate_series(1, count))))
    names = {"name": table.name, "count": count}
    session.execute(
        text("INSERT INTO sqlite_sequence (name, seq) SELECT :name, 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = :name)"), names
    )
    last = session.execute(
        text("UPDATE sqlite_sequence SET seq = seq + :count WHERE name = :name RETURNING seq"), names
    ).scalar_one()
    return list(range(last - count + 1, last + 1))


def insert_rows(session: Session, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows, by COPY on PostgreSQL (five times faster than INSERT there).

    Columns that a row does not name get their defaults. Raises IntegrityError as INSERT does.
    """
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        alike.setdefault(tuple(row), []).append(row)
    for names, group in alike.items():
        if session.get_bind().dialect.name == "postgresql":
            _copy(session, table, names, group)
        else:
            session.execute(insert(table), group)


def _copy(session: Session, table: Table, names: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    connection = session.connection()
    dialect = connection.dialect
    columns = [column for column in table.columns if column.name in names or column.default is not None]
    writers = [_writer(column, names, dialect) for column in columns]
    quote = dialect.identifier_preparer.quote
    target = f"{quote(table.name)} ({', '.join(quote(column.name) for column in columns)})"
    try:
        with connection.connection.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN") as copy:
            for row in rows:
                copy.write_row([write(row) for write in writers])
    except dialect.loaded_dbapi.IntegrityError as error:
        raise IntegrityError(f"COPY {target}", None, error) from error


def _writer(column: Any, names: tuple[str, ...], dialect: Any) -> Any:
    name, process = column.name, column.type.dialect_impl(dialect).bind_processor(dialect)
    if name in names:
        return (lambda row: process(row[name])) if process else (lambda row: row[name])
    make = column.default.arg if column.default.is_callable else lambda _context: column.default.arg
    return (lambda row: process(make(None))) if process else (lambda row: make(None))
