"""The customers of the demonstration: believable, alike each time, and seen where they have been."""

import random
from datetime import date

import pytest

from core.access.scope import unscoped
from core.testing.factories import acting
from plugins.customers import pairs, sample, sample_doubles
from plugins.customers.gifts.models import GiftStock
from plugins.customers.models import Consent, Customer, Identity, Visit, Visitor
from plugins.customers.prospects.models import Prospect
from plugins.customers.quality.models import PlaceQuality
from plugins.customers.words import COMPARED

SIZE = {"stores": 8, "days": 7, "today": date(2026, 11, 20)}


@pytest.fixture
def filled(app, chain):
    with app.app_context(), acting(app) as session, unscoped("as the demonstration is loaded"):
        sample.fill(session, SIZE, 1)


def test_every_store_has_people_with_number_visit_and_consent(filled, everybody, count, chain):
    people = everybody(Customer)
    doubles = sample_doubles.WAITING + sample_doubles.MERGED
    assert len(people) == 8 * sample.A_STORE + doubles
    assert len({one.mobile for one in people}) == len({one.code for one in people}) == len(people)
    assert count(Identity) == sum(bool(one.mobile) + bool(one.email) for one in people) > len(people)
    assert count(Visit) == sum(not one.is_shared for one in everybody(Visitor)) >= len(people)
    assert count(Consent) >= len(people) - doubles
    assert {one.node_id for one in everybody(Visitor)} == {store.id for store in chain.stores}
    assert all(one.level == "ordinary" or one.level_reason for one in people)


@pytest.mark.requirement("A10")
def test_some_were_recorded_twice_a_few_are_merged_and_the_others_wait(filled, everybody, app):
    assert sum(one.merged_into_id is not None for one in everybody(Customer)) == sample_doubles.MERGED
    with acting(app) as session:
        assert pairs.progress(session) == pairs.Progress(0, sample_doubles.WAITING)
        found = pairs.next_pair(session)
    assert found.reasons.keys() <= COMPARED.keys()


def test_a_clerk_finds_one_of_them_by_the_first_seven_digits(filled, everybody, clerk, chain):
    one = next(one for one in everybody(Customer) if one.node_id == chain.stores[0].id)
    assert one.name in clerk(0).get("/customers/known", query_string={"number": one.mobile[:9]}).json["html"]


def test_the_same_seed_gives_the_same_people(chain):
    words = sample.tomllib.loads(sample.WORDS.read_text("utf-8"))
    people = [
        [sample._person(random.Random(seed), words, store, 1)["mobile"] for store in chain.stores] for seed in (1, 1, 2)
    ]
    assert people[0] == people[1] != people[2]


def test_every_store_has_gifts_prospects_and_figures(filled, everybody, chain):
    for model in (GiftStock, Prospect, PlaceQuality):
        assert {store.id for store in chain.stores} <= {row.node_id for row in everybody(model)}, model


@pytest.mark.requirement("A16")
def test_most_people_have_brought_something_and_a_few_bring_much_of_it(filled, everybody):
    profits = sorted((one.year_profit for one in everybody(Customer) if one.year_profit), reverse=True)
    assert len(profits) > len(everybody(Customer)) / 2
    assert sum(profits[: len(profits) // 5]) > sum(profits) / 2
