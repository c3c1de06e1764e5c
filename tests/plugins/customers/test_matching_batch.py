"""The nightly comparison: what changed is compared with the whole chain; sure ones merge, likely ones are asked."""

import pytest
from sqlalchemy import select

from core.testing.factories import acting
from plugins.customers import merging
from plugins.customers.matching import batch
from plugins.customers.models import Customer, Merge, Pair
from tests.plugins.customers import people
from tests.plugins.customers.people import Kept


@pytest.fixture
def bring(app, chain):
    """`bring(Kept(1, "张三", …), …)` writes records as shops have made them; returns their ids."""

    def write(*kept):
        with acting(app) as session:
            return people.bring(session, list(kept), [store.id for store in chain.stores])

    return write


@pytest.fixture
def night(app):
    """One step of the comparison after the other, until nothing is left; returns how many were compared."""

    def run():
        compared, last = 0, 0
        while True:
            with acting(app) as session:
                step = batch.step(session, last)
            if not step.last:
                return compared
            compared, last = compared + step.compared, step.last

    return run


ZHANG = Kept(1, "张建国", ("13800138000",), "深圳市南山区科技南路12号3栋502", stores=(0,))
AGAIN = Kept(1, "張建國", ("13800138000",), stores=(1,))


@pytest.mark.requirement("A10", "Z9")
def test_sure_ones_become_the_older_record(bring, night, everybody):
    first, second = bring(ZHANG, AGAIN)
    night()
    merge = everybody(Merge)[0]
    assert (merge.kept_id, merge.gone_id, merge.how) == (first, second, "by_rule") and merge.score > 0.95


@pytest.mark.slow
@pytest.mark.requirement("A10", "Z9", "A25")
def test_of_two_thousand_records_the_people_are_found_again(bring, night, everybody):
    kept = people.records(2_000, seed=20)
    ids = bring(*kept)
    truth = {(ids[one], ids[other]) for one, other in people.pairs(kept)}
    night()
    person = {one.id: one.merged_into_id or one.id for one in everybody(Customer)}
    together: dict[int, list[int]] = {}
    for one, into in person.items():
        together.setdefault(into, []).append(one)
    merged = {(a, b) for group in together.values() for a in group for b in group if a < b}
    print(len(merged), len(truth), len(merged & truth), len(everybody(Pair)))
    assert len(merged & truth) / len(merged) > 0.99
