"""The rows of one page of a list, by a statement that is built once for all questions of its kind."""

from contextlib import nullcontext
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from core.access.person import current_person
from core.access.scope import unscoped
from core.admin import linked, listing, merging
from core.admin.alike import Alike
from core.admin.columns import Column
from core.admin.question import ListQuestion
from core.db import session
from core.model_facts import statement_fact


@dataclass(frozen=True)
class Kind:
    """Questions with the same statement are equal; they differ in the values it is asked with."""

    hangs_on: tuple[Any, ...]
    narrowing: Alike
    asked: ListQuestion = field(compare=False)
    columns: list[Column] = field(compare=False)
    cursor: listing.Cursor | None = field(compare=False)


def read(asked: ListQuestion, columns: list[Column], cursor: listing.Cursor | None, size: int) -> list[Any]:
    """Return the rows of a page, one more than `size` where another follows: id, sorted value, columns, capped count."""
    names = tuple(column.name for column in columns)
    order = asked.order.column.name, asked.order.descending, cursor and cursor.backwards
    hangs_on = asked.view, current_person(), names, order, bool(asked.words), asked.in_bin
    kind = Kind(hangs_on, Alike(asked.narrowing), asked, columns, cursor)
    statement, is_walked = _statement(kind, size)
    values = kind.narrowing.values | listing.cursor_values(cursor)
    with unscoped("each walk of the list carries its scope") if is_walked else nullcontext():
        return list(session.execute(statement, values))


@statement_fact
def _statement(kind: Kind, size: int) -> tuple[Any, bool]:
    """Return the statement of a page, and whether it walks place by place."""
    asked, cursor = copy(kind.asked), kind.cursor
    asked.narrowing = kind.narrowing.named()
    view, order = asked.view, asked.order
    conditions, sorted_by = asked.conditions("list"), order.column.sql(view.model)
    shown = (column.listed(view.model) for column in kind.columns)
    query = select(view.model.id, sorted_by.label("sort_value"), *shown)
    if places := linked.walks(view, asked):
        return linked.page(query, asked, conditions[1:], places, cursor, size), True
    if walks := merging.walks(view, asked, kind.columns):
        return merging.page(query, view.model, walks, order, cursor, size), True
    if asked.words and not cursor:
        found = select(view.model.id, sorted_by.label("sort_value")).where(*conditions)
        found = listing.keyset(found, view.model, order, None, listing.COUNT_LIMIT)
        return listing.page_of_found(query, view.model, order, found, size), False
    query = query.add_columns(listing.capped_count(view.model, conditions)).where(*conditions)
    return listing.keyset(query, view.model, order, cursor, size), False
