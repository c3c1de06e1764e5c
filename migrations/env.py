"""Alembic's door: `core.migrate` gives it a connection, a version table and the tables it may look at."""

from alembic import context
from sqlalchemy.types import TypeDecorator

from core.db import metadata
from core.search.schema import is_kept_by_search

attributes = context.config.attributes


def is_ours(name: str | None, kind: str, *_others: object) -> bool:
    """Keep autogenerate to the tables of the part that is being migrated, or it drops everybody else's."""
    return name in attributes["tables"] if kind == "table" else not is_kept_by_search(name, kind)


def plain_type(kind: str, thing: object, _context: object) -> str | bool:
    """Write the house's own types as what they are in the table: a script outlives the class."""
    return f"sa.{thing.impl!r}" if kind == "type" and isinstance(thing, TypeDecorator) else False


context.configure(
    connection=attributes["connection"],
    target_metadata=metadata,
    version_table=attributes["version_table"],
    include_name=is_ours,
    include_object=lambda _thing, name, kind, *_others: is_ours(name, kind),
    render_as_batch=True,
    render_item=plain_type,
    on_version_apply=lambda *, step, **_rest: attributes["applied"].append(step.up_revision_id),
)
with context.begin_transaction():
    context.run_migrations()
