"""The nightly comparison: what changed is compared with the whole chain; sure ones merge, likely ones are asked."""

from itertools import combinations

import pytest
from sqlalchemy import select

from core import clock
from core.jobs.queue import run_waiting
from core.testing.factories import acting, post, sign_in
from plugins.customers import merging
from plugins.customers.matching import batch, rollups
from plugins.customers.matching.models import Block, Compared
from plugins.customers.models import Customer, Merge, Pair
from tests.plugins.customers import people
from tests.plugins.customers.people import Kept

HOME = "深圳市南山区科技南路12号3栋502"
ZHANG = Kept(1, "张建国", ("13800138000",), HOME, stores=(0,))
AGAIN = Kept(1, "張建國", ("13800138000",), stores=(1,))
ASKED = Kept(1, "张建国", ("13900000000",), stores=(0,))
pytestmark = pytest.mark.requirement("A10", "Z9")


@pytest.fixture
def bring(app, chain):
    """`bring(Kept(1, "张三", …), …)` writes records as shops have made them; returns their ids."""

    def write(*kept):
        with acting(app) as session:
            return people.bring(session, list(kept), [store.id for store in chain.stores])

    return write


@pytest.fixture
def night(app):
    """Step after step until nothing is left; returns how many records were compared."""

    def run():
        compared, last = 0, 0
        while True:
            with acting(app) as session:
                step = batch.step(session, last)
            if not step.last:
                return compared
            compared, last = compared + step.compared, step.last

    return run


@pytest.fixture
def answer(app):
    """Answer the one open pair."""

    def say(word):
        with acting(app) as session:
            session.scalars(select(Pair).where(Pair.answer == "open")).one().answer = word

    return say


def test_sure_ones_become_the_older_record(bring, night, everybody):
    first, second = bring(ZHANG, AGAIN)
    night()
    merge = everybody(Merge)[0]
    assert (merge.kept_id, merge.gone_id, merge.how) == (first, second, "by_rule") and merge.score > 0.95


def test_likely_ones_are_asked_with_the_reasons(bring, night, everybody):
    first, second = bring(ZHANG, ASKED)
    night()
    pair = everybody(Pair)[0]
    assert (pair.first_id, pair.second_id, pair.answer, len(everybody(Merge))) == (first, second, "open", 0)
    assert pair.reasons["name"] > 0 > pair.reasons["number"] and 0.5 < pair.score < 1


def test_nothing_is_compared_twice_unless_it_changed(app, bring, night, everybody):
    bring(ZHANG, ASKED)
    assert [night(), night(), len(everybody(Pair))] == [2, 0, 1]
    with acting(app) as session:
        one = session.scalars(select(Customer).order_by(Customer.id)).first()
        one.name = "张建军"
        session.flush()
        compared = session.get(Compared, one.id)
        compared.at = compared.at.replace(year=2020)
    assert [night(), len(everybody(Pair)), len(everybody(Merge))] == [1, 1, 0]


def test_who_was_merged_is_not_compared_again_for_it(bring, night, everybody):
    bring(ZHANG)
    night()
    bring(Kept(1, "張建國", ("13800138010",), stores=(0,)))  # a slip of the finger
    assert [night(), night(), len(everybody(Merge))] == [1, 0, 1]


def test_an_answer_is_never_asked_for_again_nor_overruled(app, bring, night, answer, everybody):
    bring(ZHANG, ASKED)
    night()
    answer("different")
    bring(Kept(1, "张建国", ("13900000000",), HOME, stores=(0,)))  # joins the second, and looks like the first
    night()
    assert [(pair.answer, pair.first_id) for pair in everybody(Pair) if pair.answer != "same"] == [("different", 1)]
    assert len({one.merged_into_id or one.id for one in everybody(Customer)}) == 2


def test_a_merge_that_was_undone_is_not_made_again(app, bring, night, everybody):
    bring(ZHANG, AGAIN)
    night()
    with acting(app) as session:
        merging.undo(session, 1)
        for compared in session.scalars(select(Compared)):
            compared.at = compared.at.replace(year=2020)
    assert night() == 2
    assert [merge.undone_at is not None for merge in everybody(Merge)] == [True]
    assert [pair.answer for pair in everybody(Pair)] == ["different"]


def test_who_fits_one_record_of_a_person_and_not_another_is_not_merged(bring, night, everybody):
    bring(Kept(1, "张建国", ("13800138000",), stores=(0,)), Kept(1, "张先生", ("13800138000",), stores=(0,)))
    night()
    bring(Kept(2, "张伟", ("13800138000",), stores=(0,)))
    night()
    assert [(merge.kept_id, merge.gone_id) for merge in everybody(Merge)] == [(1, 2)]
    assert {(pair.first_id, pair.second_id) for pair in everybody(Pair) if pair.answer == "open"} == {(1, 3)}


