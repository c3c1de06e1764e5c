"""What a spreadsheet makes of the tables we write."""

import datetime
import re
import tracemalloc
import zipfile
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.exchange import writing
from core.exchange.reading import open_table
from core.exchange.writing import BOM, csv_line, guard, write_xlsx

one_file = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def read_csv(tmp_path):
    def read(lines):
        path = tmp_path / "a.csv"
        path.write_text("".join(lines), encoding="utf-8", newline="")
        table = open_table(path, path.name)
        return table.headers, [row.values for row in table.rows()]

    return read


@pytest.fixture
def written(tmp_path):
    """Write an xlsx; give what is read back and the XML of its sheet."""

    def written(headers, rows, sheet_name="表"):
        path = tmp_path / "a.xlsx"
        assert write_xlsx(path, headers, rows, sheet_name) == len(rows)
        with zipfile.ZipFile(path) as book:
            sheet, names = (
                book.read("xl/worksheets/sheet1.xml").decode(),
                book.read("xl/workbook.xml").decode(),
            )
        table = open_table(path, path.name)
        assert table.headers == headers
        return [row.values for row in table.rows()], sheet, names

    return written


@pytest.mark.parametrize(
    "value",
    ["=1+1", '=HYPERLINK("http://x","y")', "+cmd|' /C calc'!A0", "-1+1", "-a", "@SUM(A1)", "\t=1", "\r=1",
     "\n=1", " =1", "\u3000=1", "＝1", "＋1", "－1", "＠x", "-5\n", "+1e5", "\tx", "--5", "-"],
)  # fmt: skip
def test_what_might_run_as_a_formula_gets_an_apostrophe(value):
    assert guard(value) == f"'{value}"


@pytest.mark.parametrize(
    "value",
    ["", "-5", "+5", "-1,234.50", "+8613800138000", "0", "张三", "a=b", "a\n=1", "1-2", "'=1", "3@x.cn"],
)
def test_plain_texts_and_numbers_stay_as_they_are(value):
    assert guard(value) == value


@given(st.text())
def test_the_guard_only_ever_adds_one_apostrophe(value):
    assert guard(value) in (value, f"'{value}")
    assert guard(guard(value)) == guard(value)


def test_a_csv_line_quotes_what_needs_it_and_guards_formulas():
    assert csv_line(["店", 'a"b', "x,y", "=1", None]) == '店,"a""b","x,y",\'=1,\r\n'


def test_a_csv_line_writes_values_as_they_can_be_read():
    noon = datetime.datetime(2026, 11, 21, 4, 0, 1, 999, tzinfo=datetime.UTC)
    values = [True, False, 12, -3, Decimal("1E+3"), 0.1, 1e20, noon, noon.date(), datetime.time(8, 30)]
    assert csv_line(values) == (
        "true,false,12,-3,1000,0.1,100000000000000000000,2026-11-21 12:00:01,2026-11-21,08:30:00\r\n"
    )


# The two noncharacters cannot stand in XML, and a csv with NUL is refused.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffe\uffff"), max_size=10)
rows = st.lists(st.lists(texts, min_size=2, max_size=2), min_size=1, max_size=5).filter(
    lambda rows: any("".join(row).strip() for row in rows)
)


@one_file
@given(rows)
def test_what_a_csv_holds_is_read_back(read_csv, rows):
    lines = [BOM, csv_line(["甲", "乙"]), *(csv_line(row) for row in rows)]
    filled = [tuple(guard(value) for value in row) for row in rows if "".join(map(guard, row)).strip()]
    assert read_csv(lines) == (["甲", "乙"], filled)


@one_file
@given(rows)
def test_what_an_xlsx_holds_is_read_back(written, rows):
    found, _sheet, _names = written(["甲", "乙"], rows)
    assert found == [tuple(row) for row in rows if "".join(row).strip()]


def test_texts_never_become_formulas_links_or_numbers(written):
    row = ["=1+1", "http://example.com", "007", "mailto:a@b.cn", "{=1}", "internal:Sheet1!A1"]
    found, sheet, _names = written(list("abcdef"), [row])
    assert found == [tuple(row)]
    assert "<f>" not in sheet and "hyperlink" not in sheet


def test_numbers_dates_and_times_are_real_ones(written):
    instant = datetime.datetime(2026, 11, 21, 16, 30, tzinfo=datetime.UTC)
    row = [12, Decimal("8.5"), True, datetime.date(2026, 11, 21), instant, datetime.time(8, 30), None]
    found, sheet, _names = written(list("abcdefg"), [row])
    assert found == [("12", "8.5", "true", "2026-11-21", "2026-11-22T00:30:00", "08:30:00", "")]
    assert "<v>12</v>" in sheet and "<v>8.5</v>" in sheet


def test_a_number_a_spreadsheet_would_shorten_is_written_as_text(written):
    found, _sheet, _names = written(["号"], [[123456789012345678], [999999999999999], [float("inf")]])
    assert found == [("123456789012345678",), ("999999999999999",), ("inf",)]


def test_a_text_too_long_for_a_cell_ends_visibly(written):
    [[found]], _sheet, _names = written(["长"], [["好" * 40_000]])
    assert len(found) == 32_767
    assert found.endswith("好…")


def test_columns_are_wide_enough_for_chinese(written):
    _found, sheet, _names = written(["店", "b", "长"], [["深圳南山旗舰店", "x", "好" * 200]])
    assert [float(width) for width in re.findall(r'<col [^>]*width="([\d.]+)"', sheet)] == pytest.approx(
        [14 + 2, writing.NARROWEST + 2, writing.WIDEST + 2], abs=1
    )


@pytest.mark.parametrize("name", ["", "日报", "a/b:c*?[x]\\", "'x'", "很长的名字" * 20, "\x00"])
def test_any_name_becomes_a_name_a_sheet_may_have(written, name):
    _found, _sheet, names = written(["a"], [["1"]], name)
    [given_name] = re.findall(r'<sheet name="([^"]*)"', names)
    assert 1 <= len(given_name) <= 31
    assert not re.search(r"[\[\]:*?/\\]|^'|'$", given_name)


def test_more_rows_than_a_sheet_holds_are_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "MAX_SHEET_ROWS", 3)
    assert write_xlsx(tmp_path / "a.xlsx", ["a"], [["1"], ["2"]]) == 2
    with pytest.raises(ValueError, match="2 rows"):
        write_xlsx(tmp_path / "a.xlsx", ["a"], [["1"], ["2"], ["3"]])


def test_a_long_xlsx_takes_little_memory(tmp_path):
    tracemalloc.start()
    rows = (["S0001", number, "备注" * 20] for number in range(10_000))
    assert write_xlsx(tmp_path / "a.xlsx", ["店", "号", "备注"], rows) == 10_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 2**20
