"""Names of places: read with each row of a list, or with one query a page."""

from typing import Any

from sqlalchemy import ScalarSelect, bindparam, select
from sqlalchemy.orm import aliased

from core.db import session
from core.org.models import Node

_NAMES = select(Node.id, Node.name).where(Node.id.in_(bindparam("ids", expanding=True)))
"""Built once: nearly every list asks it."""


def names_of_nodes(ids: set[int]) -> dict[int, str]:
    """Return `{node id: name}`; a place's name is no secret."""
    return dict(session.execute(_NAMES, {"ids": list(ids)}).all()) if ids else {}  # type: ignore[arg-type]


def name_of_node(column: Any) -> ScalarSelect[str]:
    """Return the SQL expression for the name of the place that `column` points to."""
    place = aliased(Node)
    return select(place.name).where(place.id == column).scalar_subquery()
