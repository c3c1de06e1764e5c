"""A million customers out as csv, and a hundred thousand in."""

import time
from pathlib import Path

from flask import Flask

from tests.bench.data import Chain
from tests.bench.exchange import IMPORT, exports, import_file
from tests.bench.serving import Served
from tests.bench.table import Line, at_most

EXPORT = "/admin/customers/customer/export/csv/"
ROWS, FEWEST = 100_000, 2_000
KNOWN_EVERY = 10
"""Every tenth row of the file is a customer who is there already."""
STAGING = "CREATE TEMPORARY TABLE staged (number {serial}, mobile text, name text, store text, tags text)"
CHECKS = (
    "SELECT number, 'no such store' FROM staged AS s WHERE NOT EXISTS (SELECT 1 FROM org_node AS n WHERE n.code = s.store)",
    "SELECT number, 'no number' FROM staged WHERE {not_number}",
    "SELECT min(number), 'twice' FROM staged GROUP BY mobile HAVING count(*) > 1",
    "SELECT s.number, c.id FROM staged AS s JOIN customers_customer AS c ON c.mobile = s.mobile",
)
WRITES = (
    "UPDATE customers_customer SET name = s.name, tags = s.tags, version = version + 1 FROM staged AS s WHERE s.mobile = customers_customer.mobile",
    """
INSERT INTO customers_customer (created_at, updated_at, version, code, name, kind, party, mobile, node_id, level, level_reason, credit,
  credit_note, address, tags, preferences)
SELECT n.created_at, n.created_at, 1, 'X-' || s.number, s.name, 'person', 'consumer', s.mobile, n.id, 'ordinary', '', 'unknown', '', '', s.tags, ''
FROM staged AS s JOIN org_node AS n ON n.code = s.store WHERE NOT EXISTS (SELECT 1 FROM customers_customer AS c WHERE c.mobile = s.mobile)
""",
    """
INSERT INTO customers_identity (created_at, updated_at, version, customer_id, kind, value, tail, verified, since)
SELECT created_at, created_at, 1, id, 'mobile', mobile, substr(mobile, 8, 4), false, DATE(created_at) FROM customers_customer WHERE code LIKE 'X-%'
""",
    """
INSERT INTO customers_visitor (created_at, updated_at, version, customer_id, node_id, first_on, last_on, is_shared)
SELECT created_at, created_at, 1, id, node_id, DATE(created_at), DATE(created_at), false FROM customers_customer WHERE code LIKE 'X-%'
""",
    """
INSERT INTO customers_visit (customer_id, node_id, day, reason, at)
SELECT id, node_id, DATE(created_at), 'imported', created_at FROM customers_customer WHERE code LIKE 'X-%'
""",
)


def customer_exports(chain: Chain, count: int, floor: Served, product: Served) -> list[Line]:
    """Return how long all customers take as csv."""
    return exports(
        chain, floor, product, name=f"customers, export of {count:,}", ours=EXPORT, plain="/customers/export"
    )


def customer_imports(app: Flask, chain: Chain, folder: Path, scale: float) -> list[Line]:
    """Return how long a file takes: read, checked, matched, written with numbers and places, with its way back."""
    rows, file = max(FEWEST, round(ROWS * scale)), folder / "customers.csv"
    _write(file, rows)
    plain = _staged(app, chain, file)
    started = time.perf_counter()
    counts = import_file(app, file, "customers.customer")
    ours = time.perf_counter() - started
    note = f" ({counts['created']:,} new, {counts['updated']:,} changed)"
    return [at_most(f"customers, import of {rows:,}", plain, ours, IMPORT, unit="s", product_note=note)]


def _write(file: Path, rows: int) -> None:
    lines = (
        f"{13_000_000_000 + number * 104_729 % 10**9 if number % KNOWN_EVERY == 0 else 18_000_000_000 + number},"
        f"{'王李张刘陈'[number % 5]}{'伟芳娜敏静丽'[number % 6]}{'强磊军洋勇艳杰'[number % 7]},S{1 + number % 12:04},新客户\n"
        for number in range(1, rows + 1)
    )
    file.write_text("mobile,name,store,tags\n" + "".join(lines), "utf-8")


def _staged(app: Flask, chain: Chain, file: Path) -> float:
    """Return the seconds of the same rows by COPY (or many INSERTs), checks and statements over the whole; taken back."""
    with app.extensions["backoffice"].database.engine.execution_options(writes=True).connect() as connection:
        run = connection.exec_driver_sql
        started = time.perf_counter()
        run(STAGING.format(serial="INTEGER PRIMARY KEY" if chain.is_sqlite else "serial"))
        if chain.is_sqlite:
            rows = [tuple(line.split(",")) for line in file.read_text("utf-8").splitlines()[1:]]
            run("INSERT INTO staged (mobile, name, store, tags) VALUES (?, ?, ?, ?)", rows)
        else:
            copying = "COPY staged (mobile, name, store, tags) FROM STDIN WITH (FORMAT csv, HEADER)"
            with connection.connection.cursor().copy(copying) as copy:
                copy.write(file.read_bytes())
        wrong = (
            "mobile NOT GLOB '1[3-9]*' OR length(mobile) <> 11" if chain.is_sqlite else "mobile !~ '^1[3-9][0-9]{9}$'"
        )
        for check in CHECKS:
            run(check.format(not_number=wrong).replace("%", "%%" if not chain.is_sqlite else "%")).fetchall()
        for write in WRITES:
            run(write.replace("%", "%%") if not chain.is_sqlite else write)
        taken = time.perf_counter() - started
        connection.rollback()
    return taken
