"""Whether a database is what the models say, and the way down and up again."""

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from core.db import Database
    from core.registry.host import Host


def difference(database: "Database", part: str | None) -> list[Any]:
    """What a migration of core (None) or a plugin would still change; empty when schema and models are equal."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from core.db import metadata, tables_of
    from core.migrate import version_table
    from core.search.schema import is_kept_by_search

    names = {table.name for table in tables_of(part)}

    def is_ours(name: str | None, kind: str, *_others: Any) -> bool:
        return name in names if kind == "table" else not is_kept_by_search(name, kind)

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={
            "version_table": version_table(part), "compare_type": True,
            "include_name": is_ours, "include_object": lambda _thing, name, kind, *_others: is_ours(name, kind),
        })  # fmt: skip
        return compare_metadata(context, metadata)


def downgrade(database: "Database", host: "Host", part: str | None) -> set[str]:
    """Take core (None) or a plugin back to before its first migration; return the tables that are left."""
    from alembic import command

    from core.migrate import _config, _locked

    with _locked(database) as connection:
        command.downgrade(_config(host, part, connection), "base")
    with database.engine.connect() as connection:
        return set(sa.inspect(connection).get_table_names())
