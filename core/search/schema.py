"""What a searched table has in the database, as two words that migrations use.

    op.create_search("shop_customer", names=["name"], codes=["code"])
    op.drop_search("shop_customer")

PostgreSQL gets a trigger that writes `search_text` before a row is stored, and a GIN index over its pairs of
letters; SQLite gets triggers and an FTS5 table of the pairs. What they write never changes: another form of
search gets other words. `create_search` also serves to make everything anew, after SQLite has rebuilt a table
(which drops its triggers); autogenerate and the check that schema and models are equal notice that.
"""

from typing import Any

from alembic.autogenerate import comparators, renderers
from alembic.operations import MigrateOperation, Operations
from alembic.util import DispatchPriority
from sqlalchemy import Connection, text

from core.search.columns import Searched, searched_in

STEPS = """(
  WITH RECURSIVE step(n, plain, initials, wide, code, sounds) AS (
    SELECT 0, '', '', '', '', 0 UNION ALL
    SELECT n + 1, step.plain || coalesce(l.plain, substr({value}, n + 1, 1)),
      step.initials || coalesce(l.initial, l.plain, substr({value}, n + 1, 1)),
      step.wide || coalesce(l.wide, substr({value}, n + 1, 1)),
      step.code || coalesce(CASE WHEN l.initial IS NULL THEN l.wide END, l.plain, substr({value}, n + 1, 1)),
      sounds OR l.initial IS NOT NULL
    FROM step LEFT JOIN search_letter AS l ON l.letter = substr({value}, n + 1, 1) WHERE n < length({value})
  ) SELECT {form} FROM step ORDER BY n DESC LIMIT 1)"""
FORMS = {
    "name": "char(31) || plain || CASE WHEN sounds THEN char(31) || replace(initials, ' ', '') || char(31) || wide ELSE '' END",
    "code": "char(31) || code",
    "number": "char(30) || code || char(30)",
}
PAIRS = """(SELECT group_concat(hex(pair), ' ') FROM (
  WITH RECURSIVE step(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM step WHERE n < length({text}) - 1)
  SELECT DISTINCT substr({text}, n, 2) AS pair FROM step))"""


def is_kept_by_search(name: str | None, kind: str) -> bool:
    """Say whether something in the schema belongs to the search of a table: autogenerate leaves it to `compare`."""
    return kind == "index" and (name or "").startswith("search_")


class SearchOperation(MigrateOperation):
    """A table and what is searched in it."""

    def __init__(self, table: str, searched: Searched) -> None:
        self.table, self.searched = table, searched

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return how a difference between schema and models is told."""
        return (type(self).__name__, self.table, self.searched)


@Operations.register_operation("create_search")
class CreateSearch(SearchOperation):
    """The table becomes searchable."""

    @classmethod
    def create_search(
        cls, operations: Operations, table: str, *, names: Any = (), codes: Any = (), numbers: Any = ()
    ) -> None:
        """Let the database keep `search_text` of a table that has this column, for old rows and new ones."""
        operations.invoke(cls(table, Searched(tuple(names), tuple(codes), tuple(numbers))))

    def reverse(self) -> "DropSearch":
        """Return the way back."""
        return DropSearch(self.table, self.searched)


@Operations.register_operation("drop_search")
class DropSearch(SearchOperation):
    """The table is searchable no more."""

    @classmethod
    def drop_search(cls, operations: Operations, table: str) -> None:
        """Take away what keeps `search_text`; before its column or its table goes."""
        operations.invoke(cls(table, Searched()))

    def reverse(self) -> CreateSearch:
        """Return the way back."""
        return CreateSearch(self.table, self.searched)


@Operations.implementation_for(CreateSearch)
def _create(operations: Operations, operation: CreateSearch) -> None:
    connection = operations.get_bind()
    drop_search(connection, operation.table)
    for statement in _statements(connection, operation.table, operation.searched):
        connection.exec_driver_sql(statement)
    first = operation.searched.columns[0]
    connection.exec_driver_sql(f"UPDATE {operation.table} SET {first} = {first}")
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            f"CREATE INDEX search_{operation.table} ON {operation.table} USING gin (search_grams(search_text))"
        )


@Operations.implementation_for(DropSearch)
def _drop(operations: Operations, operation: DropSearch) -> None:
    drop_search(operations.get_bind(), operation.table)


def drop_search(connection: Connection, table: str) -> None:
    """Take the index and the triggers of a table away, where there are any."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS search_{table} ON {table}")
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS search_{table}")
        return
    for when in ("insert", "update", "delete"):
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS search_{table}_{when}")
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS search_{table}")


