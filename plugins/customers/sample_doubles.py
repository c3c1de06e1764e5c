"""People of the demonstration who were recorded a second time, in another store: some merged, some in the queue.

The same stores, seed and day give the same pairs.
"""

import random
from datetime import date, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from core.api import Node, chain_codes
from plugins.customers import merging
from plugins.customers.imports import USUAL
from plugins.customers.models import Customer, Identity, Pair, Visit, Visitor

WAITING, MERGED = 30, 4
CERTAIN = {"name": 15.3, "number": 16.7, "store": -1.2}
"""In another store, with a slip of a digit: what was compared, in bits. The rule merges these."""
TITLED = {"name": 5.7, "number": 16.7, "store": -1.2}
"""In another store, by the family name alone and with a slip of a digit."""
SECOND_NUMBER = {"name": 15.3, "number": -1.0, "store": 6.7}
"""In the same store, with a second number."""
PRIOR = -17.3


def fill(session: Session, stores: list[Node], seed: int, today: date) -> None:
    """Record some people again, queue them, and merge the first few."""
    chance = random.Random(f"doubles {seed}")
    people = list(session.scalars(select(Customer).order_by(Customer.id)))
    chosen = chance.sample(people, min(WAITING + MERGED, len(people) // 4))
    codes = chain_codes(session, "C", len(chosen))
    for number, (one, code) in enumerate(zip(chosen, codes, strict=True)):
        reasons = CERTAIN if number < MERGED else SECOND_NUMBER if number % 2 else TITLED
        name = f"{one.name[0]}{chance.choice(('先生', '女士'))}" if reasons is TITLED else one.name
        if reasons is SECOND_NUMBER:
            mobile = f"{(one.mobile or '')[:6]}{len(people) + number:05}"
            store = next(store for store in stores if store.id == one.node_id)
        else:
            mobile, store = _slipped(chance, one.mobile or ""), chance.choice(stores)
        again = _record(session, code, name, mobile, store, today - timedelta(days=chance.randrange(1, 20)))
        score = 1 / (1 + 2 ** -(sum(reasons.values()) + PRIOR))
        session.execute(insert(Pair), [{"first_id": one.id, "second_id": again, "score": score, "reasons": reasons}])
        if number < MERGED:
            merging.merge(session, one.id, again, how="by_rule", score=score)


def _record(session: Session, code: str, name: str, mobile: str, store: Node, day: date) -> int:
    """Write the second record of a person, and return its id."""
    person = USUAL | {"code": code, "name": name, "mobile": mobile, "node_id": store.id}
    again = session.scalars(insert(Customer).returning(Customer.id), [person]).one()
    rows: list[tuple[Any, dict[str, Any]]] = [
        (Identity, {"kind": "mobile", "value": mobile, "tail": mobile[-4:], "since": day}),
        (Visit, {"node_id": store.id, "day": day, "reason": "recorded"}),
        (Visitor, {"node_id": store.id, "area_id": store.area_id, "region_id": store.region_id, "first_on": day, "last_on": day}),
    ]  # fmt: skip
    for model, values in rows:
        session.execute(insert(model), [{"customer_id": again} | values])
    return again


def _slipped(chance: random.Random, mobile: str) -> str:
    """Return a number that differs in one digit; the last five, which are nobody else's, stay."""
    place = chance.randrange(3, 6)
    digit = str((int(mobile[place]) + chance.randrange(1, 10)) % 10)
    return mobile[:place] + digit + mobile[place + 1 :]
