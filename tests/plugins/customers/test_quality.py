"""How complete the records are: points a card explains, the same points counted for every store and area."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core import clock
from core.testing.factories import acting
from plugins.customers.models import Customer, Visit
from plugins.customers.quality import rollups
from plugins.customers.quality.formula import KNOWN, PARTS, score_of
from plugins.customers.quality.models import PlaceQuality

SAID = {"email": "zhang@example.com", "address": "南山", "tags": ["大屏", "爱拍照"]}
pytestmark = pytest.mark.requirement("A25")


@pytest.fixture
def counted(app, chain, everybody):
    """A function that counts and gives the figures by place."""

    def count():
        with acting(app) as session:
            rollups.count_anew(session)
        return {row.node_id: row for row in everybody(PlaceQuality)}

    return count


def test_the_points_add_up_to_a_hundred(chain):
    assert sum(points for _title, points, _known in PARTS) == 100


@pytest.mark.parametrize(
    ("values", "score"),
    [
        ({}, 0),
        ({"mobile": "13800138000"}, 30),
        ({"mobile": "13800138000", "email": "a@example.com", "address": "南山", "wecom": "wmA"}, 70),
        ({"tags": "大屏"}, 10),
        ({"tags": "大屏、爱拍照、国产"}, 20),
        ({"tags": "大屏", "preferences": "battery\ncamera"}, 20),
    ],
)
def test_a_record_has_points_for_what_is_known(work, chain, values, score):
    with work() as session:
        session.add(one := Customer(name="张三", code="C-1", **values))
        session.flush()
        got, missing = score_of(session.execute(select(*KNOWN).where(Customer.id == one.id)).one())
    assert got == score
    assert got + sum(int(text.split()[0]) for text in missing) == 100, "what is missing is told with its points"


def test_the_card_says_what_would_add_to_it(record, clerk, everybody):
    record("13800138000", "张三", tags=["大屏"])
    page = clerk(0).get(f"/customers/at/{everybody(Customer)[0].code}/").text
    assert "Record 50 of 100" in page
    assert "+15 E-mail" in page
    assert "+10 A second thing they like" in page


@pytest.mark.requirement("Z10", "Z18")
def test_each_store_and_area_has_its_shares_and_its_new_records_by_clerk(
    record, counted, chain, client_as, work, everybody
):
    record("13800138000", "张三", **SAID)
    record("13800138001", "李四")
    record("13800138001", "李四", store=1)
    record("13800138002", "王五", client=client_as("clerk"))
    with work() as session:
        long_ago = session.get(Visit, everybody(Visit)[0].id)
        long_ago.day = clock.today() - timedelta(days=31)
    rows = counted()
    store, neighbour, area = rows[chain.stores[0].id], rows[chain.stores[1].id], rows[chain.areas[0].id]
    assert (store.people, store.complete, store.liked, store.score) == (3, 33, 33, 57)
    assert (store.recorded, store.clerks, store.per_clerk) == (2, 2, 1)
    assert (neighbour.people, neighbour.complete, neighbour.recorded) == (1, 0, 0)
    assert (area.kind, area.people, area.recorded) == ("area", 3, 2), "who knows two stores of an area counts once"
    assert counted().keys() == rows.keys(), "counted again it is the same"


@pytest.mark.requirement("Z10", "Z18")
def test_the_page_lists_the_places_in_reach_sorted_and_names_who_records(record, counted, chain, client_as):
    record("13800138000", "张三", **SAID)
    record("13800138001", "李四", store=1)
    record("13800138002", "王五", store=7)
    rows, url = counted(), "/admin/customers/quality/"
    area = client_as("area_manager")
    page = area.get(f"{url}?kind=store&sort=complete").text
    assert page.index("store S2") < page.index("store S1")
    assert "store S8" not in page
    details = area.get(f"{url}details/?id={rows[chain.stores[0].id].id}").text
    assert "Name of clerk.s1" in details
    assert area.get(f"{url}details/?id={rows[chain.stores[7].id].id}").status_code == 404


def test_merged_and_deleted_records_are_not_counted(record, counted, chain, work, everybody):
    for number in range(3):
        record(f"1380013800{number}", f"P{number}")
    first, second, third = everybody(Customer)
    with work() as session:
        session.get(Customer, second.id).merged_into_id = first.id
        session.get(Customer, third.id).deleted_at = clock.now()
    assert counted()[chain.stores[0].id].people == 1
