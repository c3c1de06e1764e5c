"""What a look-up field is offered for the words that were typed; asked by the same query for all words of a kind."""

from typing import Any

from sqlalchemy import select

from core.access.person import CurrentPerson, current_person
from core.admin.alike import Alike
from core.db import session
from core.model_facts import statement_fact

MOST = 20


def found(view: Any, words: str) -> list[dict[str, Any]]:
    """Return the rows in scope that hold the words, at most `MOST`, each as its id and what it is called."""
    narrowing = Alike([view.search_condition(words)] if words and view.search else [])
    rows = session.execute(_query(view, current_person(), narrowing), narrowing.values).all()
    if view.title_says_all:
        return [{"id": number, "text": str(title)} for number, title in rows]
    return [{"id": row.id, "text": view.name_of(row)} for (row,) in rows]


@statement_fact
def _query(view: Any, _person: CurrentPerson, narrowing: Alike) -> Any:
    model = view.model
    shown = (model.id, getattr(model, view.title_attribute)) if view.title_says_all else (model,)
    query = select(*shown).where(*view.conditions("list"), *narrowing.named())
    return query.order_by(model.id).limit(MOST)
