"""What an export promises: the list the person sees, no more, in a file that is safe to open."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from python_calamine import CalamineWorkbook
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from core.access.scope import unscoped
from core.audit import AuditEntry
from core.commands.context import Shell
from core.commands.data import export as export_command
from core.exchange import exporting, lines
from core.exchange.writing import BOM, csv_cell, csv_line
from core.language import current_locale, set_locale
from core.org.models import Person
from core.testing.factories import acting

URL = "/admin/shelf/shelf/export"
FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", " =1", "＝1+1"]


@pytest.fixture
def app(shelf_app):
    return shelf_app


@pytest.fixture(autouse=True)
def _english():
    before = current_locale()
    set_locale("en")
    yield
    set_locale(before)


@pytest.fixture
def shelves(app, org, work):
    """Two shelves in the first store, one in the last; `put` adds more."""
    from plugins.shelf.models import Shelf

    def put(*rows):
        with work() as session:
            session.add_all(Shelf(**row) for row in rows)

    near, far = org.stores[0].id, org.stores[7].id
    keeper = org.people["area_manager"]
    put(
        {
            "code": "A", "name": "First, with a comma", "node_id": near, "worth": Decimal("12.30"),
            "pieces": 3, "counted_on": date(2026, 11, 21),
            "counted_at": datetime(2026, 11, 21, 16, 30, tzinfo=UTC),
            "locked": True, "level": "full", "keeper_mobile": "13800138000", "keeper_id": keeper.id,
            "note": "two\nlines",
        },
        {"code": "B", "name": "Second", "node_id": near, "worth": Decimal("-0.05")},
        {"code": "Z", "name": "Far", "node_id": far},
    )  # fmt: skip
    return SimpleNamespace(app=app, org=org, put=put, near=near, far=far, keeper=keeper, model=Shelf)


def table(answer):
    """The lines of a csv, by heading."""
    assert answer.status_code == 200
    text = answer.get_data().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.requirement("J8")
def test_a_row_says_what_the_list_says(shelves, client_as):
    first = table(client_as("head_office").get(f"{URL}/csv/"))[0]
    assert first == {
        "Code": "A", "Name": "First, with a comma", "Place": "store S1", "Worth": "12.30", "Pieces": "3",
        "Counted on": "2026-11-21", "Counted at": "2026-11-22 00:30:00", "Bolted": "Yes", "Level": "Full",
        "Keeper's mobile": "138****8000", "Keeper": "Name of area_manager", "Note": "two\nlines",
    }  # fmt: skip


def test_amounts_keep_their_sign_and_two_decimals(shelves, client_as):
    assert [row["Worth"] for row in table(client_as("head_office").get(f"{URL}/csv/"))] == [
        "12.30",
        "-0.05",
        "0.00",
    ]


def test_a_csv_begins_with_the_mark_that_excel_needs(shelves, client_as):
    answer = client_as("head_office").get(f"{URL}/csv/")
    assert answer.get_data().startswith("\ufeffCode,Name".encode())
    assert "attachment" in answer.headers["Content-Disposition"]


@pytest.mark.requirement("A20")
def test_an_export_holds_what_the_person_reaches_and_nothing_else(shelves, client_as):
    manager = client_as("store_manager")
    codes = [row["Code"] for row in table(manager.get(f"{URL}/csv/"))]
    assert codes == ["A", "B"]
    listed = manager.get("/admin/shelf/shelf/").text
    assert "First" in listed and "Far" not in listed


def test_an_export_is_the_list_as_it_is_filtered_sorted_and_chosen(shelves, client_as):
    office = client_as("head_office")
    assert [row["Code"] for row in table(office.get(f"{URL}/csv/?pieces_from=1"))] == ["A"]
    assert [row["Code"] for row in table(office.get(f"{URL}/csv/?sort=worth"))] == ["B", "Z", "A"]
    assert [row["Code"] for row in table(office.get(f"{URL}/csv/?sort=code&desc=1"))] == ["Z", "B", "A"]
    assert [row["Code"] for row in table(office.get(f"{URL}/csv/?search=Far"))] == ["Z"]
    assert list(table(office.get(f"{URL}/csv/?columns=code&columns=worth"))[0]) == ["Code", "Worth"]


def test_what_is_in_the_recycle_bin_stays_out(shelves, client_as, work):
    with work() as session:
        row = session.scalars(select(shelves.model).where(shelves.model.code == "B")).one()
        row.deleted_at = row.created_at
    assert [row["Code"] for row in table(client_as("head_office").get(f"{URL}/csv/"))] == ["A", "Z"]


def test_the_name_of_a_person_out_of_reach_is_not_told(shelves, client_as):
    shelves.put({"code": "C", "name": "Third", "node_id": shelves.near, "keeper_id": shelves.org.clerks[7].id})
    rows = {row["Code"]: row["Keeper"] for row in table(client_as("area_manager").get(f"{URL}/csv/"))}
    assert rows == {"A": "Name of area_manager", "B": "", "C": ""}


def test_no_cell_is_a_formula(shelves, client_as):
    shelves.put(*({"code": f"N{i}", "name": name, "node_id": shelves.near} for i, name in enumerate(FORMULAS)))
    rows = table(client_as("head_office").get(f"{URL}/csv/?code=N"))
    assert [row["Name"] for row in rows] == [f"'{name}" for name in FORMULAS]


def test_a_text_that_is_a_plain_number_stays_as_it_is(shelves, client_as):
    shelves.put({"code": "C", "name": "-12.5", "node_id": shelves.near})
    assert {row["Code"]: row["Name"] for row in table(client_as("head_office").get(f"{URL}/csv/"))}["C"] == "-12.5"


NAMES = [
    *FORMULAS, "-5", "+5", "-1,234.50", "-1,23", "-5\n", "\u3000=1", "＠x", "\n=1", "-", "@", ":=", "", " ", "ａ=1", "'=1", "a\n=1",
    'a "quoted", one', "[1]", "~", "é", "\u3000", "😀", "“话”",
]  # fmt: skip
AMOUNTS = ["0", "0.05", "-0.05", "-1", "-12.30", "100", "1234567890.99"]
INSTANTS = [
    datetime(2026, 11, 21, 16, 30, 59, 999_999, tzinfo=UTC), datetime(1991, 12, 31, 16, tzinfo=UTC),
    datetime(1990, 7, 1, 4, 5, 6, tzinfo=UTC), datetime(1989, 12, 31, 23, 59, 59, 1, tzinfo=UTC),
]  # fmt: skip


def cells(text):
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.requirement("J8")
def test_the_database_writes_every_cell_as_the_house_does(shelves):
    longest = max(len(each) for each in (NAMES, AMOUNTS, INSTANTS))
    for number in range(longest):
        name, amount, instant = (each[number % len(each)] for each in (NAMES, AMOUNTS, INSTANTS))
        shelves.put({
            "code": f"N{number}", "name": name, "note": name or None, "level": name[:8], "node_id": shelves.near,
            "worth": Decimal(amount), "counted_at": instant, "keeper_mobile": f"{name}13800138000"[:20], "pieces": -number,
        })  # fmt: skip
    house = shelves.app.extensions["backoffice"]
    with shelves.app.app_context(), acting(shelves.app):
        for resource in ("shelf.shelf", "org.store", "org.person"):
            export = exporting.Export(house.views[resource], house.views[resource].asked(MultiDict()))
            expected = [csv_line(export.headers), *(csv_line(row) for rows in export._rows() for row in rows)]
            written = b"".join(export.csv()).decode().removeprefix(BOM)
            assert cells(written) == cells("".join(expected))
            assert not house.database.is_sqlite or written == "".join(expected)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_sqlite_asks_python_only_for_the_cells_in_which_a_formula_might_begin(shelves, client_as, monkeypatch):
    asked = []
    monkeypatch.setattr(lines, "csv_cell", lambda value: asked.append(value) or csv_cell(value))
    shelves.put({"code": "C", "name": "书架", "note": "=1", "node_id": shelves.near})
    shelves.put({"code": "D", "name": "-1", "worth": Decimal("-1"), "node_id": shelves.near})
    rows = {row["Code"]: row for row in table(client_as("head_office").get(f"{URL}/csv/?level="))}
    assert (rows["C"]["Note"], rows["D"]["Name"], rows["D"]["Worth"]) == ("'=1", "-1", "-1.00")
    assert sorted(map(str, asked)) == ["-0.05", "-1", "=1"]


def test_a_number_is_masked_as_in_the_list(shelves, client_as):
    shown = {
        "13800138000": "138****8000",
        "12345678": "****5678",
        "123456789": "1****6789",
        "1234": "****",
        None: "",
    }
    for number, mobile in enumerate(shown):
        shelves.put({"code": f"N{number}", "name": "N", "node_id": shelves.near, "keeper_mobile": mobile})
    rows = table(client_as("head_office").get(f"{URL}/csv/?code=N"))
    assert [row["Keeper's mobile"] for row in rows] == list(shown.values())


def test_labels_are_in_the_persons_language(shelves, client_as, work):
    with work() as session, unscoped("a test"):
        session.get(Person, shelves.org.people["head_office"].id).locale = "zh_Hans_CN"
    first = table(client_as("head_office").get(f"{URL}/csv/"))[0]
    assert first["Bolted"] == "是"


@pytest.mark.requirement("J8")
def test_a_workbook_opens_with_real_numbers_and_dates(shelves, client_as):
    answer = client_as("head_office").get(f"{URL}/xlsx/")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.get_data())).get_sheet_by_index(0).to_python()
    first = dict(zip(rows[0], rows[1], strict=True))
    assert (first["Worth"], first["Pieces"], first["Counted on"]) == (12.3, 3.0, date(2026, 11, 21))
    assert (first["Level"], first["Keeper's mobile"], first["Place"]) == ("Full", "138****8000", "store S1")
    assert len(rows) == 4


def test_a_list_too_long_for_a_sheet_points_to_csv(shelves, app, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "MAX_SHEET_ROWS", 2)
    view = app.extensions["backoffice"].views["shelf.shelf"]
    with app.app_context(), acting(app), pytest.raises(exporting.ExportRefused, match="export it as csv"):
        exporting.Export(view, view.asked(MultiDict())).xlsx(tmp_path / "long.xlsx")


def test_no_other_kind_of_file_is_made(shelves, client_as):
    assert client_as("head_office").get(f"{URL}/pdf/").status_code == 404


def test_an_export_needs_its_own_right(shelves, client_as):
    assert client_as("clerk").get(f"{URL}/csv/").status_code == 403


def test_who_took_what_is_kept_before_the_first_byte_leaves(shelves, client_as, work):
    client_as("head_office").get(f"{URL}/csv/?level=full&search=13800138000", buffered=False)
    with work() as session, unscoped("a test"):
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "exported")).one()
    assert (entry.resource, entry.person_name) == ("shelf:shelf", "Name of head_office")
    assert entry.changes == {"kind": [None, "csv"], "level": [None, "full"], "search": [None, "138****8000"]}


def test_a_long_list_comes_in_blocks_and_holds_every_row_once(shelves, client_as):
    shelves.put(*({"code": f"L{number:05}", "name": "長" * 20, "node_id": shelves.near} for number in range(5000)))
    answer = client_as("head_office").get(f"{URL}/csv/", buffered=False)
    blocks = list(answer.iter_encoded())
    assert blocks[0].startswith("\ufeffCode".encode()) and len(blocks[0]) < 300
    assert len(blocks) > 3
    codes = [row["Code"] for row in csv.DictReader(io.StringIO(b"".join(blocks).decode("utf-8-sig"), newline=""))]
    assert len(codes) == len(set(codes)) == 5003


@pytest.fixture
def shell(shelves, tmp_path):
    """`run(file, …)` exports shelves to a file of that name and gives its rows."""

    def run(name, *words, code=0, unmask=None, as_person=None):
        shell = Shell(as_person, unmask)
        shell.__dict__["app"] = shelves.app
        path = tmp_path / name
        answer = CliRunner().invoke(export_command, ["shelf.shelf", str(path), *words], obj=shell)
        assert answer.exit_code == code, answer.output
        if code or name.endswith("xlsx"):
            return answer.output
        set_locale("en")
        return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))

    return run


@pytest.mark.requirement("J8")
def test_the_command_writes_the_rows_that_are_asked_for(shelves, shell):
    assert [row[0] for row in shell("all.csv")[1:]] == ["A", "B", "Z"]
    assert [row[0] for row in shell("place.csv", "--where", "node_id=S8")[1:]] == ["Z"]
    assert [row[0] for row in shell("two.csv", "--where", "name=Second", "--where", "locked=no")[1:]] == ["B"]
    assert [row[0] for row in shell("range.csv", "--where", "pieces_from=1")[1:]] == ["A"]
    assert "written" in shell("all.xlsx")


def test_the_command_acts_as_the_person_it_names(shelves, shell):
    assert [row[0] for row in shell("own.csv", as_person="store_manager")[1:]] == ["A", "B"]
    assert "right" in shell("none.csv", as_person="clerk", code=1)


def test_the_command_explains_a_question_it_cannot_answer(shelves, shell):
    assert "colour" in shell("none.csv", "--where", "colour=red", code=1)
    assert "pieces" in shell("none.csv", "--where", "pieces=many", code=1)
    assert ".csv" in shell("none.pdf", code=1)


def test_masks_fall_only_for_a_reason_and_the_reason_is_kept(shelves, shell, work):
    mobiles = [row[9] for row in shell("masked.csv")[1:]]
    assert "138****8000" in mobiles
    assert "13800138000" in [row[9] for row in shell("full.csv", unmask="the customer asked")[1:]]
    with work() as session, unscoped("a test"):
        reasons = session.scalars(
            select(AuditEntry.reason).where(AuditEntry.action == "exported").order_by(AuditEntry.id)
        ).all()
    assert reasons == ["", "the customer asked"]
