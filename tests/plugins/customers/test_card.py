"""A customer's card: what they agreed to, their number behind a reason, what happened; and the desk."""

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from core.api import hookimpl
from core.audit import AuditEntry
from core.clock import now
from core.testing.factories import acting, post
from core.testing.pages import counted
from plugins.customers import api, services
from plugins.customers.models import Consent, Contact, Customer, Identity

NUMBER = "13800138000"
DESK = "/admin/customers/customer/"


@pytest.fixture
def one(record, everybody):
    record(NUMBER, "张三")
    return everybody(Customer)[0]


def field_of(page, name):
    return re.search(rf'name="{name}" value="([^"]+)"', page)[1]


def edit(client, customer, **changes):
    url = f"{DESK}edit/?id={customer.id}"
    version = field_of(client.get(url).text, "_version")
    usual = {
        "name": customer.name, "mobile": "138****8000", "node_id": customer.node_id, "kind": "person", "party": "consumer",
        "level": "ordinary", "credit": "unknown", "_version": version,
    }  # fmt: skip
    return post(client, url, usual | changes)


@pytest.mark.requirement("A21", "E21")
def test_a_consent_is_given_and_withdrawn_with_one_tap_and_at_once(one, clerk, everybody):
    url = f"/customers/at/{one.code}/consent"
    assert post(clerk(0), url, {"choice": "marketing-wecom", "answer": "yes"}).status_code == 302
    assert "Take back: Offers by WeCom" in clerk(0).get(f"/customers/at/{one.code}/").text
    post(clerk(0), url, {"choice": "marketing-wecom", "answer": "no"})
    post(clerk(0), url, {"choice": "marketing-wecom", "answer": "yes"})
    held = [consent for consent in everybody(Consent) if consent.purpose == "marketing"]
    assert [consent.withdrawn_at is None for consent in held] == [False, True], (
        "what was given and withdrawn stays on record"
    )
    assert all(consent.given_at and consent.text_version for consent in held)
    assert post(clerk(0), url, {"choice": "selling-any", "answer": "yes"}).status_code == 404
    assert post(clerk(4), url, {"choice": "marketing-sms", "answer": "yes"}).status_code == 404


@pytest.mark.requirement("A20")
def test_a_number_is_shown_for_a_reason_that_is_kept_and_to_managers_only(one, clerk, client_as, app):
    manager, url = client_as("store_manager"), f"/customers/at/{one.code}/number"
    assert NUMBER not in manager.get(f"/customers/at/{one.code}/").text
    assert post(manager, url).status_code == 400
    assert NUMBER in post(manager, url, {"reason": "call back about the repair"}).text
    assert post(clerk(0), url, {"reason": "curious"}).status_code == 403
    assert post(manager, f"{DESK}unmask/?id={one.id}", {"reason": "at the desk"}).status_code == 200
    with acting(app) as session:
        told = session.scalars(
            select(AuditEntry.reason).where(AuditEntry.action == "number shown").order_by(AuditEntry.id)
        )
        assert list(told) == ["call back about the repair", "at the desk"]


@pytest.mark.requirement("A20")
def test_lists_files_and_the_audit_hold_masks_only(one, client_as, app):
    manager, area = client_as("store_manager"), client_as("area_manager")
    for client, url in (
        (manager, DESK),
        (manager, f"{DESK}details/?id={one.id}"),
        (manager, f"{DESK}print/"),
        (area, f"{DESK}export/csv/"),
    ):
        page = client.get(url).text
        assert ("138****8000" in page, NUMBER in page) == (True, False), url
    with acting(app) as session:
        assert NUMBER not in "".join(map(str, session.scalars(select(AuditEntry.changes))))


