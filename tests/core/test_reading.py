"""What a csv may look like, and what a person is told when it cannot be read."""

import codecs
import csv
import io
import os
import re
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.exchange import delimited, limits, reading
from core.exchange.reading import Row, UnreadableFile, open_table
from core.language import current_locale, set_locale

CHINESE = "门店,日期,备注\r\n南山店,2026-11-21,“好”\r\n福田店,2026-11-22,𠮷野家\r\n"
ENCODINGS = {
    "UTF-8": CHINESE.encode(),
    "UTF-8 with mark": codecs.BOM_UTF8 + CHINESE.encode(),
    "UTF-16 LE with mark": codecs.BOM_UTF16_LE + CHINESE.encode("utf-16-le"),
    "UTF-16 BE with mark": codecs.BOM_UTF16_BE + CHINESE.encode("utf-16-be"),
    "UTF-16 LE": CHINESE.encode("utf-16-le"),
    "UTF-16 BE": CHINESE.encode("utf-16-be"),
    "GB18030": CHINESE.encode("gb18030"),
}
# One file for all examples of a property, as each example writes it anew.
one_file = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture(autouse=True)
def _english():
    before = current_locale()
    set_locale("en")
    yield
    set_locale(before)


@pytest.fixture
def read(tmp_path):
    def read(content, filename="表.csv"):
        path = tmp_path / "upload"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        table = open_table(path, filename)
        return table.headers, list(table.rows())

    return read


@pytest.fixture
def refused(read):
    def refused(content, filename="表.csv"):
        with pytest.raises(UnreadableFile) as error:
            read(content, filename)
        return str(error.value)

    return refused


@pytest.mark.parametrize("content", ENCODINGS.values(), ids=ENCODINGS)
def test_every_encoding_gives_the_same_table(read, content):
    assert read(content) == (
        ["门店", "日期", "备注"],
        [Row(2, ("南山店", "2026-11-21", "“好”")), Row(3, ("福田店", "2026-11-22", "𠮷野家"))],
    )


# Private-use characters are left out because GB18030 maps some of them to newer code points.
cells = st.text(st.characters(exclude_categories=["Cs", "Cc", "Co", "Cn"]) | st.sampled_from(',;"\t\n 好'), max_size=8)
names = st.text(st.characters(codec="gb2312", categories=["L"]), min_size=1, max_size=5)
# In GB18030 these two are no valid UTF-8; a short file of others may be valid in both, and means UTF-8.
headings = st.lists(names.filter("门店".__ne__), min_size=1, max_size=4, unique=True).map(lambda more: ["门店", *more])
tables = headings.flatmap(
    lambda headers: st.tuples(
        st.just(headers),
        st.lists(st.lists(cells, min_size=len(headers), max_size=len(headers)), min_size=1, max_size=4),
    )
)


