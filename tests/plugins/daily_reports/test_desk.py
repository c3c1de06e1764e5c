"""The daily reports at the desk: the board, every day in a list, the month targets."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from html import unescape

import pytest
from sqlalchemy import select

from core.audit import AuditEntry
from core.org.models import CalendarDay
from core.testing.factories import acting, make_node, make_role, post, sign_in
from plugins.daily_reports.models import DayReport, MonthTarget

FRIDAY = date(2026, 11, 20)
NOVEMBER = date(2026, 11, 1)
BOARD, DAYS, MONTHS = "/admin/daily_reports/board/", "/admin/daily_reports/day/", "/admin/daily_reports/month_target/"


@pytest.fixture(autouse=True)
def evening(at):
    """Friday, half past ten in the evening."""
    return at("2026-11-20 22:30")


@pytest.fixture
def add(app, chain):
    """Add the day of a store, by its number; returns its id."""

    def make(number, target=None, amount=None, day=FRIDAY, state="reported", **values):
        with acting(app) as session:
            row = DayReport(
                node_id=chain.stores[number].id, day=day, state=state, target_amount=target and Decimal(target),
                amount=None if amount is None else Decimal(amount), **values,
            )  # fmt: skip
            session.add(row)
            session.flush()
            return row.id

    return make


@pytest.fixture
def add_month(app):
    """Add a month target of a place; returns its id."""

    def make(node, amount, month=NOVEMBER, **values):
        with acting(app) as session:
            row = MonthTarget(node_id=node.id, month=month, amount=Decimal(amount), **values)
            session.add(row)
            session.flush()
            return row.id

    return make


def months_of(app):
    with acting(app) as session:
        rows = session.scalars(select(MonthTarget).order_by(MonthTarget.month, MonthTarget.node_id))
        return {(row.month.isoformat(), row.node_id): (row.amount, row.weight) for row in rows}


def lines_of(answer):
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


# The board


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


# Every day in a list


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


# Month targets


@pytest.mark.requirement("B28")
def test_a_month_target_is_set_for_any_day_of_its_month_and_kept_as_the_first(app, chain, client_as):
    office = client_as("head_office")
    form = {"month": "2026-11-17", "node_id": str(chain.areas[0].id), "amount": "120万", "weight": ""}
    assert post(office, f"{MONTHS}new/", form).status_code == 302
    assert months_of(app) == {("2026-11-01", chain.areas[0].id): (1_200_000, 1)}
    shown = office.get(MONTHS).text
    assert "area A1" in shown
    assert "1,200,000" in shown


@pytest.mark.requirement("B28")
def test_a_second_target_for_a_place_and_month_is_refused_and_what_was_typed_kept(app, chain, client_as, add_month):
    add_month(chain.areas[0], 5000)
    form = {"month": "2026-11-30", "node_id": str(chain.areas[0].id), "amount": "7千"}
    answer = post(client_as("head_office"), f"{MONTHS}new/", form)
    assert answer.status_code == 422
    assert "already has a target for this month" in answer.text
    assert 'value="7千"' in answer.text
    assert months_of(app) == {("2026-11-01", chain.areas[0].id): (5000, 1)}


@pytest.mark.requirement("B28")
def test_a_target_is_changed_and_a_weight_of_nought_stays_nought(app, chain, client_as, add_month):
    row_id = add_month(chain.stores[0], 5000, weight=Decimal(7))
    office = client_as("head_office")
    for typed, weight in {"2.5": "2.5", "２.５": "2.5", "0": 0, "1000": 1000, "": 1, "0.3333": "0.3333"}.items():
        shown = unescape(office.get(f"{MONTHS}edit/?id={row_id}").text)
        version = shown.partition('name="_version" value="')[2].partition('"')[0]
        answer = post(office, f"{MONTHS}edit/?id={row_id}", {"_version": version, "amount": "6000", "weight": typed})
        assert answer.status_code == 302, typed
        assert months_of(app) == {("2026-11-01", chain.stores[0].id): (6000, Decimal(weight))}


def test_a_weight_that_is_none_is_refused_at_its_field(app, chain, client_as):
    office = client_as("head_office")
    form = {"month": "2026-11-17", "node_id": str(chain.areas[0].id), "amount": "5000"}
    for typed in ("NaN", "-1", "1e2", "Infinity", "1001", "1,5", "one", "1_0", "0.33333", "9" * 50):
        answer = post(office, f"{MONTHS}new/", form | {"weight": typed})
        assert answer.status_code == 422, typed
        assert f'value="{typed}"' in answer.text
    assert months_of(app) == {}


def test_a_target_without_a_place_a_month_or_an_amount_is_refused(app, chain, client_as):
    office = client_as("head_office")
    form = {"month": "2026-11-17", "node_id": str(chain.areas[0].id), "amount": "5000"}
    for wrong in (
        {"amount": "0"}, {"amount": "-5"}, {"amount": ""}, {"month": "2026-13-01"}, {"month": ""}, {"node_id": "999999"}, {"node_id": ""},
    ):  # fmt: skip
        assert post(office, f"{MONTHS}new/", form | wrong).status_code == 422, wrong
    assert months_of(app) == {}


@pytest.mark.requirement("B28")
def test_a_target_is_split_down_the_tree_with_one_press(app, chain, client_as, add_month):
    row_id = add_month(chain.chain, 1_000_001)
    office = client_as("head_office")
    assert "Split to the places below" in office.get(f"{MONTHS}details/?id={row_id}").text
    answer = post(office, f"{MONTHS}split/?id={row_id}")
    assert answer.location == f"{MONTHS}details/?id={row_id}"
    assert "14 places below have their target." in office.get(answer.location).text
    amounts = {node_id: amount for (_month, node_id), (amount, _weight) in months_of(app).items()}
    for places in (chain.regions, chain.areas, chain.stores):
        assert sum(amounts[node.id] for node in places) == 1_000_001


@pytest.mark.requirement("B28")
def test_an_area_manager_splits_the_areas_own_target_and_no_other(app, chain, client_as, add_month):
    own, foreign = add_month(chain.areas[0], 1000), add_month(chain.areas[1], 9000)
    area_manager = client_as("area_manager")
    assert post(area_manager, f"{MONTHS}split/?id={own}").status_code == 302
    assert post(area_manager, f"{MONTHS}split/?id={foreign}").status_code == 404
    amounts = {node_id: amount for (_month, node_id), (amount, _weight) in months_of(app).items()}
    assert [amounts.get(store.id) for store in chain.stores[:4]] == [500, 500, None, None]
    assert post(client_as("store_manager"), f"{MONTHS}split/?id={own}").status_code == 403
    assert area_manager.get(f"{MONTHS}split/?id={own}").status_code in (404, 405)


def test_month_targets_are_seen_as_far_as_ones_places_reach(chain, client_as, add_month):
    add_month(chain.stores[0], 71_111)
    add_month(chain.stores[4], 72_222)
    leader, manager = client_as("leader").get(MONTHS).text, client_as("store_manager").get(MONTHS).text
    assert ("71,111" in leader, "72,222" in leader) == (True, True)
    assert ("71,111" in manager, "72,222" in manager) == (True, False)
    assert client_as("clerk").get(MONTHS).status_code == 403
    assert client_as("store_manager").get(f"{MONTHS}new/").status_code == 403


def test_month_targets_are_filtered_by_month_and_place(chain, client_as, add_month):
    add_month(chain.stores[1], 71_111)
    add_month(chain.stores[0], 72_222, date(2026, 12, 1))
    leader = client_as("leader")
    for query in ("month_from=2026-12-01", f"node_id={chain.stores[0].id}"):
        shown = leader.get(f"{MONTHS}?{query}").text
        assert ("71,111" in shown, "72,222" in shown) == (False, True), query


def test_a_role_with_the_right_to_list_months_and_nothing_else_may_only_list(app, chain, add_month):
    from core.testing.factories import make_person

    row_id = add_month(chain.stores[0], 71_111)
    with acting(app) as session:
        make_role(session, "looker", daily_reports__month_target__list="all", daily_reports__month_target__read="all")
        looker = make_person(session, "looker", chain.chain, "looker")
    client = sign_in(app.test_client(), looker)
    assert client.get(MONTHS).status_code == 200
    assert client.get(f"{MONTHS}edit/?id={row_id}").status_code == 403
    assert post(client, f"{MONTHS}split/?id={row_id}").status_code == 403
    assert client.get(f"{MONTHS}export/csv/").status_code == 403
    assert "Split to the places below" not in client.get(f"{MONTHS}details/?id={row_id}").text
