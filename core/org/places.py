"""Names of places, one query a page."""

from sqlalchemy import select

from core.db import session
from core.org.models import Node


def names_of_nodes(ids: set[int]) -> dict[int, str]:
    """Return `{node id: name}`; a place's name is no secret."""
    return dict(session.execute(select(Node.id, Node.name).where(Node.id.in_(ids))).all()) if ids else {}  # type: ignore[arg-type]
