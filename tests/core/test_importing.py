"""What an import promises: nothing is guessed, nothing is half done, everything can be taken back."""

import json
import zipfile
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest
import xlsxwriter
from click.testing import CliRunner
from sqlalchemy import func, select

from core.access.person import SYSTEM, Forbidden
from core.access.scope import unscoped
from core.audit import AuditEntry
from core.auth.rights import load_person
from core.commands.context import Shell
from core.commands.data import import_file, import_revert
from core.exchange import applying, importing
from core.exchange.mapping import ImportRefused, columns_to_fields
from core.exchange.models import ImportBatch, ImportRow
from core.exchange.reading import UnreadableFile, open_table
from core.exchange.refusals import refused_lines
from core.language import current_locale, set_locale
from core.org.models import Node
from core.testing.factories import acting, make_person, post, token

HEADINGS = "Code,Name,Place,Worth,Pieces,Counted on,Locked,Level,Keeper's mobile"
A = "A,First,S1,12.30,3,2026-11-21,yes,Full,13800138000"
B = "B,Second,S2,0,1,2026-11-22,,,"

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Where the database cannot matter, one is enough."""


@pytest.fixture
def app(shelf_app):
    shelf_app.extensions["backoffice"].views["shelf.shelf"].import_key = ("code",)
    return shelf_app


@pytest.fixture(autouse=True)
def _english():
    before = current_locale()
    set_locale("en")
    yield
    set_locale(before)


@pytest.fixture
def shop(app, org, tmp_path):
    """`bring(lines)` imports shelves as head office would; `shelves()` says what there is."""
    from plugins.shelf.models import Shelf

    views = app.extensions["backoffice"].views

    def write(text, name="shelves.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    @contextmanager
    def work(person=SYSTEM):
        with app.app_context(), acting(app, person) as session:
            yield session

    def bring(*lines, path=None, resource="shelf.shelf", person=SYSTEM, apply=True, headings=HEADINGS, **choices):
        path = path or write("\n".join((headings, *lines)))
        with work(person) as session:
            table = open_table(path, path.name)
            batch = importing.open_batch(session, views[resource], path.name, table, **choices)
            importing.check(session, views[resource], batch, table)
            if apply:
                applying.apply(session, views[resource], batch)
            session.flush()
            session.refresh(batch)
        return batch

    def again(action, batch, person=SYSTEM, resource="shelf.shelf"):
        with work(person) as session:
            batch = session.get(ImportBatch, batch.id)
            action(session, views[resource], batch)
            session.flush()
            session.refresh(batch)
        return batch

    def shelves():
        with work() as session:
            return {row.code: row for row in session.scalars(select(Shelf).order_by(Shelf.code))}

    def refusals(batch):
        with work() as session, unscoped("a test"):
            query = select(ImportRow).where(ImportRow.batch_id == batch.id, ImportRow.reason != "")
            return [
                (r.number, r.column, r.value, r.reason)
                for r in session.scalars(query.order_by(ImportRow.number, ImportRow.id))
            ]

    def person(role, place=None):
        with work() as session:
            found = make_person(session, f"one.{role}", place, role) if place else org.people[role]
            return load_person(session, found.id)

    return SimpleNamespace(
        app=app, org=org, views=views, Shelf=Shelf, write=write, work=work, bring=bring, shelves=shelves,
        refusals=refusals, person=person,
        apply=lambda batch, **options: again(applying.apply, batch, **options),
        revert=lambda batch, **options: again(applying.revert, batch, **options),
    )  # fmt: skip


def counts(batch):
    return tuple(batch.counts[name] for name in ("created", "updated", "unchanged", "refused"))


# What is already there is updated, never doubled


@pytest.mark.requirement("J9", "Z8")
def test_a_record_that_is_there_is_updated_instead_of_doubled(shop):
    assert counts(shop.bring(A, B)) == (2, 0, 0, 0)
    assert counts(shop.bring(A.replace("First", "Renamed"), B)) == (0, 1, 1, 0)
    rows = shop.shelves()
    assert [row.name for row in rows.values()] == ["Renamed", "Second"]
    assert (rows["A"].version, rows["B"].version) == (2, 1)


def test_values_arrive_as_what_they_mean(shop):
    shop.bring(A)
    row = shop.shelves()["A"]
    assert (row.worth, row.pieces, row.counted_on) == (Decimal("12.30"), 3, date(2026, 11, 21))
    assert (row.locked, row.level, row.keeper_mobile) == (True, "full", "13800138000")


def test_a_row_of_a_place_gets_the_levels_of_its_place(shop):
    shop.bring(A)
    store, row = shop.org.stores[0], shop.shelves()["A"]
    assert (row.node_id, row.area_id, row.region_id) == (store.id, store.area_id, store.region_id)
    shop.bring("A,S8", headings="Code,Place")
    moved, row = shop.org.stores[7], shop.shelves()["A"]
    assert (row.node_id, row.area_id, row.region_id) == (moved.id, moved.area_id, moved.region_id)


def test_a_column_that_is_not_there_changes_nothing(shop):
    shop.bring(A)
    shop.bring("A,Renamed", headings="Code,Name")
    assert (shop.shelves()["A"].name, shop.shelves()["A"].pieces) == ("Renamed", 3)


def test_an_empty_cell_empties_what_may_be_empty(shop):
    shop.bring(A)
    shop.bring("A,,", headings="Code,Level,Locked")
    assert (shop.shelves()["A"].level, shop.shelves()["A"].locked) == (None, True)


def test_another_field_can_tell_which_record_is_meant(shop):
    shop.bring(A)
    batch = shop.bring("First,9", headings="Name,Pieces", match=["name"])
    assert counts(batch) == (0, 1, 0, 0)
    assert shop.shelves()["A"].pieces == 9


def test_a_row_that_means_two_records_is_refused(shop):
    shop.bring(A, B.replace("Second", "First"))
    batch = shop.bring("First,9", headings="Name,Pieces", match=["name"])
    assert counts(batch) == (0, 0, 0, 1)
    assert "2 records agree" in shop.refusals(batch)[0][3]


# Repeats


def test_repeats_that_agree_collapse(shop):
    batch = shop.bring(A, B, A, A)
    assert counts(batch) == (2, 0, 0, 0)
    assert (batch.counts["rows"], batch.counts["repeated"]) == (4, 2)


def test_repeats_that_disagree_are_refused_and_name_each_other(shop):
    batch = shop.bring(A, B, A.replace("First", "Other"))
    assert counts(batch) == (1, 0, 0, 2)
    assert shop.refusals(batch) == [
        (2, "Code", "A", "Row 4 says something else about the same record."),
        (4, "Code", "A", "Row 2 says something else about the same record."),
    ]
    assert list(shop.shelves()) == ["B"]


def test_a_repeat_is_known_over_a_long_distance(shop, monkeypatch):
    monkeypatch.setattr(importing, "CHUNK", 2)
    lines = [f"{code},{code},S1,1,1,2026-11-21,,," for code in "CDEFG"]
    batch = shop.bring(*lines, lines[0], lines[1].replace("D,D", "D,Other"))
    assert counts(batch) == (4, 0, 0, 2)
    assert [number for number, *_rest in shop.refusals(batch)] == [3, 8]


# Refusals


@pytest.mark.requirement("J9")
def test_every_refusal_names_row_column_value_and_reason(shop):
    batch = shop.bring("C,Third,S1,many,3,2026-13-01,maybe,,", "D,Fourth,NOWHERE,1,1,2026-11-21,,,")
    found = shop.refusals(batch)
    assert [refusal[:3] for refusal in found] == [
        (2, "Worth", "many"), (2, "Counted on", "2026-13-01"), (2, "Locked", "maybe"),
        (3, "Place", "NOWHERE"),
    ]  # fmt: skip
    assert all(reason for *_where, reason in found)
    assert batch.counts["refused"] == 2


@on_sqlite
def test_the_reasons_are_chinese_for_chinese_readers(shop):
    set_locale("zh_Hans_CN")
    batch = shop.bring("C,Third,S1,1,3,昨天,,,")
    assert shop.refusals(batch) == [(2, "Counted on", "昨天", "“昨天”不是日期。请写成 2026-11-21。")]


def test_good_rows_are_applied_beside_refused_ones(shop):
    batch = shop.bring(A, B.replace("S2", "NOWHERE"))
    assert counts(batch) == (1, 0, 0, 1)
    assert list(shop.shelves()) == ["A"]


def test_a_new_record_needs_what_is_required_and_says_so(shop):
    batch = shop.bring("C,Third", headings="Code,Name")
    assert [(number, column) for number, column, *_rest in shop.refusals(batch)] == [
        (2, "Place"), (2, "Worth"), (2, "Pieces"), (2, "Counted on"),
    ]  # fmt: skip


def test_an_empty_cell_leaves_alone_what_cannot_be_empty(shop):
    shop.bring(A)
    assert counts(shop.bring("A,,", headings="Code,Name,Pieces")) == (0, 0, 1, 0)


def test_a_key_without_a_value_is_refused(shop):
    batch = shop.bring(",9", headings="Name,Pieces", match=["name"])
    assert shop.refusals(batch)[0][:2] == (2, "Name")


def test_refused_rows_can_be_corrected_and_imported_from_the_file_of_refusals(shop):
    batch = shop.bring(A, B.replace("S2", "NOWHERE"))
    with shop.work() as session:
        text = "".join(refused_lines(session, session.get(ImportBatch, batch.id)))
    assert text.startswith("\ufeff")
    corrected = shop.bring(path=shop.write(text.replace("NOWHERE", "S2"), "refused.csv"))
    assert counts(corrected) == (1, 0, 0, 0)


# Which column goes where


@on_sqlite
def test_a_column_is_found_by_field_title_alias_or_choice(shop):
    view = shop.views["org.store"]
    mapping = columns_to_fields(view, ["编码", "name", "Format", "铺面", "天气"], {"铺面": "size_m2"})
    assert mapping == {"编码": "code", "name": "name", "Format": "format", "铺面": "size_m2", "天气": ""}


@on_sqlite
@pytest.mark.parametrize("chosen", [{"Colour": "name"}, {"Name": "colour"}, {"Name": "code"}])
def test_a_choice_that_cannot_be_is_refused(shop, chosen):
    with pytest.raises(ImportRefused):
        shop.bring(A, chosen=chosen | ({"Code": "code"} if "code" in chosen.values() else {}))


@on_sqlite
def test_a_file_without_the_key_is_refused(shop):
    with pytest.raises(ImportRefused, match="Code"):
        shop.bring("First", headings="Name")


# Files as they come


@on_sqlite
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_chinese_arrives_whole_in_every_common_encoding(shop, encoding):
    text = "编码,名称\nA,南山一店\n"
    batch = shop.bring(path=shop.write(text, "stores.csv", encoding), resource="org.store")
    with shop.work() as session:
        assert session.scalars(select(Node.name).where(Node.code == "A")).one() == "南山一店"
    assert counts(batch) == (1, 0, 0, 0)


def test_a_workbook_is_read_as_a_csv_is(shop, tmp_path):
    path = tmp_path / "shelves.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADINGS.split(","))
        sheet.write_row(1, 0, ["A", "First", "S1", 12.3, 3])
        sheet.write_datetime(1, 5, date(2026, 11, 21), book.add_format({"num_format": "yyyy-mm-dd"}))
    assert counts(shop.bring(path=path)) == (1, 0, 0, 0)
    assert shop.shelves()["A"].counted_on == date(2026, 11, 21)


@on_sqlite
def test_a_formula_in_a_cell_is_a_text_like_any_other(shop):
    shop.bring(A.replace("First", "=HYPERLINK(1)"))
    assert shop.shelves()["A"].name == "=HYPERLINK(1)"
    assert counts(shop.bring(A.replace("First", "'=HYPERLINK(1)"))) == (0, 0, 1, 0), "our own exports guard it"


@on_sqlite
@pytest.mark.parametrize("content", [b"", b'Code,Name\n"A', b"\x00\x01\x02", b"PK\x03\x04 bomb"])
def test_a_file_that_cannot_be_read_changes_nothing(shop, content):
    with pytest.raises(UnreadableFile):
        shop.bring(path=shop.write(content))
    assert shop.shelves() == {}
    with shop.work() as session:
        assert session.scalar(select(func.count()).select_from(ImportBatch)) == 0


@on_sqlite
def test_a_workbook_that_unpacks_without_end_is_refused(shop, tmp_path):
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("xl/worksheets/sheet1.xml", b" " * 220_000_000)
    with pytest.raises(UnreadableFile, match="unpacks"):
        shop.bring(path=path)
    assert shop.shelves() == {}


def test_a_file_that_breaks_in_its_middle_leaves_no_trace(shop, monkeypatch):
    monkeypatch.setattr(importing, "CHUNK", 1)
    with pytest.raises(UnreadableFile):
        shop.bring(A, B, 'C,"Third')
    assert shop.shelves() == {}
    with shop.work() as session, unscoped("a test"):
        assert session.scalar(select(func.count()).select_from(ImportRow)) == 0


# All or nothing


def test_a_check_writes_nothing(shop):
    batch = shop.bring(A, apply=False)
    assert (batch.state, counts(batch)) == ("checked", (1, 0, 0, 0))
    assert shop.shelves() == {}


@pytest.mark.requirement("J9")
def test_nothing_is_half_done_when_another_import_was_faster(shop):
    slower = shop.bring(A, B, apply=False)
    shop.bring(B)
    with pytest.raises(ImportRefused, match="Nothing was changed"):
        shop.apply(slower)
    assert list(shop.shelves()) == ["B"]


def test_nothing_is_half_done_when_a_record_has_changed_since_the_check(shop):
    shop.bring(A, B)
    batch = shop.bring(A.replace("First", "Mine"), "C,Third,S1,1,1,2026-11-21,,,", apply=False)
    shop.bring("A,Theirs", headings="Code,Name")
    with pytest.raises(ImportRefused, match="Nothing was imported"):
        shop.apply(batch)
    assert {code: row.name for code, row in shop.shelves().items()} == {"A": "Theirs", "B": "Second"}


def test_nothing_is_half_done_when_what_follows_fails(shop, monkeypatch):
    batch = shop.bring(A, B, apply=False)
    with monkeypatch.context() as broken, pytest.raises(ZeroDivisionError):
        broken.setattr(shop.views["shelf.shelf"], "after_import", lambda *_arguments: 1 / 0, raising=False)
        shop.apply(batch)
    assert shop.shelves() == {}
    assert shop.apply(batch).state == "applied"


def test_a_batch_is_applied_once(shop):
    batch = shop.bring(A)
    with pytest.raises(ImportRefused, match="already applied"):
        shop.apply(batch)


# Taking it back


@pytest.mark.requirement("J9")
def test_an_import_is_taken_back_as_if_it_had_not_been(shop):
    shop.bring(A)
    before = shop.shelves()["A"]
    batch = shop.revert(shop.bring(A.replace("12.30", "99").replace("Full", ""), B))
    row = shop.shelves()
    assert list(row) == ["A"]
    assert (row["A"].worth, row["A"].level) == (before.worth, before.level)
    assert [batch.counts[name] for name in ("removed", "restored", "kept")] == [1, 1, 0]
    assert batch.state == "reverted"


def test_what_somebody_has_changed_since_stays(shop):
    shop.bring(A)
    batch = shop.bring(A.replace("First", "Imported"), B)
    with shop.work() as session:
        for row in session.scalars(select(shop.Shelf)):
            row.pieces += 1
    batch = shop.revert(batch)
    assert [batch.counts[name] for name in ("removed", "restored", "kept")] == [0, 0, 2]
    assert {code: row.name for code, row in shop.shelves().items()} == {"A": "Imported", "B": "Second"}
    assert {reason for *_where, reason in shop.refusals(batch)} == {"Changed since, or gone: left as it is."}


def test_what_other_records_refer_to_stays(shop):
    from plugins.shelf.models import Item

    batch = shop.bring(A, B)
    with shop.work() as session:
        session.add(
            Item(
                name="a box",
                shelf_id=session.scalars(select(shop.Shelf.id).where(shop.Shelf.code == "A")).one(),
            )
        )
    batch = shop.revert(batch)
    assert list(shop.shelves()) == ["A"]
    assert (batch.counts["removed"], batch.counts["kept"]) == (1, 1)


def test_an_import_is_taken_back_once(shop):
    batch = shop.bring(A)
    shop.revert(batch)
    with pytest.raises(ImportRefused, match="already taken back"):
        shop.revert(batch)


def test_a_check_that_was_not_applied_has_nothing_to_take_back(shop):
    with pytest.raises(ImportRefused, match="not applied"):
        shop.revert(shop.bring(A, apply=False))


def test_a_place_that_an_import_moved_takes_its_rows_along_and_back(shop):
    shop.bring(A)
    batch = shop.bring("S1,A4", headings="code,parent_id", resource="org.store")
    there = shop.org.areas[3]
    assert (shop.shelves()["A"].area_id, shop.shelves()["A"].region_id) == (there.id, there.region_id)
    shop.revert(batch, resource="org.store")
    assert shop.shelves()["A"].area_id == shop.org.areas[0].id


# How far a person reaches


@pytest.mark.requirement("A20")
def test_a_manager_cannot_touch_another_areas_record_by_its_key(shop):
    manager = shop.person("area_manager")
    shop.bring(A.replace("S1", "S8"))
    batch = shop.bring("A,Mine now", headings="Code,Name", person=manager)
    assert counts(batch) == (0, 0, 0, 1)
    assert shop.shelves()["A"].name == "First"


def test_a_place_out_of_reach_is_unknown(shop):
    manager = shop.person("area_manager")
    batch = shop.bring(A.replace("S1", "S8"), B.replace("S2", "NOWHERE"), person=manager)
    reasons = [reason.replace(value, "…") for _row, _column, value, reason in shop.refusals(batch)]
    assert len(reasons) == 2 and len(set(reasons)) == 1


def test_a_record_cannot_be_moved_out_of_reach(shop):
    manager = shop.person("area_manager")
    shop.bring(A)
    assert counts(shop.bring("A,S8", headings="Code,Place", person=manager)) == (0, 0, 0, 1)


def test_a_record_in_the_recycle_bin_is_not_brought_back_unasked(shop):
    shop.bring(A)
    with shop.work() as session:
        row = session.scalars(select(shop.Shelf)).one()
        row.deleted_at = row.created_at
    batch = shop.bring(A)
    assert "recycle bin" in shop.refusals(batch)[0][3]


@on_sqlite
def test_an_import_needs_its_own_right(shop):
    with pytest.raises(Forbidden):
        shop.bring(A, person=shop.person("clerk"))


def test_nobody_changes_a_person_of_equal_or_higher_rank_by_a_file(shop):
    office = shop.person("head_office")
    batch = shop.bring(
        "leader,Somebody else",
        "clerk,Renamed",
        headings="username,name",
        resource="org.person",
        person=office,
    )
    assert counts(batch) == (0, 1, 0, 1)
    assert shop.refusals(batch)[0][:3] == (2, "username", "leader")


def test_a_new_store_hangs_below_the_chain_and_is_called_by_its_code(shop):
    shop.bring("N1", headings="code", resource="org.store")
    with shop.work() as session:
        store = session.scalars(select(Node).where(Node.code == "N1")).one()
        assert (store.kind, store.name, store.parent_id) == ("store", "N1", shop.org.chain.id)
        assert (store.area_id, store.region_id) == (None, None)


def test_a_store_whose_area_is_left_empty_hangs_below_the_chain_too(shop):
    assert counts(shop.bring("N1,", "N2,A4", headings="code,parent_id", resource="org.store")) == (2, 0, 0, 0)


def test_a_store_under_an_area_gets_its_levels(shop):
    shop.bring("N1,A4", headings="code,parent_id", resource="org.store")
    with shop.work() as session:
        store = session.scalars(select(Node).where(Node.code == "N1")).one()
        assert (store.area_id, store.region_id) == (shop.org.areas[3].id, shop.org.areas[3].region_id)


def test_a_store_does_not_stand_under_a_store(shop):
    batch = shop.bring("N1,S1", headings="code,parent_id", resource="org.store")
    assert shop.refusals(batch)[0][:3] == (2, "parent_id", "S1")


# What is kept


def test_one_audit_entry_tells_of_the_batch_and_the_row_tells_its_own_history(shop, client_as):
    shop.bring(A)
    shop.revert(shop.bring(A.replace("First", "Imported").replace("13800138000", "13900139000")))
    with shop.work() as session, unscoped("a test"):
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.resource == "exchange:batch").order_by(AuditEntry.id)
        ).all()
    assert [entry.action for entry in entries] == ["imported", "imported", "reverted"]
    assert entries[1].changes["updated"] == [None, 1]
    page = client_as("head_office").get(f"/admin/shelf/shelf/details/?id={shop.shelves()['A'].id}").text
    assert "Imported" in page and "Import reverted" in page and "shelves.csv" in page
    assert "13800138000" not in page and "13900139000" not in page


def test_ids_that_a_check_reserved_are_not_given_twice(shop):
    checked = shop.bring(A, B, apply=False)
    with shop.work() as session:
        session.add(shop.Shelf(code="C", name="by hand", node_id=shop.org.stores[0].id))
    shop.apply(checked)
    assert len({row.id for row in shop.shelves().values()}) == 3


# At the desk


def upload(client, text, url="/admin/shelf/shelf/import/", name="shelves.csv"):
    import io

    data = {"csrf_token": token(client), "file": (io.BytesIO(text.encode()), name)}
    return client.post(url, data=data, content_type="multipart/form-data")


@pytest.fixture
def desk_app(shop):
    return shop


STORES = "/admin/org/store/import/"


@pytest.mark.requirement("Z8")
def test_at_the_desk_a_file_is_checked_then_applied_then_taken_back(shop, client_as):
    office = client_as("head_office")
    assert "code" in office.get(STORES).text.lower()
    preview = upload(office, "code,name,size_m2\nN1,New,120\nN2,Newer,large\n", STORES)
    assert preview.status_code == 302
    page = office.get(preview.location).text
    assert "large" in page and "N2" not in page.split("large")[0][-200:]
    with shop.work() as session:
        assert session.scalars(select(Node).where(Node.code == "N1")).first() is None
    columns = {"column-0": "code", "column-1": "name", "column-2": "size_m2"}
    assert post(office, preview.location, columns).status_code == 302
    with shop.work() as session:
        assert session.scalars(select(Node.name).where(Node.code == "N1")).one() == "New"
    assert post(office, preview.location.replace("batch", "revert")).status_code == 302
    with shop.work() as session:
        assert session.scalars(select(Node).where(Node.code == "N1")).first() is None
    assert office.get(preview.location).status_code == 200


def test_at_the_desk_other_columns_are_checked_again_before_anything_is_written(shop, client_as):
    office = client_as("head_office")
    preview = upload(office, "number,called\nN1,New\n", STORES)
    assert "No column of the file says" in office.get(preview.location).text
    assert post(office, preview.location, {"column-0": "code", "column-1": "name"}).status_code == 302
    with shop.work() as session:
        assert session.scalars(select(Node).where(Node.code == "N1")).first() is None
        assert counts(session.scalars(select(ImportBatch)).one()) == (1, 0, 0, 0)
    post(office, preview.location, {"column-0": "code", "column-1": "name"})
    with shop.work() as session:
        assert session.scalars(select(Node.name).where(Node.code == "N1")).one() == "New"


def test_at_the_desk_refused_rows_come_as_a_file(shop, client_as):
    office = client_as("head_office")
    preview = upload(office, "code,size_m2\nN1,=large\n", STORES)
    answer = office.get(preview.location.replace("batch", "refused"))
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert "2,size_m2,'=large," in answer.text


def test_at_the_desk_an_unreadable_file_is_explained_and_not_kept(shop, client_as, settings):
    office = client_as("head_office")
    answer = upload(office, 'code\n"N1', STORES)
    assert answer.status_code == 422
    assert list((settings.data_dir / "imports").iterdir()) == []


def test_at_the_desk_only_ones_own_batch_can_be_seen(shop, client_as):
    preview = upload(client_as("head_office"), "code\nN1\n", STORES)
    other = client_as("system_administrator")
    for address in (preview.location, preview.location.replace("batch", "refused")):
        assert other.get(address).status_code == 404
    assert post(other, preview.location).status_code == 404
    assert post(other, preview.location.replace("batch", "revert")).status_code == 404
    assert post(client_as("head_office"), preview.location.replace("org/store", "org/person")).status_code == 404


@on_sqlite
def test_at_the_desk_the_empty_file_has_the_headings_that_are_understood(shop, client_as):
    text = client_as("head_office").get("/admin/org/store/import/template/").text
    headings = text.lstrip("\ufeff").strip().split(",")
    mapping = columns_to_fields(shop.views["org.store"], headings, {})
    assert list(mapping.values()) == [declared.name for declared in shop.views["org.store"].fields]


@on_sqlite
def test_at_the_desk_whoever_may_not_import_gets_no_form(shop, client_as):
    assert client_as("area_manager").get(STORES).status_code == 403


# From the shell


@pytest.fixture
def shell(shop):
    """`run(command, …)` gives what a command printed; it must succeed."""

    def run(command, *words, code=0):
        shell = Shell()
        shell.__dict__["app"] = shop.app
        answer = CliRunner().invoke(command, [str(word) for word in words], obj=shell)
        assert answer.exit_code == code, answer.output
        return answer.output

    return run


@pytest.mark.requirement("J8", "Z8")
def test_the_command_prints_one_json_document(shop, shell):
    path = shop.write("shop,colour\nN1,red\nN1,blue\n", "stores.csv")
    told = json.loads(shell(import_file, "org.store", path, "--map", "shop=code", "--json"))
    assert (told["created"], told["repeated"], told["ignored"]) == (1, 1, ["colour"])
    told = json.loads(shell(import_file, "org.store", path, "--map", "shop=code", "--json"))
    assert (told["created"], told["unchanged"]) == (0, 1)


@on_sqlite
def test_the_command_writes_refused_rows_beside_the_file(shop, shell):
    path = shop.write("code,size_m2\nN1,large\nN2,80\n", "stores.csv")
    assert "created 1" in shell(import_file, "org.store", path)
    refused = path.with_name("stores.csv.refused.csv").read_text(encoding="utf-8-sig")
    assert "2,size_m2,large," in refused and "N2" not in refused


@on_sqlite
def test_a_dry_run_of_the_command_writes_nothing(shop, shell):
    path = shop.write("code\nN1\n", "stores.csv")
    assert "created 1" in shell(import_file, "--dry-run", "org.store", path)
    with shop.work() as session:
        assert session.scalars(select(Node).where(Node.code == "N1")).first() is None


def test_the_command_takes_an_import_back(shop, shell):
    path = shop.write("code\nN1\n", "stores.csv")
    batch = json.loads(shell(import_file, "org.store", path, "--json"))["batch"]
    assert json.loads(shell(import_revert, batch, "--json"))["removed"] == 1
    assert "Error" in shell(import_revert, batch, code=1)


@on_sqlite
def test_an_option_of_the_resource_is_an_option_of_the_command(shop, shell, monkeypatch):
    view, asked = shop.views["shelf.shelf"], []
    monkeypatch.setattr(
        view, "import_options", {"absent_days": {"missing": "Missing", "closed": "Closed"}}, raising=False
    )
    monkeypatch.setattr(view, "after_import", lambda _session, _batch, options: asked.append(options), raising=False)
    path = shop.write(f"{HEADINGS}\n{A}\n")
    shell(import_file, "shelf.shelf", path)
    shell(import_file, "shelf.shelf", path, "--absent-days", "closed")
    shell(import_file, "--absent-days=closed", "shelf.shelf", path)
    shell(import_file, "shelf.shelf", path, "--option", "absent_days=closed")
    assert [options["absent_days"] for options in asked] == ["missing", "closed", "closed", "closed"]
    assert "Error" in shell(import_file, "shelf.shelf", path, "--absent-days", "perhaps", code=1)
    assert "Error" in shell(import_file, "shelf.shelf", path, "--colour", "red", code=1)
