"""Who opens which page of the day, and what everybody else is answered."""

import pytest
from sqlalchemy import update

from core.org.models import Node, Person
from core.registry.models import PilotNode, PluginIntent, Revision
from core.testing.factories import acting, give_role, make_person, post, sign_in
from tests.plugins.daily_reports.steps import FETCH, KEY, page


@pytest.mark.requirement("G2", "G3")
def test_a_manager_opens_today_in_one_step_and_it_is_their_own_store(chain, client_as, at):
    at("2026-11-20 08:45")
    answer = client_as("store_manager").get("/day/")
    assert (answer.status_code, answer.location) == (302, page("S1"))
    assert client_as("deputy").get("/day/").location == page("S1")
    at("2026-11-21 02:30")
    assert client_as("store_manager").get("/day/").location == page("S1")
    at("2026-11-21 03:00")
    assert client_as("store_manager").get("/day/").location == page("S1", "2026-11-21")


def test_a_manager_who_is_also_the_deputy_opens_their_one_store(app, chain, client_as, at):
    at("2026-11-20 08:45")
    with acting(app) as session:
        give_role(session, session.get(Person, chain.people["store_manager"].id), "deputy", chain.stores[0])
    assert client_as("store_manager").get("/day/").location == page("S1")


@pytest.mark.requirement("G9")
def test_who_looks_after_several_opens_what_waits(chain, client_as, at):
    at("2026-11-20 10:00")
    for role in ("area_manager", "leader", "head_office", "system_administrator"):
        answer = client_as(role).get("/day/")
        assert answer.status_code == 200
        assert "Missing now" in answer.text


@pytest.mark.requirement("G12", "J4")
def test_another_stores_day_is_answered_like_one_that_does_not_exist(chain, client_as, add, at):
    at("2026-11-20 22:30")
    add(1, 1000, 900)
    manager = client_as("store_manager")
    foreign, nowhere = manager.get(page("S2")), manager.get(page("S9"))
    assert foreign.status_code == nowhere.status_code == 404
    assert foreign.text == nowhere.text
    foreign, nowhere = manager.get("/day/at/S2/trend/"), manager.get("/day/at/S9/trend/")
    assert (foreign.status_code, foreign.text) == (404, nowhere.text)
    assert manager.get(page("S1")).status_code == 200


@pytest.mark.requirement("G12", "J4")
@pytest.mark.parametrize("what", ["target", "close", "correct", "review"])
def test_no_form_reaches_into_another_part_of_the_chain(chain, client_as, add, days, at, what):
    at("2026-11-20 22:30")
    add(4, 1000, 900)
    form = {
        "key": KEY,
        "version": "1",
        "amount": "1",
        "figure": "amount",
        "value": "1",
        "reason": "x",
        "event": "return",
        "comment": "x",
    }
    for client in (client_as("area_manager"), client_as("store_manager")):
        foreign, nowhere = (post(client, page(code, what=what), form) for code in ("S5", "S99"))
        assert foreign.status_code == nowhere.status_code
        assert foreign.status_code in (403, 404)
        assert foreign.text == nowhere.text
    assert (days()["S5"].amount, days()["S5"].state, days()["S5"].version) == (900, "reported", 1)
    assert post(client_as("area_manager", chain.areas[2]), page("S5", what=what), form).status_code in (302, 409, 422)


@pytest.mark.requirement("G12")
def test_an_area_manager_opens_the_days_of_their_area_only(chain, client_as, at):
    at("2026-11-20 10:00")
    area_manager = client_as("area_manager")
    assert [area_manager.get(page(code)).status_code for code in ("S1", "S2", "S3", "S8")] == [200, 200, 404, 404]
    regional = client_as("area_manager", chain.regions[1])
    assert [regional.get(page(code)).status_code for code in ("S4", "S5", "S8")] == [404, 200, 200]


def test_a_missing_right_is_403_and_a_held_one_opens(chain, client_as, at):
    at("2026-11-20 10:00")
    addresses = ("/day/", page("S1"), "/day/review/", "/day/missing/")
    for role, expected in {
        "clerk": [403, 403, 403, 403], "store_manager": [302, 200, 403, 403], "deputy": [302, 200, 403, 403],
        "area_manager": [200, 200, 200, 200], "leader": [200, 200, 403, 403], "head_office": [200, 200, 200, 200],
    }.items():  # fmt: skip
        client = client_as(role)
        assert [client.get(url).status_code for url in addresses] == expected, role


def test_who_only_reads_is_shown_no_form_and_may_send_none(chain, client_as, days, at):
    at("2026-11-20 08:45")
    leader = client_as("leader")
    assert 'name="amount"' not in leader.get(page("S1")).text
    assert 'name="amount"' not in leader.get(page("S1") + "?step=target").text
    assert post(leader, page("S1", what="target"), {"key": KEY, "amount": "8000"}).status_code == 403
    assert days() == {}


def test_who_is_not_signed_in_is_asked_to_and_a_script_is_told(chain, app):
    client = app.test_client()
    assert client.get(page("S1")).status_code == 302
    assert "/login" in client.get(page("S1")).location
    answer = post(client, page("S1", what="target"), {"key": KEY, "amount": "8000"}, headers=FETCH)
    assert answer.status_code == 401
    assert answer.is_json


def test_an_address_of_no_day_or_no_place_is_404(chain, client_as):
    days = [page("S1", day) for day in ("today", "2026-02-30", "0001-01-01", "9999-12-31", "1800-01-01")]
    places = [page(code) for code in ("%00", "S1%0a", "%F0%9F%98%80", "' or 1=1 --")]
    manager = client_as("store_manager")
    for url in days + places:
        assert manager.get(url).status_code == 404, url
        assert manager.get(url + "?step=target").status_code == 404, url


