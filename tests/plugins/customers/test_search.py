"""Who is found by which words, in the list, in a look-up, at the counter and by other plugins."""

import re

import pytest
from sqlalchemy import select

from core.testing.factories import acting, post
from core.testing.pages import MOST_QUERIES, counted
from plugins.customers import api, numbers
from plugins.customers.models import Customer

DESK = "/admin/customers/customer/"


@pytest.fixture
def people(record, everybody):
    """Three of the first store, one of the fifth."""
    for number, name, store in (
        ("13800138000", "张三丰", 0), ("13800138001", "赵三强", 0), ("13900139000", "Anna Li", 0), ("13700137000", "张三", 4),
    ):  # fmt: skip
        assert record(number, name, store=store).status_code == 302
    return {one.name: one for one in everybody(Customer)}


@pytest.fixture
def listed(people):
    """The names in the list that words bring somebody."""
    names = {one.id: name for name, one in people.items()}

    def look(client, words):
        page = client.get(DESK, query_string={"search": words})
        assert page.status_code == 200
        return {names[int(number)] for number in re.findall(r'data-row="(\d+)"', page.text)}

    return look


WORDS = {
    "张三": {"张三丰", "张三"}, "三强": {"赵三强"}, "zs": {"张三丰", "赵三强", "张三"}, "zsf": {"张三丰"}, "zhangsan": {"张三丰", "张三"},
    "ann": {"Anna Li"}, "8000": {"张三丰"}, "1380013": {"张三丰", "赵三强"}, "13900139000": {"Anna Li"}, "没有": set(),
}  # fmt: skip


@pytest.mark.requirement("B14")
def test_the_list_finds_parts_of_names_initials_pinyin_numbers_and_codes(people, listed, client_as):
    office = client_as("head_office")
    for words, names in WORDS.items():
        assert listed(office, words) == names, words
    code = people["赵三强"].code
    assert listed(office, code) == {"赵三强"}
    assert len(listed(office, code[:9].lower())) == 4


@pytest.mark.requirement("B14")
@pytest.mark.parametrize("ending", ["0136", "8613", "8600", "0000"])
def test_four_digits_are_an_end_also_where_a_number_may_begin_like_that(ending):
    assert numbers.ending_of(ending) == ending


@pytest.mark.requirement("A20", "B14")
def test_nobody_of_another_store_is_found(people, listed, clerk, client_as, chain):
    for client in (clerk(0), client_as("area_manager")):
        assert listed(client, "张三") == {"张三丰"}
        assert listed(client, "7000") == set()
    told = clerk(0).get(f"{DESK}ajax/lookup/", query_string={"q": "zs"}).json
    assert {row["text"] for row in told} == {"张三丰", "赵三强"}


@pytest.mark.requirement("A3", "B14")
def test_a_contacts_name_finds_the_customer(people, listed, client_as, app):
    office = client_as("head_office")
    for name in ("赵三强", "张三"):
        form = {"customer_id": people[name].id, "name": "王采购"}
        assert post(office, "/admin/customers/contact/new/", form).status_code == 302
    for words in ("采购", "wcg", "wangcai"):
        assert listed(office, words) == {"赵三强", "张三"}
        assert listed(client_as("area_manager"), words) == {"赵三强"}
    with acting(app) as session:
        found = set(session.scalars(api.ids_matching("王采")))
        assert found == {people["赵三强"].id, people["张三"].id}


def test_contacts_and_merged_records_too_many_to_name_are_found_all_the_same(
    people, listed, client_as, app, monkeypatch, record
):
    from plugins.customers import searching
    from plugins.customers.models import Contact

    monkeypatch.setattr(searching, "MOST_NAMED", 1)
    with acting(app) as session:
        for name in ("赵三强", "张三"):
            session.add(Contact(customer_id=people[name].id, name="王采购"))
    for number in ("13600136000", "13600136001"):
        record(number, "周合并")
    with acting(app) as session:
        for one in session.scalars(select(Customer).where(Customer.name == "周合并")):
            one.merged_into_id = people["张三丰"].id
    assert listed(client_as("head_office"), "合并") == {"张三丰"}
    assert listed(client_as("head_office"), "1360013") == {"张三丰"}
    assert listed(client_as("head_office"), "采购") == {"赵三强", "张三"}
    assert listed(client_as("area_manager"), "采购") == {"赵三强"}


@pytest.mark.requirement("A4", "B14")
def test_the_counter_finds_its_own_by_a_name_too(people, clerk):
    def found(words):
        return clerk(0).get("/customers/known", query_string={"number": words}).json["found"]

    assert [found(words) for words in ("三强", "zs", "annali", "三", "\x00", "没有")] == [1, 2, 0, 0, 0, 0]


def test_the_way_of_a_search_is_as_long_for_many_as_for_few(people, clerk, house, record):
    def asked(*addresses):
        browser = clerk(0)
        browser.get(DESK)
        found = []
        for address in addresses:
            with counted(house.database) as statements:
                assert browser.get(address).status_code == 200
            found.append(len(statements))
        return found

    card = f"/customers/at/{people['张三丰'].code}/"
    addresses = (
        DESK,
        f"{DESK}?search=张三",
        f"{DESK}?search=8000",
        f"{DESK}ajax/lookup/?q=zs",
        "/customers/known?number=1380013",
        card,
    )
    few = asked(*addresses)
    for number in range(13800138100, 13800138106):
        record(str(number), "张三多")
    assert asked(*addresses) == few
    assert max(few) <= MOST_QUERIES, few
