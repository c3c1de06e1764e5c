"""A yes and a no are said once, however often and by however many they are tapped."""

import threading

import pytest

from core.api import hookimpl
from core.testing.factories import post, sign_in, token
from plugins.customers.models import Consent, Customer
from plugins.customers.privacy.models import Wish

CHOICE = {"choice": "marketing-sms"}


@pytest.fixture
def one(record, everybody):
    record("13811223344", "欧阳晓风")
    return everybody(Customer)[0]


@pytest.fixture
def all_at_once(app, chain):
    """`all_at_once(url, form)` sends a form from five phones of one store in the same moment, and returns the answers."""

    def send(url, form):
        clients = [sign_in(app.test_client(), chain.clerks[0]) for _phone in range(5)]
        forms = [form | {"csrf_token": token(client)} for client in clients]
        start, answers = threading.Barrier(len(clients)), []

        def tap(client, form):
            start.wait()
            answers.append(client.post(url, data=form).status_code)

        threads = [threading.Thread(target=tap, args=each) for each in zip(clients, forms, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    return send


@pytest.mark.requirement("A21", "E21")
def test_who_tap_the_same_at_once_all_see_the_card_and_it_is_said_once(one, all_at_once, everybody):
    url = f"/customers/at/{one.code}/consent"

    def said():
        return [row.withdrawn_at is None for row in everybody(Consent) if row.purpose == "marketing"]

    assert (all_at_once(url, CHOICE | {"answer": "yes"}), said()) == ([302] * 5, [True])
    assert (all_at_once(url, CHOICE | {"answer": "no"}), said()) == ([302] * 5, [False])


@pytest.mark.requirement("A21", "E21")
def test_a_no_that_is_repeated_shows_how_it_stands_and_changes_nothing(one, clerk, everybody):
    url, client = f"/customers/at/{one.code}/consent", clerk(0)
    post(client, url, CHOICE | {"answer": "yes"})
    first = post(client, url, CHOICE | {"answer": "no"}, follow_redirects=True)
    taken_back = everybody(Consent)[-1].withdrawn_at
    again = post(client, url, CHOICE | {"answer": "no"}, follow_redirects=True)
    for page in (first, again):
        assert (page.status_code, "Withdrawn. It holds from now on." in page.text) == (200, True)
        assert "Agrees: Offers by text message" in page.text
    assert everybody(Consent)[-1].withdrawn_at == taken_back


@pytest.mark.requirement("A21", "A22")
def test_who_takes_their_yes_to_the_record_itself_back_is_told_how_it_goes_for_good(one, clerk, everybody):
    form = {"choice": "service-any", "answer": "no"}
    page = post(clerk(0), f"/customers/at/{one.code}/consent", form, follow_redirects=True)
    assert "Should their data go too" in page.text
    assert (everybody(Consent)[0].withdrawn_at is None, everybody(Wish)) == (False, [])
    assert everybody(Customer)[0].name == one.name, "withdrawing is not forgetting"


@pytest.mark.requirement("E21", "J6")
def test_other_plugins_hear_of_a_new_customer_and_of_each_yes_and_no(one, record, clerk, house, monkeypatch, chain):
    heard = []

    class Campaigns:
        @hookimpl
        def customers_created(self, customer_id, node_id):
            heard.append((customer_id, node_id))

        @hookimpl
        def customers_consent_changed(self, customer_id, purpose, channel, given):
            heard.append((customer_id, purpose, channel, given))

    monkeypatch.setattr(house.host, "names_on", lambda *_: {"campaigns"})
    house.host.hooks.add(Campaigns(), "campaigns")
    try:
        for answer in ("yes", "yes", "no", "no"):
            post(clerk(0), f"/customers/at/{one.code}/consent", CHOICE | {"answer": answer})
        record("13900139000", "李四")
    finally:
        house.host.hooks.remove("campaigns")
    assert heard == [
        (one.id, "marketing", "sms", True), (one.id, "marketing", "sms", False),
        (one.id + 1, chain.stores[0].id), (one.id + 1, "service", "any", True),
    ]  # fmt: skip
