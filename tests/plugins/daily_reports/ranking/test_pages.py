"""Everybody reads name, rank and achievement; amounts stay where they belong."""

import re
from datetime import date, timedelta
from decimal import Decimal
from html import unescape

import pytest
from sqlalchemy import select

from core.org.models import Person
from core.registry.models import PilotNode, PluginIntent, Revision
from core.testing.factories import acting, make_node, post
from plugins.daily_reports import after_the_report, services
from plugins.daily_reports.models import DayReport, MonthTarget

FRIDAY = date(2026, 11, 20)
PHONE, DESK, LEADER = "/day/ranking/", "/admin/daily_reports/ranking/", "/day/leader/"
CANARY = "98765"
"""Begins every amount of a store out of reach; no percentage holds it."""


@pytest.fixture
def ranked(chain, plan, sold, worker):
    """Eight stores of one format; each is to sell 100 yuan a day, and on Friday the first sold 100, the next 101, …"""
    plan(*[100] * 8)
    sold(*range(100, 108))
    worker("2026-11-21 09:00")


def words(answer):
    """What a page says, without its tags."""
    text = re.sub(r"<(script|template|svg).*?</\1>", " ", answer.text, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


@pytest.mark.requirement("G16", "G17", "Z17")
def test_the_phone_opens_on_ones_own_store_with_rank_change_and_reason(chain, ranked, sold, worker, client_as):
    shown = words(client_as("store_manager").get(PHONE))
    assert "store S1 No. 8 of 8, Without a format Friday reached 100% Sold 100, yardstick 100 yuan" in shown
    sold(200, *range(101, 108), day=FRIDAY + timedelta(days=1))
    worker("2026-11-22 09:00")
    assert "No. 1 of 8, Without a format ▲7 Saturday reached 200%" in words(client_as("store_manager").get(PHONE))


@pytest.mark.requirement("G17")
def test_day_week_and_month_are_one_tap_apart_and_so_are_the_periods_before(chain, ranked, sold, worker, client_as):
    manager = client_as("store_manager")
    assert "as far as 11-20, still running" in words(manager.get(f"{PHONE}?kind=week"))
    assert "2026-11" in words(manager.get(f"{PHONE}?kind=month"))
    page = manager.get(PHONE).text
    before = unescape(re.search(r'href="([^"]+)" rel="prev"', page)[1])
    assert "11-19 Thursday" in words(manager.get(before))


@pytest.mark.requirement("G16")
def test_everybody_who_is_signed_in_reads_ranks_of_all(chain, ranked, client_as):
    for role in chain.people:
        client = client_as(role)
        for url in (f"{PHONE}?group=format%3A", DESK):
            shown = words(client.get(url))
            assert all(f"store S{number}" in shown for number in range(1, 9)), (role, url)
            assert "107.0%" in shown, (role, url)


@pytest.mark.requirement("J4", "G16")
@pytest.mark.parametrize("kind", ["day", "week", "month"])
def test_no_amount_leaks_out_of_anybodys_reach(app, chain, plan, add, worker, client_as, kind):
    plan(1, *[int(f"{CANARY}{number}") for number in range(1, 8)])
    add(0, 10, 20)
    for number in range(1, 8):
        add(number, f"{CANARY}10", f"{CANARY}{number}0", gap_note=CANARY, reflection=CANARY, tomorrow=CANARY)
    worker("2026-11-21 09:00")
    for role in ("store_manager", "deputy", "clerk", "technician", "it"):
        client = client_as(role)
        for url in (PHONE, DESK, "/"):
            page = client.get(f"{url}?kind={kind}").text
            assert CANARY not in page.replace(",", ""), (role, url)
    area_manager = client_as("area_manager", chain.areas[1])
    for url in (PHONE, DESK, LEADER):
        page = area_manager.get(f"{url}?kind={kind}").text.replace(",", "")
        for foreign in (f"{CANARY}1", f"{CANARY}4", f"{CANARY}7"):
            assert foreign not in page, url
    assert f"{CANARY}20" in area_manager.get(f"{DESK}?kind={kind}").text.replace(",", ""), "their own are shown"


@pytest.mark.requirement("J4")
def test_what_a_store_wrote_when_it_corrected_is_not_told_to_others(
    app, chain, ranked, reviewer, at, worker, client_as
):
    at("2026-11-21 10:00")
    with acting(app, reviewer) as session:
        report = services.find(session, chain.stores[0].id, FRIDAY)
        after_the_report.correct(session, report, "amount", Decimal(300), f"an order of {CANARY} was forgotten")
    worker("2026-11-21 10:05")
    shown = words(client_as("clerk", chain.stores[5]).get(PHONE))
    assert "store S1 8 → 1 store S1 corrected a figure · Name of area_manager · 11-21 10:00" in shown
    assert CANARY not in shown


def test_a_link_leads_to_the_day_only_for_who_may_open_it(chain, ranked, client_as):
    for url in (PHONE, DESK):
        page = client_as("store_manager").get(url).text
        links = set(re.findall(r'href="(/day/at/[^"]+)"', page))
        assert links == {"/day/at/S1/2026-11-20/"}
        assert client_as("store_manager").get(links.pop()).status_code == 200


@pytest.mark.requirement("G16")
def test_the_rules_stand_on_the_page_with_their_reasons(chain, ranked, client_as):
    for url in (PHONE, DESK):
        shown = words(client_as("clerk").get(url))
        for text in ("else the lowest target would win", "Hiding a bad day never helps", "1, 2, 2, 4"):
            assert text in shown


def test_who_looks_after_several_sees_their_own_stores_first(app, chain, ranked, client_as):
    shown = words(client_as("area_manager").get(PHONE))
    assert "Mine" in shown
    assert "store S2" in shown
    assert "store S3" not in shown
    assert "store S3" in words(client_as("area_manager").get(f"{PHONE}?group=format%3A"))


def test_a_long_list_shows_the_first_and_those_around_ones_own(app, chain, plan, add, worker, client_as):
    with acting(app) as session:
        nodes = [make_node(session, "store", f"X{number:02}", chain.areas[0]) for number in range(40)]
        for number, node in enumerate([*nodes, chain.stores[0]]):
            session.add(MonthTarget(node_id=node.id, month=FRIDAY.replace(day=1), amount=Decimal(30_000)))
            amount = Decimal(2000 - number * 10) if node.code != "S1" else Decimal(1805)
            session.add(DayReport(node_id=node.id, day=FRIDAY, state="reported", amount=amount))
    worker("2026-11-21 09:00")
    manager = client_as("store_manager")
    shown = [name for name in re.findall(r"store (\w+)</b>", manager.get(PHONE).text)]
    assert shown == ["X00", "X01", "X02", "X17", "X18", "X19", "S1", "X20", "X21", "X22"]
    assert len(re.findall(r"store (\w+)</b>", manager.get(f"{PHONE}?all=1").text)) >= 41


def test_what_is_not_ranked_is_listed_with_its_reason(app, chain, plan, history, sold, worker, client_as):
    history(6)
    sold(10, 20, 30)
    worker("2026-11-21 09:00")
    shown = words(client_as("store_manager").get(PHONE))
    assert "store S4 no report on Friday 0.0%" in shown
    assert "– store S7 no report for four weeks –" in shown


@pytest.mark.parametrize(
    "query",
    ["kind=year", "subject=shop", "on=tomorrow", "on=2026-02-30", "on=0001-01-01", "group=nowhere", "group=%00"],
)
def test_an_address_of_no_ranking_is_404(chain, ranked, client_as, query):
    for url in (PHONE, DESK):
        assert client_as("store_manager").get(f"{url}?{query}").status_code == 404, url


def test_before_the_first_ranking_the_page_says_when_it_comes(chain, at, client_as):
    at("2026-11-20 12:00")
    for url in (PHONE, DESK, f"{PHONE}?kind=month", f"{PHONE}?subject=person", f"{DESK}?on=2026-11-19"):
        answer = client_as("store_manager").get(url)
        assert answer.status_code == 200
        assert "at three in the night" in words(answer)


@pytest.mark.requirement("G16")
def test_head_office_computes_anew_at_the_desk_and_nobody_else(app, chain, ranked, client_as):
    form = {"kind": "day", "on": "2026-11-20", "note": "the target of S1 was wrong"}
    for role in ("store_manager", "area_manager", "leader", "clerk"):
        assert post(client_as(role), f"{DESK}compute/", form).status_code == 403
        assert "Compute it anew" not in client_as(role).get(DESK).text
    with acting(app) as session:
        first = select(MonthTarget).where(MonthTarget.node_id == chain.stores[0].id)
        session.scalars(first).one().amount = Decimal(1500)
    office = client_as("head_office")
    assert post(office, f"{DESK}compute/", form | {"note": " "}).status_code == 302
    assert "Say why it is computed anew" in words(office.get(DESK))
    assert post(office, f"{DESK}compute/", form).location == f"{DESK}?on=2026-11-20"
    shown = words(client_as("clerk").get(DESK))
    assert "store S1 8 → 1 the target of S1 was wrong · Name of head_office" in shown
    for bad in ({"on": "x"}, {"kind": "year"}):
        assert post(office, f"{DESK}compute/", form | bad).status_code == 404


@pytest.mark.requirement("Z11")
def test_pages_ask_the_database_as_often_for_fifty_stores_as_for_eight(
    app, chain, ranked, worker, client_as, statements
):
    urls = {"leader": (LEADER, DESK, PHONE, "/"), "store_manager": (PHONE, DESK), "area_manager": (PHONE, LEADER)}

    def prices():
        found = {}
        for role, addresses in urls.items():
            client = client_as(role)
            for url in addresses:
                client.get(url)
                with statements() as seen:
                    client.get(url)
                found[role, url] = len(seen)
        return found

    few = prices()
    with acting(app) as session:
        for number in range(50):
            store = make_node(session, "store", f"X{number:02}", chain.areas[number % 4])
            session.add(
                DayReport(node_id=store.id, day=FRIDAY + timedelta(days=1), state="reported", amount=Decimal(5))
            )
            session.add(MonthTarget(node_id=store.id, month=FRIDAY.replace(day=1), amount=Decimal(300)))
    worker("2026-11-22 09:00")
    assert prices() == few
    assert max(few.values()) <= 16, few


# The leader's screen


@pytest.fixture
def morning(app, chain, plan, add, worker):
    """Friday: targets of 100 each; S1 sold 150, …, S7 90 with a reason, S8 nothing; two came late."""
    plan(*[100] * 8)
    for number in range(1, 29):
        for store in (0, 7):
            add(store, None, 100, day=FRIDAY - timedelta(days=number))
    for number, amount in enumerate((150, 140, 130, 120, 110, 105, 90)):
        add(number, 100, amount, target_late_minutes=0, report_late_minutes=5 * (number > 4), gap_reasons=["price"])
    worker("2026-11-21 09:30")


@pytest.mark.requirement("G17", "J12")
def test_the_leaders_screen_says_how_yesterday_was_whom_to_praise_and_whom_to_call(chain, morning, client_as):
    shown = words(client_as("leader").get(LEADER))
    assert "11-20 Friday 121% 845 of 700 yuan" in shown
    assert "In time 62%" in shown
    assert "Without a report 1" in shown
    praise, call = shown.split("To praise")[1].split("To call")
    assert [f"S{number}" in praise for number in range(1, 9)] == [True] * 5 + [False] * 3
    assert "store S8 8 in its group, −7 · no report on Friday 0.0%" in call
    assert "store S7 7 in its group · Our price was higher 90.0%" in call


def test_the_month_stands_beside_the_plan_and_the_time_gone(chain, morning, client_as):
    shown = words(client_as("leader").get(LEADER))
    assert "The month, as far as 11-20 19% 4,645 of 24,000 yuan" in shown
    assert "67% of the month is over" in shown


@pytest.mark.requirement("J4")
def test_an_area_manager_reads_their_own_part(chain, morning, client_as):
    shown = words(client_as("area_manager").get(LEADER))
    assert "145% 290 of 200 yuan" in shown
    assert "store S3" not in shown


@pytest.mark.requirement("J12")
def test_why_is_two_taps_away(chain, morning, client_as):
    leader = client_as("leader")
    home = leader.get("/").text
    assert f'href="{LEADER}"' in home, "one tap from home"
    days = set(re.findall(r'href="(/day/at/[^"]+)"', leader.get(LEADER).text))
    assert "/day/at/S8/2026-11-20/" in days
    for url in days:
        page = leader.get(url)
        assert page.status_code == 200
        assert "trend" in page.text, "the second tap: four weeks of the store"
    assert leader.get("/admin/daily_reports/board/?day=2026-11-20").status_code == 200


def test_the_leaders_screen_is_for_who_looks_after_several(chain, at, client_as):
    at("2026-11-21 09:30")
    assert client_as("store_manager").get(LEADER).location == "/day/"
    assert [client_as(role).get(LEADER).status_code for role in ("clerk", "it", "leader", "head_office")] == [
        403,
        403,
        200,
        200,
    ]


def test_before_the_worker_came_the_screen_says_so(chain, add, at, client_as):
    add(0, 100, 120)
    at("2026-11-21 02:00")
    assert "Nothing was reported for this day" in words(client_as("leader").get(LEADER)), "until three it is Thursday's"
    at("2026-11-21 03:01")
    shown = words(client_as("leader").get(LEADER))
    assert "120% 120 of 100 yuan" in shown
    assert "comes then" in shown


@pytest.mark.requirement("G16", "Z17")
def test_a_managers_home_says_the_rank_and_the_reason(chain, ranked, client_as):
    shown = words(client_as("store_manager").get("/"))
    assert "My rank 8 of 8 Friday reached 100%" in shown


def test_outside_the_pilot_there_is_no_ranking(app, chain, ranked, client_as):
    with acting(app) as session:
        intent = session.scalars(select(PluginIntent).where(PluginIntent.name == "daily_reports")).one()
        session.add(PilotNode(plugin=intent.name, node_id=chain.areas[0].id))
        session.scalars(select(Revision)).one().plugins += 1
    assert client_as("store_manager").get(PHONE).status_code == 200
    assert client_as("store_manager", chain.stores[5]).get(PHONE).status_code == 404


def test_the_pages_speak_chinese(app, chain, ranked, client_as):
    with acting(app) as session:
        for role in ("leader", "store_manager"):
            session.get(Person, chain.people[role].id).locale = "zh_Hans_CN"
    shown = words(client_as("store_manager").get(PHONE))
    assert "第 8 名 · 没填店型 8 家" in shown
    assert "周五达成100%" in shown
    assert "值得表扬" in words(client_as("leader").get(LEADER))
