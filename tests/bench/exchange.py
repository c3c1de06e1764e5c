"""Everything out as csv, and a real file in, beside the least the database needs for it."""

import csv
import os
import sqlite3
import time
from itertools import islice
from pathlib import Path

from flask import Flask

from core.testing.factories import acting
from tests.bench.data import Chain
from tests.bench.load import Client, WrongAnswer, median
from tests.bench.serving import Served
from tests.bench.table import Line, at_most, not_measured

EXPORT, FIRST_BYTE_MS, MEGABYTES, IMPORT = 2.0, 50.0, 40.0, 4.0
PATH = "/admin/daily_reports/day/export/csv/"
TIMES = 3

STAGING = "CREATE TEMPORARY TABLE staged (number {serial}, store text, date text, sales text, customers text, a text, b text, c text, d text)"
CHECKS = (
    "SELECT number, 'no such store' FROM staged AS s WHERE NOT EXISTS (SELECT 1 FROM org_node AS n WHERE n.code = s.store)",
    "SELECT number, 'no number' FROM staged WHERE {not_number}",
    "SELECT min(number), 'twice' FROM staged GROUP BY store, date HAVING count(*) > 1",
    "SELECT s.number, 'there' FROM staged AS s JOIN org_node AS n ON n.code = s.store JOIN daily_reports_day AS d ON d.node_id = n.id AND d.day = {day}",
)
INSERT = """
INSERT INTO daily_reports_day (created_at, updated_at, version, node_id, area_id, region_id, day, state, imported, amount, buyers,
  tenders, gap_reasons, gap_note, reflection, tomorrow, review_comment)
SELECT n.created_at, n.created_at, 1, n.id, n.area_id, n.region_id, {day}, 'locked', true, CAST(s.sales AS bigint) * 100,
  CAST(s.customers AS integer), '{{}}', '[]', '', '', '', ''
FROM staged AS s JOIN org_node AS n ON n.code = s.store
"""


def exports(
    chain: Chain, floor: Served, product: Served, *, name: str = "", ours: str = PATH, plain: str = "/export"
) -> list[Line]:
    """Return how long all rows (of the day reports, unless said) take as csv, when the first byte comes, and the memory."""
    name = name or f"export {chain.rows:,} rows as csv"
    before = product.worker_megabytes("VmHWM")
    least, taken, first = [], [], []
    for _time in range(TIMES):
        least.append(Client(floor.port).checked(plain).seconds)
        try:
            answer = Client(product.port, chain.cookies["chain"]).checked(ours)
        except WrongAnswer as problem:
            return [not_measured(name, EXPORT, str(problem)[:200])]
        taken.append(answer.seconds)
        first.append(answer.first_byte * 1000)
    more = product.worker_megabytes("VmHWM") - before
    return [
        at_most(name, median(least), median(taken), EXPORT, unit="s"),
        Line(f"{name}, first byte", "", "", f"{median(first):.0f} ms", None, f"≤ {FIRST_BYTE_MS:.0f} ms", median(first) <= FIRST_BYTE_MS),
        Line(f"{name}, memory above idle", "", "", f"{more:.0f} MB", None, f"≤ {MEGABYTES:.0f} MB", more <= MEGABYTES),
    ]  # fmt: skip


def imports(app: Flask, chain: Chain) -> list[Line]:
    """Return how long the real file takes: read, checked row by row, matched, written, with its way back."""
    folder = os.environ.get("BACKOFFICE_TEST_DATA", "")
    file = Path(folder) / "store_days.csv"
    if not folder or not file.is_file():
        return [not_measured("import store_days.csv", IMPORT, "BACKOFFICE_TEST_DATA is not set")]
    with file.open() as lines:
        rows = sum(1 for _line in lines) - 1
    plain = _staged_sqlite(chain, file) if chain.is_sqlite else _staged_copy(chain, file)
    started = time.perf_counter()
    created = import_file(app, file, "daily_reports.day")["created"]
    ours = time.perf_counter() - started
    note = "" if created == rows else f" ({created:,} rows)"
    return [at_most(f"import {rows:,} rows", plain, ours, IMPORT, unit="s", product_note=note)]


def import_file(app: Flask, file: Path, resource: str) -> dict[str, int]:
    """Check and apply a file as the desk does, and return the counts of what it was."""
    from core.exchange import applying, importing
    from core.exchange.reading import open_table

    with app.app_context(), acting(app) as session:
        view = app.extensions["backoffice"].views[resource]
        table = open_table(file, file.name)
        batch = importing.open_batch(session, view, file.name, table, match=(), chosen={}, options={})
        importing.check(session, view, batch, table)
        applying.apply(session, view, batch)
        return batch.counts


def _staged_copy(chain: Chain, file: Path) -> float:
    import psycopg

    started = time.perf_counter()
    with psycopg.connect(chain.url) as connection:
        connection.execute(STAGING.format(serial="serial"))
        with (
            file.open("rb") as content,
            connection.cursor().copy(
                "COPY staged (store, date, sales, customers, a, b, c, d) FROM STDIN WITH (FORMAT csv, HEADER)"
            ) as copy,
        ):
            while block := content.read(1 << 16):
                copy.write(block)
        day = "CAST(s.date AS date)"
        for check in CHECKS:
            connection.execute(
                check.format(
                    day=day,
                    not_number="sales !~ '^[0-9]{1,9}$' OR customers !~ '^[0-9]{1,9}$' OR date !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'",
                )
            ).fetchall()
        connection.execute(INSERT.format(day=day))
        taken = time.perf_counter() - started
        connection.rollback()
    return taken


def _staged_sqlite(chain: Chain, file: Path) -> float:
    started = time.perf_counter()
    connection = sqlite3.connect(chain.url.removeprefix("sqlite:///"), isolation_level=None, timeout=15)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(STAGING.format(serial="INTEGER PRIMARY KEY"))
    with file.open(newline="") as content:
        rows = islice(csv.reader(content), 1, None)
        connection.executemany(
            "INSERT INTO staged (store, date, sales, customers, a, b, c, d) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows
        )
    for check in CHECKS:
        connection.execute(
            check.format(
                day="s.date", not_number="sales GLOB '*[^0-9]*' OR customers GLOB '*[^0-9]*' OR date(date) IS NULL"
            )
        ).fetchall()
    connection.execute(INSERT.format(day="s.date"))
    taken = time.perf_counter() - started
    connection.rollback()
    connection.close()
    return taken
