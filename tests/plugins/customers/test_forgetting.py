"""A person is forgotten with proof: nowhere in the database is a name or number left, and typing it again asks first."""

import io
import json
import re

import pytest
from sqlalchemy import select, update

from core.api import Emptied, across_scopes, clock, hookimpl
from core.db import metadata
from core.exchange.models import ImportRow
from core.inbox import send
from core.jobs.models import Job
from core.jobs.queue import ask_for, run_waiting
from core.testing.factories import acting, post
from plugins.customers import known_by, services
from plugins.customers.contribution.models import Contribution
from plugins.customers.matching.models import Block
from plugins.customers.models import Consent, Contact, Customer, Identity, Visit
from plugins.customers.privacy import forgetting
from plugins.customers.privacy.models import ErasedValue, Erasure
from plugins.customers.privacy.personal import EMPTIED, GONE, KEPT, PersonalData

NUMBER, EARLIER, NAME = "13811223344", "13922334455", "欧阳晓风"
EMAIL, ADDRESS = "ouyang@example.com", "福田区梅林路77号"
DESK = "/admin/customers/customer/"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def office(client_as):
    return client_as("head_office")


@pytest.fixture
def one(record, everybody, office, work, chain):
    """Somebody of whom much is known: two numbers, e-mail, a contact elsewhere, consents, an import, messages, a job."""
    record(EARLIER, NAME)
    row = everybody(Customer)[0]
    record(EARLIER, NAME, store=4)
    with work() as session:
        customer = session.get(Customer, row.id)
        known_by.change(session, customer, "mobile", NUMBER)
        customer.address, customer.preferences = ADDRESS, f"call {NAME} in the evening"
        company = Customer(name="梅林公司", kind="company")
        services.enter(session, company, chain.stores[4].id)
        session.add_all([
            Identity(customer_id=row.id, kind="email", value=EMAIL),
            Contact(customer_id=row.id, name=f"{NAME}的女儿", mobile="13700137000"),
            Contact(customer_id=company.id, name=NAME, mobile=NUMBER),
        ])  # fmt: skip
        send(session, {chain.clerks[0].id}, key="k", title=f"Call {NUMBER}", text=f"{NUMBER} waits")
    post(office, f"{DESK}unmask/?id={row.id}", {"reason": f"call {NAME} at {NUMBER}"})
    with work(person_of(office, work, chain)) as session:
        ask_for(session, "exchange.export", f"Customers {NUMBER}", arguments=[["search", NUMBER]])
    return everybody(Customer)[0]


def person_of(_office, work, chain):
    from core.auth.rights import load_person

    with work() as session:
        return load_person(session, chain.people["head_office"].id)


def dump(house):
    """Every value of every table of the database, as text; JSON as people read it."""
    found = []
    with house.database.engine.connect() as connection:
        for table in metadata.sorted_tables:
            for row in connection.exec_driver_sql(f'SELECT * FROM "{table.name}"'):
                found += [(table.name, str(value)) for value in row if value is not None]
    return [(table, text.encode().decode("unicode_escape") if "\\u" in text else text) for table, text in found]


def where(house, *words):
    return sorted({table for table, text in dump(house) for word in words if word in text})


def erase(office, house, app, customer, reason="asked for it at the counter"):
    answer = post(office, f"{DESK}erase/?id={customer.id}", {"reason": reason, "word": customer.code})
    assert answer.status_code == 302, answer.text
    with app.app_context():
        run_waiting(house)
    return answer


@pytest.mark.requirement("A21", "A22", "A20")
def test_after_an_erasure_no_table_holds_the_name_or_a_number(one, office, house, app, everybody, client_as):
    known = (NAME, NUMBER, EARLIER, EMAIL, ADDRESS)
    assert {"customers_customer", "customers_identity", "customers_contact", "audit_entry", "inbox_message", "jobs_job"} <= set(
        where(house, *known)
    )  # fmt: skip
    page = office.get(f"{DESK}erase/?id={one.id}").text
    assert "kept as proof, without the person" in page and "2 rows: kept for the books" in page
    erase(office, house, app, one, f"{NAME} asked, by {NUMBER}")
    assert where(house, *known) == []
    assert one.id not in {block.customer_id for block in everybody(Block)}, "no number can be tried out"
    gone = everybody(Customer)[0]
    assert (gone.name, gone.mobile, gone.deleted_at is None) == (one.code, None, False)
    assert len(everybody(Visit)) == 3 and everybody(Consent), "what was done stays, without the person"
    assert not any(row.customer_id == one.id for model in GONE for row in everybody(model)), (
        "nobody is compared with them"
    )
    proof = everybody(Erasure)[0]
    assert (proof.code, proof.by_name, proof.reason) == (one.code, "Name of head_office", "••• asked, by •••")
    assert (
        proof.counts["customers_identity"] == 3
        and proof.counts["customers_contact"] == 2
        and proof.counts["audit_entry"] >= 4
    )
    assert len(everybody(ErasedValue)) == 3
    job = next(job for job in everybody(Job) if job.kind == "customers.erase")
    assert (job.state, job.url) == ("done", f"/admin/customers/erasure/details/?id={proof.id}")
    shown = office.get(job.url)
    assert (shown.status_code, "Known by" in shown.text) == (200, True)
    assert client_as("area_manager").get(job.url).status_code == 403


