"""A list of things of the whole chain, driven by the rows through which they are seen.

`id IN (SELECT customer_id … WHERE area_id = 7)` makes the database look at every row of the area before it
shows fifty. Here each place gives one page of ids from the index (place, id of the thing), every id once.
"""

from typing import Any

from sqlalchemy import and_, case, func, literal_column, select, union
from sqlalchemy.orm import Session

from core.access.guard import read_permission
from core.access.person import current_person
from core.access.scope import is_through, link_of, unscoped
from core.admin import listing
from core.admin.merging import places_of
from core.admin.model_view import ModelView


def walks(view: Any, asked: Any) -> list[Any]:
    """Return the condition of each place's walk; empty where one plain statement serves as well.

    Like those of `merging` they are the whole scope themselves, and are read past the session guard.
    """
    person, model = current_person(), view.model
    if not is_through(model) or type(view).conditions is not ModelView.conditions:
        return []
    reach = person.reach(f"{view.permission}:list")
    if reach.everything or reach != person.reach(read_permission(model)) or asked.order.column.name != "id":
        return []
    return places_of(link_of(model).class_, reach)


def read(session: Session, query: Any, asked: Any, shown: list[Any], places: list[Any], cursor: Any, size: int) -> list[Any]:
    """Return one page of `query` of the things that are `shown`, with the capped count behind."""
    model, link = asked.view.model, link_of(asked.view.model)
    is_narrowed = asked.narrowing or asked.in_bin
    descending = asked.order.descending != bool(cursor and cursor.backwards)
    known = _side_by_side(model, link, shown) if is_narrowed else _one_by_one(model, link, shown)
    if cursor:  # said of both tables: a walk of the thing's own index begins there as well
        ends = [link, model.id] if is_narrowed else [link]
        known += [end < cursor.row_id if descending else end > cursor.row_id for end in ends]
    pages = [select(link).where(place, *known).distinct() for place in places]
    page = _together([each.order_by(link.desc() if descending else link).limit(size + 1) for each in pages])
    query = query.where(model.id.in_(page)).add_columns(_count(link, model, places, shown, is_narrowed=is_narrowed))
    with unscoped("each walk of the list carries its scope"):
        return list(session.execute(query.order_by(model.id.desc() if descending else model.id).limit(size + 1)))


def _side_by_side(model: Any, link: Any, shown: list[Any]) -> list[Any]:
    """Let the database choose whether what is asked for or the place finds fewer."""
    return [link == model.id, *shown]


def _one_by_one(model: Any, link: Any, shown: list[Any]) -> list[Any]:
    """Look at the things that the place leads to in turn, as nearly all of them are shown.

    The OFFSET hides from the database that this is a join: it would also walk all things beside the place, and meet
    a place's first one after half a million of others.
    """
    return [select(model.id).where(model.id == link, *shown).offset(literal_column("0")).correlate_except(model).exists()]


def _together(pages: list[Any]) -> Any:
    """Return the ids of every place once; most people have one."""
    return union(*(select(page.subquery()) for page in pages)) if len(pages) > 1 else pages[0].correlate(None)


def _count(link: Any, model: Any, places: list[Any], others: list[Any], *, is_narrowed: Any) -> Any:
    """Return how many there are, at most one above the limit; without filters the index alone knows it."""
    known = [link == model.id, *others] if is_narrowed else []
    most = listing.COUNT_LIMIT + 1
    pages = (select(link).where(place, *known).distinct() for place in places)
    if is_narrowed:  # in order, so that two indexes are walked side by side until there are enough
        pages = (page.order_by(link) for page in pages)
    found = _together([page.limit(most) for page in pages]).limit(most).subquery()
    count = select(func.count()).select_from(found).scalar_subquery()
    if is_narrowed or not others:
        return count
    gone = select(func.count()).select_from(model).where(model.id.in_(select(found)), ~and_(*others)).scalar_subquery()
    return case((count == most, most), else_=count - gone)
