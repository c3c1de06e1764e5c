"""A list of things of the whole chain, driven by the rows through which they are seen.

`id IN (SELECT customer_id … WHERE area_id = 7)` makes the database look at every row of the area before it
shows fifty. Here each place gives one page of ids from the index (place, id of the thing), every id once.
"""

from operator import eq
from typing import Any

from sqlalchemy import Select, and_, case, func, intersect, literal_column, select, union

from core.access.guard import read_permission
from core.access.person import current_person
from core.access.scope import is_through, link_of
from core.admin import listing
from core.admin.merging import places_of
from core.admin.model_view import ModelView
from core.db import dialect_of, session
from core.model_facts import model_fact


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


def page(query: Select[Any], asked: Any, shown: list[Any], places: list[Any], cursor: Any, size: int) -> Select[Any]:
    """Return the statement of one page of `query` of the things that are `shown`, with the capped count behind."""
    model, link, order = asked.view.model, link_of(asked.view.model), asked.order
    descending = listing.is_descending(order, cursor)
    walk = _side_by_side if _is_walked_side_by_side(asked) else _found
    number, found = walk(asked, model, link, shown, places)

    def first(walks: list[Any], most: int) -> Any:
        return _together([each.order_by(number.desc() if descending else number).limit(most) for each in walks])

    if _leads_to_few(asked) and not cursor:
        return listing.page_of_found(query, model, order, first(found, listing.COUNT_LIMIT + 1), size)
    pages = found
    if cursor:  # said of both tables, as the database may walk either
        ends = [listing.beyond_id(column, cursor, descending) for column in (model.id, link)]
        pages = walk(asked, model, link, [*shown, ends[0]], [and_(place, ends[1]) for place in places])[1]
    if _leads_to_few(asked):
        count = _count(found)
    elif asked.narrowing or asked.in_bin:
        # In order, so that two indexes are walked side by side until there are enough.
        count = _count([each.order_by(number) for each in found])
    else:
        count = _count_of_all(link, model, places, shown)
    query = query.where(model.id.in_(first(pages, size + 1))).add_columns(count)
    return query.order_by(model.id.desc() if descending else model.id).limit(size + 1)


def _leads_to_few(asked: Any) -> bool:
    """Say whether a search, or a filter that names a row of another table, leads to fewer than a place does."""
    named = (asked.view.by_name[name].lookup for name, (value, _text) in asked.filters.items() if value)
    return bool(asked.words) or any(named)


def _found(asked: Any, model: Any, link: Any, shown: list[Any], places: list[Any]) -> tuple[Any, list[Any]]:
    """Return the column of the ids, and for each place the query of its ids, each once."""
    if _leads_to_few(asked):  # those are asked whether the place leads to them
        leads = [select(link).where(link == model.id, place).correlate_except(link.class_) for place in places]
        return model.id, [select(model.id).where(each.exists(), *shown).correlate(None) for each in leads]
    if asked.narrowing or asked.in_bin:  # the database knows whether the filter or the place leads to fewer
        walks = [select(link).where(link == model.id, place, *shown) for place in places]
        return link, [each.distinct().correlate(None) for each in walks]
    # Nearly all are shown: they are looked at in turn. OFFSET hides that this is a join, which the database might do by
    # walking all things beside those of the place, and meet the first one after half a million of others.
    seen = select(model.id).where(model.id == link, *shown).offset(literal_column("0")).correlate_except(model)
    return link, [select(link).where(place, seen.exists()).distinct() for place in places]


def _is_walked_side_by_side(asked: Any) -> bool:
    """Say whether the database shall walk the place and each filter side by side, all in the order of the ids.

    SQLite knows how many rows a value has on average, and would look at all in an area for the few of a rare value. What
    a single node holds is little: there the filter is the longer walk.
    """
    if dialect_of(session) == "postgresql" or asked.in_bin or _leads_to_few(asked):
        return False
    columns = {each.left if getattr(each, "operator", None) is eq else None for each in asked.narrowing}
    reach = current_person().reach(f"{asked.view.permission}:list")
    return bool(columns) and not reach.nodes and columns <= _in_order_of_ids(asked.view.model)


@model_fact
def _in_order_of_ids(model: Any) -> frozenset[Any]:
    """Return the columns of which an index gives the rows of one value in the order of their ids."""
    table = model.__table__
    ends = ([], [table.c.id])
    return frozenset(index.expressions[0] for index in table.indexes if index.expressions[1:] in ends)


def _side_by_side(asked: Any, model: Any, link: Any, shown: list[Any], places: list[Any]) -> tuple[Any, list[Any]]:
    """Return what `_found` does, as the intersection of one walk for the place and one for each filter."""
    always = [each for each in shown if not any(each is narrowing for narrowing in asked.narrowing)]
    filters = [select(model.id).where(*always, narrowing).correlate(None) for narrowing in asked.narrowing]
    return link, [intersect(select(link).where(place).correlate(None), *filters) for place in places]


def _together(pages: list[Any]) -> Any:
    """Return the ids of every place once; most people have one."""
    return union(*(select(page.subquery()) for page in pages)) if len(pages) > 1 else pages[0]


def _count(found: list[Any]) -> Any:
    """Return how many there are, at most one above the limit."""
    most = listing.COUNT_LIMIT + 1
    ids = _together([each.limit(most) for each in found]).limit(most).subquery()
    return select(func.count()).select_from(ids).scalar_subquery()


def _count_of_all(link: Any, model: Any, places: list[Any], shown: list[Any]) -> Any:
    """Return the same of a list without filters: the index alone knows it, but for those few that are not shown."""
    most = listing.COUNT_LIMIT + 1
    linked = _together([select(link).where(place).distinct().limit(most) for place in places]).limit(most).subquery()
    count = select(func.count()).select_from(linked).scalar_subquery()
    gone = select(func.count()).where(model.id.in_(select(linked)), ~and_(*shown)).scalar_subquery()
    return case((count == most, most), else_=count - gone)
