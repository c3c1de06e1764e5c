"""Customers come from sheets: found again by the key a person chooses, never doubled, and taken back whole."""

import csv
import gzip
import io
import json
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from core.commands.context import Shell
from core.commands.data import import_file, import_revert
from core.testing.factories import post
from plugins.customers.models import Customer, Identity, Visitor

REAL = Path(os.environ.get("BACKOFFICE_TEST_DATA", "")) / "online_retail.csv.gz"


@pytest.fixture
def bring(app, chain, tmp_path):
    """`bring("mobile,name\\n…", "--match", "mobile")` imports a sheet and returns what was told."""

    def run(lines, *words):
        path = tmp_path / "customers.csv"
        path.write_text(lines, "utf-8")
        return call(app, import_file, "customers.customer", path, *words)

    return run


def call(app, command, *words):
    shell = Shell()
    shell.__dict__["app"] = app
    found = CliRunner().invoke(command, [*map(str, words), "--json"], obj=shell, catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return json.loads(found.stdout)


@pytest.mark.requirement("A1", "A15", "Z9")
def test_a_number_that_is_known_is_updated_instead_of_doubled(bring, record, everybody, clerk, chain):
    record("13800138000", "张三")
    told = bring("手机号,姓名,门店,标签\n138 0013 8000,张三丰,S1,老客户\n13900139000,李四,S5,\n", "--match", "mobile")
    assert [told[name] for name in ("created", "updated", "refused")] == [1, 1, 0]
    first, second = everybody(Customer)
    assert (first.name, first.tags, second.name, second.mobile) == ("张三丰", "老客户", "李四", "13900139000")
    assert second.code != first.code
    assert [(one.customer_id, one.node_id) for one in everybody(Visitor)] == [
        (first.id, chain.stores[0].id),
        (second.id, chain.stores[4].id),
    ]
    assert clerk(4).get("/customers/known?number=13900139").json["found"] == 1
    again = bring("手机号,姓名,门店,标签\n13800138000,张三丰,S1,老客户\n13900139000,李四,S5,\n", "--match", "mobile")
    assert again["unchanged"] == 2


def test_a_number_of_somebody_else_is_refused_with_the_reason(bring, record, everybody):
    record("13800138000", "张三")
    told = bring(
        "external_id,mobile\nA1,13800138000\nA2,13900139000\nA3,13900139000\nA4,1390013900\n", "--match", "external_id"
    )
    assert (told["created"], told["refused"]) == (0, 4)
    assert len(everybody(Customer)) == 1


@pytest.mark.requirement("J9")
def test_an_import_is_taken_back_but_whom_somebody_has_met_since_stays(app, bring, record, everybody):
    told = bring("mobile,name,store\n13800138000,张三,S1\n13900139000,李四,S1\n", "--match", "mobile")
    record("13900139000", "李四")
    back = call(app, import_revert, told["batch"])
    assert (back["removed"], back["kept"]) == (1, 1)
    assert [one.name for one in everybody(Customer)] == ["李四"]
    assert [one.value for one in everybody(Identity)] == ["13900139000"]


def test_a_changed_number_is_dated_and_comes_back_with_the_revert(app, bring, everybody):
    bring("external_id,mobile\nA1,13800138000\n", "--match", "external_id")
    told = bring("external_id,mobile\nA1,13900139000\n", "--match", "external_id")
    assert [(one.value, one.until is None) for one in everybody(Identity)] == [
        ("13800138000", False),
        ("13900139000", True),
    ]
    call(app, import_revert, told["batch"])
    assert everybody(Customer)[0].mobile == "13800138000"
    assert [one.value for one in everybody(Identity) if one.until is None] == ["13800138000"]


@pytest.mark.requirement("A15")
def test_at_the_desk_a_person_chooses_the_key_by_which_records_are_found_again(chain, client_as, everybody):
    office, url = client_as("head_office"), "/admin/customers/customer/import/"
    assert re.findall(r'name="match" value="(\w*)"( checked)?', office.get(url).text) == [
        ("", " checked"),
        ("external_id", ""),
    ]

    def send(text, **chosen):
        sheet = {"file": (io.BytesIO(text.encode()), "sheet.csv")} | chosen
        return office.get(post(office, url, sheet, content_type="multipart/form-data").location).text

    sheet = "CustomerID,姓名\nA1,张三\nA2,李四\nA1,张三\n"
    assert "by which a record is found again" in send(sheet), "the usual key is the number"
    for _time in range(2):
        send(sheet, match="external_id")
        post(office, f"{url}batch/?id={2 + _time}", {"column-0": "external_id", "column-1": "name"})
    assert [(one.external_id, one.name) for one in everybody(Customer)] == [("A1", "张三"), ("A2", "李四")]


@pytest.mark.slow
@pytest.mark.requirement("A15", "Z9")
@pytest.mark.skipif(
    not (os.environ.get("BACKOFFICE_TEST_DATA") and REAL.is_file()),
    reason="BACKOFFICE_TEST_DATA does not name the folder of online_retail.csv.gz",
)
def test_the_customers_of_a_real_shop_arrive_once_each_though_every_line_names_them(app, chain, tmp_path, count):
    path = tmp_path / "lines.csv"
    with gzip.open(REAL, "rt", newline="", encoding="utf-8") as source, path.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["CustomerID", "InvoiceNo"])
        lines.writerows((row["CustomerID"], row["InvoiceNo"]) for row in csv.DictReader(source) if row["CustomerID"])
    told = call(app, import_file, "customers.customer", path, "--match", "external_id")
    assert [told[name] for name in ("created", "updated", "refused")] == [4_372, 0, 0]
    assert told["repeated"] == told["rows"] - 4_372 == 402_457
    again = call(app, import_file, "customers.customer", path, "--match", "external_id")
    assert (again["created"], again["unchanged"]) == (0, 4_372)
    assert count(Customer) == 4_372
    assert call(app, import_revert, told["batch"])["removed"] == 4_372
    assert count(Customer) == 0
