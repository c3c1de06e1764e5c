"""Files as they come: encodings, workbooks, and those that nobody should have sent."""

import gzip
import zipfile
from datetime import date
from decimal import Decimal

import pytest
import xlsxwriter

from core.exchange.mapping import ImportRefused
from core.exchange.models import ImportBatch
from core.exchange.reading import UnreadableFile
from core.org.models import Node
from core.testing.factories import acting
from tests.plugins.daily_reports.importing_shop import CLOSED, HEADINGS, JUNE, counts


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