@pytest.mark.requirement("A19", "A20", "J4")
def test_a_list_shows_the_visitors_of_the_stores_in_reach_each_once(record, everybody, client_as, clerk, chain):
    for number, store in (("13800138001", 0), ("13800138002", 1), ("13800138003", 2), ("13800138004", 7)):
        record(number, f"P{number[-1]}", store=store)
    for store in (1, 2, 7):
        record("13800138001", "P1", store=store)

    def seen(client):
        page = client.get(DESK).text
        return re.findall(r">(P\d)<", page), re.search(r"(\d+) in all", page)[1]

    assert seen(clerk(0)) == (["P1"], "1")
    assert seen(clerk(1)) == (["P2", "P1"], "2")
    assert seen(client_as("area_manager")) == (["P2", "P1"], "2"), "who visited two stores of an area stands there once"
    assert seen(client_as("area_manager", chain.regions[0])) == (["P3", "P2", "P1"], "3")
    assert seen(client_as("leader")) == (["P4", "P3", "P2", "P1"], "4")


@pytest.mark.requirement("A19")
def test_a_person_of_two_areas_pages_through_both_in_order(app, record, chain, house):
    from core.testing.factories import give_role, make_person, sign_in

    with acting(app) as session:
        both = make_person(session, "both", chain.areas[0], "area_manager")
        give_role(session, both, "area_manager", chain.areas[2])
    for number in range(1, 8):
        record(f"1380013800{number}", f"P{number}", store=(0, 4, 2)[number % 3])
    record("13800138001", "P1", store=0)
    house.settings.page_size = 2
    client, url, pages = sign_in(app.test_client(), both), DESK, []
    while url:
        page = client.get(url).text
        pages.append(re.findall(r">(P\d)<", page))
        following = re.search(r'href="([^"]*after=[^"]*)"', page)
        url = following and following[1].replace("&amp;", "&")
    assert pages == [["P7", "P6"], ["P4", "P3"], ["P1"]]
    back = re.search(r'href="([^"]*before=[^"]*)"', page)[1].replace("&amp;", "&")
    assert re.findall(r">(P\d)<", client.get(back).text) == ["P4", "P3"]


@pytest.mark.requirement("A19")
def test_a_filtered_list_shows_and_counts_those_who_are_known_in_reach_page_by_page(app, record, chain, house):
    from core.testing.factories import give_role, make_person, sign_in

    with acting(app) as session:
        one = make_person(session, "one", chain.areas[0], "area_manager")
        two = make_person(session, "two", chain.areas[0], "area_manager")
        give_role(session, two, "area_manager", chain.areas[2])
        few = make_person(session, "few", chain.stores[4], "area_manager")
    stores = [number % 5 for number in range(10)]  # 0 and 1 are the first area's, 4 the third's
    for number, store in enumerate(stores):
        record(f"1380013800{number}", f"P{number}", store=store)
        record(f"1380013800{number}", f"P{number}", store=0 if number == 6 else store)
    with acting(app) as session:
        for number, customer in enumerate(session.scalars(select(Customer).order_by(Customer.id))):
            customer.level = "ordinary" if number in (1, 2) else "vip"
            customer.credit = "unknown" if number in (0, 5) else "good"
    house.settings.page_size = 2

    def seen(person, filters):
        client, url, names = sign_in(app.test_client(), person), f"{DESK}?{filters}", []
        while url:
            page = client.get(url).text
            names += re.findall(r">(P\d)<", page)
            following = re.search(r'href="([^"]*after=[^"]*)"', page)
            url = following and following[1].replace("&amp;", "&")
        return names, re.search(r"(\d+) in all", page)[1]

    assert seen(one, "level=vip") == (["P6", "P5", "P0"], "3")
    assert seen(two, "level=vip") == (["P9", "P6", "P5", "P4", "P0"], "5")
    assert seen(few, "level=vip") == (["P9", "P4"], "2")
    assert seen(one, "level=vip&credit=good") == (["P6"], "1")
    assert seen(two, "level=vip&credit=good") == (["P9", "P6", "P4"], "3")
    assert seen(two, f"level=vip&node_id={chain.stores[0].id}") == (["P5", "P0"], "2")
    assert seen(one, "level=vip&search=P") == seen(one, "level=vip&kind=person") == seen(one, "level=vip")


