"""A list for somebody with several places: the rows of each come in order from its index, and are merged.

`area_id IN (1, 2) ORDER BY day` makes the database fetch and sort every row of both areas, however long
the table is; a limited walk for each area fetches one page of each.
"""

from typing import Any

from sqlalchemy import Select, and_, func, literal_column, or_, select, union_all
from sqlalchemy.sql import visitors

from core.access.guard import read_permission
from core.access.person import current_person
from core.access.scope import criteria
from core.admin import listing

MOST_PLACES = 40
"""More walks than this cost more than the sort they save."""


def walks(view: Any, asked: Any, columns: list[Any]) -> list[list[Any]]:
    """Return the conditions of each walk; they exclude each other. Empty where one statement serves as well.

    The walks are read past the session guard, whose own `IN` would mislead the database's planner, so they
    are offered only where all of the scope is in them: nothing but the table's own columns is asked.
    """
    person, model = current_person(), view.model
    reach = person.reach(f"{view.permission}:list")
    count = len(reach.regions) + len(reach.areas) + len(reach.nodes)
    if reach.everything or reach.own or not 1 < count <= MOST_PLACES or not hasattr(model, "scope_columns"):
        return []
    if model.__scope__ != "node" or reach != person.reach(read_permission(model)):
        return []
    scope = criteria(model, person, f"{view.permission}:list")
    conditions = asked.conditions("list")
    others = [condition for condition in conditions if not condition.compare(scope)]
    if (
        len(others) + 1 != len(conditions)
        or any(column.expression is not None for column in columns)
        or _asks_elsewhere(others)
    ):
        return []
    return [[place, *others] for place in places_of(model, reach)]


def _asks_elsewhere(conditions: list[Any]) -> bool:
    return any(part.__visit_name__ == "select" for condition in conditions for part in visitors.iterate(condition))


def places_of(model: Any, reach: Any) -> list[Any]:
    """Return a condition for each place of a reach; none brings a row that another one brings."""
    columns, found, wider = model.scope_columns(), [], []
    for level, ids in (("region", reach.regions), ("area", reach.areas), ("node", reach.nodes)):
        column = columns[level]
        found += [and_(column == number, *wider) for number in sorted(ids)]
        if ids:
            # A narrower place inside a wider one must not bring the same row again.
            wider.append(or_(column.is_(None), column.not_in(sorted(ids))))
    return found


def page(
    query: Select[Any], model: Any, parts: list[list[Any]], order: listing.Order, cursor: Any, size: int
) -> Select[Any]:
    """Return the statement of one page of `query` (id, sorted column, others), merged from its walks, with the capped count behind."""
    pages = [listing.keyset(query.where(*conditions), model, order, cursor, size).subquery() for conditions in parts]
    merged = union_all(*(select(page) for page in pages)).subquery()
    number, value = list(merged.c)[:2]
    ends = listing.ends(value, number, listing.is_descending(order, cursor))
    return select(merged, _capped_count(model, parts)).order_by(*ends).limit(size + 1)


def _capped_count(model: Any, parts: list[list[Any]]) -> Any:
    rows = [select(literal_column("1")).select_from(model).where(*conditions) for conditions in parts]
    inner = union_all(*rows).limit(listing.COUNT_LIMIT + 1).subquery()
    return select(func.count()).select_from(inner).scalar_subquery()