def test_a_person_one_of_whose_records_became_a_company_or_is_in_the_bin_stops_no_night(app, bring, night, everybody):
    first, _second = bring(ZHANG, AGAIN)
    night()
    for name, value in (("kind", "company"), ("deleted_at", clock.now())):
        with acting(app) as session:
            setattr(session.get(Customer, first), name, value)
        [new] = bring(Kept(3, "张建国", ("13800138000",), HOME, stores=(1,)))
        night()
        assert everybody(Compared)[-1].customer_id == new


def test_questions_are_about_the_records_that_stand(bring, night, everybody):
    bring(ZHANG, AGAIN)
    night()
    bring(Kept(3, "张建国", ("13911112222",), stores=(1,)))  # like the one that is gone, in its store
    night()
    assert [(pair.first_id, pair.second_id) for pair in everybody(Pair) if pair.answer == "open"] == [(1, 3)]


def test_who_is_in_the_recycle_bin_is_left_alone(app, bring, night, everybody):
    first, _second = bring(ZHANG, AGAIN)
    with acting(app) as session:
        session.get(Customer, first).deleted_at = clock.now()
    assert night() == 1
    assert not everybody(Merge) and not everybody(Pair)


def test_a_key_of_too_many_is_left_out_so_that_no_block_explodes(monkeypatch, bring, night, everybody):
    monkeypatch.setattr("plugins.customers.matching.rollups.LARGEST", 3)
    bring(*(Kept(number, "张建国", (f"1390000{number:04}",), stores=(0,)) for number in range(0, 5000, 1000)))
    night()
    assert not everybody(Pair) and len(everybody(Block)) == 5 * 4


@pytest.fixture
def at_hour(monkeypatch, app):
    """`at_hour(3)` lets the worker do at that hour what it does every half minute."""

    def work(hour):
        now = clock.now()
        monkeypatch.setattr(
            batch, "clock", type("Clock", (), {"now": lambda: now, "local": lambda at: at.replace(hour=hour)})
        )
        with acting(app) as session:
            return batch.run_at_night(session)

    return work


@pytest.mark.parametrize(("hour", "compared"), [(0, 0), (3, 2), (12, 0)])
def test_the_worker_compares_at_night(bring, everybody, at_hour, hour, compared):
    bring(ZHANG, AGAIN)
    at_hour(hour)
    assert len(everybody(Compared)) == compared


@pytest.mark.parametrize(("step", "far"), [(1, 50_000), (250, 1)])
def test_a_night_walks_the_chain_part_by_part_and_begins_again_at_its_end(
    monkeypatch, app, bring, everybody, at_hour, step, far
):
    """So no step looks through a million records that did not change."""
    monkeypatch.setattr(batch, "STEP", step)
    monkeypatch.setattr(rollups, "FAR", far)
    bring(ZHANG, AGAIN, ASKED)
    seen = []
    for _half_minute in range(3):
        at_hour(3)
        seen.append([one.customer_id for one in everybody(Compared)])
    assert seen == [[1], [1, 2], [1, 2, 3]]
    with acting(app) as session:
        session.get(Compared, 1).at = clock.now().replace(year=2020)
    assert at_hour(3).startswith("0 compared"), "the end"
    assert at_hour(3).startswith("1 compared")


def test_somebody_may_ask_for_it_by_day_and_it_goes_step_by_step(monkeypatch, app, house, chain, bring, everybody):
    bring(ZHANG, AGAIN, ASKED)
    monkeypatch.setattr(batch, "STEP", 2)
    client = sign_in(app.test_client(), chain.people["head_office"])
    job = post(client, "/admin/customers/pair/look/").location
    assert run_waiting(house) == 1
    assert len(everybody(Compared)) == 3 and len(everybody(Merge)) == 1
    assert client.get(job).location == "/admin/customers/pair/"


def test_made_up_people_are_found_again_in_the_database(bring, night, everybody):
    kept = people.records(120, seed=20)
    ids = bring(*kept)
    truth = {(ids[one], ids[other]) for one, other in people.pairs(kept)}
    assert night() == 120
    merged = _pairs_within({one.id: one.merged_into_id or one.id for one in everybody(Customer)})
    found = merged | {(pair.first_id, pair.second_id) for pair in everybody(Pair)}
    assert len(truth) > 10 and len(merged - truth) <= 1
    assert len(found & truth) / len(truth) >= 0.9


def _pairs_within(person):
    together: dict[int, list[int]] = {}
    for one, stands in sorted(person.items()):
        together.setdefault(stands, []).append(one)
    return {pair for group in together.values() for pair in combinations(group, 2)}
