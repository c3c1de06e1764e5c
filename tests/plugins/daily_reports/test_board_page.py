"""The board at the desk: every store of a day with target, result, gap and reason."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from core.org.models import CalendarDay
from core.testing.factories import acting, make_node
from plugins.daily_reports.models import DayReport
from tests.plugins.daily_reports.steps import FRIDAY

NOVEMBER = date(2026, 11, 1)
BOARD, DAYS, MONTHS = "/admin/daily_reports/board/", "/admin/daily_reports/day/", "/admin/daily_reports/month_target/"


@pytest.fixture(autouse=True)
def evening(at):
    """Friday, half past ten in the evening."""
    return at("2026-11-20 22:30")


@pytest.mark.requirement("G9")
def test_the_board_shows_every_store_of_ones_part_with_target_result_gap_and_reason(chain, client_as, add):
    add(0, 8000, 7123, gap_reasons=["price"])
    add(4, 5432, 6543)
    shown = client_as("leader").get(BOARD).text
    for text in (
        "store S1",
        "store S8",
        "8,000",
        "7,123",
        "-877",
        "89%",
        "5,432",
        "6,543",
        "+1,111",
        "120%",
        "Our price was higher",
        "area A1",
        "area A4",
    ):
        assert text in shown
    shown = client_as("area_manager").get(BOARD).text
    assert "store S1" in shown
    for foreign in ("store S5", "5,432", "area A3"):
        assert foreign not in shown


@pytest.mark.requirement("G9")
def test_the_board_of_another_day_or_of_one_area(chain, client_as, add):
    add(0, 8000, 7123, day=FRIDAY - timedelta(days=1))
    leader = client_as("leader")
    assert "7,123" not in leader.get(BOARD).text
    assert "7,123" in leader.get(f"{BOARD}?day=2026-11-19").text
    one_area = leader.get(f"{BOARD}?day=2026-11-19&below=A1").text
    assert "store S1" in one_area
    assert "store S3" not in one_area


def test_a_board_of_no_day_or_of_a_foreign_place_does_not_exist(chain, client_as):
    area_manager = client_as("area_manager")
    for query in (
        "day=tomorrow",
        "day=0001-01-01",
        "day=9999-12-31",
        "below=A9",
        "below=A3",
        "below=S1%00",
        "day=2026-02-30",
    ):
        assert area_manager.get(f"{BOARD}?{query}").status_code == 404, query


def test_the_board_is_for_those_who_may_list_days(chain, client_as):
    assert [
        client_as(role).get(BOARD).status_code for role in ("clerk", "store_manager", "area_manager", "leader", "it")
    ] == [403, 200, 200, 200, 403]


def test_the_board_of_a_day_on_which_all_are_closed_shows_no_one_as_missing(app, chain, client_as):
    with acting(app) as session:
        session.add(CalendarDay(node_id=chain.chain.id, day=FRIDAY))
    shown = client_as("leader").get(BOARD).text
    assert shown.count("Closed") >= 8
    assert "Target missing" not in shown


def test_fifty_stores_cost_the_board_no_more_statements_than_eight(app, chain, client_as, statements):
    leader = client_as("leader")
    leader.get(BOARD)
    with statements() as few:
        leader.get(BOARD)
    with acting(app) as session:
        for number in range(50):
            store = make_node(session, "store", f"X{number:02}", chain.areas[number % 4])
            session.add(
                DayReport(node_id=store.id, day=FRIDAY, state="reported", amount=Decimal(number), gap_reasons=["price"])
            )
    with statements() as many:
        assert "store X49" in leader.get(BOARD).text
    assert len(many) == len(few)
