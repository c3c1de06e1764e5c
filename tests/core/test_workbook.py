"""What a workbook may hold, and which ones are refused before a library opens them."""

import datetime
import re
import zipfile
from unittest import mock

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.exchange import sheet as sheets
from core.exchange.reading import Row, UnreadableFile, open_table
from core.language import current_locale, set_locale

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
KINDS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
HEADINGS = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>店</t></is></c><c r="B1" t="inlineStr"><is><t>值</t></is></c></row>'
)


def relationships(**targets):
    links = (
        f'<Relationship Id="{id}" Type="{KINDS}/{kind}" Target="{target}"/>' for id, (kind, target) in targets.items()
    )
    return f'<Relationships xmlns="{RELATIONSHIPS}">{"".join(links)}</Relationships>'


def parts(rows="", styles="", shared="", sheet=None, before=""):
    """The parts of a workbook, by name, as bytes; `before` stands in front of the sheet's root."""
    body = sheet or f'<worksheet xmlns="{MAIN}"><sheetData>{HEADINGS}{rows}</sheetData></worksheet>'
    return {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": relationships(r1=("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{KINDS}"><sheets>'
        '<sheet name="一" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relationships(
            r1=("worksheet", "worksheets/sheet1.xml"),
            r2=("styles", "styles.xml"),
            r3=("sharedStrings", "sharedStrings.xml"),
        ),
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}">{styles}</styleSheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{shared}</sst>',
        "xl/worksheets/sheet1.xml": f'<?xml version="1.0" encoding="UTF-8"?>{before}{body}',
    }


@pytest.fixture(autouse=True)
def _english():
    before = current_locale()
    set_locale("en")
    yield
    set_locale(before)


@pytest.fixture
def read(tmp_path):
    def read(contents):
        path = tmp_path / "upload"
        if isinstance(contents, bytes):
            path.write_bytes(contents)
        else:
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
                for name, content in contents.items():
                    book.writestr(name, content)
        table = open_table(path, "表.XLSX")
        return table.headers, list(table.rows())

    return read


@pytest.fixture
def cell(read):
    """Read the text of one cell, given as its XML."""
    return lambda xml, **more: read(parts(f'<row r="2"><c r="A2"><v>1</v></c>{xml}</row>', **more))[1][0].values[1]


@pytest.fixture
def refused(read):
    def refused(contents):
        with pytest.raises(UnreadableFile) as error:
            read(contents)
        return str(error.value)

    return refused


@pytest.fixture
def written(tmp_path):
    """Write a workbook with the library many programs use; read it back."""

    def written(fill, **options):
        path = tmp_path / "written.xlsx"
        with xlsxwriter.Workbook(path, options) as book:
            fill(book, book.add_worksheet())
        table = open_table(path, path.name)
        return table.headers, list(table.rows())

    return written


def test_values_come_as_the_text_a_person_sees(written):
    def fill(book, sheet):
        formats = {
            text: book.add_format({"num_format": text}) for text in ("yyyy-mm-dd", "hh:mm", "0%", "0.0%", "[h]:mm")
        }
        sheet.write_row(0, 0, list("abcdefghijkl"))
        sheet.write_row(1, 0, ["门店", 123, 8.5, 0.1 + 0.2, True, "013800138000", 123456789012345])
        sheet.write_datetime(1, 7, datetime.date(2026, 11, 21), formats["yyyy-mm-dd"])
        sheet.write_datetime(1, 8, datetime.datetime(2026, 11, 21, 8, 30, 59), formats["yyyy-mm-dd"])
        sheet.write_datetime(1, 9, datetime.time(8, 30), formats["hh:mm"])
        sheet.write_number(1, 10, 0.15, formats["0%"])
        sheet.write_number(1, 11, 1.5, formats["[h]:mm"])
        sheet.write_row(2, 0, [-0.0, -123456.75, 1e-7, 1e14, False, " 空 "])
        sheet.write_number(2, 10, 0.1234, formats["0.0%"])
        sheet.write_number(2, 11, 1.5)

    headers, rows = written(fill)
    assert headers == list("abcdefghijkl")
    assert rows[0].values == (
        "门店", "123", "8.5", "0.3", "true", "013800138000", "123456789012345", "2026-11-21",
        "2026-11-21T08:30:59", "08:30:00", "15%", "36:00:00",
    )  # fmt: skip
    assert rows[1].values == (
        "0", "-123456.75", "0.0000001", "100000000000000", "false", " 空 ", "", "", "", "", "12.34%", "1.5",
    )  # fmt: skip


