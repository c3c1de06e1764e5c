"""Every day of every place in one list at the desk: found, opened, printed, exported, never written."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from html import unescape

import pytest
from sqlalchemy import select

from core.audit import AuditEntry
from core.testing.factories import acting, post
from plugins.daily_reports.models import DayReport
from tests.plugins.daily_reports.steps import FRIDAY

NOVEMBER = date(2026, 11, 1)
BOARD, DAYS, MONTHS = "/admin/daily_reports/board/", "/admin/daily_reports/day/", "/admin/daily_reports/month_target/"


@pytest.fixture(autouse=True)
def evening(at):
    """Friday, half past ten in the evening."""
    return at("2026-11-20 22:30")


def lines_of(answer):
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


@pytest.mark.requirement("G9", "G12")
def test_the_list_shows_the_days_of_ones_own_part(chain, client_as, add):
    add(0, 8000, 7111)
    add(2, 8000, 7333)
    add(6, 8000, 7777)
    seen = {
        role: {amount for amount in ("7,111", "7,333", "7,777") if amount in client_as(role).get(DAYS).text}
        for role in ("store_manager", "area_manager", "leader")
    }
    assert seen == {"store_manager": {"7,111"}, "area_manager": {"7,111"}, "leader": {"7,111", "7,333", "7,777"}}


def test_the_list_is_filtered_by_day_state_place_and_amount(chain, client_as, add):
    add(0, 8000, 7111, day=FRIDAY - timedelta(days=1))
    add(0, 8000, 7222)
    add(1, 8000, 7333, state="read")
    leader, first = client_as("leader"), chain.stores[0].id
    for query, expected in {
        "": {"7,111", "7,222", "7,333"},
        "day_from=2026-11-20": {"7,222", "7,333"},
        "day_to=2026-11-19": {"7,111"},
        "state=read": {"7,333"},
        f"node_id={first}": {"7,111", "7,222"},
        "amount_from=7200&amount_to=7300": {"7,222"},
        f"state=read&node_id={first}": set(),
    }.items():
        shown = leader.get(f"{DAYS}?{query}").text
        assert {amount for amount in ("7,111", "7,222", "7,333") if amount in shown} == expected, query


@pytest.mark.requirement("G12")
def test_the_newest_days_come_first_and_the_list_goes_on(app, chain, client_as, house):
    house.settings = house.settings.model_copy(update={"page_size": 5})
    with acting(app) as session:
        session.add_all(
            DayReport(node_id=chain.stores[0].id, day=FRIDAY - timedelta(days=n), state="locked", amount=Decimal(1))
            for n in range(12)
        )
    leader, url, seen = client_as("leader"), DAYS, []
    while url:
        shown = unescape(leader.get(url).text)
        seen += [day for n in range(12) if (day := (FRIDAY - timedelta(days=n)).isoformat()) in shown]
        after = shown.partition("?after=")[2].partition('"')[0]
        url = f"{DAYS}?after={after}" if after else ""
    assert seen == [(FRIDAY - timedelta(days=n)).isoformat() for n in range(12)]


def test_a_day_opens_with_its_history_and_the_way_to_its_own_page(chain, client_as, add):
    row_id = add(0, 8000, 7111, reflection="began too late")
    shown = client_as("area_manager").get(f"{DAYS}details/?id={row_id}")
    assert shown.status_code == 200
    assert 'href="/day/at/S1/2026-11-20/"' in shown.text
    assert "began too late" in shown.text


def test_a_foreign_day_is_answered_like_one_that_does_not_exist(chain, client_as, add):
    row_id = add(4, 8000, 7111)
    area_manager = client_as("area_manager")
    foreign, nowhere = (area_manager.get(f"{DAYS}details/?id={number}") for number in (row_id, row_id + 1000))
    assert foreign.status_code == nowhere.status_code == 404
    assert foreign.text == nowhere.text


def test_a_day_is_written_on_its_own_page_and_never_at_the_desk(chain, client_as, add):
    row_id = add(0, 8000, 7111)
    for role in ("head_office", "system_administrator"):
        client = client_as(role)
        for address in ("new/", f"edit/?id={row_id}", f"delete/?id={row_id}", "action/", "bulk/"):
            assert client.get(f"{DAYS}{address}").status_code == 404, address
            assert post(client, f"{DAYS}{address}").status_code == 404, address


@pytest.mark.requirement("G9", "Z20")
def test_the_export_holds_the_filtered_days_of_ones_part_with_names_and_late_minutes(app, chain, client_as, add):
    add(
        0,
        "8000.50",
        7111,
        target_late_minutes=0,
        report_late_minutes=7,
        visitors=80,
        buyers=10,
        reflection="=1+1",
        review_comment="很好",
    )
    add(1, 9000, None, state="target_set", target_late_minutes=95)
    add(1, 1, 2, day=FRIDAY - timedelta(days=1))
    add(4, 5000, 4000)
    lines = lines_of(client_as("area_manager").get(f"{DAYS}export/csv/?day_from=2026-11-20&sort=day"))
    by_place = {line["Place"]: line for line in lines}
    assert set(by_place) == {"store S1", "store S2"}
    first = by_place["store S1"]
    assert (first["Day"], first["State"], first["Target"], first["Result"]) == (
        "2026-11-20",
        "Reported",
        "8000.50",
        "7111.00",
    )
    assert (first["Visitors"], first["Buyers"], first["Target late (min)"], first["Report late (min)"]) == (
        "80",
        "10",
        "0",
        "7",
    )
    assert (first["Reflection"], first["Comment"]) == ("'=1+1", "很好")
    assert (
        by_place["store S2"]["State"],
        by_place["store S2"]["Result"],
        by_place["store S2"]["Target late (min)"],
    ) == ("Target set", "", "95")
    with acting(app) as session:
        assert session.scalars(select(AuditEntry.person_name).where(AuditEntry.action == "exported")).all() == [
            "Name of area_manager"
        ]


def test_a_manager_reads_days_and_exports_none(chain, client_as, add):
    add(0, 8000, 7111)
    assert client_as("store_manager").get(f"{DAYS}export/csv/").status_code == 403
    assert client_as("area_manager").get(f"{DAYS}import/").status_code == 403
    assert client_as("head_office").get(f"{DAYS}import/").status_code == 200


def test_the_list_prints_as_it_is_filtered(chain, client_as, add):
    add(0, 8000, 7111)
    add(1, 8000, 7222, state="read")
    shown = client_as("leader").get(f"{DAYS}print/?state=read").text
    assert "7,222" in shown
    assert "7,111" not in shown


def test_a_list_of_fifty_days_costs_no_more_statements_than_one_of_five(app, chain, client_as, statements):
    leader = client_as("leader")

    def fill(first, last):
        with acting(app) as session:
            for number in range(first, last):
                session.add(
                    DayReport(node_id=chain.stores[number % 8].id, day=FRIDAY - timedelta(days=number), state="locked")
                )

    fill(0, 5)
    leader.get(DAYS)
    with statements() as few:
        leader.get(DAYS)
    fill(5, 50)
    with statements() as many:
        leader.get(DAYS)
    assert len(many) == len(few)