def test_a_search_finds_by_number_its_end_name_and_code_within_reach(one, clerk):
    for words in (NUMBER, "８０００", "张", "zs", one.code, one.code[:8].lower()):
        assert "张三" in clerk(0).get(DESK, query_string={"search": words}).text, words
        assert "张三" not in clerk(1).get(DESK, query_string={"search": words}).text, words


@pytest.mark.requirement("A6")
def test_the_visits_of_a_year_set_the_level_until_a_person_sets_it_with_a_reason(
    one, client_as, everybody, app, monkeypatch
):
    from datetime import timedelta

    today = services.clock.working_day()
    for back in (3, 2, 1):
        monkeypatch.setattr("core.clock.working_day", lambda back=back: today - timedelta(days=back))
        with acting(app) as session:
            services.note_visit(session, session.get(Customer, one.id), one.node_id, "came")
    monkeypatch.undo()
    assert everybody(Customer)[0].level == "important"
    office = client_as("head_office")
    assert edit(office, one, level="vip").status_code == 422
    assert edit(office, one, level="vip", level_reason="introduces friends").status_code == 302
    assert everybody(Customer)[0].level == "vip"
    one = everybody(Customer)[0]
    assert edit(office, one, level="vip", level_reason="").status_code == 302
    assert everybody(Customer)[0].level == "important", "without the reason the rule decides again"


@pytest.mark.requirement("A7", "A12", "A13", "A14", "A17")
def test_credit_party_tags_and_preferences_stand_on_the_card(one, client_as, everybody, clerk):
    changes = {
        "credit": "watch",
        "credit_note": "paid late twice",
        "party": "supplier",
        "tags": "regular, photography，regular",
        "preferences": "big screens",
    }
    assert edit(client_as("head_office"), one, **changes).status_code == 302
    page = clerk(0).get(f"/customers/at/{one.code}/").text
    for text in ("Look twice", "paid late twice", "Supplier", "regular、photography", "big screens"):
        assert text in page, text
    assert everybody(Customer)[0].mobile == NUMBER, "a mask that was left alone changes no number"
    assert "Look twice" in clerk(0).get("/customers/known", query_string={"number": NUMBER}).json["html"]
    partners = [client_as("head_office").get(f"{DESK}?party={party}").text for party in ("supplier", "partner")]
    assert ["张三" in page for page in partners] == [True, False]


@pytest.mark.requirement("A1")
def test_of_two_who_edit_at_once_the_second_sees_what_differs_and_nothing_else(one, client_as, everybody):
    first, second = client_as("head_office"), client_as("store_manager")
    version = field_of(second.get(f"{DESK}edit/?id={one.id}").text, "_version")
    edit(first, one, address="first road")
    answer = edit(second, one, address="second road", _version=version)
    shown = re.search(r"(?s)<table.*?</table>", answer.text)[0]
    assert (answer.status_code, everybody(Customer)[0].address) == (409, "first road")
    assert ("first road" in shown, "second road" in shown, shown.count("<tr>")) == (True, True, 2), (
        "a heading and the address"
    )


@pytest.mark.requirement("A1", "A10")
def test_a_new_number_ends_the_old_one_and_a_taken_one_is_refused(one, record, client_as, everybody):
    record("13900139000", "李四")
    office = client_as("head_office")
    answer = edit(office, one, mobile="13900139000")
    assert (answer.status_code, "belongs to another customer" in answer.text) == (422, True)
    assert edit(office, one, mobile="13700137000").status_code == 302
    mine = [(row.value, row.until is None) for row in everybody(Identity) if row.customer_id == one.id]
    assert mine == [(NUMBER, False), ("13700137000", True)]


