"""Imported history enters locked, and is found again by place and day; what a store has said itself stays."""

import io
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from core.access.person import Forbidden
from core.auth.rights import load_person
from core.org.models import Node
from core.testing.factories import acting, make_person, make_role, post, token
from plugins.daily_reports import after_the_report, services
from plugins.daily_reports.models import MonthTarget
from tests.plugins.daily_reports.importing_shop import HEADINGS, JUNE, counts, june


@pytest.mark.requirement("G9", "J9", "Z8")
def test_imported_days_enter_locked_and_say_that_they_were_imported(shop, chain):
    batch = shop.bring("S1,2015-06-01,5774,607", "S1,2015-06-02,5700.50,", "S2,2015-06-01,0,0")
    assert counts(batch) == (3, 0, 0, 0)
    days = shop.days()
    first = days["S1", JUNE]
    assert (first.state, first.imported, first.amount, first.buyers) == ("locked", True, 5774, 607)
    assert (first.area_id, first.region_id) == (chain.stores[0].area_id, chain.stores[0].region_id)
    assert (first.target_amount, first.reported_at, first.report_late_minutes) == (None, None, None)
    assert (first.tenders, first.gap_reasons, first.reflection, first.version) == ({}, [], "", 1)
    assert (days["S1", june(2)].amount, days["S1", june(2)].buyers, days["S2", JUNE].amount) == (
        Decimal("5700.50"),
        None,
        0,
    )


@pytest.mark.requirement("Z8")
def test_headings_are_understood_in_chinese_and_english(shop):
    batch = shop.bring("S1,2015年6月1日,8千,12,100,¥9000", headings="店号,日期,销售额,成交数,Visitors,目标")
    assert counts(batch) == (1, 0, 0, 0)
    day = shop.days()["S1", JUNE]
    assert (day.amount, day.buyers, day.visitors, day.target_amount, day.achievement) == (8000, 12, 100, 9000, 89)


@pytest.mark.requirement("J9")
def test_a_day_that_was_imported_before_is_updated_or_found_unchanged(shop):
    shop.bring("S1,2015-06-01,5774,607", "S1,2015-06-02,5700,600")
    batch = shop.bring("S1,2015-06-01,5774,607", "S1,2015-06-02,5800,600", "S1,2015-06-03,1,1")
    assert counts(batch) == (1, 1, 1, 0)
    days = shop.days()
    assert [days["S1", june(n)].amount for n in (1, 2, 3)] == [5774, 5800, 1]
    assert [days["S1", june(n)].version for n in (1, 2, 3)] == [1, 2, 1]
    assert {day.state for day in days.values()} == {"locked"}


@pytest.mark.requirement("G3", "G12")
def test_a_day_the_store_has_reported_itself_is_refused_and_not_overwritten(shop, app, chain, person, at):
    at("2026-11-20 21:45")
    with acting(app, person("store_manager")) as session:
        services.close_day(
            session, chain.stores[0], date(2026, 11, 20), services.Result(Decimal(9000)), key="k", seen_version=0
        )
    at("2026-11-25 10:00")
    batch = shop.bring("S1,2026-11-20,1,1", "S2,2026-11-20,2,2")
    assert counts(batch) == (1, 0, 0, 1)
    assert shop.refusals(batch) == [(2, "The store has reported this day itself. Correct it on the page of the day.")]
    assert shop.days()["S1", date(2026, 11, 20)].amount == 9000
    assert shop.days()["S1", date(2026, 11, 20)].imported is False


@pytest.mark.requirement("G12")
def test_a_day_that_was_corrected_after_its_import_keeps_the_correction(shop, app, chain, person):
    shop.bring("S1,2015-06-01,5774,607")
    with acting(app, person("store_manager")) as session:
        after_the_report.correct(
            session, services.find(session, chain.stores[0].id, JUNE), "amount", Decimal(6000), "one till was missing"
        )
    batch = shop.bring("S1,2015-06-01,5774,607")
    assert shop.refusals(batch) == [(2, "This day was corrected after it was imported. Correct it on its own page.")]
    assert shop.days()["S1", JUNE].amount == 6000


