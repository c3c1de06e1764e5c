"""What the daily reports show on a person's home."""

import re
from html import unescape

import pytest

from core.org.models import CalendarDay
from core.testing.factories import acting, make_node
from tests.plugins.daily_reports.steps import FRIDAY


def cards_on(answer):
    """The cards of a home page: `{title: [number with unit, note, address]}`."""
    cards = {}
    for card in re.findall(r'<(?:a|section)[^>]*class="home-card.*?</(?:a|section)>', answer.text, re.DOTALL):
        words = [
            unescape(re.sub(r"<[^>]+>", " ", part))
            for part in re.findall(r"<(?:h2|p)[^>]*>(.*?)</(?:h2|p)>", card, re.DOTALL)
        ]
        address = re.search(r'href="([^"]+)"', card)
        title, *rest = [" ".join(text.split()) for text in words]
        cards[title] = [*rest, address and unescape(address[1])]
    return cards


@pytest.mark.requirement("G2", "G3", "J12")
def test_a_managers_home_leads_to_todays_target_then_to_the_report_then_shows_the_result(chain, client_as, add, at):
    at("2026-11-20 08:45")
    manager, url = client_as("store_manager"), "/day/at/S1/2026-11-20/"
    assert cards_on(manager.get("/"))["Today's target"] == ["Not set", "Two taps on your phone", url]
    add(1, 1, 1)
    assert cards_on(manager.get("/"))["Today's target"][0] == "Not set"
    add(0, 8000, state="target_set")
    assert cards_on(manager.get("/"))["Today's target"] == ["8,000 yuan", "Report before closing", url]


def test_a_reported_day_shows_its_result_in_percent_and_colour(chain, client_as, add, at):
    at("2026-11-20 22:30")
    add(0, 8000, 7200)
    answer = client_as("store_manager").get("/")
    assert cards_on(answer)["Today's result"] == ["7,200 yuan", "90%", "/day/at/S1/2026-11-20/"]
    assert 'class="state-text watch"' in answer.text


def test_until_three_in_the_night_the_card_is_yesterdays(chain, client_as, add, at):
    add(0, 8000, state="target_set")
    at("2026-11-21 02:59")
    assert "8,000 yuan" in cards_on(client_as("store_manager").get("/"))["Today's target"]
    at("2026-11-21 03:00")
    assert cards_on(client_as("store_manager").get("/"))["Today's target"][0] == "Not set"


@pytest.mark.requirement("G9", "Z20", "J12")
def test_an_area_managers_home_sums_up_their_stores_and_says_who_is_missing(app, chain, client_as, add, at):
    at("2026-11-20 22:30")
    add(0, 8000, 7200, target_late_minutes=0, report_late_minutes=0)
    add(2, 9999, 9999)
    cards = cards_on(client_as("area_manager").get("/"))
    assert cards["Sold today"] == ["7,200 yuan", "90%", "/admin/daily_reports/board/"]
    assert cards["Targets set"] == ["1/2 stores", "50% in time", "/day/"]
    assert cards["Missing now"] == ["1 stores", "/day/missing/"]
    with acting(app) as session:
        session.add(CalendarDay(node_id=chain.stores[1].id, day=FRIDAY))
    cards = cards_on(client_as("area_manager").get("/"))
    assert cards["Targets set"][:2] == ["1/1 stores", "100% in time"]
    assert cards["Missing now"][0] == "0 stores"


def test_who_may_not_remind_is_not_sent_to_the_missing_list(chain, client_as, at):
    at("2026-11-20 22:30")
    assert set(cards_on(client_as("leader").get("/"))) >= {"Sold today", "Targets set"}
    assert "Missing now" not in cards_on(client_as("leader").get("/"))


@pytest.mark.requirement("J12")
@pytest.mark.parametrize("role", ["clerk", "technician", "it"])
def test_who_has_nothing_to_do_with_days_sees_none(chain, client_as, at, role):
    at("2026-11-20 22:30")
    assert not {"Today's target", "Sold today", "Missing now"} & set(cards_on(client_as(role).get("/")))


def test_fifty_stores_cost_the_home_no_more_statements_than_eight(app, chain, client_as, statements, at):
    at("2026-11-20 22:30")
    leader = client_as("leader")
    leader.get("/")
    with statements() as few:
        leader.get("/")
    with acting(app) as session:
        for number in range(50):
            make_node(session, "store", f"X{number:02}", chain.areas[number % 4])
    with statements() as many:
        assert cards_on(leader.get("/"))["Targets set"][0] == "0/58 stores"
    assert len(many) == len(few)
    of_days = [statement for statement in many if "FROM org_node LEFT OUTER JOIN daily_reports_day" in statement]
    assert len(of_days) == 2, "the stores with their day are read once, and the departments beside"