@pytest.mark.requirement("A2", "A3")
def test_contacts_are_added_changed_found_and_deleted(one, clerk, client_as, everybody):
    desk, client = "/admin/customers/contact/", client_as("store_manager")
    assert (
        post(
            client, f"{desk}new/", {"customer_id": one.id, "name": "王芳", "role": "Buyer", "mobile": "13900139000"}
        ).status_code
        == 302
    )
    contact = everybody(Contact)[0]
    page = clerk(0).get(f"/customers/at/{one.code}/").text
    assert ("王芳" in page, "139****9000" in page) == (True, True)
    assert "张三" in client.get(desk).text, "the list names the customer"
    assert "王芳" in client.get(f"{desk}?search=wf").text
    assert clerk(4).get(f"{desk}details/?id={contact.id}").status_code == 404
    form = f"{desk}edit/?id={contact.id}"
    changed = {"customer_id": one.id, "name": "王芳", "role": "Bookkeeper", "mobile": "0755 26001234"}
    version = field_of(client.get(form).text, "_version")
    assert post(client, form, changed | {"_version": version}).status_code == 302
    assert [(row.role, row.mobile) for row in everybody(Contact)] == [("Bookkeeper", "0755-26001234")]
    assert post(client, f"{desk}delete/?id={contact.id}").status_code == 302
    assert "王芳" not in clerk(0).get(f"/customers/at/{one.code}/").text


@pytest.mark.requirement("A1")
def test_the_recycle_bin_takes_contacts_and_number_along_and_gives_them_back(one, client_as, record, everybody, work):
    client = client_as("store_manager")
    with work() as session:
        session.add_all([Contact(customer_id=one.id, name=name) for name in ("stays", "went before")])
    before = everybody(Contact)[1]
    post(client, f"/admin/customers/contact/delete/?id={before.id}")
    assert post(client, f"{DESK}delete/?id={one.id}").status_code == 302
    assert "张三" in client.get(f"{DESK}?bin=1").text
    assert [contact.deleted_at is None for contact in everybody(Contact)] == [False, False]
    assert client.get(f"/customers/at/{one.code}/").status_code == 404
    assert post(client, f"{DESK}restore/?id={one.id}").status_code == 302
    assert [contact.deleted_at is None for contact in everybody(Contact)] == [True, False]
    assert everybody(Identity)[0].deleted_at is None
    post(client, f"{DESK}delete/?id={one.id}")
    record(NUMBER, "李四")
    answer = post(client, f"{DESK}restore/?id={one.id}", follow_redirects=True)
    assert everybody(Customer)[0].deleted_at is not None
    assert "by now" in answer.text


@pytest.mark.requirement("A8", "A11")
def test_other_plugins_tell_the_timeline_and_one_that_fails_is_left_out(one, clerk, house, monkeypatch):
    class Sales:
        @hookimpl
        def customers_timeline(self, customer_id):
            return [api.TimelineEntry(now(), f"Bought a phone {customer_id}", "¥3,999")]

    class Broken:
        @hookimpl
        def customers_timeline(self):
            raise RuntimeError("out of order")

    monkeypatch.setattr(house.host, "names_on", lambda *_: {"sales", "broken"})
    for name, plugin in (("sales", Sales()), ("broken", Broken())):
        house.host.hooks.add(plugin, name)
    try:
        page = clerk(0).get(f"/customers/at/{one.code}/").text
    finally:
        for name in ("sales", "broken"):
            house.host.hooks.remove(name)
    assert f"Bought a phone {one.id}" in page
    assert "¥3,999" in page


@pytest.mark.requirement("A9")
def test_other_plugins_ask_within_the_reach_of_who_acts(one, app, chain):
    from core.auth.rights import load_person

    with app.app_context(), acting(app) as session:
        here, elsewhere = load_person(session, chain.clerks[0].id), load_person(session, chain.clerks[4].id)
    with app.app_context(), acting(app, here) as session:
        card = api.find_by_number("138 0013 8000")
        assert (card.name, card.masked_mobile, card.url) == ("张三", "138****8000", f"/customers/at/{one.code}/")
        assert api.names_of({one.id}) == {one.id: "张三"}
        assert list(session.scalars(api.ids_matching("张"))) == [one.id]
        assert api.card(one.id) == card
    with app.app_context(), acting(app, elsewhere) as session:
        assert (api.find_by_number(NUMBER), api.card(one.id), api.names_of({one.id})) == (None, None, {})
        assert list(session.scalars(api.ids_matching("张"))) == []


