"""A page of a list at any depth: keyset paging, filters, search, a capped count.

Nothing here depends on how long the table is: the cursor names the last row seen, the count stops
at a thousand, and the cost of page 1,000 is the cost of page 1.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import ScalarSelect, Select, bindparam, func, literal_column, or_, select

from core import clock, typed
from core.admin.columns import Column
from core.auth.signed import signer
from core.db import whole_numbers_of

COUNT_LIMIT = 1000


@dataclass(frozen=True)
class Order:
    """By which column a list is sorted; the id breaks ties."""

    column: Column
    descending: bool


@dataclass(frozen=True)
class Cursor:
    """The row a page begins after, or ends before."""

    value: Any
    row_id: int
    backwards: bool


def _cursors(salt: str) -> URLSafeSerializer:
    return signer(str(current_app.secret_key), f"cursor:{salt}")


def write_cursor(salt: str, value: Any, row_id: int) -> str:
    """Sign the place of a row; `salt` binds it to one list and order."""
    plain = (
        value.isoformat() if isinstance(value, date | datetime) else str(value) if isinstance(value, Decimal) else value
    )
    return _cursors(salt).dumps([plain, row_id])  # type: ignore[return-value]


def read_cursor(salt: str, text: str | None, python_type: type, *, backwards: bool) -> Cursor | None:
    """Return the cursor, or None when it was not written by us for this list: then page one is shown."""
    if not text:
        return None
    try:
        value, row_id = _cursors(salt).loads(text)
    except (BadSignature, ValueError):
        return None
    if python_type in (date, datetime):
        value = python_type.fromisoformat(value)  # type: ignore[attr-defined]
    elif python_type is Decimal:
        value = Decimal(value)
    return Cursor(value, row_id, backwards)


def cursor_values(cursor: Cursor | None) -> dict[str, Any]:
    """Return what the statement of a page is asked with where one like it was built for another cursor."""
    return {"cursor_value": cursor.value, "cursor_id": cursor.row_id} if cursor else {}


def keyset(query: Select[Any], model: Any, order: Order, cursor: Cursor | None, size: int) -> Select[Any]:
    """Return the query for one page (one row more than `size`, to know whether there is a next)."""
    column = order.column.sql(model)
    descending = is_descending(order, cursor)
    if cursor:
        value = bindparam("cursor_value", cursor.value, type_=column.type)
        beyond = (column < value) if descending else (column > value)
        reached = (column <= value) if descending else (column >= value)
        query = query.where(reached, or_(beyond, beyond_id(model.id, cursor, descending)))
    return query.order_by(*ends(column, model.id, descending)).limit(size + 1)


def is_descending(order: Order, cursor: Cursor | None) -> bool:
    """Say whether the rows of a page are read from above; those before a cursor the other way round."""
    return order.descending != bool(cursor and cursor.backwards)


def beyond_id(number: Any, cursor: Cursor, descending: bool) -> Any:
    """Return the condition that a number is on the far side of the cursor's."""
    last = bindparam("cursor_id", cursor.row_id, type_=number.type)
    return number < last if descending else number > last


def ends(value: Any, number: Any, descending: bool) -> tuple[Any, Any]:
    """Return the order of a list's rows, by the sorted value and then by the id."""
    return (value.desc(), number.desc()) if descending else (value.asc(), number.asc())


def page_of_found(query: Select[Any], model: Any, order: Order, found: Any, size: int) -> Select[Any]:
    """Return the query for the first page of a search, with the capped count behind; what is looked for is looked for once.

    `found` are the first ids in order and, last, the sorted values; one more than `COUNT_LIMIT`, if there are so many.
    """
    found = found.cte("found")
    number, value = list(found.c)[0], list(found.c)[-1]
    page = select(number).order_by(*ends(value, number, order.descending)).limit(size + 1)
    query = query.where(model.id.in_(page)).add_columns(select(func.count()).select_from(found).scalar_subquery())
    return query.order_by(*ends(order.column.sql(model), model.id, order.descending))


def capped_count(model: Any, conditions: list[Any]) -> ScalarSelect[int]:
    """Return the expression for how many rows there are, at most one above `COUNT_LIMIT`; it rides along in the page's query."""
    inner = select(literal_column("1")).select_from(model).where(*conditions).limit(COUNT_LIMIT + 1).subquery()
    return select(func.count()).select_from(inner).scalar_subquery()


def count_text(count: int) -> str:
    """Return a capped count as people read it: exact up to a thousand, else "1,000+"."""
    return f"{COUNT_LIMIT:,}+" if count > COUNT_LIMIT else f"{count:,}"


def filter_conditions(model: Any, column: Column, arguments: Any) -> tuple[list[Any], str, str]:
    """Return (conditions, value for the form, text for the chip) of one column's filter.

    A value that cannot be read raises `typed.BadValue`.
    """
    sql, name = column.sql(model), column.name
    if column.filter in ("range", "date"):
        start, end = (typed.text(arguments.get(f"{name}_{bound}", "")) for bound in ("from", "to"))
        conditions = [*([sql >= _bound(column, model, start)] if start else [])]
        if end:
            upper = _bound(column, model, end)
            is_instant = column.kind_for(model) == "datetime"
            conditions.append(sql < upper + timedelta(days=1) if is_instant else sql <= upper)
        text = f"{start or '…'} – {end or '…'}" if conditions else ""
        return conditions, text, text
    value = typed.text(arguments.get(name, ""))
    if not value:
        return [], "", ""
    if column.filter == "boolean":
        return [sql if value == "1" else sql.is_(False)], value, value
    if column.filter == "text":
        return [begins(sql, value)], value, value
    python_type = sql.type.python_type
    return [sql == (typed.integer(value, *whole_numbers_of(sql.type)) if python_type is int else value)], value, value


def _bound(column: Column, model: Any, text: str) -> Any:
    match column.kind_for(model):
        case "money":
            return typed.money(text)
        case "date" | "month":
            return typed.date(text)
        case "datetime":
            return clock.day_bounds(typed.date(text))[0]
    return typed.integer(text, *whole_numbers_of(column.sql(model).type))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def contains(column: Any, text: str) -> Any:
    """Return the condition that a column holds `text` somewhere."""
    return func.lower(column).like(func.lower(f"%{_escaped(text)}%"), escape="\\")


def begins(column: Any, text: str) -> Any:
    """Return the condition that a column begins with `text`, whatever its case and the database's collation."""
    return func.lower(column).like(func.lower(f"{_escaped(text)}%"), escape="\\")