@one_file
@given(tables, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"]), st.data())
def test_what_is_written_is_read_back(read, table, encoding, data):
    headers, rows = table
    text = io.StringIO()
    options = {
        "delimiter": data.draw(st.sampled_from(delimited.DELIMITERS)),
        "lineterminator": data.draw(st.sampled_from(["\r\n", "\n", "\r"])),
        "quoting": csv.QUOTE_ALL,
    }
    csv.writer(text, **options).writerows([headers, *rows])
    filled = [(number, tuple(values)) for number, values in enumerate(rows, start=2) if "".join(values).strip()]
    if filled:
        assert read(text.getvalue().encode(encoding)) == (headers, filled)


@one_file
@given(st.binary() | st.text(st.sampled_from('a,;"\t\r\n\0好\ufeff')).map(str.encode))
def test_any_bytes_are_a_table_or_refused(read, content):
    for filename in ("a.csv", "a.xlsx", "a.xls", "a"):
        try:
            headers, rows = read(content, filename)
        except UnreadableFile as refused:
            assert str(refused)
        else:
            assert all(len(row.values) == len(headers) for row in rows)


@pytest.mark.parametrize("delimiter", delimited.DELIMITERS)
def test_the_delimiter_is_found_among_the_others(read, delimiter):
    content = "姓名|地址,楼;层|电话\n张三|南山,1;2|1\n李四|福田|2\n".replace("|", delimiter)
    if delimiter == "\t":
        assert read(content)[0] == ["姓名", "地址,楼;层", "电话"]
    quoted = '"姓名"|"地址,楼;层"|"电话"\n"张三"|"南山,1;2"|"1"\n'.replace("|", delimiter)
    assert read(quoted) == (["姓名", "地址,楼;层", "电话"], [Row(2, ("张三", "南山,1;2", "1"))])


def test_one_column_needs_no_delimiter(read):
    assert read("手机\n13800138000\n") == (["手机"], [Row(2, ("13800138000",))])


def test_blank_lines_are_left_out_but_numbered(read):
    assert read("\na,b\n\n1,2\n,\n  , \n3,4") == (["a", "b"], [Row(4, ("1", "2")), Row(7, ("3", "4"))])


def test_a_cell_of_several_lines_is_one_row(read):
    assert read('a,b\r\n"1\r\n2",x\r\n3,4')[1] == [Row(2, ("1\r\n2", "x")), Row(3, ("3", "4"))]


def test_lines_may_end_in_any_way(read):
    assert read("a,b\r1,2\r3,4\r") == read("a,b\n1,2\n3,4") == read("a,b\r\n1,2\r\n3,4\r\n")


def test_a_short_row_is_filled_and_empty_columns_at_the_end_are_ignored(read):
    assert read(" a ,b,,\n1,,,\n2\n")[0] == ["a", "b"]
    assert read(" a ,b,,\n1,,,\n2\n")[1] == [Row(2, ("1", "")), Row(3, ("2", ""))]


def test_rows_can_be_read_twice(tmp_path):
    path = tmp_path / "a"
    path.write_text("a,b\n1,2\n")
    table = open_table(path, "A.CSV")
    assert list(table.rows()) == list(table.rows()) == [Row(2, ("1", "2"))]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "empty"),
        ("\n\n , \n", "no headings"),
        ("a,b\n", "no rows"),
        ("a,b\n\n,\n", "no rows"),
        ("a,,c\n1,2,3\n", "heading: B"),
        ("a,,c,,\n1,2,3\n", "heading: B"),
        ("店,日期,店,日期,x\n1,2,3,4,5\n", "again: 店, 日期"),
        ("a,b\n1,2,3\n", "Row 2 .* column C"),
        ("2026 年\n店,日期\n", "Row 2 .* column B"),
        ('a,b\n1,2\n"3,4\n5,6\n', "Row 3 .* quotation"),
        ('a,b\n1,"2"x\n', "Row 2 .* quotation"),
        ("a,b\n1," + "x" * 32_768, "Row 2, column B holds 32,768 .* 32,767"),
        ("a,b\n1,2\n3,\0\n4,5\n6,7\n8,9\n", "damaged in line 3"),
        ("a,b\n1,2\n好,".encode() + b"\xff\xfe\n", "damaged in line 3"),
        (codecs.BOM_UTF8 + "a,b\n好,1\n".encode("gb18030"), "damaged in line 2"),
        (codecs.BOM_UTF16_LE + b"a\0,\0b", "damaged"),
        (",".join(f"c{number}" for number in range(201)) + "\n1\n", "201 columns"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(refused, content, told):
    assert re.search(told, refused(content), re.DOTALL)


def test_an_encoding_is_judged_by_the_whole_file(read, refused):
    lines = b"a,b\n" + b"1,2\n" * 600_000
    assert read(lines + "好,1\n".encode("gb18030"))[1][-1].values == ("好", "1")
    assert "line 600002" in refused(lines + b"\xff,1\n")


@pytest.mark.parametrize(
    ("filename", "content", "told"),
    [
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".xls"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "password"),
        ("a.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".xls"),
        ("a.xlsx", b"a,b\n1,2\n", "not a workbook"),
        ("a.csv", b"PK\x03\x04", "packed"),
        ("a.xls", b"<html><table>", "Only .csv and .xlsx"),
        ("a.ods", b"PK\x03\x04", "Only .csv and .xlsx"),
        ("a.pdf", b"%PDF-1.7", "Only .csv and .xlsx"),
        ("csv", b"a,b\n1,2\n", "Only .csv and .xlsx"),
    ],
)
def test_other_kinds_of_file_are_refused(refused, filename, content, told):
    assert told in refused(content, filename)


def test_a_file_too_large_is_refused_before_it_is_read(refused, monkeypatch):
    monkeypatch.setattr(reading, "MAX_BYTES", 10)
    assert "larger than" in refused("a,b\n1,2\n3,4\n")


def test_rows_beyond_the_limit_are_refused(read, refused, monkeypatch):
    monkeypatch.setattr(reading, "MAX_ROWS", 3)
    assert len(read("a\n1\n2\n3\n\n\n")[1]) == 3
    assert "more than 3 rows" in refused("a\n1\n2\n3\n4\n")
    assert "more than 3 rows" in refused("a\n1\n" + "\n" * 10)


@pytest.mark.parametrize(
    "content",
    [b'a,b\n1,"' + b"x" * 9_000_000, b'a,b\n1,2\n"\n"' + b',"\n"' * 3_000_000, b"a,b\n1" + b"," * 9_000_000],
    ids=["a quote never closed", "a row of a million lines", "a line that never ends"],
)
def test_a_row_without_end_is_refused_in_little_memory(tmp_path, content):
    path = tmp_path / "a"
    path.write_bytes(content)
    tracemalloc.start()
    with pytest.raises(UnreadableFile, match="Row [23]"):
        list(open_table(path, "a.csv").rows())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60 * 2**20


def test_a_csv_is_never_held_whole(tmp_path):
    path = tmp_path / "a"
    with path.open("w") as file:
        file.writelines(["店,日期,备注\n", *(f"S{number:06},2026-11-21,{'好' * 50}\n" for number in range(60_000))])
    tracemalloc.start()
    assert sum(1 for _row in open_table(path, "a.csv").rows()) == 60_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 9_000_000 > peak


def test_the_limits_are_those_promised():
    assert (limits.MAX_ROWS, limits.MAX_COLUMNS, limits.MAX_BYTES) == (1_000_000, 200, 200 * 2**20)


def test_columns_are_called_as_in_a_spreadsheet():
    assert [limits.column_letters(index) for index in (0, 25, 26, 701, 702, 16_383)] == [
        "A", "Z", "AA", "ZZ", "AAA", "XFD",
    ]  # fmt: skip


@pytest.mark.skipif("BACKOFFICE_TEST_DATA" not in os.environ, reason="BACKOFFICE_TEST_DATA is not set")
def test_a_real_file_of_store_days_is_read_whole():
    path = Path(os.environ["BACKOFFICE_TEST_DATA"]) / "store_days.csv"
    table = open_table(path, path.name)
    rows = list(table.rows())
    assert table.headers[:3] == ["store", "date", "sales"]
    assert len(rows) == 58_611
    assert sum(int(row.values[2]) for row in rows) == 419_685_989
    assert rows[0] == Row(2, ("S0001", "2015-06-01", "5774", "607", "1", "c", "a", "1270"))
    assert rows[-1].number == 58_612
