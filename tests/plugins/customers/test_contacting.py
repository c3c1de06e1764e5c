"""Whether a person may be contacted: they agreed, and were not asked too often; and who of a list agreed to text messages."""

import threading
from datetime import timedelta

import pytest

from core import clock
from core.auth.rights import load_person
from core.testing.factories import acting, post
from plugins.customers import api
from plugins.customers.models import Customer
from plugins.customers.privacy.models import Outreach

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def one(record, everybody):
    record("13811223344", "欧阳", agreed=["service-any", "marketing-sms"])
    return everybody(Customer)[0]


@pytest.fixture
def ask(app, chain):
    """`ask(function, …, store=0)` asks as the clerk of a store."""

    def run(function, *words, store=0):
        with app.app_context(), acting(app) as session:
            clerk = load_person(session, chain.clerks[store].id)
        with app.app_context(), acting(app, clerk):
            return function(*words)

    return run


@on_sqlite
@pytest.mark.requirement("A21", "E21")
def test_only_who_agreed_may_be_contacted_and_only_by_that_channel(one, ask, clerk):
    may = [
        ask(api.may_contact, one.id, *asked).yes
        for asked in (("marketing", "sms"), ("marketing", "call"), ("service", "sms"), ("sharing", "any"))
    ]
    assert may == [True, False, True, False], "service by any channel holds for each"
    post(clerk(0), f"/customers/at/{one.code}/consent", {"choice": "marketing-sms", "answer": "no"})
    answer = ask(api.may_contact, one.id, "marketing", "sms")
    assert (answer.yes, answer.reason) == (False, "They have not agreed to this.")
    assert not ask(api.may_contact, one.id, "service", "sms", store=4), "a person of another store is none of theirs"


@on_sqlite
@pytest.mark.requirement("E21")
def test_offers_have_an_end_within_some_days_and_service_has_none(one, ask, count, monkeypatch):
    told = [ask(api.note_contact, one.id, "marketing", "sms").yes for _time in range(3)]
    assert (told, count(Outreach)) == ([True, True, False], 2)
    assert ask(api.may_contact, one.id, "marketing", "sms").reason == "They had 2 offers within 30 days already."
    assert ask(api.note_contact, one.id, "service", "call")
    later = clock.now() + timedelta(days=31)
    monkeypatch.setattr("core.clock.now", lambda: later)
    assert ask(api.note_contact, one.id, "marketing", "sms")


@pytest.mark.requirement("E21")
def test_two_campaigns_at_once_keep_to_the_same_end(one, ask, count):
    ask(api.note_contact, one.id, "marketing", "sms")
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(ask(api.note_contact, one.id, "marketing", "sms").yes))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sorted(answers), count(Outreach)) == ([False, False, False, True], 2)


@pytest.mark.requirement("E21", "A21")
def test_a_list_is_narrowed_to_who_agreed_to_text_messages(one, record, client_as):
    record("13600136000", "李四")
    for client in (client_as("head_office"), client_as("store_manager")):
        pages = [client.get(f"/admin/customers/customer/?sms={value}").text for value in ("1", "0")]
        assert [("欧阳" in page, "李四" in page) for page in pages] == [(True, False), (False, True)]
    assert "李四" not in client_as("area_manager").get("/admin/customers/customer/export/csv/?sms=1").text


@pytest.mark.requirement("E21", "A10")
def test_a_later_no_under_one_record_takes_the_whole_person_off_the_list(record, everybody, clerk, work, client_as):
    from plugins.customers import merging

    for number in ("13811223344", "13600136000"):
        record(number, "欧阳", agreed=["service-any", "marketing-sms"])
    first, second = everybody(Customer)
    list_of = f"/admin/customers/customer/?sms={{}}&search={first.code}"
    with work() as session:
        merging.merge(session, first.id, second.id, how="by_hand")
    assert "欧阳" in client_as("head_office").get(list_of.format(1)).text
    with work() as session:
        merging.undo(session, 1)
    post(clerk(0), f"/customers/at/{second.code}/consent", {"choice": "marketing-sms", "answer": "no"})
    assert "欧阳" in client_as("head_office").get(list_of.format(1)).text
    with work() as session:
        merging.merge(session, first.id, second.id, how="by_hand")
    assert "欧阳" in client_as("head_office").get(list_of.format(0)).text
