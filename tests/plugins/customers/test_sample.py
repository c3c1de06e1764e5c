"""The customers of the demonstration: believable, alike each time, and seen where they have been."""

import random
from datetime import date

import pytest

from core.access.scope import unscoped
from core.testing.factories import acting
from plugins.customers import sample
from plugins.customers.models import Consent, Customer, Identity, Visit, Visitor

SIZE = {"stores": 8, "days": 7, "today": date(2026, 11, 20)}


@pytest.fixture
def filled(app, chain):
    with app.app_context(), acting(app) as session, unscoped("as the demonstration is loaded"):
        sample.fill(session, SIZE, 1)


def test_every_store_has_people_with_number_visit_and_consent(filled, everybody, count, chain):
    people = everybody(Customer)
    assert len(people) == 8 * sample.A_STORE
    assert len({one.mobile for one in people}) == len({one.code for one in people}) == len(people)
    assert count(Identity) == len(people)
    assert count(Visit) == count(Visitor) >= len(people)
    assert count(Consent) >= len(people)
    assert {one.node_id for one in everybody(Visitor)} == {store.id for store in chain.stores}
    assert all(one.level == "ordinary" or one.level_reason for one in people)


def test_a_clerk_finds_one_of_them_by_the_first_seven_digits(filled, everybody, clerk, chain):
    one = next(one for one in everybody(Customer) if one.node_id == chain.stores[0].id)
    assert one.name in clerk(0).get("/customers/known", query_string={"number": one.mobile[:9]}).json["html"]


def test_the_same_seed_gives_the_same_people(chain):
    words = sample.tomllib.loads(sample.WORDS.read_text("utf-8"))
    people = [
        [sample._person(random.Random(seed), words, store, 1)["mobile"] for store in chain.stores] for seed in (1, 1, 2)
    ]
    assert people[0] == people[1] != people[2]
