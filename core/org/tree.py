"""Moving about in the organisation: levels, parents, closed days."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import ColumnElement, bindparam, or_, select, update
from sqlalchemy.orm import Session

from core import clock
from core.access.scope import scoped_models, unscoped
from core.db import planned_once
from core.language import _, gettext
from core.org.models import KINDS, PARENTS, CalendarDay, InNode, Node

# Nearly every page of a day asks these: built once, they cost half.
_CALENDARS = (
    select(CalendarDay.node_id, CalendarDay.closed, Node.kind)
    .join(Node, Node.id == CalendarDay.node_id)
    .where(CalendarDay.day == bindparam("on"))
)
_CALENDARS_OF = planned_once(
    _CALENDARS.where(or_(Node.id.in_(bindparam("nodes", expanding=True)), Node.kind == "chain"))
)
_LEVELS = planned_once(
    select(Node.id, Node.area_id, Node.region_id).where(Node.id.in_(bindparam("nodes", expanding=True)))
)
_LEVELS_HELD = _LEVELS.with_for_update(read=True)


def levels_of(
    session: Session, node_ids: Iterable[int], *, held: bool = False
) -> dict[int, tuple[int | None, int | None]]:
    """Return `{node id: (area id, region id)}` for the nodes that exist; `held` ones do not move until the commit."""
    with session.no_autoflush:
        found = session.execute(_LEVELS_HELD if held else _LEVELS, {"nodes": list(set(node_ids))})
        return {node_id: (area_id, region_id) for node_id, area_id, region_id in found}


def set_levels(node: Node, parent: Node | None) -> None:
    """Put `node` (already flushed, so that it has an id) under `parent` and fill its own levels."""
    if node.kind != "chain" and (parent is None or parent.kind not in PARENTS[node.kind]):
        raise ValueError(_("A %(kind)s cannot stand there.", kind=gettext(KINDS[node.kind])))
    node.parent_id = parent.id if parent else None
    node.region_id = node.id if node.kind == "region" else (parent.region_id if parent else None)
    node.area_id = node.id if node.kind == "area" else (parent.area_id if parent else None)


def add_place(session: Session, node: Node, parent: Node) -> None:
    """Add a new place under its parent and fill its levels; raises ValueError where its kind cannot stand."""
    session.add(node)
    session.flush()
    set_levels(node, parent)
    session.flush()


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
    if _not_there(node, day):
        return True
    spoken, everywhere = _spoken(session, day, [node.id, node.area_id, node.region_id])
    return _nearest(node, spoken, everywhere)


def closed_ids(session: Session, nodes: list[Node], day: date) -> set[int]:
    """Return the ids of those nodes that are closed on `day`, with one query for any number of nodes."""
    spoken, everywhere = _spoken(session, day)
    if not spoken and not everywhere:
        return {node.id for node in nodes if _not_there(node, day)}
    return {node.id for node in nodes if _not_there(node, day) or _nearest(node, spoken, everywhere)}


def _not_there(node: Node, day: date) -> bool:
    return bool((node.opened_on and day < node.opened_on) or (node.closed_on and day >= node.closed_on))


def _spoken(session: Session, day: date, node_ids: list[int | None] | None = None) -> tuple[dict[int, bool], bool]:
    """Return what the calendars of these nodes (of all, unless named) say of a day, and what the chain's says."""
    query = _CALENDARS if node_ids is None else _CALENDARS_OF
    rows = session.execute(query, {"on": day} if node_ids is None else {"on": day, "nodes": node_ids}).all()
    return {node_id: closed for node_id, closed, _kind in rows}, any(
        closed for _id, closed, kind in rows if kind == "chain"
    )


def _nearest(node: Node, spoken: dict[int, bool], everywhere: bool) -> bool:
    for node_id in (node.id, node.area_id, node.region_id):
        if node_id in spoken:
            return spoken[node_id]
    return everywhere
