"""The counter: a number, a name, a yes; one person is one record."""

import json
import threading
import uuid

import pytest
from sqlalchemy import select

from core.audit import AuditEntry
from core.testing.factories import acting, post, sign_in
from core.testing.pages import counted
from plugins.customers.models import Consent, Customer, Identity, Visit, Visitor

NUMBER = "13800138000"
FETCH = {"X-Requested-With": "fetch"}


@pytest.mark.requirement("A1", "A4", "A10", "A17", "A21", "J2", "Z18")
def test_number_name_and_a_yes_make_a_card_with_a_code_and_a_dated_consent(record, everybody):
    answer = record(NUMBER, "张三")
    one = everybody(Customer)[0]
    assert (answer.status_code, answer.location) == (302, f"/customers/at/{one.code}/")
    assert (one.code[:2], len(one.code), one.name, one.mobile) == ("C-", 14, "张三", NUMBER)
    consent = everybody(Consent)[0]
    assert (consent.purpose, consent.channel, consent.text_version, consent.withdrawn_at) == (
        "service",
        "any",
        "2026-11",
        None,
    )
    assert [(visit.customer_id, visit.reason) for visit in everybody(Visit)] == [(one.id, "recorded")]


@pytest.mark.requirement("A4")
@pytest.mark.parametrize(
    "typed",
    [
        "１３８００１３８０００",
        "138 0013 8000",
        "008613800138000",
        "+86 138-0013-8000",
        "013800138000",
        "\u200e138\u200f00138000",
    ],
)
def test_a_number_is_understood_as_people_write_it_and_found_again(record, everybody, typed):
    assert record(typed, "张三").status_code == 302
    assert [one.value for one in everybody(Identity)] == [NUMBER]
    assert record(NUMBER, "张三").status_code == 302
    assert len(everybody(Customer)) == 1


@pytest.mark.requirement("A4")
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("1380013800", "this one has 10"),
        ("138001380001", "this one has 12"),
        ("0755-26001234", "This is a landline"),
        ("26001234", "This is a landline"),
        ("", "Please enter a mobile number"),
        ("zhangsan", "is not a mobile number"),
        ("12800138000", "is not a mobile number"),
    ],
)
def test_what_is_no_number_is_told_clearly_and_nothing_typed_is_lost(record, everybody, typed, said):
    answer = record(typed, "张三 🎉")
    assert answer.status_code == 422
    assert said in answer.text
    assert "张三 🎉" in answer.text
    assert f'value="{typed}"' in answer.text
    assert 'value="service-any" checked' in answer.text
    assert everybody(Customer) == []


@pytest.mark.requirement("A1", "A4")
@pytest.mark.parametrize(
    ("typed", "kept"),
    [("伟", "伟"), ("长" * 60, "长" * 60), ("小明🎉", "小明🎉"), ("\u202eنجم\u202c", "نجم"), ("欧阳 娜", "欧阳 娜")],
)
def test_a_name_is_kept_as_it_is(record, everybody, typed, kept):
    assert record(NUMBER, typed).status_code == 302
    assert everybody(Customer)[0].name == kept


def test_a_name_too_long_or_missing_is_told_and_kept(record, everybody):
    answer = record(NUMBER, "长" * 61)
    assert (answer.status_code, "at most 60 fit" in answer.text, "长" * 61 in answer.text) == (422, True, True)
    answer = record(NUMBER, "")
    assert (answer.status_code, "Please add the name" in answer.text) == (422, True)
    assert everybody(Customer) == []


@pytest.mark.requirement("A21", "E21")
def test_without_a_yes_nothing_is_kept(record, everybody):
    answer = record(NUMBER, "张三", agreed=[])
    assert (answer.status_code, "Please ask first" in answer.text) == (422, True)
    assert (everybody(Customer), everybody(Identity)) == ([], [])


def test_a_form_that_is_sent_twice_gives_one_record(record, everybody, clerk):
    form = {"key": str(uuid.uuid4()), "client": clerk(0)}
    first, second = record(NUMBER, "张三", **form), record(NUMBER, "张三", **form)
    assert first.location == second.location
    assert (len(everybody(Customer)), len(everybody(Visit))) == (1, 1)


@pytest.mark.requirement("A10")
def test_the_next_person_typed_into_a_form_that_was_sent_is_another_record(record, everybody, clerk):
    form = {"key": str(uuid.uuid4()), "client": clerk(0)}  # as by the browser's way back from the card
    first, second = record(NUMBER, "张三", **form), record("13900139000", "李四", **form)
    assert first.location != second.location
    assert [one.name for one in everybody(Customer)] == ["张三", "李四"]