@on_sqlite
@pytest.mark.requirement("A21")
def test_it_needs_the_right_a_reason_and_the_code(one, office, clerk, client_as, everybody, house, app):
    url = f"{DESK}erase/?id={one.id}"
    for client in (clerk(0), client_as("store_manager"), client_as("area_manager"), client_as("leader")):
        assert (client.get(url).status_code, post(client, url, {"reason": "x", "word": one.code}).status_code) == (
            403,
            403,
        )
    for form in ({"reason": "", "word": one.code}, {"reason": "asked", "word": ""}, {"reason": "asked", "word": "C-1"}):
        refused = post(office, url, form)
        assert (refused.status_code, f'value="{form["reason"]}"' in refused.text) == (422, True), (
            "what was typed is kept"
        )
    assert everybody(Erasure) == []
    erase(office, house, app, one)
    post(office, f"{DESK}restore/?id={one.id}")
    assert everybody(Customer)[0].deleted_at is not None, "an empty record does not come back"


@pytest.mark.requirement("A21")
def test_a_forgotten_number_is_asked_about_at_the_counter_and_never_refused(
    one, office, house, app, record, everybody, clerk
):
    erase(office, house, app, one)
    for number in (NUMBER, EARLIER):
        told = post(clerk(1), "/customers/find", {"number": number})
        assert re.search(r"asked to be forgotten on \d{4}-\d\d-\d\d", told.text), number
    asked = record(NUMBER, "欧阳", store=1)
    assert (asked.status_code, "asked to be forgotten on" in asked.text) == (409, True)
    other = record(EARLIER, "欧阳", store=1, decision="again", asked=NUMBER)
    assert other.status_code == 409, "the answer was about another number"
    assert record(NUMBER, "欧阳", store=1, decision="again", asked=NUMBER).status_code == 302
    assert record(NUMBER, "欧阳", store=1).status_code == 302, "who is recorded again is known again"
    assert [row.name for row in everybody(Customer) if row.mobile == NUMBER] == ["欧阳"]
    assert record("13800138000", "张三").status_code == 302


@on_sqlite
@pytest.mark.requirement("A21")
def test_at_the_desk_a_forgotten_number_is_saved_when_it_is_sent_once_more(one, office, house, app, everybody, chain):
    erase(office, house, app, one)
    form = {"name": "欧阳", "mobile": NUMBER, "node_id": chain.stores[0].id, "kind": "person", "party": "consumer", "level": "ordinary", "credit": "unknown"}  # fmt: skip
    first = post(office, f"{DESK}new/", form)
    assert (first.status_code, "Then save once more" in first.text) == (422, True)
    other = post(office, f"{DESK}new/", form | {"mobile": EARLIER})
    assert other.status_code == 422
    assert post(office, f"{DESK}new/", form | {"mobile": EARLIER}).status_code == 302
    assert [row.mobile for row in everybody(Customer) if row.name == "欧阳"] == [EARLIER]


@pytest.mark.requirement("A21")
def test_imported_rows_are_emptied_and_a_sheet_brings_nobody_back(office, house, app, everybody, chain):
    sheet = f"手机号,姓名,门店\n{NUMBER},{NAME},S1\n"
    bring = f"{DESK}import/"

    def send_sheet(text):
        answer = post(
            office, bring, {"file": (io.BytesIO(text.encode()), "customers.csv")}, content_type="multipart/form-data"
        )
        return answer.location, office.get(answer.location).text

    batch, _page = send_sheet(sheet)
    post(office, batch, {"column-0": "mobile", "column-1": "name", "column-2": "node_id"})
    assert [row.name for row in everybody(Customer)] == [NAME]
    send_sheet(f"手机号,姓名,门店\n{NUMBER},{NAME}阳,S1\n")
    assert [row.status for row in everybody(ImportRow)] == ["created", "updated"]
    erase(office, house, app, everybody(Customer)[0])
    assert where(house, NAME, NUMBER) == []
    assert everybody(ImportRow)[1].status == "refused", "what was not imported yet brings nobody back"
    assert "asked to be forgotten on" in send_sheet(sheet)[1]


