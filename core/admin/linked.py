"""A list of things of the whole chain, driven by the rows through which they are seen.

`id IN (SELECT customer_id … WHERE area_id = 7)` makes the database look at every row of the area before it
shows fifty. Here each place gives one page of ids from the index (place, id of the thing), every id once.
"""

from typing import Any

from sqlalchemy import func, select, union
from sqlalchemy.orm import Session

from core.access.guard import read_permission
from core.access.person import current_person
from core.access.scope import is_through, link_of, unscoped
from core.admin import listing
from core.admin.merging import places_of
from core.admin.model_view import ModelView


def walks(view: Any, asked: Any) -> list[list[Any]]:
    """Return the conditions of each place's walk; empty where one plain statement serves as well.

    Like those of `merging` they carry the whole scope themselves, and are read past the session guard.
    """
    person, model = current_person(), view.model
    if not is_through(model):
        return []
    reach = person.reach(f"{view.permission}:list")
    if reach.everything or reach != person.reach(read_permission(model)) or asked.order.column.name != "id":
        return []
    if type(view).conditions is not ModelView.conditions:
        return []
    _scope, *others = asked.conditions("list")
    link = link_of(model)
    return [[link == model.id, place, *others] for place in places_of(link.class_, reach)]


def read(
    session: Session, query: Any, model: Any, parts: list[list[Any]], order: listing.Order, cursor: Any, size: int
) -> list[Any]:
    """Return one page of `query`, with the capped count behind."""
    link = link_of(model)
    descending = order.descending != bool(cursor and cursor.backwards)
    pages = []
    for conditions in parts:
        ids = select(link).where(*conditions).distinct()
        if cursor:
            ids = ids.where(link < cursor.row_id if descending else link > cursor.row_id)
        pages.append(ids.order_by(link.desc() if descending else link).limit(size + 1).subquery())
    found = union(*(select(page) for page in pages)).subquery()
    counted = union(*(select(_some(link, conditions)) for conditions in parts)).limit(listing.COUNT_LIMIT + 1).subquery()
    count = select(func.count()).select_from(counted).scalar_subquery()
    query = query.add_columns(count).where(model.id.in_(select(found)))
    query = query.order_by(model.id.desc() if descending else model.id).limit(size + 1)
    with unscoped("each walk of the list carries its scope"):
        return list(session.execute(query))


def _some(link: Any, conditions: list[Any]) -> Any:
    return select(link).where(*conditions).distinct().limit(listing.COUNT_LIMIT + 1).subquery()
