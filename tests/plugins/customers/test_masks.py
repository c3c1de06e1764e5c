"""A number in full stands nowhere but behind a reason: not in a list, a file, a search, the audit, a message or a log."""

import io
import re
from pathlib import Path

import pytest
import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

import plugins
from core import logs
from core.api import hookimpl
from core.inbox import Message
from core.jobs.models import Job
from core.jobs.queue import ask_for, file_of, run_waiting
from core.testing.factories import acting, post
from plugins.customers.models import Contact, Customer, Identity

NUMBER, NAME = "13811223344", "欧阳晓风"
DESK = "/admin/customers/customer/"
CONTACTS = "/admin/customers/contact/"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def one(record, everybody, work):
    record(NUMBER, NAME)
    row = everybody(Customer)[0]
    with work() as session:
        session.add(Contact(customer_id=row.id, name="王芳", mobile=NUMBER))
    return row


@on_sqlite
@pytest.mark.requirement("A20")
def test_no_page_and_no_file_holds_a_number_in_full(one, client_as, clerk, everybody):
    area, manager = client_as("area_manager"), client_as("store_manager")
    contact = everybody(Contact)[0].id
    pages = [
        DESK, f"{DESK}?search={NUMBER[-4:]}", f"{DESK}details/?id={one.id}", f"{DESK}edit/?id={one.id}", f"{DESK}print/",
        f"{DESK}export/csv/", f"{DESK}ajax/lookup/?q={NUMBER[-4:]}", CONTACTS, f"{CONTACTS}details/?id={contact}",
        f"{CONTACTS}edit/?id={contact}", f"{CONTACTS}export/csv/", f"/customers/at/{one.code}/", f"/customers/known?number={NUMBER[:9]}",
    ]  # fmt: skip
    for client in (area, manager):
        for url in pages:
            if "export" not in url or client is area:
                page = client.get(url)
                assert (page.status_code, NUMBER in page.text) == (200, False), url
    book = area.get(f"{DESK}export/xlsx/")
    from python_calamine import CalamineWorkbook

    cells = str(CalamineWorkbook.from_filelike(io.BytesIO(book.data)).get_sheet_by_index(0).to_python())
    assert ("138****3344" in cells, NUMBER in cells) == (True, False)
    found = post(clerk(4), "/customers/find", {"number": NUMBER}, headers={"X-Requested-With": "fetch"})
    assert ("138****3344" in found.json["html"], NUMBER in found.json["html"]) == (True, False)
    binned = post(manager, f"{DESK}delete/?id={one.id}", follow_redirects=True)
    for page in (binned, manager.get(f"{DESK}?bin=1"), manager.get(f"{DESK}details/?id={one.id}&bin=1")):
        assert NUMBER not in page.text


@on_sqlite
@pytest.mark.requirement("A20")
def test_the_file_and_the_message_of_a_job_hold_masks(one, app, house, chain, everybody):
    from core.auth.rights import load_person

    with acting(app) as session:
        area = load_person(session, chain.people["area_manager"].id)
    with app.app_context(), acting(app, area) as session:
        job = ask_for(session, "exchange.export", "Customers", resource="customers.customer", arguments=[])
    with app.app_context():
        run_waiting(house)
    assert everybody(Job)[0].state == "done"
    from python_calamine import CalamineWorkbook

    cells = str(CalamineWorkbook.from_path(file_of(house, job.id).as_posix()).get_sheet_by_index(0).to_python())
    assert ("138****3344" in cells, NUMBER in cells) == (True, False)
    assert not any(NUMBER in message.title + message.text for message in everybody(Message))


@pytest.mark.requirement("A20")
def test_a_log_line_masks_the_number_that_the_database_names(one, work):
    out = io.StringIO()
    log = structlog.wrap_logger(structlog.PrintLogger(out), processors=logs.PROCESSORS)
    try:
        with work() as session:
            session.add(Identity(customer_id=one.id, kind="mobile", value=NUMBER))
            session.flush()
    except IntegrityError as error:
        log.warning("somebody else was faster", error=str(error))
        log.exception("request failed")
    assert "somebody else was faster" in out.getvalue() and "Traceback" in out.getvalue()
    assert NUMBER not in out.getvalue()


@on_sqlite
def test_what_it_reads_of_a_failing_plugin_masks_numbers(one, house, clerk, monkeypatch):
    class Broken:
        @hookimpl
        def customers_timeline(self):
            raise RuntimeError(f"no such customer: {NUMBER}")

    monkeypatch.setattr(house.host, "names_on", lambda *_: {"broken"})
    house.host.hooks.add(Broken(), "broken")
    try:
        clerk(0).get(f"/customers/at/{one.code}/")
        told = house.host.hooks.counts["broken"]["customers_timeline"].last_error
    finally:
        house.host.hooks.remove("broken")
    assert ("no such customer: 138****3344" in told, NUMBER in told) == (True, False)


@on_sqlite
def test_an_audit_of_a_search_by_number_keeps_a_mask(one, client_as, app):
    from core.audit import AuditEntry

    assert NAME in client_as("head_office").get(f"{DESK}export/csv/?search={NUMBER}").text
    with acting(app) as session:
        kept = str(session.scalars(select(AuditEntry.changes).where(AuditEntry.action == "exported")).all())
    assert ("138****3344" in kept, NUMBER in kept) == (True, False)


def test_the_web_servers_log_holds_neither_a_search_nor_the_link_to_somebodys_page():
    site = Path(plugins.__file__).parents[1].joinpath("config/server/nginx.conf").read_text()
    logged = re.search(r"log_format backoffice '([^']+)'", site)[1]
    assert re.findall(r"\$(\w*(?:uri|request|args|query|referer)\w*)", logged) == [
        "request_method",
        "logged_uri",
        "request_time",
    ]
    assert (
        "~^/customers/me/ /customers/me/-;" in site and "access_log /var/log/nginx/backoffice.log backoffice;" in site
    )
    assert re.findall(r"error_log .* (\w+);", site) == ["crit"], "an error's line holds what was searched for"
