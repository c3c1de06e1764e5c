"""Imported history enters locked, is found again by place and day, and can be taken back whole."""

import csv
import gzip
import io
import json
import os
import zipfile
from collections import defaultdict
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import xlsxwriter
from click.testing import CliRunner
from sqlalchemy import func, select

from core.access.person import SYSTEM, Forbidden
from core.access.scope import unscoped
from core.auth.rights import load_person
from core.commands.context import Shell
from core.commands.data import import_file, import_revert
from core.exchange import applying, importing
from core.exchange.mapping import ImportRefused
from core.exchange.models import ImportBatch, ImportRow
from core.exchange.reading import UnreadableFile, open_table
from core.org.models import CalendarDay, Node
from core.org.tree import is_closed
from core.testing.factories import acting, make_person, make_role, post, token
from plugins.daily_reports import boards, services
from plugins.daily_reports.models import AbsentDay, DayReport, MonthTarget

HEADINGS = "store,date,sales,customers"
JUNE = date(2015, 6, 1)
CLOSED = {"absent_days": "closed"}
REASON = "imported: no sales that day"


def june(number):
    return date(2015, 6, number)


class Shop:
    """Brings files in, as head office would, and tells what came of them."""

    def __init__(self, app, folder):
        self.app, self.folder = app, folder
        self.views = app.extensions["backoffice"].views

    @contextmanager
    def work(self, person=SYSTEM):
        with self.app.app_context(), acting(self.app, person) as session:
            yield session

    def write(self, text, name="days.csv", encoding="utf-8"):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    def bring(self, *lines, headings=HEADINGS, path=None, resource="daily_reports.day", person=SYSTEM, **choices):
        path = path or self.write("\n".join((headings, *lines)))
        view = self.views[resource]
        with self.work(person) as session:
            table = open_table(path, path.name)
            batch = importing.open_batch(session, view, path.name, table, **choices)
            importing.check(session, view, batch, table)
            applying.apply(session, view, batch)
            session.flush()
        return batch

    def revert(self, batch):
        with self.work() as session:
            batch = session.get(ImportBatch, batch.id)
            applying.revert(session, self.views[batch.resource], batch)
            session.flush()
        return batch

    def days(self):
        """`{(code, day): report}`"""
        with self.work() as session:
            rows = session.execute(select(Node.code, DayReport).join(DayReport, DayReport.node_id == Node.id))
            return {(code, report.day): report for code, report in rows}

    def closed(self):
        """`{(code, day): (closed, reason)}`"""
        with self.work() as session:
            rows = session.execute(select(Node.code, CalendarDay).join(CalendarDay, CalendarDay.node_id == Node.id))
            return {(code, row.day): (row.closed, row.reason) for code, row in rows}

    def refusals(self, batch):
        with self.work() as session, unscoped("a test"):
            query = (
                select(ImportRow)
                .where(ImportRow.batch_id == batch.id, ImportRow.status == "refused")
                .order_by(ImportRow.number)
            )
            return [(row.number, row.reason) for row in session.scalars(query)]

    def counted(self, model):
        with self.work() as session:
            return session.scalar(select(func.count()).select_from(model))


@pytest.fixture
def shop(app, chain, tmp_path):
    return Shop(app, tmp_path)


def counts(batch):
    return tuple(batch.counts[name] for name in ("created", "updated", "unchanged", "refused"))


# What enters


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
        services.correct(
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


# Absent days


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
        services.correct(
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


# Files nobody should have sent


def workbook(path, rows):
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                sheet.write(number, column, value)
    return path


@pytest.mark.requirement("J8", "Z8")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le"])
def test_a_file_in_any_encoding_a_chinese_office_saves_is_read(shop, app, chain, encoding):
    with acting(app) as session:
        session.get(Node, chain.stores[0].id).name = "南山海岸城店"
    text = "门店,日期,销售额,成交数\n南山海岸城店,2015/6/1,8000,7\n" * 1
    if encoding == "utf-16-le":
        path = shop.write(b"\xff\xfe" + text.encode("utf-16-le"))
    else:
        path = shop.write(text, encoding=encoding)
    assert counts(shop.bring(path=path)) == (1, 0, 0, 0)
    assert shop.days()["S1", JUNE].amount == 8000


@pytest.mark.requirement("J8")
def test_a_workbook_is_read_with_real_dates_and_numbers(shop, tmp_path):
    path = tmp_path / "days.xlsx"
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["店号", "日期", "销售额", "成交数"])
        sheet.write(1, 0, "S1")
        sheet.write_datetime(1, 1, date(2015, 6, 1))
        sheet.write_row(1, 2, [8000.5, 7])
    assert counts(shop.bring(path=path)) == (1, 0, 0, 0)
    assert shop.days()["S1", JUNE].amount == Decimal("8000.50")


def _bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        package.writestr("xl/worksheets/sheet1.xml", b"0" * (300 * 1024 * 1024))
    return path


def _formulas(path):
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADINGS.split(","))
        sheet.write_row(1, 0, ["S1", "2015-06-01"])
        sheet.write_formula(1, 2, "=1+1", None, "")
    return path


BAD_FILES = {
    "double.csv": lambda path: path.write_text("store,date,sales,sales\nS1,2015-06-01,1,2\n"),
    "empty.csv": lambda path: path.write_text(""),
    "headings only.csv": lambda path: path.write_text(f"{HEADINGS}\n"),
    "no place.csv": lambda path: path.write_text("when,sales\n2015-06-01,1\n"),
    "not a sheet.xlsx": lambda path: path.write_bytes(b"PK\x03\x04 not really"),
    "picture.csv": lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20),
    "packed.csv": lambda path: path.write_bytes(gzip.compress(b"store,date,sales\n" * 1000)),
    "formulas.xlsx": _formulas,
    "bomb.xlsx": _bomb,
}


