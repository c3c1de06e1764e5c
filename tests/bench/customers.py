"""A million customers of 204 stores, 1.6 places each, made by a few large statements; and what is asked of them."""

import itertools
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from flask import Flask
from sqlalchemy import Column, Connection, Integer, MetaData, Table, text

from core import statistics
from core.admin.listing import write_cursor
from core.testing.factories import acting
from tests.bench.data import TODAY, Chain
from tests.bench.load import Answer, Client
from tests.bench.names import FAMILY, GIVEN, LETTERS, NUMBERS
from tests.bench.operations import EDIT, LIST, SAVE, SOME, Action, Operation, hidden, redirected

CUSTOMERS, FEWEST, AREAS, STORES_AN_AREA = 1_000_000, 20_000, 12, 17
DESK = "/admin/customers/customer/"
PLACES = """
INSERT INTO bench_place (number, node_id, area_id, region_id)
SELECT row_number() OVER (ORDER BY area_id, id) - 1, id, area_id, region_id FROM (
  SELECT id, area_id, region_id, row_number() OVER (PARTITION BY area_id ORDER BY code) AS place FROM org_node WHERE kind = 'store'
    AND area_id IN (SELECT id FROM org_node WHERE kind = 'area' ORDER BY code LIMIT :areas)
) AS chosen WHERE place <= :stores
"""
PEOPLE = """
INSERT INTO customers_customer (id, created_at, updated_at, version, code, name, kind, party, mobile, node_id, level, level_reason, credit,
  credit_note, address, tags, preferences)
SELECT i, s.created_at, s.created_at, 1, 'C-' || CAST(9000000000 + i AS text) || '-X',
  {family} || {first} || CASE WHEN i % 5 > 0 THEN {second} ELSE '' END, 'person',
  CASE WHEN i % 50 = 0 THEN 'partner' ELSE 'consumer' END, CAST(13000000000 + i * 104729 % 1000000000 AS text), s.id,
  CASE WHEN i * 7919 / 13 % 20 = 0 THEN 'vip' WHEN i * 7919 / 13 % 20 < 4 THEN 'important' ELSE 'ordinary' END, '',
  CASE WHEN i % 3 = 0 THEN 'good' ELSE 'unknown' END, '', '', CASE WHEN i % 4 = 0 THEN '老客户' ELSE '' END, ''
FROM {numbers} JOIN bench_place AS p ON p.number = i * 7919 % {stores} JOIN org_node AS s ON s.id = p.node_id
"""
NUMBERS_OF = """
INSERT INTO customers_identity (created_at, updated_at, version, customer_id, kind, value, tail, verified, since)
SELECT created_at, created_at, 1, id, 'mobile', mobile, substr(mobile, 8, 4), false, :day FROM customers_customer ORDER BY id
"""
PLACES_OF = """
INSERT INTO customers_visitor (created_at, updated_at, version, customer_id, node_id, area_id, region_id, first_on, last_on, is_shared)
SELECT c.created_at, c.created_at, 1, c.id, p.node_id, p.area_id, p.region_id, :day, :day, false
FROM customers_customer AS c JOIN (SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2) AS k
  ON k.n = 0 OR (k.n = 1 AND c.id % 2 = 0) OR (k.n = 2 AND c.id % 10 = 0)
JOIN bench_place AS p ON p.number = (c.id * 7919 + k.n * (1 + c.id % 7)) % {stores} ORDER BY c.id
"""
VISITS = """
INSERT INTO customers_visit (customer_id, node_id, day, reason, at)
SELECT customer_id, node_id, first_on, 'recorded', created_at FROM customers_visitor ORDER BY id
"""
CONTACTS = """
INSERT INTO customers_contact (created_at, updated_at, version, customer_id, name, role, note, binned_with_customer)
SELECT created_at, created_at, 1, id, name, '', '', false FROM customers_customer WHERE id % 50 = 0
"""


def make_customers(app: Flask, chain: Chain, scale: float) -> int:
    """Fill the tables of the customers, let the house count them as it does every hour, and return how many there are."""
    from plugins.customers import counting

    count = max(FEWEST, round(CUSTOMERS * scale))
    engine = app.extensions["backoffice"].database.engine
    with engine.execution_options(writes=True).begin() as connection:
        _fill(connection, count)
    if not chain.is_sqlite:
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("VACUUM ANALYZE"))
    with acting(app) as session:
        statistics.look_anew(session)  # as every night
    for _hour in range(2):  # the first notes how far the numbers reach, the second counts them
        with acting(app) as session:
            counting.keep(session)
    return count


def _fill(connection: Connection, count: int) -> None:
    dialect = connection.dialect.name
    names = ("number", "node_id", "area_id", "region_id")
    Table("bench_place", MetaData(), *(Column(n, Integer) for n in names), prefixes=["TEMPORARY"]).create(connection)
    connection.execute(text(PLACES), {"areas": AREAS, "stores": STORES_AN_AREA})
    people = PEOPLE.format(numbers=NUMBERS[dialect], stores=AREAS * STORES_AN_AREA, **LETTERS)
    with _index_apart(connection):
        connection.execute(text(people), {"first": 1, "last": count, "family": FAMILY, "given": GIVEN})
    day = str(TODAY) if dialect == "sqlite" else TODAY
    connection.execute(text(NUMBERS_OF), {"day": day})
    connection.execute(text(PLACES_OF.format(stores=AREAS * STORES_AN_AREA)), {"day": day})
    connection.execute(text(VISITS))
    connection.execute(text(CONTACTS))
    connection.execute(text("DROP TABLE bench_place"))


