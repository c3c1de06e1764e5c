"""What else the demonstration knows of its customers: gifts in every store, who may buy, and last night's figures."""

import random
from datetime import date, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from core.api import Node, people_at
from plugins.customers.gifts.models import Gift, GiftStock
from plugins.customers.models import Customer
from plugins.customers.prospects.models import Prospect
from plugins.customers.quality.rollups import count_anew

STAFF = {"store_manager", "deputy", "clerk"}


def fill(session: Session, stores: list[Node], words: dict[str, Any], today: date, seed: int) -> None:
    """Write gifts with their stock, two prospects for each store, and count how complete the records are."""
    chance = random.Random(f"facts {seed}")
    gifts = [Gift(name=name) for name in words["gifts"]]
    session.add_all(gifts)
    session.flush()
    session.execute(insert(GiftStock), [
        _at(store) | {"gift_id": gift.id, "pieces": chance.randrange(3, 40)} for store in stores for gift in gifts
    ])  # fmt: skip
    owners = people_at(session, {store.id for store in stores}, STAFF, today)
    session.execute(insert(Prospect), [
        _at(store) | {
            "customer_id": customer_id, "wish": chance.choice(words["wishes"]), "state": chance.choice(("new", "talking")),
            "next_on": today + timedelta(days=number), "owner_id": min(owners.get(store.id, {None})),
        }
        for store in stores for number, customer_id in enumerate(_two_of(session, store))
    ])  # fmt: skip
    count_anew(session)


def _at(store: Node) -> dict[str, Any]:
    return {"node_id": store.id, "area_id": store.area_id, "region_id": store.region_id}


def _two_of(session: Session, store: Node) -> list[int]:
    query = select(Customer.id).where(Customer.node_id == store.id).order_by(Customer.id)
    return list(session.scalars(query.limit(2)))