@pytest.mark.requirement("J9")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_is_no_table_is_refused_with_a_reason_and_nothing_is_half_done(shop, tmp_path, name):
    path = tmp_path / name
    BAD_FILES[name](path)
    with pytest.raises((UnreadableFile, ImportRefused)) as refused:
        shop.bring(path=path, options=CLOSED)
    assert len(str(refused.value)) >= 15
    assert (shop.days(), shop.closed(), shop.counted(ImportBatch)) == ({}, {}, 0)


def test_an_import_that_breaks_in_the_middle_writes_nothing(shop, monkeypatch):
    monkeypatch.setattr("plugins.daily_reports.imports._close", lambda *_arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        shop.bring("S1,2015-06-01,1,1", "S1,2015-06-04,1,1", options=CLOSED)
    assert (shop.days(), shop.closed(), shop.counted(ImportBatch)) == ({}, {}, 0)


def test_rows_that_contradict_each_other_are_refused_and_repeats_collapse(shop):
    batch = shop.bring("S1,2015-06-01,1,1", "S1,2015-06-01,1,1", "S2,2015-06-01,1,1", "S2,2015-06-01,2,2")
    assert (counts(batch), batch.counts["repeated"]) == ((1, 0, 0, 2), 1)
    assert set(shop.days()) == {("S1", JUNE)}


def test_an_option_that_does_not_exist_is_refused(shop):
    for options in ({"absent_days": "perhaps"}, {"absent": "closed"}):
        with pytest.raises(ImportRefused):
            shop.bring("S1,2015-06-01,1,1", options=options)


# At the desk


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


# Month targets


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


# The real thing

REAL = Path(os.environ.get("BACKOFFICE_TEST_DATA", "")) / "store_days.csv"


@pytest.mark.slow
@pytest.mark.requirement("G9", "J8", "J9", "Z8")
@pytest.mark.skipif(
    not (os.environ.get("BACKOFFICE_TEST_DATA") and REAL.is_file()),
    reason="BACKOFFICE_TEST_DATA does not name the folder of store_days.csv",
)
def test_two_months_of_a_thousand_real_shops_arrive_whole_and_can_be_taken_back(app, shop, org, person):
    totals, by_store, by_day, present = 0, defaultdict(int), defaultdict(int), set()
    with REAL.open(newline="") as file:
        for row in csv.DictReader(file):
            day, sales = date.fromisoformat(row["date"]), int(row["sales"])
            totals += sales
            present.add((row["store"], day))
            by_store[row["store"]] += sales
            by_day[day] += sales
    assert (len(present), len(by_store), totals) == (58_611, 1_115, 419_685_989)
    first, last = min(by_day), max(by_day)
    span = [first + timedelta(days=n) for n in range((last - first).days + 1)]

    stores = run(app, import_file, "org.store", REAL, "--map", "store=code")
    assert (stores["created"], stores["refused"]) == (1_115, 0)
    words = ("daily_reports.day", REAL, "--map", "sales=amount", "--map", "customers=buyers", "--absent-days", "closed")
    told = run(app, import_file, *words)
    assert [told[name] for name in ("rows", "created", "updated", "unchanged", "refused")] == [58_611, 58_611, 0, 0, 0]
    assert told["closed_days"] == 1_115 * len(span) - 58_611

    def same():
        with shop.work() as session:
            amount, code = func.sum(DayReport.amount), Node.code
            joined = select(code, amount).join(DayReport, DayReport.node_id == Node.id)
            assert session.scalar(select(amount)) == totals
            assert dict(session.execute(joined.group_by(code)).all()) == by_store
            assert dict(session.execute(select(DayReport.day, amount).group_by(DayReport.day)).all()) == by_day
            assert set(session.execute(select(DayReport.state, DayReport.imported).distinct()).all()) == {
                ("locked", True)
            }
            closed = session.execute(
                select(code, CalendarDay.day).join(CalendarDay, CalendarDay.node_id == Node.id)
            ).all()
            assert len(closed) == told["closed_days"]
            assert {tuple(row) for row in closed}.isdisjoint(present)
            for day in (first, first + timedelta(days=6), last):
                codes = {item.code for item in boards.missing(session, SYSTEM, day)}
                assert codes == {store.code for store in org.stores}, (
                    "only the stores that are not in the file are missing"
                )
                groups = boards.board(session, SYSTEM, day)
                total = boards.totals(groups)
                assert (total.amount, total.count(reported=True)) == (
                    by_day[day],
                    sum(1 for _code, each in present if each == day),
                )

    same()
    again = run(app, import_file, *words)
    assert [again[name] for name in ("created", "updated", "unchanged", "refused", "closed_days")] == [
        0,
        0,
        58_611,
        0,
        0,
    ]
    same()
    run(app, import_revert, str(again["batch"]))
    same()
    run(app, import_revert, str(told["batch"]))
    assert [shop.counted(model) for model in (DayReport, CalendarDay, AbsentDay)] == [0, 0, 0]


def run(app, command, *words):
    """What a command of the shell prints, as the document it is."""
    shell = Shell()
    shell.__dict__["app"] = app
    answer = CliRunner().invoke(command, [*map(str, words), "--json"], obj=shell, catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)
