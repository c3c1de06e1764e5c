"""Customers of a made-up chain, for the demonstration: some for every store, a few of them seen in two.

The same stores, seed and day give the same people. Rows are written in sets, past the audit. Some people were
recorded a second time elsewhere: see `sample_doubles`.
"""

import random
import tomllib
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from core.api import Node, chain_codes, clock, people_at
from plugins.customers import consent_texts, consents, sample_doubles, sample_facts
from plugins.customers.contribution import sample as contributions
from plugins.customers.models import Consent, Customer, Identity, Visit, Visitor

WORDS = Path(__file__).with_name("sample.toml")
A_STORE = 25
"""So many people are first recorded in each store."""


def fill(session: Session, size: dict[str, Any], seed: int) -> None:
    """Write customers with numbers, visits of the last days and consents."""
    query = select(Node).where(Node.kind == "store", Node.deleted_at.is_(None), Node.closed_on.is_(None))
    stores = list(session.scalars(query.order_by(Node.code)))
    if not stores:
        return
    chance, words = random.Random(f"customers {seed}"), tomllib.loads(WORDS.read_text("utf-8"))
    today: date = size["today"]
    people = [_person(chance, words, store, number) for number, store in enumerate(stores * A_STORE)]
    codes = chain_codes(session, "C", len(people))
    session.execute(insert(Customer), [person | {"code": code} for person, code in zip(people, codes, strict=True)])
    ids = dict(session.execute(select(Customer.code, Customer.id).where(Customer.code.in_(codes))).all())
    staff = people_at(session, {store.id for store in stores}, sample_facts.STAFF, today)
    visits = [
        visit
        for code, person in zip(codes, people, strict=True)
        for visit in _visits(chance, ids[code], person, stores, today, staff)
    ]
    nodes = {store.id: store for store in stores}
    since = {code: today - timedelta(days=30) for code in codes}
    session.execute(insert(Identity), [
        {"customer_id": ids[code], "kind": kind, "value": person[kind], "tail": person[kind][-4:] if kind == "mobile" else "", "since": since[code]}
        for code, person in zip(codes, people, strict=True) for kind in ("mobile", "email") if person[kind]
    ])  # fmt: skip
    session.execute(insert(Visit), visits)
    session.execute(insert(Visitor), _visitors(visits, nodes))
    texts = consent_texts.ids_of_today(session, consents.AT_THE_COUNTER)
    session.execute(insert(Consent), [
        {"customer_id": ids[code], "purpose": purpose, "channel": channel, "text_version": consent_texts.VERSION, "text_id": texts[purpose, channel]}
        for code in codes for purpose, channel in consents.AT_THE_COUNTER if purpose == "service" or chance.random() < 0.6
    ])  # fmt: skip
    sample_doubles.fill(session, stores, seed, today)
    sample_facts.fill(session, stores, words, today, seed)
    contributions.fill(session, seed)


def _person(chance: random.Random, words: dict[str, Any], store: Node, number: int) -> dict[str, Any]:
    level = chance.choices(("ordinary", "important", "vip"), (80, 15, 5))[0]
    mobile = f"{chance.choice(words['beginnings'])}{chance.randrange(1000):03}{number:05}"
    return {
        "name": chance.choice(words["family"]) + chance.choice(words["given"]), "mobile": mobile,
        "email": f"{mobile}@example.com" if chance.random() < 0.4 else None,
        "address": chance.choice(words["addresses"]) if chance.random() < 0.5 else "",
        "node_id": store.id, "level": level, "level_reason": words["reasons"][level],
        "credit": chance.choices(("unknown", "good", "watch"), (70, 26, 4))[0],
        "tags": "、".join(chance.sample(words["tags"], chance.randrange(3))),
    }  # fmt: skip


def _visits(
    chance: random.Random,
    customer_id: int,
    person: dict[str, Any],
    stores: list[Node],
    today: date,
    staff: dict[int, set[int]],
) -> list[dict[str, Any]]:
    places = [person["node_id"], *([chance.choice(stores).id] if chance.random() < 0.1 else [])]
    found = {}
    for number, node_id in enumerate(dict.fromkeys(places)):
        day = today - timedelta(days=chance.randrange(30))
        reason = "taken_on" if number else "recorded"
        at = clock.at(day, time(chance.randrange(10, 20), chance.randrange(60)))
        found[node_id] = {
            "customer_id": customer_id,
            "node_id": node_id,
            "day": day,
            "reason": reason,
            "at": min(at, clock.now()),
            "by": chance.choice(sorted(staff.get(node_id, ())) or [None]),
        }
    return list(found.values())


def _visitors(visits: list[dict[str, Any]], nodes: dict[int, Node]) -> list[dict[str, Any]]:
    return [
        {"customer_id": visit["customer_id"], "node_id": visit["node_id"], "area_id": nodes[visit["node_id"]].area_id,
         "region_id": nodes[visit["node_id"]].region_id, "first_on": visit["day"], "last_on": visit["day"]}
        for visit in visits
    ]  # fmt: skip
