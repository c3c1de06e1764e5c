"""Somebody who may buy is kept and worked: who is at it, when they come back, won or lost with the reason."""

from datetime import timedelta

import pytest

from core import clock
from core.testing.factories import post
from plugins.customers.models import Customer
from plugins.customers.prospects.models import Prospect

pytestmark = pytest.mark.requirement("A26")


@pytest.fixture
def one(record, everybody):
    record("13800138000", "张三")
    return everybody(Customer)[0]


@pytest.fixture
def begin(clerk, one):
    """`begin("a new phone")`: a clerk notes it on the card."""

    def send(wish, days=0, store=0):
        form = {"wish": wish, "next_on": clock.today() + timedelta(days=days)}
        return post(clerk(store), f"/customers/at/{one.code}/prospect", form, follow_redirects=True).text

    return send


@pytest.fixture
def step(clerk):
    """`step(prospect, "won")`."""

    def send(prospect, state, store=0, **more):
        form = {"state": state, "next_on": clock.today()} | more
        return post(clerk(store), f"/customers/prospects/{prospect.id}/step", form, follow_redirects=True)

    return send


def test_what_a_customer_thinks_of_stands_on_the_list_of_who_noted_it_when_its_day_comes(begin, clerk, client_as, one):
    begin("thinks of a flip phone")
    assert "thinks of a flip phone" in clerk(0).get("/customers/").text
    assert "thinks of a flip phone" not in client_as("clerk").get("/customers/").text, "somebody else is at it"
    assert "thinks of a flip phone" in client_as("clerk").get(f"/customers/at/{one.code}/").text


def test_what_is_not_due_yet_is_not_on_the_list(begin, clerk):
    begin("thinks of a flip phone", days=1)
    assert "thinks of a flip phone" not in clerk(0).get("/customers/").text


def test_it_is_moved_on_won_or_lost_with_the_reason(begin, step, everybody, clerk):
    begin("a flip phone")
    later = clock.today() + timedelta(days=2)
    step(everybody(Prospect)[0], "talking", next_on=later)
    assert (everybody(Prospect)[0].state, everybody(Prospect)[0].next_on) == ("talking", later)
    assert "say why it was lost" in step(everybody(Prospect)[0], "lost").text
    step(everybody(Prospect)[0], "lost", reason="too expensive")
    assert (everybody(Prospect)[0].state, everybody(Prospect)[0].reason) == ("lost", "too expensive")
    assert "This is over" in step(everybody(Prospect)[0], "won").text
    begin("a flip phone after all")
    step(everybody(Prospect)[1], "won")
    assert [one.state for one in everybody(Prospect)] == ["lost", "won"]


def test_one_is_open_at_a_time_in_a_store_and_its_day_lies_ahead(begin, everybody):
    assert "lies in the past" in begin("a phone", days=-1)
    begin("a phone")
    begin("another phone")
    assert [one.wish for one in everybody(Prospect)] == ["a phone"]


def test_other_stores_neither_see_nor_move_it_and_the_area_filters_by_state(
    begin, step, record, everybody, clerk, client_as, one
):
    begin("a flip phone")
    record("13800138000", "张三", store=4)
    assert "a flip phone" not in clerk(4).get(f"/customers/at/{one.code}/").text
    assert step(everybody(Prospect)[0], "won", store=4).status_code == 404
    desk = "/admin/customers/prospect/"
    area = client_as("area_manager")
    assert "a flip phone" in area.get(f"{desk}?state=new").text
    assert "a flip phone" not in area.get(f"{desk}?state=won").text


def test_what_was_typed_stays_in_a_form_that_is_refused(begin, step, everybody):
    page = begin("a flip phone", days=-1)
    assert 'value="a flip phone" autofocus' in page and "what you typed is kept below" in page
    begin("a phone")
    refused = step(everybody(Prospect)[0], "lost", reason="x" * 201)
    assert (refused.status_code, "x" * 201 in refused.text) == (422, True)


def test_at_the_desk_a_prospect_leads_to_the_card(begin, everybody, clerk, one):
    begin("a phone")
    page = clerk(0).get(f"/admin/customers/prospect/details/?id={everybody(Prospect)[0].id}").text
    assert f'href="/customers/at/{one.code}/"' in page
