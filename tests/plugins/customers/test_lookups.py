"""Numbers beyond one's own stores are looked up a few times an hour, not by the thousand."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from core import clock
from core.audit import AuditEntry
from core.registry import setting_changes
from core.testing.factories import acting, post
from plugins.customers.lookups import Lookup
from plugins.customers.models import Customer

FETCH = {"X-Requested-With": "fetch"}


@pytest.fixture
def limit(app, house):
    """`limit(3)`: so many numbers an hour."""

    def set_to(count):
        with acting(app) as session:
            setting_changes.change(session, house.host, "customers", {"lookups_an_hour": str(count)})

    return set_to


def find(client, number):
    return post(client, "/customers/find", {"number": number}, headers=FETCH)


@pytest.mark.requirement("A9", "A20")
def test_who_has_looked_up_too_many_numbers_waits_and_head_office_is_told_once(limit, record, clerk, client_as, chain):
    record("13800138000", "张三丰")
    limit(3)
    other = clerk(4)
    for number in ("13800138000", "13800138001", "13800138002"):
        assert find(other, number).status_code == 200
    for number in ("13800138000", "13800138003"):
        answer = find(other, number)
        assert (answer.status_code, answer.json["found"]) == (429, 0)
        assert "Please wait 60 minutes" in answer.json["text"]
        assert "张" not in json.dumps(answer.json, ensure_ascii=False)
    page = post(other, "/customers/find", {"number": "13800138000", "name": "half"})
    assert (page.status_code, "Please wait 60 minutes" in page.text, 'value="half"' in page.text) == (429, True, True)
    told = client_as("head_office").get("/inbox/").text
    assert told.count(f"{chain.clerks[4].name} looks up many numbers") == 1
    assert find(clerk(5), "13800138000").status_code == 200, "another person has their own count"


@pytest.mark.requirement("A9", "A20")
def test_recording_is_no_way_around_it_but_own_and_new_customers_are_served_on(limit, record, everybody, clerk):
    record("13800138000", "张三丰")
    record("13900139000", "李四", store=4)
    limit(2)
    assert record("13800138000", "赵六", store=4).status_code == 409
    assert record("13700137000", store=4).status_code == 422, "nobody has it, and that is an answer too"
    for more in ({}, {"decision": "same"}, {"name": "张三丰"}):
        assert record("13800138000", store=4, **more).status_code == 429
    assert len(everybody(Customer)) == 2
    assert find(clerk(4), "13900139000").json["found"] == 1
    assert record("13700137000", "王五", store=4).status_code == 302
    assert record("13900139000", "李四", store=4).status_code == 302


def test_after_an_hour_it_counts_no_more(limit, clerk, app, everybody):
    limit(1)
    assert [find(clerk(0), "13800138000").status_code for _time in range(2)] == [200, 429]
    with acting(app) as session:
        session.get(Lookup, everybody(Lookup)[0].id).at = clock.now() - timedelta(minutes=61)
    assert [find(clerk(0), "13800138000").status_code for _time in range(2)] == [200, 429]
    assert len(everybody(Lookup)) == 1, "what counts no more is forgotten"


@pytest.mark.requirement("A20")
def test_the_desk_form_tells_whose_a_number_is_as_the_counter_does_masked_kept_and_counted(
    record, clerk, everybody, app, chain
):
    record("13800138000", "张三丰", email="zhang@example.com")
    form = {"name": "李四", "node_id": chain.stores[4].id, "kind": "person", "party": "consumer", "level": "ordinary", "credit": "unknown"}  # fmt: skip
    for said, kept in (
        ({"mobile": "13800138000"}, "138****8000"),
        ({"email": "zhang@example.com"}, "z****@example.com"),
    ):
        answer = post(clerk(4), "/admin/customers/customer/new/", form | said)
        assert (answer.status_code, "张*** 138****8000"[:2] in answer.text, "张三丰" in answer.text) == (
            422,
            True,
            False,
        )
        with acting(app) as session:
            told = session.scalars(select(AuditEntry).where(AuditEntry.action == "found by number")).all()
            assert told[-1].changes == {next(iter(said)): [None, kept]}
            assert told[-1].person_id == chain.clerks[4].id
    assert len(everybody(Lookup)) == 2
    assert len(everybody(Customer)) == 1


@pytest.mark.requirement("A20")
def test_the_desk_form_does_not_say_whose_a_number_is_to_who_has_looked_up_too_many(
    limit, record, clerk, everybody, chain
):
    record("13800138000", "张三丰")
    limit(1)
    form = {"name": "李四", "node_id": chain.stores[4].id, "kind": "person", "party": "consumer", "level": "ordinary", "credit": "unknown"}  # fmt: skip
    said = [post(clerk(4), "/admin/customers/customer/new/", form | {"mobile": "13800138000"}) for _time in range(2)]
    assert [answer.status_code for answer in said] == [422, 422]
    assert ["张*" in answer.text for answer in said] == [True, False]
    assert "is told in 60 minutes" in said[1].text
    assert len(everybody(Lookup)) == 1
