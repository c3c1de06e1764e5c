"""How well people are found again, and how long it takes: made-up records of the chain, and the FEBRL sets."""

import time
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from core.org.models import Node
from core.testing.factories import acting
from plugins.customers.matching import batch, rollups
from plugins.customers.matching.blocks import keys_of
from plugins.customers.models import Customer, Pair
from tests.bench import febrl
from tests.bench.data import Chain
from tests.bench.table import Line
from tests.plugins.customers import people

WORDS = "matching: precision recall seconds febrl"
RECORDS, SEED = 100_000, 1
MINUTES, MEGABYTES = 10, 200
Pairs = set[tuple[int, int]]


def matching(app: Flask, chain: Chain, scale: float) -> Iterator[Line]:
    """Compare `scale` times 100,000 records that shops have made; then the sets of others."""
    kept = people.records(max(1_000, round(RECORDS * min(scale, 1))), SEED)
    others = _compare_before(app)
    with acting(app) as session:
        stores = list(session.scalars(select(Node.id).where(Node.kind == "store").order_by(Node.id)))
        ids = people.bring(session, kept, stores)
    begun, before, most, last = time.perf_counter(), _megabytes(), 0.0, 0
    while True:
        with acting(app) as session:
            step = batch.step(session, last)
        most = max(most, _megabytes() - before)
        if not step.last:
            break
        last = step.last
    seconds = time.perf_counter() - begun
    truth = {(ids[one], ids[other]) for one, other in people.pairs(kept)}
    merged, asked = _found(app, ids[0])
    yield from _quality(f"matching {len(kept):,} records", truth, merged, merged | asked, 0.99, 0.95)
    yield Line(
        f"matching {len(kept):,} new records beside {others:,}", "", "", f"{seconds:,.0f} s, {len(asked):,} to be asked", None,
        f"≤ {MINUTES} min", seconds <= MINUTES * 60,
    )  # fmt: skip
    yield Line(
        "matching, memory above the start", "", "", f"{most:,.0f} MB", None, f"≤ {MEGABYTES} MB", most <= MEGABYTES
    )
    for number in (1, 3):
        try:
            truth, found, count = febrl.linked(number)
        except ModuleNotFoundError as absent:
            yield Line(f"matching FEBRL {number}", "", "", str(absent), None, "", None)
            continue
        yield from _quality(f"matching FEBRL {number}, {count:,} records", truth, found, found, 0.98, 0.90)


def _compare_before(app: Flask) -> int:
    """Give all who are there their keys, as if the nights before had compared them; return how many they are."""
    count, last = 0, 0
    while True:
        with acting(app) as session:
            ids, last = rollups.changed(session, last, rollups.TOGETHER)
            records = rollups.load_all(session, ids)
            rollups.keep_keys(session, {record.id: keys_of(record.known) for record in records.values()})
            rollups.mark(session, ids)
        if not last:
            return count
        count += len(ids)


def _quality(name: str, truth: Pairs, merged: Pairs, found: Pairs, precise: float, complete: float) -> Iterator[Line]:
    precision, recall = len(merged & truth) / (len(merged) or 1), len(found & truth) / len(truth)
    alone = f", {len(merged & truth) / len(truth):.3f} merged" if merged != found else ""
    yield Line(
        f"{name}: precision",
        "",
        "",
        f"{precision:.4f} of {len(merged):,} pairs",
        None,
        f"≥ {precise}",
        precision >= precise,
    )
    yield Line(
        f"{name}: recall",
        "",
        "",
        f"{recall:.4f} of {len(truth):,} pairs{alone}",
        None,
        f"≥ {complete}",
        recall >= complete,
    )


def _found(app: Flask, first: int) -> tuple[Pairs, Pairs]:
    """Return the pairs of records that are one person now, also with one that was there before, and those that are asked about."""
    together: dict[int, set[int]] = {}
    with acting(app) as session:
        for number, into in session.execute(select(Customer.id, Customer.merged_into_id).where(Customer.id >= first)):
            together.setdefault(into or number, {into or number}).add(number)
        person = {one: stands for stands, group in together.items() for one in group}
        query = select(Pair.first_id, Pair.second_id).where(Pair.answer == "open", Pair.first_id >= first)
        asked = {
            (min(pair), max(pair))
            for one, other in session.execute(query)
            for pair in ((a, b) for a in together[person[one]] for b in together[person[other]])
        }
    return {pair for group in together.values() for pair in combinations(sorted(group), 2)}, asked


def _megabytes() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
