"""Several questions in one statement: a page that shows all that hangs on one thing asks the database once.

    _ASKED = Together(
        visits=select(Visit.at, Visit.reason).where(Visit.customer_id == bindparam("id")).limit(50),
        contacts=select(Contact.name).where(Contact.customer_id == bindparam("id")),
    )
    found = _ASKED(session, id=7)
    found.visits[0].at

The rows of each question come as one JSON array and are read back by the types of their columns. The statement is
built once, because building costs more than asking, and planned once, because planning so many questions does too: each
is to ask by a key. The scope of who asks is laid on each question as on any other.
"""

from collections import namedtuple
from collections.abc import Callable
from datetime import date, datetime, time
from functools import cached_property
from typing import Any

from sqlalchemy import JSON, Boolean, Date, Select, Time, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from core.db import Instant, planned_once


class Together:
    """Questions, each a query of columns with names of their own; `together(session, **values)` answers all."""

    def __init__(self, **questions: Select[Any]) -> None:
        self._questions = questions

    @cached_property
    def _made(self) -> tuple[Select[Any], list[Callable[[list[Any]], Any]], Any]:
        """The statement, what reads each answer, and what holds them: made when they are first asked, not at start."""
        parts = {name: question.subquery() for name, question in self._questions.items()}
        statement = select(*(select(_AllRows(*part.c)).scalar_subquery() for part in parts.values()))
        readers = [_reader(name, part.c) for name, part in parts.items()]
        return planned_once(statement), readers, namedtuple("Answers", parts)  # type: ignore[misc]  # noqa: PYI024 - named where it is made

    def __call__(self, session: Session, **values: Any) -> Any:
        """Return the rows of each question under its name, in its order, each row with its columns by name."""
        statement, readers, answers = self._made
        found = session.execute(statement, values).one()
        return answers._make([[read(row) for row in rows or ()] for read, rows in zip(readers, found, strict=True)])


class _AllRows(FunctionElement[Any]):
    """The rows of a query as one JSON array of arrays."""

    type = JSON()
    inherit_cache = True


@compiles(_AllRows, "postgresql")
def _on_postgres(element: Any, compiler: Any, **options: Any) -> str:
    return f"json_agg(json_build_array({compiler.process(element.clauses, **options)}))"


@compiles(_AllRows, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"json_group_array(json_array({compiler.process(element.clauses, **options)}))"


def _reader(name: str, columns: Any) -> Callable[[list[Any]], Any]:
    """Return the function that makes a row with names of what JSON keeps of it."""
    row = namedtuple(name, columns.keys())  # type: ignore[misc]  # noqa: PYI024 - its columns are known only here
    values = [(place, read) for place, column in enumerate(columns) if (read := _value_reader(column.type))]

    def read(found: list[Any]) -> Any:
        for place, value_of in values:
            if found[place] is not None:
                found[place] = value_of(found[place])
        return row._make(found)

    return read


def _value_reader(type_: Any) -> Callable[[Any], Any] | None:
    """Return what makes a value of this type of what JSON keeps; None where both are the same."""
    if isinstance(type_, Instant):
        return lambda text: type_.process_result_value(datetime.fromisoformat(text), None)  # type: ignore[arg-type]
    if isinstance(type_, TypeDecorator):
        return lambda value: type_.process_result_value(value, None)  # type: ignore[arg-type]
    known = ((Date, date.fromisoformat), (Time, time.fromisoformat), (Boolean, bool))
    return next((read for kind, read in known if isinstance(type_, kind)), None)
