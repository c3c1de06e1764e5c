"""Numbers for codes: handed out in blocks, never twice, also to many workers at once.

A number that was reserved and not used is lost, not used again: a code is never reused.
"""

from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Integer, String, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.codes import make_chain_code, make_code
from core.db import Base, dialect_of, planned_once


class CodeSequence(Base):
    """The last number given for one kind of code: of a store's day, or of the whole chain."""

    __tablename__ = "codes_sequence"
    __scope__ = "global"
    __audit__ = False

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    last: Mapped[int] = mapped_column(Integer)


def reserve(session: Session, name: str, count: int = 1) -> range:
    """Reserve the next `count` numbers of a sequence with one statement; they start at 1."""
    last = session.execute(_reserving(dialect_of(session)), {"sequence": name, "count": count}).scalar_one()
    return range(last - count + 1, last + 1)


@cache
def _reserving(dialect: str) -> Any:
    count = bindparam("count", type_=Integer)
    make = (sqlite if dialect == "sqlite" else postgresql).insert(CodeSequence)
    statement = make.values(name=bindparam("sequence", type_=String), last=count).on_conflict_do_update(
        index_elements=["name"], set_={"last": CodeSequence.last + count}
    )
    return planned_once(statement.returning(CodeSequence.last))


def document_codes(session: Session, prefix: str, store_code: str, day: date, count: int = 1) -> list[str]:
    """Return new codes of a store's day, such as `SO-NS0123-261121-0001-K`."""
    numbers = reserve(session, f"{prefix}:{store_code}:{day:%y%m%d}", count)
    return [make_code(prefix, store_code, day, number) for number in numbers]


def chain_codes(session: Session, prefix: str, count: int = 1) -> list[str]:
    """Return new codes of the whole chain, such as `C-0000000123-W`."""
    return [make_chain_code(prefix, number) for number in reserve(session, prefix, count)]
