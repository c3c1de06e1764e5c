"""Names of places, one query a page."""

from sqlalchemy import bindparam, select

from core.db import session
from core.org.models import Node

_NAMES = select(Node.id, Node.name).where(Node.id.in_(bindparam("ids", expanding=True)))
"""Built once: nearly every list asks it."""


def names_of_nodes(ids: set[int]) -> dict[int, str]:
    """Return `{node id: name}`; a place's name is no secret."""
    return dict(session.execute(_NAMES, {"ids": list(ids)}).all()) if ids else {}  # type: ignore[arg-type]
