"""What a counter asks follows the format of its store; head office says it."""

import pytest

from core.org.models import Node
from core.testing.factories import post
from plugins.customers.collection.models import CollectionRule
from plugins.customers.models import Customer

NUMBER, SHEET = "13800138000", "/admin/customers/collection/"


@pytest.fixture
def flagship(chain, work):
    """The first store is a flagship."""
    with work() as session:
        session.get(Node, chain.stores[0].id).format = "flagship"


def say(client, cell, rule, was="asked"):
    return post(client, f"{SHEET}save/", {f"was-{cell}": was, cell: rule})


@pytest.mark.requirement("A4")
def test_e_mail_and_address_are_asked_folded_and_kept(record, clerk, everybody):
    page = clerk(0).get("/customers/").text
    assert 'name="email"' in page
    assert 'name="wecom"' not in page
    said = {"email": "Zhang@example.com", "address": "南山区  科技园", "tags": ["大屏", "爱拍照"]}
    assert record(NUMBER, "张三", **said).status_code == 302
    one = everybody(Customer)[0]
    assert (one.email, one.address, one.tags) == ("zhang@example.com", "南山区 科技园", "大屏、爱拍照")
    record(NUMBER, "张三", email="other@example.com", address="别处")
    one = everybody(Customer)[0]
    assert (one.email, one.address) == ("zhang@example.com", "南山区 科技园"), "what is there is changed on the card"


@pytest.mark.requirement("A18")
def test_what_a_format_requires_is_asked_there_and_nowhere_else(flagship, record, clerk, client_as, everybody):
    assert say(client_as("head_office"), "flagship-email", "required").status_code == 302
    answer = record(NUMBER, "张三", address="南山")
    assert (answer.status_code, "This store asks for it" in answer.text) == (422, True)
    assert (answer.text.count('value="张三"'), 'value="南山"' in answer.text) == (1, True), "what was typed is kept"
    assert everybody(Customer) == []
    assert record(NUMBER, "张三", email="zhang@").status_code == 422
    assert record(NUMBER, "张三", email="zhang@example.com").status_code == 302
    assert record("13900139000", "李四", store=1).status_code == 302, "a store of another format does not require it"
    assert record("13900139000", "李四").status_code == 302, "who is recorded already is asked nothing again"


@pytest.mark.requirement("A18")
def test_what_a_format_does_not_ask_is_not_on_its_form(flagship, clerk, client_as):
    office = client_as("head_office")
    for field in ("email", "address", "tags"):
        say(office, f"flagship-{field}", "hidden")
    page = clerk(0).get("/customers/").text
    assert not any(f'name="{field}"' in page for field in ("email", "address", "tags"))
    assert 'name="email"' in clerk(1).get("/customers/").text


@pytest.mark.requirement("A18")
def test_two_who_change_the_sheet_at_once_keep_each_others_cells(chain, client_as, everybody):
    office = client_as("head_office")
    say(office, "flagship-email", "required")
    post(
        office,
        f"{SHEET}save/",
        {"was-flagship-email": "asked", "flagship-email": "asked", "was--email": "asked", "-email": "hidden"},
    )
    assert {(row.format, row.rule) for row in everybody(CollectionRule)} == {("flagship", "required"), ("", "hidden")}


def test_stores_read_the_sheet_and_only_head_office_writes_it(clerk, client_as):
    page = clerk(0).get(SHEET)
    assert (page.status_code, "<select" in page.text.split("<main")[-1]) == (200, False)
    assert say(clerk(0), "flagship-email", "required").status_code == 403
