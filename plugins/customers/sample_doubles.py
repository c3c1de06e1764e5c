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
from plugins.customers.models import Customer, Identity, Pair, Visit, Visitor

WAITING, MERGED = 30, 4
LOOKS = (
    (0.86, {"name": 15.2, "number": -1.0, "store": -1.2, "address": 10.4}),
    (0.74, {"name": 15.2, "number": 6.7, "store": -1.2}),
    (0.55, {"name": 5.7, "number": 6.7, "store": 6.7}),
    (0.32, {"name": 15.2, "number": -1.0, "store": 6.7}),
)
"""What a pair of the queue may look like: how likely one person, and the weights in bits of what was compared."""


def fill(session: Session, stores: list[Node], seed: int, today: date) -> None:
    """Record some people again, queue them, and merge the first few."""
    chance = random.Random(f"doubles {seed}")
    people = list(session.scalars(select(Customer).order_by(Customer.id)))
    chosen = chance.sample(people, min(WAITING + MERGED, len(people) // 4))
    codes = chain_codes(session, "C", len(chosen))
    for number, (one, code) in enumerate(zip(chosen, codes, strict=True)):
        score, reasons = LOOKS[number % len(LOOKS)]
        again = _again(session, chance, one, code, chance.choice(stores), today)
        pair = {"first_id": one.id, "second_id": again, "score": score - number % 7 / 100, "reasons": reasons}
        session.execute(insert(Pair), [pair])
        if number < MERGED:
            merging.merge(session, one.id, again, how="by_rule", score=0.99 - number / 1000)


def _again(session: Session, chance: random.Random, one: Customer, code: str, store: Node, today: date) -> int:
    """Write the second record of a person: with another number, as when somebody has two, or a slip of a digit."""
    mobile, day = _other_number(chance, one.mobile or ""), today - timedelta(days=chance.randrange(1, 20))
    again = Customer(code=code, name=one.name, mobile=mobile, node_id=store.id)
    session.add(again)
    session.flush()
    rows: list[tuple[Any, dict[str, Any]]] = [
        (Identity, {"kind": "mobile", "value": mobile, "tail": mobile[-4:], "since": day}),
        (Visit, {"node_id": store.id, "day": day, "reason": "recorded"}),
        (Visitor, {"node_id": store.id, "area_id": store.area_id, "region_id": store.region_id, "first_on": day, "last_on": day}),
    ]  # fmt: skip
    for model, values in rows:
        session.execute(insert(model), [{"customer_id": again.id} | values])
    return again.id


def _other_number(chance: random.Random, mobile: str) -> str:
    """Return a number that differs in one digit; the last five, which are nobody else's, stay."""
    place = chance.randrange(3, 6)
    digit = str((int(mobile[place]) + chance.randrange(1, 10)) % 10)
    return mobile[:place] + digit + mobile[place + 1 :]
