"""One row by its number, for who acts: asked by the same query each time, with the names of what it points to."""

from typing import Any

from flask import current_app
from sqlalchemy import bindparam, inspect, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql import visitors
from sqlalchemy.sql.util import ClauseAdapter

from core.access.person import CurrentPerson, current_person
from core.access.rows import note_in_reach
from core.db import planned_once, session
from core.model_facts import model_fact


def read(view: Any, row_id: int, action: str, *, in_bin: bool = False, held: bool = False) -> Any:
    """Return the row if `action` reaches it, else None; one that may be changed comes with its `names_beside`.

    A row that is `held` is so until the transaction ends: of two who save at once the second sees what the first has saved.
    """
    query = _query(view, current_person(), action, in_bin, held)
    found = session.execute(query, {"row_id": row_id}).one_or_none()
    if found is None:
        return None
    row, *names = found
    if held:
        note_in_reach(session, row)
    if names:
        row.names_beside = dict(zip(_names(view, current_person()), names, strict=True))
    return row


@model_fact
def _query(view: Any, person: CurrentPerson, action: str, in_bin: bool, held: bool) -> Any:
    """Return the query of one row; kept, because building it costs more than asking."""
    model = view.model
    names = _names(view, person).values() if action == "update" and not held else ()
    query = select(model, *names).where(model.id == bindparam("row_id"), *view.conditions(action, in_bin=in_bin))
    if held:
        query = query.with_for_update().execution_options(populate_existing=True)
    return planned_once(query)


@model_fact
def _names(view: Any, _person: CurrentPerson) -> dict[str, Any]:
    """Return `{look-up field: SQL for the name of what it points to}`, where a column says it and the person may see it."""
    views, found = current_app.extensions["backoffice"].views, {}
    for declared in view.fields:
        target = views.get(declared.lookup)
        if target is None or not target.title_says_all or declared.name not in inspect(view.model).column_attrs:
            continue
        conditions = target.conditions("list")
        if any(part.__visit_name__ == "select" for each in conditions for part in visitors.iterate(each)):
            continue  # a query of its own, which would be taken for one of the alias
        other = aliased(target.model)
        adapted = map(ClauseAdapter(inspect(other).selectable).traverse, conditions)
        name = select(getattr(other, target.title_attribute))
        points = other.id == getattr(view.model, declared.name)
        found[declared.name] = name.where(points, *adapted).scalar_subquery()
    return found