@pytest.mark.requirement("A12", "A24")
def test_what_other_plugins_conclude_stands_on_the_card_with_its_explanation(one, clerk, house, monkeypatch):
    class Sales:
        @hookimpl
        def customers_derived(self, customer_id):
            return [api.DerivedValue("Next phone", "in spring", f"customer {customer_id} buys every second year")]

    monkeypatch.setattr(house.host, "names_on", lambda *_: {"sales"})
    house.host.hooks.add(Sales(), "sales")
    try:
        page = clerk(0).get(f"/customers/at/{one.code}/").text
    finally:
        house.host.hooks.remove("sales")
    for text in ("Next phone", "in spring", f"customer {one.id} buys every second year"):
        assert text in page


@pytest.mark.requirement("A12")
def test_likes_are_added_on_the_card_from_the_chains_words_or_freely_each_once(one, clerk, everybody):
    url = f"/customers/at/{one.code}/likes"
    assert "大屏" in clerk(0).get(f"/customers/at/{one.code}/").text
    post(clerk(0), url, {"word": ["大屏", "钓鱼，大屏"]})
    post(clerk(0), url, {"word": ["国产", ""]})
    assert everybody(Customer)[0].tags == "大屏、钓鱼、国产"
    assert post(clerk(4), url, {"word": "x"}).status_code == 404


def test_the_history_of_a_customer_tells_of_nobody_elses_number(people, clerk, everybody):
    people("张三", "李四")
    told = [entry for entry in everybody(AuditEntry) if entry.resource == "customers:customer"]
    assert {entry.row_id for entry in told} == {str(one.id) for one in everybody(Customer)}
    fields = {name for entry in told for name in entry.changes}
    assert "name" in fields and fields <= set(Customer.__table__.c.keys())
    assert "customers_identity" in {entry.resource for entry in everybody(AuditEntry)}


@pytest.mark.requirement("A1")
def test_days_at_the_desk_are_days_of_shanghai(one, work, client_as, everybody):
    with work() as session:
        session.get(Consent, everybody(Consent)[0].id).given_at = datetime(2026, 11, 20, 18, tzinfo=UTC)
    assert "2026-11-21" in client_as("store_manager").get(f"{DESK}details/?id={one.id}").text


@pytest.mark.requirement("A12")
def test_likes_that_are_too_long_stay_in_the_form(one, clerk, everybody):
    form = {"word": ["大屏", "x" * 200]}
    answer = post(clerk(0), f"/customers/at/{one.code}/likes", form)
    assert (answer.status_code, "x" * 200 in answer.text, 'value="大屏" checked' in answer.text) == (422, True, True)
    assert everybody(Customer)[0].tags == ""


@pytest.mark.requirement("A10")
def test_what_was_typed_to_take_two_people_apart_stays(one, client_as):
    answer = post(client_as("head_office"), f"/customers/at/{one.code}/split", {"name": "李四"})
    assert (answer.status_code, 'value="李四" autofocus' in answer.text) == (422, True)


@pytest.mark.parametrize(("role", "questions"), [("head_office", 4), ("store_manager", 6)])
def test_a_card_asks_four_questions_and_at_a_counter_two_more_for_the_place_and_its_gifts(
    one, client_as, house, role, questions
):
    client = client_as(role)
    client.get(f"/customers/at/{one.code}/")
    with counted(house.database) as statements:
        assert client.get(f"/customers/at/{one.code}/").status_code == 200
    assert len(statements) == questions, "\n".join(statements)
