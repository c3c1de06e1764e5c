"""A person's own page behind a link: they see what is kept, correct it, agree and withdraw, and ask to be forgotten."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from core import clock
from core.audit import AuditEntry
from core.inbox import Message
from core.testing.factories import acting, post
from plugins.customers.models import Consent, Customer, Identity
from plugins.customers.privacy import links
from plugins.customers.privacy.models import Wish

NUMBER, NAME = "13811223344", "欧阳晓风"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def one(record, everybody):
    record(NUMBER, NAME)
    return everybody(Customer)[0]


@pytest.fixture
def make(clerk, one):
    """A function that lets a clerk make a link; returns its address."""

    def link():
        page = post(clerk(0), f"/customers/at/{one.code}/link").text
        return re.search(r'value="http://[^/"]+(/customers/me/[^"]+)"', page)[1]

    return link


@pytest.fixture
def person(app):
    """The browser of somebody who is not signed in."""
    return app.test_client()


@pytest.mark.requirement("A22")
def test_a_person_sees_and_corrects_what_is_kept_and_the_store_sees_that_they_did(
    one, make, person, everybody, clerk, app
):
    url = make()
    page = person.get(url, headers={"Accept-Language": "en"})
    assert (page.status_code, NAME in page.text, "138****3344" in page.text, NUMBER in page.text) == (
        200,
        True,
        True,
        False,
    )
    post(clerk(0), f"/customers/at/{one.code}/likes", {"word": "爱拍照"})
    assert "爱拍照" in person.get(url).text, "what a store has noted is theirs to see"
    assert page.headers["Cache-Control"] == "no-store" and page.headers["Referrer-Policy"] == "same-origin"
    form = {"what": "correct", "name": "欧阳小风", "address": "梅林路77号", "email": "ou@example.com"}
    assert post(person, url, form).status_code == 302
    assert (everybody(Customer)[0].name, everybody(Customer)[0].address) == ("欧阳小风", "梅林路77号")
    assert [row.value for row in everybody(Identity) if row.kind == "email"] == ["ou@example.com"]
    assert "o****@example.com" in person.get(url).text
    assert everybody(Customer)[0].email == "ou@example.com", "lists and files say it too"
    assert post(person, url, form | {"email": "else@example.com"}).status_code == 302
    assert [row.until is None for row in everybody(Identity) if row.kind == "email"] == [False, True]
    card = clerk(0).get(f"/customers/at/{one.code}/").text
    assert "Corrected by the customer" in card and "Please confirm it at the next visit" in card
    with acting(app) as session:
        told = session.scalars(
            select(AuditEntry).where(AuditEntry.changes["name"].is_not(None), AuditEntry.action == "updated")
        ).all()
        assert [(entry.person_id, entry.changes["name"]) for entry in told if "name" in entry.changes] == [
            (None, [NAME, "欧阳小风"])
        ]
        assert {entry.person_name for entry in told if "name" in entry.changes} == {"客户本人"}
    for wrong in ({"name": ""}, {"email": "no address"}, {"name": "x" * 61}):
        answer = post(person, url, form | wrong, headers={"Accept-Language": "en"})
        assert (answer.status_code, "Nothing was changed" in answer.text) == (422, True), wrong


@pytest.mark.requirement("A21", "A22", "E21")
def test_they_agree_and_withdraw_at_once_and_the_card_tells_how(one, make, person, everybody, clerk):
    url = make()
    for reply in ("yes", "no"):
        assert post(person, url, {"what": "consent", "choice": "marketing-sms", "answer": reply}).status_code == 302
    told = [
        (row.how, row.given_by, row.withdrawn_how, row.withdrawn_by)
        for row in everybody(Consent)
        if row.purpose == "marketing"
    ]
    assert told == [("self", None, "self", None)]
    card = clerk(0).get(f"/customers/at/{one.code}/").text
    assert card.count("· on their own page") == 2 and "at the counter" in card
    assert post(person, url, {"what": "consent", "choice": "selling-any", "answer": "yes"}).status_code == 404


@pytest.mark.requirement("A22")
def test_they_ask_to_be_forgotten_and_head_office_reads_it_once(one, make, person, everybody, chain):
    url = make()
    for _time in range(2):
        assert post(person, url, {"what": "erase"}).status_code == 302
    assert "has your wish" in person.get(url, headers={"Accept-Language": "en"}).text
    told = everybody(Message)
    assert [message.person_id for message in told] == [chain.people["head_office"].id]
    assert one.code in told[0].title and NAME not in told[0].title + told[0].text
    assert everybody(Customer)[0].name == NAME, "nothing goes before somebody has looked"


@pytest.mark.requirement("A22")
def test_every_link_that_does_not_hold_gets_the_one_answer(one, make, person, everybody, client_as, monkeypatch):
    first, second = make(), make()
    nothing = person.get("/customers/me/nothing")
    assert (nothing.status_code, person.get(second).status_code) == (404, 200)

    def same(url):
        return (person.get(url).status_code, person.get(url).data) == (404, nothing.data)

    assert same(first), "a new link replaces the earlier one"
    assert same(second[:-1] + ("a" if second[-1] != "a" else "b")), "a sign was changed"
    refused = post(person, first, {"what": "erase"})
    assert (refused.status_code, everybody(Wish)) == (404, [])
    later = clock.now() + timedelta(hours=25)
    monkeypatch.setattr("time.time", lambda: later.timestamp())
    assert same(second), "its day is over"
    monkeypatch.undo()
    assert person.get(second).status_code == 200
    post(client_as("store_manager"), f"/admin/customers/customer/delete/?id={one.id}")
    assert same(second), "they are in the recycle bin"


@on_sqlite
@pytest.mark.requirement("A22")
def test_one_link_opens_one_person_and_nothing_of_the_desk(one, record, make, person, everybody, clerk):
    record("13600136000", "李四")
    url = make()
    page = person.get(url).text
    assert "李四" not in page
    assert person.get(f"/customers/at/{one.code}/").status_code == 302, "the card asks to sign in"
    assert person.post(url, data={"what": "erase"}).status_code == 400, "a form without its token"
    answer = post(
        person,
        url,
        {"what": "correct", "name": "王五", "id": everybody(Customer)[1].id, "code": everybody(Customer)[1].code},
    )
    assert (answer.status_code, [row.name for row in everybody(Customer)]) == (302, ["王五", "李四"])
    assert post(clerk(4), f"/customers/at/{one.code}/link").status_code == 404, (
        "who does not see the person makes no link"
    )


@on_sqlite
@pytest.mark.requirement("A22", "E21")
def test_who_works_here_does_not_answer_for_a_customer(one, make, clerk, everybody):
    url, staff = make(), clerk(0)
    assert staff.get(url).status_code == 200
    assert post(staff, url, {"what": "consent", "choice": "marketing-sms", "answer": "yes"}).status_code == 403
    assert [row.purpose for row in everybody(Consent)] == ["service"]


@on_sqlite
@pytest.mark.requirement("A22")
def test_too_many_changes_wait_and_a_stranger_keeps_nobody_out(one, make, person, app, monkeypatch):
    monkeypatch.setattr(links, "MOST_AN_HOUR", 3)
    url, stranger = make(), app.test_client()
    for _time in range(30):
        assert stranger.get("/customers/me/guess").status_code == 404
    replies = [
        post(person, url, {"what": "consent", "choice": "marketing-sms", "answer": reply})
        for reply in ("yes", "no", "yes", "no")
    ]
    assert [answer.status_code for answer in replies] == [302, 302, 302, 429]
    assert person.get(url).status_code == 200
    later = clock.now() + timedelta(hours=2)
    monkeypatch.setattr("core.clock.now", lambda: later)
    assert post(person, url, {"what": "erase"}).status_code == 302


@on_sqlite
@pytest.mark.requirement("A22")
def test_an_e_mail_of_somebody_else_is_not_taken_over(one, record, make, person, everybody, work):
    record("13600136000", "李四")
    with work() as session:
        session.add(Identity(customer_id=everybody(Customer)[1].id, kind="email", value="li@example.com"))
    answer = post(
        person, make(), {"what": "correct", "name": NAME, "email": "li@example.com"}, headers={"Accept-Language": "en"}
    )
    assert (answer.status_code, "Please tell the store" in answer.text, "李四" in answer.text) == (422, True, False)


@on_sqlite
def test_the_page_holds_for_stores_where_the_plugin_is_on(one, make, person, app, house, chain):
    from core.registry import switching

    url = make()
    for node, status in ((chain.stores[0], 200), (chain.stores[4], 404)):
        with acting(app) as session:
            switching.enable(session, house, "customers", (node.code,))
        assert person.get(url).status_code == status


@on_sqlite
@pytest.mark.requirement("A22", "A20")
def test_an_e_mail_that_is_somebody_elses_is_refused_without_a_word_of_whose(one, make, person, record, everybody):
    record("13600136000", "李四", store=4, email="li@example.com")
    form = {"what": "correct", "name": NAME, "address": "", "email": "LI@example.com"}
    answer = post(person, make(), form, headers={"Accept-Language": "en"})
    assert (answer.status_code, "Please tell the store" in answer.text, "李" in answer.text) == (422, True, False)
    assert [row.customer_id for row in everybody(Identity) if row.kind == "email"] != [one.id]


@on_sqlite
@pytest.mark.requirement("A21", "A22")
def test_an_old_yes_shows_the_words_it_was_given_to(one, make, person, clerk, everybody, monkeypatch, client_as):
    from plugins.customers import consent_texts

    url, choice = make(), {"what": "consent", "choice": "profiling-any"}
    post(person, url, choice | {"answer": "yes"}, headers={"Accept-Language": "en"})
    asked = {"profiling": "Remember what they like, for ever"}
    monkeypatch.setitem(consent_texts.CHOICES, ("profiling", "any"), asked["profiling"])
    monkeypatch.setattr(consent_texts, "VERSION", "2027-01")
    said = "Remember what they like and buy"
    for page in (person.get(url, headers={"Accept-Language": "en"}), clerk(0).get(f"/customers/at/{one.code}/")):
        assert said in page.text and asked["profiling"] in page.text
    office = client_as("head_office")
    assert f"2026-11 {said}" in office.get(f"/admin/customers/customer/details/?id={one.id}").text
    copied = post(office, f"/admin/customers/customer/copy/?id={one.id}", {"reason": "asked", "kind": "json"})
    assert said in copied.text
    post(person, url, choice | {"answer": "no"})
    post(person, url, choice | {"answer": "yes"}, headers={"Accept-Language": "en"})
    texts = {row.id: (row.text_version, row.words) for row in everybody(consent_texts.ConsentText)}
    given = [texts[row.text_id] for row in everybody(Consent) if row.purpose == "profiling"]
    assert given == [("2026-11", said), ("2027-01", asked["profiling"])]
    assert said in clerk(0).get(f"/customers/at/{one.code}/").text, "the history keeps the old words"
