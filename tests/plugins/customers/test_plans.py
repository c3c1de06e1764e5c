"""How many rows the database looks at for a person who sees some of the customers."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, text

from core import statistics
from core.admin.listing import COUNT_LIMIT, write_cursor

DESK = "/admin/customers/customer/"
CUSTOMERS, FEW, PAGE = 20_000, 500, 50
FINDING = (f"{DESK}?search=C-1000000346", f"{DESK}ajax/lookup/?q=C-1000000346")
PEOPLE = """
INSERT INTO customers_customer (created_at, updated_at, version, code, name, kind, party, level, level_reason, credit, credit_note, address,
  tags, preferences, search_text)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :customers)
SELECT '2026-01-01', '2026-01-01', 1, 'C-' || (1000000000 + i) || '-X', '某人', 'person', 'consumer', CASE WHEN i % 20 = 0 THEN 'vip' ELSE 'ordinary' END, '',
  'unknown', '', '', '', '', '' FROM n
"""
PLACES = """
INSERT INTO customers_visitor (created_at, updated_at, version, customer_id, node_id, area_id, region_id, first_on, last_on, is_shared)
SELECT '2026-01-01', '2026-01-01', 1, c.id, n.id, n.area_id, n.region_id, '2026-01-01', '2026-01-01', false
FROM customers_customer AS c JOIN org_node AS n ON (n.code = 'S1' AND c.id % 2 = 0 AND c.id < :customers / 2)
  OR n.code = 'S3' OR (n.code = 'S4' AND c.id % 2 = 0) OR (n.code = 'S5' AND c.id % 500 = 0)
"""


@pytest.fixture
def many(chain, house, work) -> Any:
    """The first area knows the older half, the second one everybody, the third a few; the triggers of the search rest."""
    is_sqlite = house.database.is_sqlite
    with house.database.engine.execution_options(writes=True).begin() as connection:
        if not is_sqlite:
            connection.execute(text("ALTER TABLE customers_customer DISABLE TRIGGER USER"))
        for statement in (PEOPLE, PLACES):
            connection.execute(text(statement), {"customers": FEW if is_sqlite else CUSTOMERS})
        if not is_sqlite:
            connection.execute(text("ALTER TABLE customers_customer ENABLE TRIGGER USER"))
            connection.execute(text("ANALYZE customers_customer, customers_visitor"))
    with work() as session:
        statistics.look_anew(session)
    house.database.dispose()  # what SQLite has seen is read when a connection opens
    return chain


@pytest.fixture
def asked(app, house) -> Callable[..., list[tuple[str, Any]]]:
    """A function from a browser and an address to the statements on customers, with their values."""
    sent: list[tuple[str, Any]] = []
    event.listen(house.database.engine, "before_cursor_execute", lambda *call: sent.append(call[2:4]))

    def ask(client: Any, address: str) -> list[tuple[str, Any]]:
        sent.clear()
        assert client.get(address).status_code == 200
        return [each for each in sent if "customers_customer" in each[0]]

    return ask


@pytest.fixture
def looked_at(asked, house) -> Callable[..., float]:
    """A function from a browser and an address to the number of rows of customers and places that were looked at."""

    def look(client: Any, address: str) -> float:
        statements = asked(client, address)
        with house.database.engine.connect() as connection:
            plans = [
                connection.exec_driver_sql(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", values).scalar()
                for statement, values in statements
            ]
        return sum(_rows(plan[0]["Plan"]) for plan in plans)

    return look


def _rows(plan: dict[str, Any]) -> float:
    own = 0.0
    if plan.get("Relation Name", "").startswith("customers_"):
        own = (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]
    return own + sum(map(_rows, plan.get("Plans", ())))


@pytest.mark.requirement("B14")
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_page_looks_at_a_pageful_of_rows_wherever_it_begins_and_whoever_asks(many, looked_at, client_as, app):
    with app.app_context():
        places = [write_cursor("customers_customer:id:True", at, at) for at in (CUSTOMERS - 200, CUSTOMERS // 2, 900)]
    addresses = [DESK, *(f"{DESK}?after={place}" for place in places), f"{DESK}?before={places[2]}"]
    for area in many.areas[:3]:
        manager = client_as("area_manager", area)
        for address in addresses:
            # two visits of one person, what they lead to, the rows of the page; and the count, from the index alone
            assert looked_at(manager, address) <= 5 * (PAGE + 1) + 2 * (COUNT_LIMIT + 1), (area.code, address)


@pytest.mark.requirement("B14")
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("address", [*FINDING, f"{DESK}?sms=1", f"{DESK}?external_id=AB-1"])
def test_who_is_found_is_asked_for_the_place_and_not_the_place_for_everybody(many, looked_at, client_as, address):
    assert looked_at(client_as("area_manager", many.areas[1]), address) <= 20


@pytest.fixture
def told(asked, house) -> Callable[..., list[str]]:
    """A function from a browser and an address to what SQLite does for the statements on customers."""

    def tell(client: Any, address: str) -> list[str]:
        statements = asked(client, address)
        with house.database.engine.connect() as connection:
            return [
                row[3] for statement, values in statements
                for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            ]  # fmt: skip

    return tell


@pytest.mark.requirement("B14")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("address", [*FINDING, f"{DESK}?level=vip&node_id=1"])
def test_sqlite_puts_no_list_of_all_who_are_known_at_a_place_together(many, told, client_as, address):
    steps = told(client_as("area_manager", many.areas[1]), address)
    visitors = [line for line in steps if "customers_visitor" in line]
    assert visitors and all("customer_id=?" in line for line in visitors), steps


@pytest.mark.requirement("B14")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("filters", [("level=vip",), ("level=vip", "party=partner")])
def test_sqlite_walks_an_area_and_each_filter_side_by_side_and_looks_at_no_row_but_those_of_the_page(
    many, told, client_as, filters
):
    steps = told(client_as("area_manager", many.areas[1]), f"{DESK}?{'&'.join(filters)}")
    assert sum("MERGE (INTERSECT)" in line for line in steps) == 2 * len(filters), "of the page and of the count"
    assert sum("customers_customer USING INTEGER PRIMARY KEY" in line for line in steps) == 1
    assert not any("TEMP B-TREE" in line for line in steps), steps


@pytest.mark.requirement("B14")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_sqlite_asks_the_few_of_a_store_for_the_filter(many, told, client_as):
    steps = told(client_as("store_manager"), f"{DESK}?level=vip")
    assert any("customers_visitor_node_id_customer_id (node_id=?)" in line for line in steps), steps