def _by_kind(searched: Searched) -> list[tuple[str, str]]:
    kinds = (("name", searched.names), ("code", searched.codes), ("number", searched.numbers))
    return [(kind, name) for kind, names in kinds for name in names]


def _statements(connection: Connection, table: str, searched: Searched) -> list[str]:
    watched = ", ".join(searched.columns)
    if connection.dialect.name == "postgresql":
        given = ", ".join(f"'{kind}', '{name}'" for kind, name in _by_kind(searched))
        return [
            f"CREATE TRIGGER search_{table} BEFORE INSERT OR UPDATE OF {watched} ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION search_fill({given})"
        ]
    parts = (
        f"CASE WHEN new.{name} IS NULL THEN '' ELSE {STEPS.format(value=f'new.{name}', form=FORMS[kind])} END"
        for kind, name in _by_kind(searched)
    )
    index = f"search_{table}"
    write = f"UPDATE {table} SET search_text = {' || '.join(parts)} WHERE id = new.id;"
    keep = f"INSERT INTO {index} (rowid, grams) SELECT id, {PAIRS.format(text='search_text')} FROM {table} WHERE id = new.id;"
    forget = (
        f"INSERT INTO {index} ({index}, rowid, grams) "
        f"SELECT 'delete', old.id, {PAIRS.format(text='old.search_text')} WHERE old.search_text <> '';"
    )
    return [
        f"CREATE VIRTUAL TABLE {index} USING fts5(grams, content='', detail=none, tokenize='ascii')",
        f"CREATE TRIGGER {index}_insert AFTER INSERT ON {table} BEGIN {write} {keep} END",
        f"CREATE TRIGGER {index}_update AFTER UPDATE OF {watched} ON {table} BEGIN {forget} {write} {keep} END",
        f"CREATE TRIGGER {index}_delete AFTER DELETE ON {table} BEGIN {forget} END",
    ]


# What a migration would still have to do


@comparators.dispatch_for("schema", priority=DispatchPriority.LAST)  # the search comes after the table it is made on
def compare(context: Any, operations: Any, _schemas: Any) -> None:
    """Find the tables whose search is not as their models say."""
    for name, table in sorted(context.metadata.tables.items()):
        if not context.run_object_filters(table, name, "table", False, None):
            continue
        searched, is_there = searched_in(table), bool(_triggers(context.connection, name))
        if searched and not _is_as_declared(context.connection, name, searched):
            operations.ops.append(CreateSearch(name, searched))
        elif is_there and not searched:
            operations.ops.insert(0, DropSearch(name, Searched()))


def _triggers(connection: Connection, table: str) -> list[str]:
    if connection.dialect.name == "postgresql":
        query = (
            "SELECT pg_get_triggerdef(t.oid) FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid "
            "WHERE c.relname = :table AND t.tgname = :name AND to_regclass(:name) IS NOT NULL"
        )
    else:
        query = (
            "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table AND name LIKE :name || '%' "
            "AND EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = :name)"
        )
    return list(connection.scalars(text(query), {"table": table, "name": f"search_{table}"}))


def _is_as_declared(connection: Connection, table: str, searched: Searched) -> bool:
    wanted = [line for line in _statements(connection, table, searched) if line.startswith("CREATE TRIGGER")]
    present = _triggers(connection, table)
    if connection.dialect.name == "postgresql":
        return [line.partition("search_fill")[2] for line in present] == [wanted[0].partition("search_fill")[2]]
    return sorted(present) == sorted(wanted)


@renderers.dispatch_for(CreateSearch)
def _write_create(_context: Any, operation: CreateSearch) -> str:
    kinds = {
        "names": operation.searched.names,
        "codes": operation.searched.codes,
        "numbers": operation.searched.numbers,
    }
    given = "".join(f", {kind}={list(names)!r}" for kind, names in kinds.items() if names)
    return f"op.create_search({operation.table!r}{given})"


@renderers.dispatch_for(DropSearch)
def _write_drop(_context: Any, operation: DropSearch) -> str:
    return f"op.drop_search({operation.table!r})"
