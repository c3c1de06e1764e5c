"""What rankings cost: pages beside a bare table of the same rows, making one beside its bare statements."""

import gc
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import event, text

from core.testing.factories import acting
from plugins.daily_reports.ranking import rollups, snapshots
from plugins.daily_reports.ranking.periods import Period
from tests.bench.data import TODAY, Chain
from tests.bench.load import median
from tests.bench.operations import BOARD, Operation
from tests.bench.table import Line, at_most

LAST = TODAY - timedelta(days=1)
SNAPSHOT = "ranking snapshot of a day"
ROUNDS = 15


def ranking_operations(app: Flask, chain: Chain) -> list[Operation]:
    """Publish the last days, their week and their month, and return the pages that show them."""
    with acting(app) as session:
        snapshots.publish_due(session, LAST - timedelta(days=2), LAST)
    if not chain.is_sqlite:
        with (
            app.extensions["backoffice"]
            .database.engine.execution_options(isolation_level="AUTOCOMMIT")
            .connect() as connection
        ):
            connection.execute(text("ANALYZE"))
    return [
        Operation("ranking of the month, 1,115 stores", BOARD, "/ranking/month", "/admin/daily_reports/ranking/?kind=month", "chain", "", chain.code),
        Operation("ranking of the month (one area)", BOARD, "/ranking/month", "/admin/daily_reports/ranking/?kind=month", "some", "", chain.code),
        Operation("ranking of the day on the phone (a manager)", BOARD, "/ranking/day", "/day/ranking/", "store", "", "hero"),
        Operation("leader's screen of the ranking", BOARD, f"/leader/{LAST}", "/day/leader/", "chain", "", "<main"),
        Operation("leader's screen of the ranking (one area)", BOARD, f"/leader/{LAST}", "/day/leader/", "some", "", "<main"),
    ]  # fmt: skip


def snapshot(app: Flask) -> Iterator[Line]:
    """Make a day's ranking again and again, and in turn send its statements bare to the driver; both rolled back.

    The garbage collector leaves alone what is there by now, as in every process of the house (`core.lean`).
    """
    gc.collect()
    gc.freeze()
    period = Period("day", LAST - timedelta(days=10))
    statements = _statements_of(app, period)
    product, bare = [], []
    for _round in range(ROUNDS):
        product.append(_publish(app, period))
        bare.append(_bare(app, statements))
    rows = max(len(values) for _statement, values, many in statements if many)
    yield at_most(f"{SNAPSHOT}, {rows:,} stores (floor: its statements)", median(bare[2:]), median(product[2:]), BOARD)


def _publish(app: Flask, period: Period) -> float:
    with acting(app) as session:
        begun = time.perf_counter()
        rollups.publish(session, period, period.ends)
        taken = time.perf_counter() - begun
        session.rollback()
    return taken * 1000


def _statements_of(app: Flask, period: Period) -> list[tuple[str, Any, bool]]:
    engine, seen = app.extensions["backoffice"].database.engine, []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        seen.append((statement, values, many))

    event.listen(engine, "before_cursor_execute", note)
    try:
        _publish(app, period)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return seen


def _bare(app: Flask, statements: list[tuple[str, Any, bool]]) -> float:
    """Send the statements through the driver's own cursor, rows fetched; the new ranking's number is put in."""
    with app.extensions["backoffice"].database.engine.connect() as connection:
        begun = time.perf_counter()
        cursor = connection.connection.cursor()
        for statement, values, many in statements:
            if statement.startswith(("SAVEPOINT", "RELEASE")):
                continue
            if many:
                number = cursor.execute("SELECT max(id) FROM daily_reports_ranking").fetchone()[0]
                values = [_renumbered(each, number) for each in values]
                cursor.executemany(statement, values)
                continue
            cursor.execute(statement, values)
            if cursor.description:
                cursor.fetchall()
        taken = time.perf_counter() - begun
        connection.connection.rollback()
    return taken * 1000


def _renumbered(values: Any, number: int) -> Any:
    if isinstance(values, dict):
        return values | {"ranking_id": number}
    return (number, *values[1:])
