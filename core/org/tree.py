"""Moving about in the organisation: levels, parents, closed days."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from core import clock
from core.access.scope import scoped_models, unscoped
from core.language import _
from core.org.models import PARENTS, CalendarDay, InNode, Node


def levels_of(
    session: Session, node_ids: Iterable[int], *, held: bool = False
) -> dict[int, tuple[int | None, int | None]]:
    """Return `{node id: (area id, region id)}` for the nodes that exist; `held` ones do not move until the commit."""
    wanted = set(node_ids)
    query = select(Node.id, Node.area_id, Node.region_id).where(Node.id.in_(wanted))
    if held:
        query = query.with_for_update(read=True)
    with session.no_autoflush:
        found = session.execute(query)
        return {node_id: (area_id, region_id) for node_id, area_id, region_id in found}


def set_levels(node: Node, parent: Node | None) -> None:
    """Put `node` (already flushed, so that it has an id) under `parent` and fill its own levels."""
    if node.kind != "chain" and (parent is None or parent.kind not in PARENTS[node.kind]):
        raise ValueError(_("A %(kind)s cannot stand there.", kind=node.kind))
    node.parent_id = parent.id if parent else None
    node.region_id = node.id if node.kind == "region" else (parent.region_id if parent else None)
    node.area_id = node.id if node.kind == "area" else (parent.area_id if parent else None)


def move(session: Session, node: Node, parent: Node) -> None:
    """Move a node, everything below it and all their rows; one statement a table."""
    session.flush()
    set_levels(node, parent)
    session.flush()
    with unscoped("rows follow their node"):
        for child in session.scalars(select(Node).where(Node.parent_id == node.id)):
            move(session, child, node)
        for model in scoped_models():
            if issubclass(model, InNode):
                session.execute(
                    update(model)
                    .where(model.node_id == node.id)
                    .values(area_id=node.area_id, region_id=node.region_id)
                    .execution_options(synchronize_session=False)
                )


def is_open_on(day: date) -> ColumnElement[bool]:
    """Return the condition that a place is not closed for good on `day`; a closing day to come changes nothing yet."""
    return or_(Node.closed_on.is_(None), Node.closed_on > day)


def stores_below(session: Session, node: Node) -> list[Node]:
    """Return the open stores at or under `node`, by code."""
    query = select(Node).where(Node.kind == "store", Node.deleted_at.is_(None), is_open_on(clock.today()))
    match node.kind:
        case "region":
            query = query.where(Node.region_id == node.id)
        case "area":
            query = query.where(Node.area_id == node.id)
        case "store" | "department":
            query = query.where(Node.id == node.id)
    return list(session.scalars(query.order_by(Node.code)))


def chain(session: Session) -> Node:
    """Return the root of the tree."""
    return session.scalars(select(Node).where(Node.kind == "chain")).one()


def is_closed(session: Session, node: Node, day: date) -> bool:
    """Say whether the node is closed on `day`: by its own calendar, or the nearest above that speaks."""
    if (node.opened_on and day < node.opened_on) or (node.closed_on and day >= node.closed_on):
        return True
    above = [node.id, node.area_id, node.region_id, chain(session).id]
    rows = session.scalars(select(CalendarDay).where(CalendarDay.node_id.in_(above), CalendarDay.day == day))
    spoken = {row.node_id: row.closed for row in rows}
    return next((spoken[node_id] for node_id in above if node_id in spoken), False)


def closed_ids(session: Session, nodes: list[Node], day: date) -> set[int]:
    """Return the ids of those nodes that are closed on `day`, with one query for any number of nodes."""
    root = chain(session).id
    found = session.execute(select(CalendarDay.node_id, CalendarDay.closed).where(CalendarDay.day == day))
    spoken = {node_id: closed for node_id, closed in found}
    closed = set()
    for node in nodes:
        if (node.opened_on and day < node.opened_on) or (node.closed_on and day >= node.closed_on):
            closed.add(node.id)
            continue
        above = (node.id, node.area_id, node.region_id, root)
        if next((spoken[node_id] for node_id in above if node_id in spoken), False):
            closed.add(node.id)
    return closed