@pytest.mark.requirement("A16", "A21")
def test_a_sheet_that_was_checked_before_brings_nothing_of_them_after(one, office, house, app, count):
    fields = ("customer_id", "month", "revenue", "profit")
    sheet = {"file": (io.BytesIO(f"{','.join(fields)}\n{one.code},2026-01,10,4\n".encode()), "sheet.csv")}
    batch = post(office, "/admin/customers/contribution/import/", sheet, content_type="multipart/form-data").location
    erase(office, house, app, one)
    refused = post(office, batch, {f"column-{number}": field for number, field in enumerate(fields)})
    assert (refused.status_code, "were deleted after it was checked" in refused.text) == (409, True)
    assert count(Contribution) == 0


@on_sqlite
@pytest.mark.requirement("A8", "A21")
def test_every_plugin_tells_and_empties_and_one_that_cannot_stops_the_whole(
    one, office, house, app, everybody, monkeypatch
):
    class Sales:
        asked = ()

        @hookimpl
        def customers_personal_data(self, customer_ids):
            return [PersonalData("Sales", [{"Phone": "Mate 80", "For": NAME}], "kept for the books")]

        @hookimpl
        def customers_erase(self, customer_ids):
            Sales.asked = customer_ids
            return [Emptied(Contact, frozenset({99}), frozenset({"note"}))]

    class Broken:
        @hookimpl
        def customers_erase(self, customer_ids):
            raise RuntimeError("out of order")

    house.host.hooks.add(Sales(), "sales")
    house.host.hooks.add(Broken(), "broken")
    try:
        assert "kept for the books" in office.get(f"{DESK}erase/?id={one.id}").text
        erase(office, house, app, one)
        job = everybody(Job)[-1]
        assert (job.state, "broken" in job.problem) == ("failed", True)
        assert everybody(Customer)[0].name == NAME and everybody(Erasure) == []
        house.host.hooks.remove("broken")
        copied = json.loads(post(office, f"{DESK}copy/?id={one.id}", {"reason": "asked", "kind": "json"}).text)
        assert {"module": "sales", "title": "Sales", "rows": [{"Phone": "Mate 80", "For": NAME}]} in copied["data"]
        erase(office, house, app, one)
    finally:
        for name in ("sales", "broken"):
            house.host.hooks.remove(name)
    assert set(Sales.asked) == {one.id}
    assert everybody(Erasure)[0].counts["customers_contact"] >= 1


@on_sqlite
def test_a_plugin_with_tables_that_is_not_in_the_process_stops_it_too(one, office, house):
    with house.database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version_sales (version_num VARCHAR(32))")
    page = office.get(f"{DESK}erase/?id={one.id}")
    assert (page.status_code, "sales could not answer" in page.text) == (503, True)
    assert post(office, f"{DESK}copy/?id={one.id}", {"reason": "asked", "kind": "json"}).status_code == 503


@pytest.mark.requirement("A17", "A22")
def test_head_office_takes_a_copy_of_everything_for_a_reason_that_is_kept(one, office, client_as, app, everybody):
    from python_calamine import CalamineWorkbook

    from core.audit import AuditEntry

    url = f"{DESK}copy/?id={one.id}"
    assert client_as("store_manager").get(url).status_code == 403
    assert post(office, url, {"reason": "", "kind": "json"}).status_code == 422
    assert post(office, url, {"reason": "asked by letter", "kind": "csv"}).status_code == 422
    told = post(office, url, {"reason": "asked by letter", "kind": "json"})
    for word in (NUMBER, EARLIER, EMAIL, ADDRESS, NAME, "2026-11"):
        assert word in told.text, word
    kept = told.json["data"][0]["rows"][0]
    assert (kept["Credit"], kept["Recorded"]) == (
        "Not known",
        clock.local(one.created_at).isoformat(timespec="seconds"),
    )
    book = post(office, url, {"reason": "asked by letter", "kind": "xlsx"})
    cells = CalamineWorkbook.from_filelike(io.BytesIO(book.data)).get_sheet_by_index(0).to_python()
    assert ["Known by", 2.0, "Value", NUMBER] in cells
    with acting(app) as session:
        kept = session.scalars(select(AuditEntry.reason).where(AuditEntry.action == "data copied")).all()
    assert kept == ["asked by letter", "asked by letter"]


@on_sqlite
@pytest.mark.requirement("A21")
def test_all_records_of_one_person_are_forgotten_together(one, record, everybody, work, office, house, app):
    record("13600136000", "欧阳小风", store=2)
    other = everybody(Customer)[-1]
    with work() as session:
        session.get(Customer, other.id).merged_into_id = one.id
    erase(office, house, app, one)
    assert where(house, NAME, "欧阳小风", "13600136000") == []


