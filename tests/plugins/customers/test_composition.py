"""Who the customers are: counted within the reader's reach, in statements that do not grow."""

import pytest

from plugins.customers.models import Customer

PAGE = "/admin/customers/composition/"
pytestmark = pytest.mark.requirement("D16")


@pytest.fixture
def people(record, everybody, work):
    """Two in the first area, one of them in both of its stores and a VIP; one far away, a company."""
    record("13800138000", "张三")
    record("13800138000", "张三", store=1)
    record("13800138001", "李四", store=1)
    record("13800138002", "远方公司", store=7)
    first, _second, third = everybody(Customer)
    with work() as session:
        session.get(Customer, first.id).level = "vip"
        session.get(Customer, third.id).kind = "company"


def figures(client):
    answer = client.get(f"{PAGE}export/csv/")
    assert answer.mimetype == "text/csv"
    lines = [line.split(",") for line in answer.text.lstrip("\ufeff").splitlines()[1:]]
    return {(question, answer): int(count) for question, answer, count in lines}


def test_every_question_is_counted_within_the_readers_reach(people, client_as):
    area, leader = figures(client_as("area_manager")), figures(client_as("leader"))
    assert (area["By level", "VIP"], area["By level", "Ordinary"]) == (1, 1)
    assert (area["By store", "store S1"], area["By store", "store S2"], area["By area", "area A1"]) == (1, 2, 2)
    assert ("By store", "store S8") not in area
    assert (leader["Persons and companies", "Company"], leader["By store", "store S8"]) == (1, 1)
    assert sum(count for (question, _answer), count in leader.items() if question.startswith("By month")) == 3


def test_the_page_shows_the_figures_as_bars_with_a_table_behind(people, client_as):
    page = client_as("area_manager").get(PAGE).text
    assert "<b>2</b> customers in your reach" in page
    assert page.count('class="picture bars"') == 6
    assert '<th scope="row">VIP</th><td>1</td>' in page


def test_a_reach_without_customers_says_what_will_stand_there(chain, client_as):
    assert "No customers in your reach yet" in client_as("area_manager").get(PAGE).text


def test_a_store_named_like_a_formula_is_a_text_in_the_file(people, client_as, work, chain):
    with work() as session:
        session.get(type(chain.stores[0]), chain.stores[0].id).name = "=HYPERLINK(1)"
    lines = client_as("area_manager").get(f"{PAGE}export/csv/").text.splitlines()
    assert "By store,'=HYPERLINK(1),1" in lines