def test_rows_are_numbered_as_in_the_sheet(written):
    def fill(_book, sheet):
        sheet.write_row(2, 0, ["a", "b"])
        sheet.write_row(4, 0, ["1", "2"])
        sheet.write_row(9, 0, ["3", ""])

    assert written(fill) == (["a", "b"], [Row(5, ("1", "2")), Row(10, ("3", ""))])


def test_a_table_that_starts_in_the_second_column_names_the_first(written):
    with pytest.raises(UnreadableFile, match="heading: A"):
        written(lambda _book, sheet: sheet.write_column(0, 1, ["a", "1"]))


def test_the_first_visible_sheet_is_read(written):
    def fill(book, sheet):
        sheet.hide()
        chart = book.add_chart({"type": "line"})
        chartsheet = book.add_chartsheet("图")
        visible = book.add_worksheet("数据")
        chart.add_series({"values": "=数据!$A$2:$A$2"})
        chartsheet.set_chart(chart)
        visible.write_column(0, 0, ["a", "1"])
        visible.activate()
        sheet.write_column(0, 0, ["hidden", "0"])

    assert written(fill) == (["a"], [Row(2, ("1",))])


def test_rich_text_and_prefixed_names_are_read(cell, read):
    assert cell('<c r="B2" t="inlineStr"><is><r><t>两</t></r><r><t>段</t></r></is></c>') == "两段"
    prefixed = parts('<row r="2"><c r="A2"><v>7</v></c></row>')
    name = "xl/worksheets/sheet1.xml"
    prefixed[name] = re.sub(r"<(/?)(?=[a-z])", r"<\1x:", prefixed[name]).replace("xmlns=", "xmlns:x=")
    assert read(prefixed)[1] == [Row(2, ("7", ""))]


def test_a_formula_gives_its_last_result(cell):
    assert cell('<c r="B2"><f>A2+1</f><v>2</v></c>') == "2"
    assert cell('<c r="B2" t="str"><f>""</f><v></v></c>') == ""


@pytest.mark.parametrize("value", ["<v></v>", "<v/>", ""])
def test_a_formula_never_calculated_is_refused_with_its_place(read, value):
    rows = f'<row r="2"><c r="A2"><v>1</v></c><c r="B2"><f>A2+1</f>{value}</c></row>'
    with pytest.raises(UnreadableFile, match=r"Row 2, column B holds a formula .*\(1 "):
        read(parts(rows))


def test_error_cells_are_refused_with_the_place_of_the_first(read):
    rows = "".join(f'<row r="{row}"><c r="B{row}" t="e"><v>#N/A</v></c></row>' for row in (3, 5))
    with pytest.raises(UnreadableFile, match=r"Row 3, column B shows the error #N/A \(2 "):
        read(parts(rows))


@pytest.mark.parametrize("number", ["1E+15", "123456789012345678", "-1e300", "inf", "NaN", "1e999"])
def test_a_number_that_lost_digits_is_refused(cell, number):
    with pytest.raises(UnreadableFile, match="Row 2, column B holds a number of more than 15 digits"):
        cell(f'<c r="B2"><v>{number}</v></c>')


def test_percentages_in_formats_of_ones_own(cell):
    styles = (
        '<numFmts><numFmt numFmtId="164" formatCode="0.00%;[Red]-0.00%"/></numFmts>'
        '<cellXfs><xf/><xf numFmtId="164"/></cellXfs>'
    )
    assert cell('<c r="B2" s="1"><v>0.155</v></c>', styles=styles) == "15.5%"
    assert cell('<c r="B2" s="1" t="str"><v>text</v></c>', styles=styles) == "text"
    assert cell('<c r="B2" s="1"><v>text</v></c>', styles=styles) == "text"


def test_a_far_corner_is_refused_before_a_grid_is_made_of_it(refused):
    assert "row 1,048,576 and column XFD" in refused(parts('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'))


def test_one_text_in_every_cell_is_refused_before_it_multiplies(refused, monkeypatch):
    monkeypatch.setattr(sheets, "MAX_TEXT", 1_000)
    rows = "".join(f'<row r="{row}"><c t="s"><v>0</v></c></row>' for row in range(2, 30))
    assert "too much text" in refused(parts(rows, shared=f"<si><t>{'x' * 100}</t></si>"))


def test_a_zip_bomb_is_refused_by_its_directory(refused):
    assert "unpacks to" in refused(parts() | {"xl/media/image1.png": bytes(30 * 2**20)})


def test_a_workbook_that_unpacks_to_too_much_is_refused_while_it_is_read(refused):
    with mock.patch("core.exchange.package.MAX_BYTES", 5_000):
        contents = parts('<row r="2"><c r="A2"><v>1</v></c></row>', shared="<si><t>x</t></si>" * 500)
        assert "unpacks to" in refused(contents)


