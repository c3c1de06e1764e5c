"""What the database's planner knows of how many rows there are, and how they are spread."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.access.scope import unscoped
from core.db import dialect_of

ROWS_LOOKED_AT = 1000
"""So many rows of an index are enough to know it: a large one takes no longer than a small one."""


def look_anew(session: Session) -> str:
    """Let SQLite look at its tables, else it takes the stores of an area for ten rows; PostgreSQL looks by itself."""
    if dialect_of(session) == "postgresql":
        return ""
    with unscoped("nothing but counts of rows is read"):
        session.execute(text(f"PRAGMA analysis_limit = {ROWS_LOOKED_AT}"))
        session.execute(text("ANALYZE"))
        return f"{session.scalar(text('SELECT count(DISTINCT tbl) FROM sqlite_stat1'))} tables"
