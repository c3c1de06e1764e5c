"""The days on which an imported file has nothing: missing, or closed when head office says so."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from core.exchange.mapping import ImportRefused
from core.org.models import CalendarDay
from core.org.tree import is_closed
from core.testing.factories import acting
from plugins.daily_reports import after_the_report, boards, services
from plugins.daily_reports.models import AbsentDay, DayReport
from tests.plugins.daily_reports.importing_shop import CLOSED, REASON, counts, june


@pytest.mark.requirement("G9")
def test_absent_days_are_missing_unless_the_file_is_said_to_leave_out_closed_ones(shop):
    shop.bring("S1,2015-06-01,1,1", "S1,2015-06-03,1,1")
    assert shop.closed() == {}


@pytest.mark.requirement("G9")
def test_absent_days_between_the_files_first_and_last_are_closed_for_every_store_of_the_file(shop, app, chain):
    batch = shop.bring("S1,2015-06-01,1,1", "S2,2015-06-03,1,1", "S1,2015-06-05,1,1", options=CLOSED)
    absent = {("S1", june(n)) for n in (2, 3, 4)} | {("S2", june(n)) for n in (1, 2, 4, 5)}
    assert shop.closed() == dict.fromkeys(absent, (True, REASON))
    assert batch.counts["closed_days"] == len(absent)
    with acting(app) as session:
        assert is_closed(session, chain.stores[0], june(2))
        assert not is_closed(session, chain.stores[0], june(1))
        assert not is_closed(session, chain.stores[2], june(2))


def test_what_the_calendar_or_a_record_says_already_stays(shop, app, chain):
    with acting(app) as session:
        session.add(
            CalendarDay(node_id=chain.stores[0].id, day=june(2), closed=False, reason="open, but without a till")
        )
        session.add(CalendarDay(node_id=chain.stores[0].id, day=june(3), reason="water in the cellar"))
        session.add(DayReport(node_id=chain.stores[0].id, day=june(4), state="locked", target_amount=Decimal(1)))
        session.add(CalendarDay(node_id=chain.stores[0].id, day=june(20), reason="far from the file"))
    batch = shop.bring("S1,2015-06-01,1,1", "S1,2015-06-06,1,1", options=CLOSED)
    kept = {("S1", june(2)): (False, "open, but without a till"), ("S1", june(3)): (True, "water in the cellar"),
            ("S1", june(20)): (True, "far from the file")}  # fmt: skip
    assert shop.closed() == kept | {("S1", june(5)): (True, REASON)}
    shop.revert(batch)
    assert shop.closed() == kept
    assert set(shop.days()) == {("S1", june(4))}


def test_a_day_a_refused_row_speaks_of_is_not_closed_and_a_store_with_an_unreadable_day_is_left_alone(shop):
    batch = shop.bring(
        "S1,2015-06-01,1,1", "S1,2015-06-02,abc,1", "S1,2015-06-04,1,1", "S2,2015-06-01,1,1", "S2,2015-06-?,1,1",
        "S9,2015-06-02,1,1", "S3,2015-06-03,1,1", "S3,2015-06-03,2,2", options=CLOSED,
    )  # fmt: skip
    assert batch.counts["refused"] == 5
    assert set(shop.closed()) == {("S1", june(3))}
    shop.bring(
        "S1,2015-06-01,1,1",
        "S1,2015-06-02,7,1",
        "S1,2015-06-04,1,1",
        "S2,2015-06-01,1,1",
        "S2,2015-06-04,1,1",
        options=CLOSED,
    )
    assert set(shop.closed()) == {("S1", june(3)), ("S2", june(2)), ("S2", june(3))}


def test_an_area_that_is_in_the_file_is_not_closed_with_all_its_stores(shop):
    shop.bring("A1,2015-06-01,9,9", "A1,2015-06-03,9,9", "S3,2015-06-01,1,1", "S3,2015-06-03,1,1", options=CLOSED)
    assert set(shop.closed()) == {("S3", june(2))}


def test_a_slip_in_a_year_does_not_close_a_century(shop):
    with pytest.raises(ImportRefused, match="from 1915-06-01 to 2015-06-03"):
        shop.bring("S1,1915-06-01,1,1", "S1,2015-06-03,1,1", options=CLOSED)
    assert (shop.days(), shop.closed()) == ({}, {})
    assert shop.bring("S1,1915-06-01,1,1", "S1,2015-06-03,1,1").counts["created"] == 2


def test_the_same_file_again_closes_nothing_more_and_takes_nothing_back(shop):
    lines = ("S1,2015-06-01,1,1", "S1,2015-06-04,1,1")
    first = shop.bring(*lines, options=CLOSED)
    closed = shop.closed()
    again = shop.bring(*lines, options=CLOSED)
    assert (counts(again), again.counts["closed_days"]) == ((0, 0, 2, 0), 0)
    shop.revert(again)
    assert shop.closed() == closed
    shop.revert(first)
    assert (shop.closed(), shop.days()) == ({}, {})


@pytest.mark.requirement("J9")
def test_an_import_that_is_taken_back_leaves_nothing_but_what_people_have_changed_since(shop, app, chain, person):
    shop.bring("S1,2015-06-01,1000,1", "S1,2015-06-02,2000,2")
    batch = shop.bring("S1,2015-06-01,1111,1", "S1,2015-06-05,5000,5", "S1,2015-06-07,7000,7", options=CLOSED)
    with acting(app, person("store_manager")) as session:
        after_the_report.correct(
            session, services.find(session, chain.stores[0].id, june(7)), "amount", Decimal(7001), "counted again"
        )
    with acting(app) as session:
        session.scalars(select(CalendarDay).where(CalendarDay.day == june(4))).one().reason = "stock-taking"
    reverted = shop.revert(batch)
    assert {key: reverted.counts[key] for key in ("removed", "restored", "kept")} == {
        "removed": 1,
        "restored": 1,
        "kept": 1,
    }
    assert {day: report.amount for (_code, day), report in shop.days().items()} == {
        june(1): 1000,
        june(2): 2000,
        june(7): 7001,
    }
    assert shop.closed() == {("S1", june(4)): (True, "stock-taking")}
    assert shop.counted(AbsentDay) == 0


@pytest.mark.requirement("G9")
def test_an_imported_day_is_neither_missing_nor_late_and_a_closed_one_neither(shop, app, person, at):
    shop.bring(
        "S1,2015-06-01,1,1",
        "S1,2015-06-03,1,1",
        "S2,2015-06-01,,",
        "S2,2015-06-02,5,5",
        "S2,2015-06-03,5,5",
        options=CLOSED,
    )
    at("2015-06-03 23:00")
    area_manager = person("area_manager")
    with acting(app, area_manager) as session:
        missing = {day: [item.code for item in boards.missing(session, area_manager, june(day))] for day in (1, 2, 3)}
        assert missing == {1: ["S2"], 2: [], 3: []}
