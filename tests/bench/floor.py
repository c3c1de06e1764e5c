"""The least an answer can cost here: Flask, Jinja and prepared SQL, keyset paging; no login, no rights."""

import csv
import io
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from flask import Flask, Response, redirect, render_template, request

from tests.bench import sql

URL = os.environ["BENCH_DATABASE_URL"]
IS_SQLITE = URL.startswith("sqlite")
CHUNK = 1000
app = Flask("floor", static_folder=None, root_path=os.path.dirname(__file__))
_kept: list[Any] = []


def connection() -> Any:
    """Return this worker's one connection; it commits each statement by itself."""
    if not _kept:
        _kept.append(_sqlite() if IS_SQLITE else _postgres())
    return _kept[0]


def _sqlite() -> Any:
    import sqlite3

    opened = sqlite3.connect(URL.removeprefix("sqlite:///"), isolation_level=None, timeout=15)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        opened.execute(f"PRAGMA {pragma}")
    return opened


def _postgres() -> Any:
    import psycopg

    return psycopg.connect(URL, autocommit=True, prepare_threshold=0)


def run(statement: str, *values: Any) -> Any:
    """Run a statement whose placeholders are `?`."""
    return connection().execute(statement if IS_SQLITE else statement.replace("?", "%s"), values)


def ask(statement: str, *values: Any) -> list[Any]:
    """Return the rows of a statement whose placeholders are `?`."""
    return run(statement, *values).fetchall()


@contextmanager
def one_transaction() -> Iterator[None]:
    """Let what is done inside be committed together."""
    run("BEGIN")
    try:
        yield
    except BaseException:
        run("ROLLBACK")
        raise
    run("COMMIT")


@app.route("/list")
def rows() -> str:
    """Show a page of day reports: the newest, or those after a row; all, or those where a column holds a value."""
    values: list[Any] = [request.args[name] for name in sql.NARROWING if name in request.args]
    narrowed = "".join(f" AND d.{name} = ?" for name in sql.NARROWING if name in request.args)
    if "day" in request.args:
        narrowed += " AND (d.day, d.id) < (?, ?)"
        values += [request.args["day"], request.args["id"]]
    found = ask(sql.LIST.format(narrowed=narrowed), *values)
    last = found[49] if len(found) > 50 else None
    next_url = f"/list?day={last[1]}&id={last[0]}" if last else None
    return render_template("rows.html", title="Day reports", names=sql.LIST_NAMES, rows=found[:50], next_url=next_url)


@app.route("/stores")
def stores() -> str:
    """Show the first fifty stores, or those whose name holds something or whose code begins with something."""
    if words := request.args.get("name"):
        found = ask(sql.STORES_BY_NAME, f"%{words}%")
    elif code := request.args.get("code"):
        found = ask(sql.STORES_BY_CODE, code, code + "\U0010ffff")
    else:
        found = ask(sql.STORES)
    return render_template("rows.html", title="Stores", names=sql.STORE_NAMES, rows=found[:50], next_url=None)


@app.route("/store/<int:number>", methods=("GET", "POST"))
def store(number: int) -> Any:
    """Show a store to be changed, or change it."""
    if request.method == "POST":
        ask(sql.SAVE_STORE, request.form["name"], request.form["size_m2"], number)
        return redirect("/list")
    found = ask(sql.STORE, number)[0]
    return render_template("form.html", title=found[1], fields=zip(sql.STORE_NAMES, found, strict=False))


@app.route("/day/<code>/<day>", methods=("GET", "POST"))
def day_page(code: str, day: str) -> Any:
    """Show one store's day with the facts the product shows there, or set its target."""
    if request.method == "POST":
        return _set_target(code, day)
    found = ask(sql.DAY, day, code)[0]
    if "step" in request.args:  # the figures of which a target is made
        month = date.fromisoformat(day).replace(day=1)
        ask(sql.CALENDAR_OF, code, day, str(month + timedelta(days=32)))
        ask(sql.SOLD, code, str(min(month, date.fromisoformat(day) - timedelta(weeks=4))), day)
        ask(sql.MONTH_TARGET, code, str(month))
        ask(sql.LAST_PLAN, code, day)
    else:
        ask(sql.CALENDAR_OF, code, day, str(date.fromisoformat(day) + timedelta(days=1)))
        ask(sql.CORRECTIONS, day, code)
    return render_template("form.html", title=found[1], fields=zip(sql.DAY_NAMES, found, strict=True))


def _set_target(code: str, day: str) -> Response:
    """Do what a target asks for: not twice, not on a closed day, with the plan it replaces and its line in the audit."""
    key = str(uuid.uuid4())
    with one_transaction():
        ask(sql.SENT, key)
        ask(sql.CALENDAR_OF, code, day, str(date.fromisoformat(day) + timedelta(days=1)))
        ask(sql.LAST_PLAN, code, day)
        ask(sql.SAVE_TARGET, request.form["amount"], code, day)
        run(sql.AUDIT_TARGET, f'{{"target_amount": [null, {int(request.form["amount"])}]}}', code, day)
        run(sql.NOTE_SENT, key, code, day)
    return redirect("/list")


@app.route("/board/<day>")
def board(day: str) -> str:
    """Show every store's day in one bare table, by the statements of the product's board."""
    found = ask(sql.BOARD, day)
    ask(sql.CALENDAR, day)
    return render_template("rows.html", title="Board", names=sql.BOARD_NAMES, rows=found, next_url=None)


@app.route("/missing/<day>")
def missing(day: str) -> str:
    """Show the stores without a target, by the statements of the product's list of missing ones."""
    found = [row for row in ask(sql.BOARD, day) if row[4] is None]
    ask(sql.CALENDAR, day)
    return render_template("rows.html", title="Missing", names=sql.BOARD_NAMES, rows=found, next_url=None)


@app.route("/trend/<code>/<day>")
def trend(code: str, day: str) -> str:
    """Show four weeks of a store beside its peers, with the percentages the product's picture has."""
    node, name, group = ask(sql.PLACE, code)[0]
    own = ask(sql.OWN_DAYS, node, request.args["since"], day)
    found = ask(sql.PEER_DAYS, node, group, node, group, request.args["since"], day)
    peers = {row[0]: row[1] for row in found}
    rows = [(each, aim, sold, sold * 100 // aim if sold and aim else "", peers.get(each)) for each, aim, sold in own]
    title = f"{name}, {found[0][2]} peers"
    return render_template("rows.html", title=title, names=sql.TREND_NAMES, rows=rows, next_url=None)


@app.route("/export")
def export() -> Response:
    """Send every day report as csv."""
    return Response(written(sql.EXPORT) if IS_SQLITE else copied(sql.EXPORT), mimetype="text/csv")


def copied(statement: str) -> Iterator[bytes]:
    """Yield what PostgreSQL itself writes as csv."""
    with (
        connection().cursor() as cursor,
        cursor.copy(f"COPY ({statement}) TO STDOUT WITH (FORMAT csv, HEADER)") as copy,
    ):
        for part in copy:
            yield bytes(part)


def written(statement: str) -> Iterator[str]:
    """Yield csv some rows at a time."""
    cursor = connection().execute(statement)
    while found := cursor.fetchmany(CHUNK):
        part = io.StringIO()
        csv.writer(part).writerows(found)
        yield part.getvalue()


from tests.bench import customers_floor, ranking_floor  # noqa: E402, F401 - more addresses of this application
