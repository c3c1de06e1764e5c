"""What a search text means: a number, its end, an e-mail, a WeCom id, an invoice title, a code, a part of a name or of a contact's name."""

import re
from typing import Any

from sqlalchemy import false, or_, select, union_all
from sqlalchemy.orm import aliased

from core.api import found, session, typed
from plugins.customers import numbers
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
        return _one_of(_named(_whose(Identity.kind == "mobile", Identity.tail == ending)))
    if between := numbers.beginning_of(words):
        return _one_of(_named(_whose(Identity.kind == "mobile", Identity.value.between(*between))))
    merged = select(_RECORD.merged_into_id).where(~stands(_RECORD))
    if code := _CODE.fullmatch(words):
        codes = _codes(*code.groups())
        return Customer.code.between(*codes) | _one_of(_named(merged.where(_RECORD.code.between(*codes))))
    if len(words) == 1:  # one letter is how a name begins: whom else it might mean is nearly everybody
        return found(Customer, Customer.search_text, words)
    contacts = select(person_id(_RECORD)).join(Contact, Contact.customer_id == _RECORD.id)
    in_full = Identity.kind.in_(OFFERED), Identity.value.in_((words, words.casefold()))
    also = _named(
        _whose(*in_full),
        merged.where(found(_RECORD, _RECORD.search_text, words)),
        contacts.where(found(Contact, Contact.search_text, words), Contact.deleted_at.is_(None)),
    )
    return found(Customer, Customer.search_text, words, also=also)


def _whose(*fits: Any) -> Any:
    held = Identity.until.is_(None), Identity.deleted_at.is_(None)
    return select(person_id(_RECORD)).join(Identity, Identity.customer_id == _RECORD.id).where(*held, *fits)


def _named(*queries: Any) -> list[Any]:
    """Return in a list what `id IN` is to be asked of: the few ids that queries find, else the queries; nothing for none."""
    few = [select(query.limit(MOST_NAMED + 1).subquery()) for query in queries]
    ids = session.scalars(select(union_all(*few).subquery())).all()
    return ([sorted(set(ids))] if len(ids) <= MOST_NAMED else list(queries)) if ids else []


def _one_of(those: list[Any]) -> Any:
    return or_(false(), *(Customer.id.in_(ids) for ids in those))


def _codes(beginning: str | None, digits: str | None, check: str | None) -> tuple[str, str]:
    """Return the first and the last code that begin as typed: a range, whatever the order of the database's letters."""
    if beginning is None:
        return f"C-{digits}-{check}".upper(), f"C-{digits}-{check}".upper()
    return f"C-{beginning.ljust(10, '0')}", f"C-{beginning.ljust(10, '9')}-Z"