def test_a_directory_that_lies_about_sizes_is_refused(tmp_path, refused):
    path = tmp_path / "lie"
    blanks = " " * (40 * 2**20)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for name, content in parts(sheet=f"{blanks}<worksheet/>").items():
            book.writestr(name, content)
        true_size = book.getinfo("xl/worksheets/sheet1.xml").file_size
    lying = path.read_bytes().replace(true_size.to_bytes(4, "little"), (100).to_bytes(4, "little"))
    assert "damaged" in refused(lying)


@pytest.mark.parametrize(
    "before",
    ['<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>', '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
     "<!DOCTYPE x>"],
)  # fmt: skip
@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml", "_rels/.rels"])
def test_entities_are_refused_in_every_part(refused, before, part):
    contents = parts('<row r="2"><c r="A2"><v>1</v></c></row>')
    contents[part] = before + contents[part].removeprefix('<?xml version="1.0" encoding="UTF-8"?>')
    assert "damaged" in refused(contents)


@pytest.mark.parametrize(
    "rows",
    [
        "<a>" * 200 + "</a>" * 200,
        '<row r="2">' + "<v>" * 200 + "</v>" * 200 + "</row>",
        '<row r="2"><c r="A2"><c r="B2"><v>1</v></c></c></row>',
        '<row r="3"/><row r="2"/>',
        '<row r="2"><c r="B2"><v>1</v></c><c r="A2"><v>1</v></c></row>',
        '<row r="2"><c r="A3"><v>1</v></c></row>',
        '<row r="2"><c r="2"><v>1</v></c></row>',
        '<row r="2"><c r="a2"><v>1</v></c></row>',
        '<row r="2"><c r="AAAA2"><v>1</v></c></row>',
        '<row r="0"/>',
        '<row r="1048577"/>',
        '<row r="x"/>',
        '<row r="2"><c r="A2" t="s"><v>5</v></c></row>',
        '<row r="2"><c r="A2" t="s"><v>x</v></c></row>',
        '<row r="2">',
        f'<row r="2" spans="{"1" * 2**20}"/>',
    ],
)
def test_a_sheet_no_program_writes_is_refused(refused, rows):
    assert "damaged" in refused(parts(rows))


def test_deep_nesting_is_refused_in_the_shared_texts(refused):
    contents = parts('<row r="2"><c r="A2" t="s"><v>0</v></c></row>', shared="<si>" * 200 + "</si>" * 200)
    assert "damaged" in refused(contents)


@pytest.mark.parametrize("missing", [name for name in parts() if "shared" not in name and "styles" not in name])
def test_a_workbook_without_a_needed_part_is_refused(refused, missing):
    contents = parts('<row r="2"><c r="A2"><v>1</v></c></row>')
    del contents[missing]
    assert "damaged" in refused(contents)


def test_two_parts_of_one_name_are_refused(tmp_path, refused):
    path = tmp_path / "twice"
    with zipfile.ZipFile(path, "w") as book:
        for name, content in (parts() | {"XL/worksheets/Sheet1.xml": "<worksheet/>"}).items():
            book.writestr(name, content)
    assert "damaged" in refused(path.read_bytes())


def test_unusual_compression_is_refused(tmp_path, refused):
    path = tmp_path / "lzma"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as book:
        for name, content in parts('<row r="2"><c r="A2"><v>1</v></c></row>').items():
            book.writestr(name, content)
    assert "damaged" in refused(path.read_bytes())


def test_a_workbook_with_no_visible_sheet_is_refused(refused):
    contents = parts()
    contents["xl/workbook.xml"] = contents["xl/workbook.xml"].replace("sheetId", 'state="veryHidden" sheetId')
    assert "no visible sheet" in refused(contents)


def test_a_text_longer_than_a_cell_holds_is_refused(cell):
    with pytest.raises(UnreadableFile, match="Row 2, column B holds 32,768"):
        cell(f'<c r="B2" t="inlineStr"><is><t>{"x" * 32_768}</t></is></c>')


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_damaged_workbook_is_a_table_or_refused(read, tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "sound"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in parts('<row r="2"><c r="A2" t="s"><v>0</v></c></row>', shared="<si><t>x</t></si>").items():
            book.writestr(name, content)
    content = bytearray(path.read_bytes())
    for _count in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(4, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        read(bytes(content))
    except UnreadableFile as refused:
        assert str(refused)


pieces = st.sampled_from(
    ["<c>", "</c>", "<v>", "</v>", '<row r="2">', "</row>", '<c r="A2" t="s">', "1", "<f/>", "<", "&", " "]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(pieces, max_size=30).map("".join))
def test_any_sheet_is_a_table_or_refused(read, rows):
    try:
        read(parts(rows))
    except UnreadableFile as refused:
        assert str(refused)
