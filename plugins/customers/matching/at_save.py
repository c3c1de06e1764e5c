"""The look at a record that was just written: does the chain know this person already?"""

import structlog
from sqlalchemy.orm import Session

from plugins.customers.matching import finding, rollups
from plugins.customers.matching.blocks import keys_of
from plugins.customers.matching.people import People
from plugins.customers.models import Customer

log = structlog.get_logger("customers")
COMPARED = {"name", "kind", "mobile", "email", "wecom", "address", "node_id"}
"""What of a record's own row is compared: a change of anything else makes nobody's double."""


def look(session: Session, customer: Customer, *, is_new: bool = False) -> None:
    """Put a likely double of a record into the queue: of a new one, whose row says all, with one question to the database.

    Whoever saves learns nothing of it, and is not held up by its failure: the night looks again.
    """
    session.flush()
    try:
        with session.begin_nested():
            own = rollups.of_row(customer) if is_new else rollups.load(session, Customer.id == customer.id)[customer.id]
            keys = keys_of(own.known)
            _ask_about(session, own, keys)
            rollups.keep_keys(session, {own.id: keys}, are_new=is_new)
    except Exception:
        log.exception("the look for doubles failed", customer=customer.id)


def _ask_about(session: Session, own: rollups.Record, keys: set[int]) -> None:
    others = rollups.sharing(session, keys)
    others.pop(own.id, None)
    if found := finding.likely((own, other) for other in others.values()):
        records = {own.id: own} | {each.second_id: others[each.second_id] for each in found}
        people = People(records.values(), rollups.pairs_of(session, records))
        finding.ask(session, found, people)