@pytest.mark.requirement("A10", "Z9")
def test_clerks_of_eight_stores_who_record_the_same_person_at_once_give_one_record(app, chain, everybody):
    clients = [sign_in(app.test_client(), person) for person in chain.clerks]
    start, answers = threading.Barrier(len(clients)), []

    def send(client, token):
        start.wait()
        form = {
            "csrf_token": token,
            "number": NUMBER,
            "name": "张三",
            "agreed": "service-any",
            "key": str(uuid.uuid4()),
        }
        answers.append(client.post("/customers/record", data=form).status_code)

    from core.testing.factories import token

    threads = [threading.Thread(target=send, args=(client, token(client))) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [302] * 8
    assert [one.name for one in everybody(Customer)] == ["张三"]
    assert len(everybody(Identity)) == 1
    assert sorted(one.node_id for one in everybody(Visitor)) == sorted(store.id for store in chain.stores)


@pytest.mark.requirement("A9", "Z9")
def test_a_number_of_another_name_is_a_question_and_either_answer_is_taken(record, everybody, clerk):
    record(NUMBER, "张三")
    answer = record(NUMBER, "李四")
    assert answer.status_code == 409
    assert "This number is already somebody" in answer.text
    assert 'value="李四"' in answer.text
    assert len(everybody(Customer)) == 1
    assert record(NUMBER, "张三丰", decision="same").status_code == 302
    assert [one.name for one in everybody(Customer)] == ["张三"]


@pytest.mark.requirement("A10")
def test_a_number_given_out_again_belongs_to_another_person_from_today(record, everybody, app):
    record(NUMBER, "张三")
    other = {"store": 4, "decision": "new_owner"}
    assert record(NUMBER, "李四", **other, asked="13900139000").status_code == 409, (
        "the answer was about another number"
    )
    assert record(NUMBER, "李四", **other, asked=NUMBER).status_code == 302
    first, second = everybody(Customer)
    assert (first.mobile, second.mobile) == (None, NUMBER)
    assert [(one.customer_id, one.until is None) for one in everybody(Identity)] == [
        (first.id, False),
        (second.id, True),
    ]
    with acting(app) as session:
        told = session.scalars(
            select(AuditEntry.reason).where(AuditEntry.row_id == str(first.id), AuditEntry.action == "updated")
        )
        assert "The number has a new owner." in list(told)


@pytest.mark.requirement("A4", "A9")
def test_a_known_card_appears_before_the_number_is_whole_and_by_its_last_four_digits(record, clerk):
    record(NUMBER, "张三")
    for typed in ("1380013", "138 0013 80", NUMBER, "8000"):
        answer = clerk(0).get("/customers/known", query_string={"number": typed}).json
        assert (answer["found"], "张三" in answer["html"], NUMBER in answer["html"]) == (1, True, False), typed
    for typed in ("138001", "9999", "13800139", "张", ""):
        assert clerk(0).get("/customers/known", query_string={"number": typed}).json["found"] == 0, typed


@pytest.mark.requirement("A4")
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("138001380001", "this one has 12"), ("0755-26001234", "This is a landline"), ("13800138", ""), ("0755-2600", ""),
        (NUMBER, ""), ("+86 13800138000", ""), ("+852 9123 4567", ""), ("0757", ""), ("zhangsan", ""),
    ],
)  # fmt: skip
def test_what_typing_on_cannot_mend_is_told_while_it_is_typed(clerk, typed, said):
    told = clerk(0).get("/customers/known", query_string={"number": typed}).json["errors"]["number"]
    assert (said in told) if said else not told


@pytest.mark.requirement("A9", "A19", "A20", "J4")
def test_a_person_of_another_store_is_found_by_the_full_number_only_masked_and_logged(
    record, clerk, app, chain, everybody
):
    record(NUMBER, "张三丰")
    one, other = everybody(Customer)[0], clerk(4)
    assert other.get("/customers/known", query_string={"number": NUMBER}).json["found"] == 0
    assert other.get(f"/customers/at/{one.code}/").status_code == 404
    for typed in ("1380013800", "8000"):
        assert post(other, "/customers/find", {"number": typed}, headers=FETCH).json["found"] == 0
    answer = post(other, "/customers/find", {"number": NUMBER}, headers=FETCH).json
    assert "张**" in answer["html"]
    assert "138****8000" in answer["html"]
    for hidden in (NUMBER, "张三丰", one.code):
        assert hidden not in json.dumps(answer, ensure_ascii=False)
    with acting(app) as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "found by number")).one()
        assert (entry.person_id, entry.row_id, entry.node_id) == (chain.clerks[4].id, str(one.id), chain.stores[4].id)
        assert NUMBER not in json.dumps(entry.changes)


@pytest.mark.requirement("A9", "A11", "A19")
def test_who_takes_them_on_notes_a_visit_and_sees_the_card_from_then_on(record, clerk, everybody, chain):
    record(NUMBER, "张三")
    one = everybody(Customer)[0]
    assert record(NUMBER, store=4, decision="same", agreed=[]).status_code == 302
    page = clerk(4).get(f"/customers/at/{one.code}/")
    assert page.status_code == 200
    assert "Taken on from another store" in page.text
    assert "store S1" in page.text, "the record of every contact has no gap between stores"
    assert [(visit.node_id, visit.reason) for visit in everybody(Visit)] == [
        (chain.stores[0].id, "recorded"), (chain.stores[4].id, "taken_on"),
    ]  # fmt: skip
    assert clerk(5).get(f"/customers/at/{one.code}/").status_code == 404


def test_without_a_script_the_button_finds_the_same(record, clerk):
    record(NUMBER, "张三")
    assert "张三" in post(clerk(0), "/customers/find", {"number": NUMBER}).text
    page = post(clerk(4), "/customers/find", {"number": NUMBER, "name": "half"}).text
    assert "Known in another store" in page
    assert 'value="half"' in page
    assert "Nobody has this number yet" in post(clerk(0), "/customers/find", {"number": "13900139000"}).text


def test_who_stands_at_no_counter_is_told_where_to_go(chain, client_as):
    assert "No counter here" in client_as("head_office").get("/customers/").text
    assert post(client_as("head_office"), "/customers/record", {"number": NUMBER}).status_code == 404
    assert client_as("it").get("/customers/").status_code == 403


def test_the_home_of_a_clerk_leads_to_the_counter(record, clerk):
    record(NUMBER, "张三")
    page = clerk(0).get("/").text
    assert "Customers today" in page
    assert "/customers/" in page


def test_a_new_person_is_recorded_with_so_many_statements(clerk, record, house):
    client = clerk(0)
    record("13800138001", "李四", client=client)
    with counted(house.database) as statements:
        assert record("13800138000", "张三", client=client).status_code == 302
    assert len(statements) <= 20, "\n".join(statements)