@pytest.mark.requirement("J13")
def test_where_the_plugin_is_off_its_addresses_do_not_exist(app, chain, client_as, at):
    at("2026-11-20 10:00")
    manager, area_manager = client_as("store_manager"), client_as("area_manager")
    addresses = (
        "/day/",
        page("S1"),
        "/day/at/S1/trend/",
        "/admin/daily_reports/board/",
        "/admin/daily_reports/day/",
        "/admin/daily_reports/month_target/",
    )
    assert {manager.get(url).status_code for url in addresses} <= {200, 302}
    with acting(app) as session:
        session.get(PluginIntent, "daily_reports").enabled = False
        session.execute(update(Revision).values(plugins=Revision.plugins + 1))
    assert {client.get(url).status_code for client in (manager, area_manager) for url in addresses} == {404}
    assert post(manager, page("S1", what="target"), {"key": KEY, "amount": "8000"}).status_code == 404
    assert manager.get("/").status_code == 200
    assert "Today's target" not in manager.get("/").text


@pytest.mark.requirement("J13")
def test_for_pilot_stores_the_plugin_is_on_there_and_off_elsewhere(app, chain, client_as, at):
    at("2026-11-20 10:00")
    with acting(app) as session:
        session.add(PilotNode(plugin="daily_reports", node_id=chain.areas[0].id))
        session.execute(update(Revision).values(plugins=Revision.plugins + 1))
    assert client_as("store_manager").get(page("S1")).status_code == 200
    assert client_as("store_manager", chain.stores[2]).get(page("S3")).status_code == 404
    with acting(app) as session:
        both = make_person(session, "both", chain.areas[0], "area_manager")
        give_role(session, both, "area_manager", chain.areas[1])
    client, form = sign_in(app.test_client(), both), {"key": KEY, "version": "0", "amount": "8000"}
    assert [client.get(page(code)).status_code for code in ("S1", "S3")] == [200, 200]
    assert [post(client, page(code, what="target"), form).status_code for code in ("S1", "S3")] == [302, 404]
    shown = client.get("/day/missing/").text
    assert ("store S2" in shown, "store S3" in shown) == (True, False)


@pytest.mark.requirement("G9")
def test_the_trend_shows_a_stores_own_days_and_no_other_stores_name_or_amount(chain, client_as, add, at):
    at("2026-11-20 22:30")
    add(0, 1000, 987)
    for number in range(1, 8):
        add(number, 54_321, 45_678)
    shown = client_as("store_manager").get("/day/at/S1/trend/")
    assert shown.status_code == 200
    assert "987" in shown.text
    for foreign in ("45,678", "45678", "54,321", "54321", "store S2", "store S8"):
        assert foreign not in shown.text


def test_pages_come_with_the_strict_policy_and_no_inline_script_or_style(chain, client_as, add, at):
    at("2026-11-20 22:30")
    add(1, 1000, 900)
    add(0, 1000, state="target_set")
    manager, area_manager = client_as("store_manager"), client_as("area_manager")
    pages = [
        (manager, page("S1")),
        (manager, page("S1") + "?step=target"),
        (manager, page("S1") + "?step=close"),
        (manager, "/day/at/S1/trend/"),
    ]
    pages += [
        (area_manager, url)
        for url in ("/day/", "/day/review/", "/day/missing/", page("S2"), "/admin/daily_reports/board/")
    ]
    for client, url in pages:
        shown = client.get(url)
        assert shown.status_code == 200, url
        assert "unsafe-inline" not in shown.headers["Content-Security-Policy"]
        assert " style=" not in shown.text, url
        assert " onclick=" not in shown.text, url
        assert "<style" not in shown.text, url


def test_a_person_of_two_stores_chooses_and_writes_both(app, chain, at):
    at("2026-11-20 08:45")
    with acting(app) as session:
        both = make_person(session, "both", chain.stores[0], "store_manager")
        give_role(session, both, "store_manager", chain.stores[3])
    client = sign_in(app.test_client(), both)
    shown = client.get("/day/")
    assert shown.status_code == 200
    for code in ("S1", "S4"):
        assert page(code) in shown.text
        assert (
            post(client, page(code, what="target"), {"key": KEY, "version": "0", "amount": "8000"}).status_code == 302
        )
    assert client.get(page("S2")).status_code == 404


@pytest.mark.requirement("G12")
def test_figures_that_changed_since_the_reviewer_looked_are_not_read_unseen(app, chain, client_as, add, days, at):
    at("2026-11-20 22:30")
    add(0, 1000, 900)
    correction = {"figure": "amount", "value": "100", "reason": "a zero too many"}
    assert post(client_as("store_manager"), page("S1", what="correct"), correction).status_code == 302
    answer = post(client_as("area_manager"), page("S1", what="review"), {"version": "1", "event": "read"})
    assert answer.status_code == 422
    assert days()["S1"].state == "reported"


def test_the_day_of_a_place_whose_code_holds_a_slash_can_be_opened_and_written(app, chain, client_as, days, at):
    at("2026-11-20 08:45")
    with acting(app) as session:
        session.get(Node, chain.stores[0].id).code = "SZ/01"
    manager = client_as("store_manager")
    assert manager.get("/day/").location == "/day/at/SZ/01/2026-11-20/"
    assert manager.get("/day/at/SZ%2F01/2026-11-20/").status_code == 200
    assert manager.get("/day/at/SZ/01/trend/").status_code == 200
    form = {"key": KEY, "version": "0", "amount": "5000"}
    assert post(manager, "/day/at/SZ/01/2026-11-20/target", form).status_code == 302
    assert days()["SZ/01"].target_amount == 5000
