"""What a search text means: a number, its end, an e-mail, a WeCom id, an invoice title, a code, a part of a name or of a contact's name."""

import re
from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, bindparam, false, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from core.api import found, found_later, found_values, planned_once, session, typed
from plugins.customers import numbers, rollups
from plugins.customers.identities import OFFERED
from plugins.customers.models import Contact, Customer, Identity
from plugins.customers.persons import person_id, stands

MOST_LETTERS = 60
MOST_NAMED = 200
"""So many ids are looked up first and named one by one: a subquery would mislead the database's planner."""
_RECORD = aliased(Customer)
_CODE = re.compile(r"[Cc]-?(\d{1,10})|[Cc]-?(\d{10})-?([0-9A-Za-z])", re.ASCII)


def matching(text: str) -> Any:
    """Return the condition on `Customer` for a search text; the record that stands is found by every record's name and number."""
    words = typed.text(text)[:MOST_LETTERS]
    if ending := numbers.ending_of(words):
        return _one_of(_named((_BY_ENDING,), {"ending": ending}, _IN_SCOPE))
    if between := numbers.beginning_of(words):
        return _one_of(_named((_BY_NUMBER,), _ends(*between)))
    if code := _CODE.fullmatch(words):
        codes = _codes(*code.groups())
        return Customer.code.between(*codes) | _one_of(_named((_MERGED_BY_CODE,), _ends(*codes)))
    if len(words) == 1:  # one letter is how a name begins: whom else it might mean is nearly everybody
        return found(Customer, Customer.search_text, words)
    names = found_values(Customer, words)  # the same for a contact: of both the name is looked for
    in_full = {"words": words, "folded": words.casefold()}
    also = _named(_by_words(tuple(names)), in_full | names) if names else []
    return found(Customer, Customer.search_text, words, also=also)


def _whose(*fits: Any) -> Any:
    held = Identity.until.is_(None), Identity.deleted_at.is_(None)
    return select(person_id(_RECORD)).join(Identity, Identity.customer_id == _RECORD.id).where(*held, *fits)


_FIRST, _LAST = bindparam("first"), bindparam("last")
_BY_ENDING = _whose(Identity.kind == "mobile", Identity.tail == bindparam("ending"))
_BY_NUMBER = _whose(Identity.kind == "mobile", Identity.value.between(_FIRST, _LAST))
_MERGED = select(_RECORD.merged_into_id).where(~stands(_RECORD))
_MERGED_BY_CODE = _MERGED.where(_RECORD.code.between(_FIRST, _LAST))
"""Built once: building these queries takes longer than asking them."""


def _ends(first: str, last: str) -> dict[str, str]:
    return {"first": first, "last": last}


@lru_cache
def _by_words(names: tuple[str, ...]) -> tuple[Any, ...]:
    """Return the queries of those who are meant by what is not in their own name, for the names of the values of a search."""
    contacts = select(person_id(_RECORD)).join(Contact, Contact.customer_id == _RECORD.id)
    return (
        _whose(Identity.kind.in_(OFFERED), Identity.value.in_((bindparam("words"), bindparam("folded")))),
        _MERGED.where(found_later(_RECORD, _RECORD.search_text, names)),
        contacts.where(found_later(Contact, Contact.search_text, names), Contact.deleted_at.is_(None)),
    )


@lru_cache
def _few(queries: tuple[Any, ...]) -> Any:
    most = bindparam("most", type_=Integer)
    return planned_once(select(union_all(*(select(query.limit(most).subquery()) for query in queries)).subquery()))


def _ids_in_scope(session: Session, query: Any, values: dict[str, Any]) -> Any:
    return session.scalars(query, values)


_IN_SCOPE = (_ids_in_scope,)
_ANYWHERE_FIRST = (rollups.ids_anywhere, *_IN_SCOPE)
"""The whole chain is asked faster, as long as few of it are meant; of an ending there are many."""


def _named(queries: tuple[Any, ...], values: dict[str, Any], ways: tuple[Any, ...] = _ANYWHERE_FIRST) -> list[Any]:
    """Return in a list what `id IN` is to be asked of: the few ids that queries find, else the queries; nothing for none."""
    for ask in ways:
        ids = ask(session, _few(queries), values | {"most": MOST_NAMED + 1}).all()
        if len(ids) <= MOST_NAMED:
            return [sorted(set(ids))] if ids else []
    return [query.params(values) for query in queries]


def _one_of(those: list[Any]) -> Any:
    return or_(false(), *(Customer.id.in_(ids) for ids in those))


def _codes(beginning: str | None, digits: str | None, check: str | None) -> tuple[str, str]:
    """Return the first and the last code that begin as typed: a range, whatever the order of the database's letters."""
    if beginning is None:
        return f"C-{digits}-{check}".upper(), f"C-{digits}-{check}".upper()
    return f"C-{beginning.ljust(10, '0')}", f"C-{beginning.ljust(10, '9')}-Z"