@contextmanager
def _index_apart(connection: Connection) -> Iterator[None]:
    """Make PostgreSQL's index of the search after the rows, and count on from their numbers."""
    if connection.dialect.name == "sqlite":
        yield
        return
    index = connection.scalar(text("SELECT pg_get_indexdef('search_customers_customer'::regclass)"))
    connection.execute(text("DROP INDEX search_customers_customer"))
    yield
    connection.execute(text(str(index)))
    connection.execute(
        text("SELECT setval(pg_get_serial_sequence('customers_customer', 'id'), max(id)) FROM customers_customer")
    )


def customer_operations(app: Flask, chain: Chain) -> list[Operation]:
    """Return what is measured, each for head office and for the manager of 17 of 204 stores."""
    with app.extensions["backoffice"].database.engine.connect() as connection:
        found = _chosen(connection, chain)
    people = (("chain", "whole chain", LIST), ("some", "17 stores", SOME))
    lists = [
        Operation(
            f"customers, {name} ({title})", goal, f"/customers?{floor}", f"{DESK}?{ours}", person, "",
            'class="list-table"',
        )
        for name, floor, ours in _lists(app, found) for person, title, goal in people
    ]  # fmt: skip
    edit, card = f"{DESK}edit/?id={found['id']}", f"/customers/at/{found['code']}/"
    one = f"/customers/{found['id']}"
    forms = [
        operation for person, title, _goal in people for operation in (
            Operation(f"customers, edit form ({title})", EDIT, one, edit, person, "", "_version"),
            Operation(f"customers, save with audit ({title})", SAVE, one, _saving(edit), person, floor_form={"tags": "老客户"}),
            Operation(f"customers, card ({title})", EDIT, f"{one}?card=1", card, person, "", found["code"]),
            Operation(f"customers, look-up ({title})", LIST, f"/customers?name={quote(found['name'])}",
                      f"{DESK}ajax/lookup/?q={quote(found['name'])}", person, "", '"text"'),
        )
    ]  # fmt: skip
    typed = found["mobile"][:9]
    counter = [
        Operation("customers, counter, number half typed (a store)", LIST, f"/customers?from={typed}00&to={typed}99",
                  f"/customers/known?number={typed}", "store", "", '"found":1'),
        Operation("customers, counter, last four (a store)", LIST, f"/customers?tail={found['mobile'][-4:]}",
                  f"/customers/known?number={found['mobile'][-4:]}", "store", "", "whole"),
        Operation("customers, counter, record (a store)", SAVE, "/customers/new", _recording, "store", floor_form={"name": "张三"}),
    ]  # fmt: skip
    return [*lists, *forms, *counter]


def _chosen(connection: Connection, chain: Chain) -> dict[str, Any]:
    """Return a customer of the one store in the middle of the table, with a name of three letters."""
    row = (
        connection.execute(
            text(
                "SELECT c.id, c.code, c.name, c.mobile, c.search_text, c.node_id FROM customers_customer AS c WHERE c.node_id = :node "
                "AND c.level = 'ordinary' AND length(c.name) = 3 AND c.id > (SELECT max(id) / 2 FROM customers_customer) ORDER BY c.id LIMIT 1"
            ),
            {"node": chain.node_id},
        )
        .mappings()
        .one()
    )
    return dict(row)


def _lists(app: Flask, found: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return (name, arguments of the floor, arguments of the product) of each list."""
    with app.app_context():
        deep, last = (write_cursor("customers_customer:id:True", number, number) for number in (found["id"], 600))
    name, initials = found["name"], found["search_text"].split("\x1f")[2]
    store = f"node_id={found['node_id']}"
    return [
        ("page 1", "", ""),
        ("a page in the middle", f"id={found['id']}", f"after={deep}"),
        ("the last pages", "id=600", f"after={last}"),
        ("by number", f"from={found['mobile']}&to={found['mobile']}", f"search={found['mobile']}"),
        ("last four digits", f"tail={found['mobile'][-4:]}", f"search={found['mobile'][-4:]}"),
        ("two characters", f"name={quote(name[1:])}", f"search={quote(name[1:])}"),
        ("three characters", f"name={quote(name)}", f"search={quote(name)}"),
        ("three initials", f"name={initials}", f"search={initials}"),
        ("level", "level=vip", "level=vip"),
        ("store + level", f"{store}&level=vip", f"{store}&level=vip"),
    ]


def _saving(path: str) -> Callable[[Client], Action]:
    tags = itertools.cycle(range(1000))

    def make(client: Client) -> Action:
        def save() -> Answer:
            page = client.checked(path).body.decode()
            form = dict(re.findall(r'<input[^>]* name="([^"]+)" value="([^"]*)"', page))
            form |= {"csrf_token": hidden(page.encode(), "csrf_token"), "_version": hidden(page.encode(), "_version")}
            form |= {
                "kind": "person",
                "party": "consumer",
                "level": "ordinary",
                "credit": "good",
                "tags": f"第{next(tags)}次",
            }
            return redirected(client.post(path, form))

        return save

    return make


def _recording(client: Client) -> Action:
    token = hidden(client.checked("/customers/").body, "csrf_token")

    def record() -> Answer:
        dice = uuid.uuid4().int
        form = {
            "csrf_token": token,
            "number": str(15_000_000_000 + dice % 1_000_000_000),
            "name": "".join(letters[dice >> shift & 63] for shift, letters in ((64, FAMILY), (72, GIVEN), (80, GIVEN))),
            "agreed": "service-any",
            "key": str(uuid.uuid4()),
        }
        return redirected(client.post("/customers/record", form))

    return record
