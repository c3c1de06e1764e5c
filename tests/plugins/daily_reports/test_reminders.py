"""Who is missing, and the reminder that reaches those in charge."""

import pytest
from sqlalchemy import select

from core.inbox import Message
from core.org.models import Person
from core.testing.factories import acting, post
from tests.plugins.daily_reports.steps import page


def messages_of(app, person):
    with acting(app) as session:
        return session.scalars(select(Message).where(Message.person_id == person.id).order_by(Message.id)).all()


@pytest.mark.requirement("G9", "Z20")
def test_the_missing_list_names_the_stores_of_ones_area(chain, client_as, add, at):
    add(0, 1000, state="target_set")
    at("2026-11-20 10:00")
    shown = client_as("area_manager").get("/day/missing/").text
    assert "store S2" in shown
    assert "store S1" not in shown
    assert "store S3" not in shown


@pytest.mark.requirement("G9", "G14")
def test_a_reminder_reaches_manager_and_deputy_once_in_ten_minutes(app, chain, client_as, at):
    at("2026-11-20 09:59:50")
    area_manager = client_as("area_manager")
    assert post(area_manager, "/day/missing/remind", {"node": "S1"}).location == "/day/missing/"
    assert "1 stores are reminded." in area_manager.get("/day/missing/").text
    at("2026-11-20 10:05")
    post(area_manager, "/day/missing/remind", {"node": "S1"})
    shown = area_manager.get("/day/missing/").text
    assert "less than ten minutes ago" in shown
    assert "Reminded 09:59" in shown
    post(client_as("head_office"), "/day/missing/remind")
    for role in ("store_manager", "deputy"):
        (message,) = messages_of(app, chain.people[role])
        assert (message.title, message.text, message.url) == (
            "Please set today's target",
            "store S1 is 29 minutes late.",
            page("S1"),
        )
    at("2026-11-20 10:09:50")
    post(area_manager, "/day/missing/remind", {"node": "S1"})
    assert len(messages_of(app, chain.people["store_manager"])) == 2


@pytest.mark.requirement("G9")
def test_reminding_all_says_where_nobody_is_in_charge(app, chain, client_as, person, at):
    deputy = person("deputy", chain.stores[2])
    at("2026-11-20 22:30")
    leader = client_as("area_manager", chain.regions[0])
    post(leader, "/day/missing/remind")
    shown = leader.get("/day/missing/").text
    assert "Nobody is in charge of: store S2、store S4." in shown
    assert "2 stores are reminded." in shown
    assert [message.title for message in messages_of(app, deputy)] == ["Please report today's result"]
    assert messages_of(app, chain.people["clerk"]) == []


def test_a_person_who_has_left_is_not_reminded(app, chain, client_as, at):
    at("2026-11-20 10:00")
    with acting(app) as session:
        session.get(Person, chain.people["deputy"].id).active = False
    post(client_as("area_manager"), "/day/missing/remind", {"node": "S1"})
    assert messages_of(app, chain.people["deputy"]) == []
    assert len(messages_of(app, chain.people["store_manager"])) == 1


def test_only_ones_own_stores_can_be_reminded(app, chain, client_as, person, at):
    manager = person("store_manager", chain.stores[4])
    at("2026-11-20 10:00")
    area_manager = client_as("area_manager")
    foreign, nowhere = (post(area_manager, "/day/missing/remind", {"node": code}) for code in ("S5", "S99"))
    assert foreign.status_code == nowhere.status_code == 404
    assert foreign.text == nowhere.text
    post(area_manager, "/day/missing/remind")
    assert messages_of(app, manager) == []


def test_a_store_that_has_sent_it_meanwhile_is_not_reminded_and_the_one_who_taps_is_told(
    app, chain, client_as, add, at
):
    at("2026-11-20 10:00")
    add(0, 1000, state="target_set")
    area_manager = client_as("area_manager")
    assert post(area_manager, "/day/missing/remind", {"node": "S1"}).status_code == 302
    assert "store S1 has sent it meanwhile." in area_manager.get("/day/missing/").text
    assert messages_of(app, chain.people["store_manager"]) == []


@pytest.mark.requirement("G9", "Z20")
def test_who_did_not_report_yesterday_is_still_named_today_and_can_be_reminded(app, chain, client_as, add, at):
    add(0, 1000, 900)
    at("2026-11-21 03:01")
    area_manager = client_as("area_manager")
    now = area_manager.get("/day/missing/").text
    assert 'href="/day/missing/?day=2026-11-20"' in now
    assert "store S2" not in now
    yesterday = area_manager.get("/day/missing/?day=2026-11-20").text
    assert "1 stores have not reported 11-20 Friday" in yesterday
    assert "store S2" in yesterday
    assert "store S1" not in yesterday
    answer = post(area_manager, "/day/missing/remind", {"node": "S2", "day": "2026-11-20"})
    assert answer.location == "/day/missing/?day=2026-11-20"
    assert "Nobody is in charge of: store S2." in area_manager.get(answer.location).text


def test_only_yesterdays_list_can_be_asked_for(client_as, chain, at):
    at("2026-11-21 03:01")
    area_manager = client_as("area_manager")
    for day in ("2026-11-19", "2026-11-22", "x", "20261120"):
        assert area_manager.get(f"/day/missing/?day={day}").status_code == 404


def test_a_reminder_of_yesterday_names_its_day(app, chain, client_as, at):
    at("2026-11-21 08:00")
    post(client_as("area_manager"), "/day/missing/remind", {"node": "S1", "day": "2026-11-20"})
    (message,) = messages_of(app, chain.people["store_manager"])
    assert (message.title, message.url) == ("Please report the result of 2026-11-20", page("S1"))
