"""Month targets at the desk: set, changed, and split to the places below."""

from datetime import date
from decimal import Decimal
from html import unescape

import pytest
from sqlalchemy import select

from core.testing.factories import acting, make_role, post, sign_in
from plugins.daily_reports.models import MonthTarget

NOVEMBER = date(2026, 11, 1)
BOARD, DAYS, MONTHS = "/admin/daily_reports/board/", "/admin/daily_reports/day/", "/admin/daily_reports/month_target/"


@pytest.fixture(autouse=True)
def evening(at):
    """Friday, half past ten in the evening."""
    return at("2026-11-20 22:30")


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


def test_the_smallest_month_target_is_one_yuan(app, chain, client_as):
    office = client_as("head_office")
    form = {"month": "2026-11-17", "node_id": str(chain.stores[0].id), "weight": ""}
    assert post(office, f"{MONTHS}new/", form | {"amount": "0.99"}).status_code == 422
    assert post(office, f"{MONTHS}new/", form | {"amount": "1"}).status_code == 302
    assert months_of(app) == {("2026-11-01", chain.stores[0].id): (1, 1)}