@on_sqlite
@pytest.mark.requirement("A21")
def test_who_is_in_the_recycle_bin_is_forgotten_from_there(one, office, house, app):
    post(office, f"{DESK}delete/?id={one.id}")
    link = re.search(r'href="([^"]*/erase/[^"]*)"', office.get(f"{DESK}details/?id={one.id}&bin=1").text)[1]
    assert post(office, link.replace("&amp;", "&"), {"reason": "asked", "word": one.code}).status_code == 302
    with app.app_context():
        run_waiting(house)
    assert where(house, NAME, NUMBER, EARLIER) == []


@on_sqlite
@pytest.mark.requirement("A21", "A10")
def test_a_number_that_was_given_out_again_stays_with_who_has_it_now(one, record, work, everybody, office, house, app):
    record(EARLIER, "新主人", store=1)
    owner = everybody(Customer)[-1]
    with work() as session:
        session.add(Contact(customer_id=owner.id, name="新主人", mobile=EARLIER))
    erase(office, house, app, one)
    assert where(house, NAME, NUMBER) == []
    assert where(house, EARLIER) == ["customers_contact", "customers_customer", "customers_identity"]
    assert record(EARLIER, "新主人", store=1).status_code == 302, "nobody is asked about them"


@on_sqlite
@pytest.mark.requirement("A21", "A10")
def test_a_number_that_is_somebody_elses_since_its_owner_went_into_the_bin_stays_theirs(
    one, record, work, everybody, office, house, app
):
    post(office, f"{DESK}delete/?id={one.id}")
    record(NUMBER, "新主人", store=1)
    owner = everybody(Customer)[-1]
    with work() as session:
        session.add(Contact(customer_id=owner.id, name="新主人", mobile=NUMBER))
    post(office, f"{DESK}erase/?id={one.id}&bin=1", {"reason": "asked", "word": one.code})
    with app.app_context():
        run_waiting(house)
    assert where(house, NAME) == []
    assert [row.mobile for row in everybody(Contact) if row.customer_id == owner.id] == [NUMBER]


@on_sqlite
@pytest.mark.requirement("A21", "A10")
def test_who_was_merged_while_the_erasure_waited_is_forgotten_as_one_person(one, record, everybody, work, house, app):
    record("13600136000", "欧阳小风", store=2)
    other = everybody(Customer)[-1]
    with app.app_context(), work() as session:
        customer = session.get(Customer, other.id)
        with across_scopes("somebody else merges them in the same moment"):
            merged = update(Customer).where(Customer.id == other.id).values(merged_into_id=one.id)
            session.execute(merged.execution_options(synchronize_session=False))
        assert customer.merged_into_id is None, "what was read before does not know it"
        forgetting.forget(session, customer, "asked")
    assert where(house, NAME, NUMBER, "欧阳小风", "13600136000") == []


@on_sqlite
@pytest.mark.requirement("A21")
def test_no_uploaded_file_outlives_an_erasure_and_the_proof_says_so(one, office, house, app, everybody):
    sheet = f"姓名,备注\n{NAME},{NUMBER}\n"
    file = {"file": (io.BytesIO(sheet.encode()), "customers.csv")}
    answer = post(office, f"{DESK}import/", file, content_type="multipart/form-data")
    kept = house.settings.data_dir / "imports"
    assert [NAME in path.read_text() for path in kept.iterdir()] == [True]
    assert "files made of lists go from here after a week" in office.get(f"{DESK}erase/?id={one.id}").text
    erase(office, house, app, one)
    assert list(kept.iterdir()) == []
    assert "Uploaded files" in office.get(everybody(Job)[-1].url).text
    again = post(office, f"{answer.location}&again=1", {"column-0": "name"})
    assert "Upload it again" in again.text


@on_sqlite
def test_a_hash_of_a_number_is_keyed(app, monkeypatch):
    with app.app_context():
        before = forgetting.digest(NUMBER)
        monkeypatch.setattr(app, "secret_key", "another installation")
        assert before != forgetting.digest(NUMBER)


def test_every_text_about_a_person_is_emptied_or_kept_for_a_reason():
    from sqlalchemy import JSON, String

    emptied = {model.__tablename__: set(columns) for model, columns in EMPTIED.items()}
    gone = {model.__tablename__ for model in GONE}
    undecided = [
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        if table.name.startswith("customers_")
        and table.name not in gone
        and (
            "customer_id" in table.columns
            or any(key.column.table.name == "customers_customer" for key in table.foreign_keys)
            or table.name == "customers_customer"
        )
        for column in table.columns
        if isinstance(column.type, String | JSON)
        and "search" not in column.info
        and column.name not in emptied.get(table.name, set()) | set(KEPT.get(table.name, "").split())
    ]
    assert undecided == [], "say in plugins/customers/privacy/personal.py what an erasure does with it"