def test_a_day_that_is_not_over_is_left_to_the_store(shop, at):
    at("2026-11-20 22:30")
    batch = shop.bring("S1,2026-11-19,1,1", "S1,2026-11-20,1,1", "S1,2026-11-21,1,1", "S1,2199-01-01,1,1")
    assert counts(batch) == (1, 0, 0, 3)
    assert {reason for _number, reason in shop.refusals(batch)} == {
        "This day is not over yet: the store reports it itself."
    }


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("S9,2015-06-01,1,1", "There is no “S9” among what you may choose."),
        ("S1,2015-06-31,1,1", "There is no day “2015-06-31”."),
        ("S1,,1,1", "Please fill this in."),
        (",2015-06-01,1,1", "Please fill this in."),
        ("S1,2015-06-01,-1,1", "The amount must be at least 0 yuan."),
        ("S1,2015-06-01,abc,1", "“abc” is not an amount."),
        ("S1,2015-06-01,1,-1", "The number must be at least 0."),
        ("S1,2015-06-01,1,1.5", "“1.5” is not a whole number."),
        ("S1,2015-06-01,,7", "The row holds neither a result nor a target."),
        ("S1,2015-06-01,99999999999999999999,1", "is more than"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_row_that_cannot_be_is_refused_with_its_number_and_the_others_enter(shop, line, reason):
    batch = shop.bring("S2,2015-06-01,5,5", line, "S2,2015-06-02,6,6")
    assert counts(batch) == (2, 0, 0, 1)
    ((number, said),) = shop.refusals(batch)
    assert number == 3
    assert reason in said
    assert set(shop.days()) == {("S2", JUNE), ("S2", june(2))}


def test_more_buyers_than_visitors_is_refused(shop):
    batch = shop.bring(
        "S1,2015-06-01,1,9,8", "S1,2015-06-02,1,9,9", "S1,2015-06-03,1,9,", headings=f"{HEADINGS},visitors"
    )
    assert shop.refusals(batch) == [(2, "More buyers than visitors: please check both.")]


@pytest.mark.requirement("J4")
def test_who_may_import_for_a_region_reaches_its_stores_and_no_others(shop, app, chain, person):
    rights = {f"daily_reports__day__{action}": "node" for action in ("list", "read", "import")} | {
        "org__node__list": "node"
    }
    with acting(app) as session:
        make_role(session, "importer", **rights)
        row = make_person(session, "importer", chain.regions[0], "importer")
        importer = load_person(session, row.id)
    batch = shop.bring("S1,2015-06-01,1,1", "S8,2015-06-01,1,1", person=importer)
    assert counts(batch) == (1, 0, 0, 1)
    assert set(shop.days()) == {("S1", JUNE)}
    with pytest.raises(Forbidden):
        shop.bring("S1,2015-06-02,1,1", person=person("area_manager"))


@pytest.mark.requirement("J8", "Z8")
def test_head_office_imports_and_takes_back_at_the_desk(shop, client_as):
    office = client_as("head_office")
    assert "Absent days were closed" in office.get("/admin/daily_reports/day/import/").text
    lines = f"{HEADINGS}\nS1,2015-06-01,5774,607\nS1,2015-06-03,abc,1\nS1,2015-06-05,1,1\n"
    upload = {"file": (io.BytesIO(lines.encode()), "days.csv"), "absent_days": "closed", "csrf_token": token(office)}
    answer = office.post("/admin/daily_reports/day/import/", data=upload, content_type="multipart/form-data")
    assert answer.status_code == 302
    preview = office.get(answer.location).text
    assert "“abc” is not an amount." in preview
    assert shop.days() == {}
    mapping = {f"column-{i}": name for i, name in enumerate(("node_id", "day", "amount", "buyers"))}
    assert post(office, answer.location, mapping).status_code == 302
    assert set(shop.days()) == {("S1", JUNE), ("S1", june(5))}
    assert set(shop.closed()) == {("S1", june(2)), ("S1", june(4))}
    revert = answer.location.replace("/batch/", "/revert/")
    assert post(office, revert).status_code == 302
    assert (shop.days(), shop.closed()) == ({}, {})


def months(shop):
    with shop.work() as session:
        rows = session.execute(select(Node.code, MonthTarget).join(MonthTarget, MonthTarget.node_id == Node.id))
        return {(code, row.month): (row.amount, row.weight) for code, row in rows}


@pytest.mark.requirement("B28")
def test_month_targets_are_imported_for_any_day_of_their_month_and_found_again(shop):
    bring = {"resource": "daily_reports.month_target", "headings": "store,月份,目标,Weight"}
    batch = shop.bring("S1,2026-11-17,12万,1.5", "S2,2026年11月1日,90000,", "A1,2026-11-30,210000,0", **bring)
    assert counts(batch) == (3, 0, 0, 0)
    november = date(2026, 11, 1)
    first = {("S1", november): (120_000, Decimal("1.5")), ("S2", november): (90_000, 1), ("A1", november): (210_000, 0)}
    assert months(shop) == first
    again = shop.bring("S1,2026-11-02,130000,1.5", "S2,2026-11-30,90000,", "S1,2026-12-24,1000,1", **bring)
    assert counts(again) == (1, 1, 1, 0)
    assert months(shop) == first | {("S1", november): (130_000, Decimal("1.5")), ("S1", date(2026, 12, 1)): (1000, 1)}
    shop.revert(again)
    assert months(shop) == first


@pytest.mark.requirement("B28")
def test_two_targets_of_one_place_in_one_month_contradict_each_other(shop):
    batch = shop.bring(
        "S1,2026-11-01,1000",
        "S1,2026-11-30,2000",
        "S2,2026-11-05,1000",
        "S2,2026-11-06,1000",
        resource="daily_reports.month_target",
        headings="store,month,target",
    )
    assert (counts(batch), batch.counts["repeated"]) == ((1, 0, 0, 2), 1)
    assert set(months(shop)) == {("S2", date(2026, 11, 1))}
