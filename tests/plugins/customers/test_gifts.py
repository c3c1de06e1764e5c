"""A gift for whoever lets us know them: one for each person of the chain, out of a stock that is never below none."""

import re
import threading
import uuid

import pytest

from core.testing.factories import post, sign_in
from plugins.customers.gifts.models import Gift, GiftIssue, GiftMovement, GiftStock
from plugins.customers.models import Consent, Customer

NUMBER, OTHER = "13800138000", "13900139000"
pytestmark = pytest.mark.requirement("A5")


@pytest.fixture
def gift(chain, work):
    """A phone stand."""
    with work() as session:
        session.add(gift := Gift(name="手机支架"))
        session.flush()
    return gift


@pytest.fixture
def book(client_as, gift, chain):
    """`book("received", 5)`: the manager of a store notes it."""
    managers = {}

    def send(kind, number, store=0, **more):
        if store not in managers:
            managers[store] = client_as("store_manager", chain.stores[store])
        form = {
            "store": chain.stores[store].code,
            "kind": kind,
            "number": number,
            "gift": gift.id,
            "key": str(uuid.uuid4()),
        } | more
        return post(managers[store], "/customers/gifts/book", form)

    return send


@pytest.fixture
def give(clerk, gift):
    """`give(customer)`: a clerk taps on the card."""

    def send(customer, store=0, client=None, **more):
        form = {"gift": gift.id, "key": str(uuid.uuid4())} | more
        return post(client or clerk(store), f"/customers/at/{customer.code}/gift", form, follow_redirects=True).text

    return send


@pytest.fixture
def one(record, everybody):
    record(NUMBER, "张三")
    return everybody(Customer)[0]


def pieces(everybody):
    return [stock.pieces for stock in everybody(GiftStock)]


def test_pieces_are_received_counted_and_put_right_and_each_step_stays_on_record(book, everybody):
    for kind, number, note in (("received", 10, ""), ("counted", 8, "two are broken"), ("corrected", -1, "lent")):
        assert book(kind, number, note=note).status_code == 302
    assert pieces(everybody) == [7]
    assert [(move.change, move.after) for move in everybody(GiftMovement)] == [(10, 10), (-2, 8), (-1, 7)]


@pytest.mark.parametrize(
    ("kind", "number", "note"), [("received", 0, ""), ("received", "x", ""), ("counted", -1, ""), ("corrected", -1, ""), ("corrected", -3, "lent")]
)  # fmt: skip
def test_what_cannot_be_is_told_and_changes_nothing(book, everybody, kind, number, note):
    book("received", 2)
    answer = book(kind, number, note=note)
    assert (answer.status_code, f'value="{number}"' in answer.text) == (422, True)
    assert pieces(everybody) == [2]


def test_a_form_that_was_sent_twice_counts_once(book, give, one, everybody):
    for _again in (1, 2):
        book("received", 3, key="a")
    assert pieces(everybody) == [3]
    for _again in (1, 2):
        assert "Handed out" in give(one, key="b") or _again == 2
    assert (pieces(everybody), len(everybody(GiftIssue))) == ([2], 1)


def test_a_person_gets_one_from_whichever_store_and_under_whichever_record(book, give, one, record, everybody, work):
    book("received", 5)
    book("received", 5, store=4)
    assert "Handed out: 手机支架" in give(one)
    record(NUMBER, "张三", store=4)
    assert "one for each person" in give(one, store=4)
    record(OTHER, "张三丰", store=4)
    twin = everybody(Customer)[1]
    with work() as session:
        session.get(Customer, twin.id).merged_into_id = one.id
    assert "one for each person" in give(twin, store=4)
    assert pieces(everybody) == [4, 5]


@pytest.mark.requirement("A10")
def test_of_two_records_that_each_had_one_the_second_is_seen_until_they_are_two_again(
    book, give, one, record, everybody, merged, undone, clerk, client_as
):
    book("received", 5)
    book("received", 5, store=4)
    give(one)
    record(OTHER, "张三丰", store=4)
    twin = everybody(Customer)[1]
    give(twin, store=4)
    office, second = client_as("head_office"), "/admin/customers/gift_issue/?second=1"

    def seen():
        return "2 gifts, though" in clerk(0).get(f"/customers/at/{one.code}/").text, office.get(second).text.count(
            "data-row="
        )

    assert seen() == (False, 0)
    number = merged(one, twin)
    assert seen() == (True, 1)
    assert "one for each person" in give(one)
    undone(number)
    assert seen() == (False, 0)
    merged(one, twin)
    back = re.search(r"/customers/gifts/issue/\d+/take-back", clerk(4).get(f"/customers/at/{one.code}/").text)[0]
    assert post(clerk(4), back).status_code == 302
    assert seen() == (False, 0)


def test_a_gift_that_came_back_is_in_stock_and_may_be_given_again(book, give, one, clerk, everybody):
    book("received", 1)
    page = give(one)
    undo = re.search(r"/customers/gifts/issue/\d+/take-back", page)[0]
    assert post(clerk(1), undo).status_code == 404, "another store takes nothing back"
    for _again in (1, 2):
        assert post(clerk(0), undo).status_code == 302
    assert pieces(everybody) == [1]
    assert "Handed out" in give(one)
    assert [issue.undone_at is None for issue in everybody(GiftIssue)] == [False, True]


def test_nothing_is_given_that_is_not_there(book, give, one, record, everybody):
    book("received", 1)
    give(one)
    record(OTHER, "李四")
    assert "is left" in give(everybody(Customer)[1])
    assert (pieces(everybody), len(everybody(GiftIssue))) == ([0], 1)


def test_two_clerks_who_reach_for_the_last_piece_at_once_get_exactly_one(app, book, give, record, everybody, chain):
    book("received", 1)
    people = []
    for number, name in ((NUMBER, "张三"), (OTHER, "李四")):
        record(number, name)
    people = everybody(Customer)
    clients = [sign_in(app.test_client(), person) for person in (chain.clerks[0], chain.people["clerk"])]
    start, answers = threading.Barrier(2), []

    def tap(client, customer):
        start.wait()
        answers.append(give(customer, client=client))

    threads = [threading.Thread(target=tap, args=pair) for pair in zip(clients, people, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted("Handed out" in answer for answer in answers) == [False, True]
    assert (pieces(everybody), len(everybody(GiftIssue))) == ([0], 1)


@pytest.mark.requirement("A21")
def test_a_gift_asks_for_no_consent_and_stays_when_one_is_taken_back(book, give, one, clerk, everybody):
    book("received", 1)
    assert {consent.purpose for consent in everybody(Consent)} == {"service"}
    assert "It never depends on a yes to offers" in clerk(0).get(f"/customers/at/{one.code}/").text
    assert "Handed out" in give(one)
    post(clerk(0), f"/customers/at/{one.code}/consent", {"choice": "service-any", "answer": "no"})
    assert everybody(GiftIssue)[0].undone_at is None


def test_a_clerk_hands_out_but_the_manager_books_and_the_area_reads_its_stores(
    book, give, one, clerk, gift, client_as, chain
):
    book("received", 5)
    book("received", 9, store=4)
    give(one)
    form = {"kind": "received", "number": "5", "gift": gift.id}
    assert post(clerk(0), "/customers/gifts/book", form).status_code == 403
    area = client_as("area_manager")
    stock, issues = (area.get(f"/admin/customers/{name}/").text for name in ("gift_stock", "gift_issue"))
    assert (">4<" in stock, ">9<" in stock, "张三" in issues) == (True, False, True)
