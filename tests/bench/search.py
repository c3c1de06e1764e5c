"""`python -m tests.bench.search [--rows 1000000] [--database sqlite]`: the list of people among a million names.

Prints how long the trigger makes an insert, how much room the index takes, and for each search the whole page as
the browser gets it (median of seven, first page and page forty-one) for the whole chain and for one area; the
first line is the same list without a search.
"""

import argparse
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from core.statistics import look_anew
from core.testing.application import SECRET_KEY
from core.testing.factories import acting, make_organisation, sign_in
from tests.bench.__main__ import _database, only_one
from tests.bench.names import FAMILY, GIVEN, LETTERS, NUMBERS

INSERT = """
INSERT INTO org_person (username, name, node_id, area_id, region_id, created_at, updated_at, version, locale, must_change_password)
SELECT 'm' || i, {family} || {first} || CASE WHEN i % 5 > 0 THEN {second} ELSE '' END,
  s.id, s.area_id, s.region_id, s.created_at, s.created_at, 1, 'zh_Hans_CN', false
FROM {numbers} JOIN org_node AS s ON s.code = 'S' || (1 + i % 8)
"""
SEARCHES = ("", "王伟", "伟强", "李", "静静静", "ww", "wangw", "m99", "没有")
PEOPLE = "/admin/org/person/"


def main() -> None:
    """Fill, search, print."""
    asked = argparse.ArgumentParser(prog="python -m tests.bench.search", description=__doc__)
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--database", choices=("sqlite", "postgres"), default="postgres")
    options = asked.parse_args()
    with (
        only_one(),
        tempfile.TemporaryDirectory(prefix="backoffice-bench-") as folder,
        _database(options.database, Path(folder)) as url,
    ):
        for line in measure(url, Path(folder), options.rows):
            print(line, flush=True)


def measure(url: str, folder: Path, rows: int) -> Iterator[str]:
    """Give the lines of the table on the empty database at `url`."""
    from config.settings import Settings
    from core.app import create_app
    from core.migrate import upgrade

    app = create_app(Settings(env="testing", database_url=url, data_dir=folder, secret_key=SECRET_KEY))
    house = app.extensions["backoffice"]
    upgrade(house.database, house.host)
    with acting(app) as session:
        org = make_organisation(session)
    with house.database.engine.execution_options(writes=True).begin() as connection:
        yield _fill(connection, rows)
    with acting(app) as session:
        look_anew(session)
    with house.database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        if not house.database.is_sqlite:
            connection.execute(text("VACUUM ANALYZE"))
        yield _room(connection)
    people = {"whole chain": org.people["system_administrator"], "one area": org.people["area_manager"]}
    browsers = {title: sign_in(app.test_client(), person) for title, person in people.items()}
    yield "search | " + " | ".join(f"{title}: rows, page 1, page 41 (ms)" for title in browsers)
    for words in SEARCHES:
        yield f"{words or '(none)'} | " + " | ".join(_pages(browser, words) for browser in browsers.values())


def _fill(connection: Connection, rows: int) -> str:
    dialect = connection.dialect.name
    statement = text(INSERT.format(numbers=NUMBERS[dialect], **LETTERS))
    began = time.perf_counter()
    connection.execute(statement, {"first": 1, "last": rows, "family": FAMILY, "given": GIVEN})
    return f"{dialect}: {rows:,} people inserted with their search in {time.perf_counter() - began:.1f} s"


def _room(connection: Connection) -> str:
    if connection.dialect.name == "sqlite":
        return "room: see the file"
    found = connection.execute(
        text("SELECT pg_relation_size('org_person') / 1e6, pg_relation_size('search_org_person') / 1e6")
    )
    return "room: table {:.0f} MB, index of the search {:.0f} MB".format(*found.one())


def _pages(browser: Any, words: str) -> str:
    address = f"{PEOPLE}?search={words}"
    first = browser.get(address).text
    count = re.search(r'pager-count">([\d,]+\+?)', first)
    deep, page = address, first
    for _number in range(40):
        following = re.search(r'href="([^"]*after=[^"]*)"', page)
        if not following:
            break
        deep = following[1].replace("&amp;", "&")
        page = browser.get(deep).text
    return f"{count[1] if count else 0}, {_milliseconds(lambda: browser.get(address)):.1f}, {_milliseconds(lambda: browser.get(deep)):.1f}"


def _milliseconds(do: Callable[[], Any]) -> float:
    times = []
    for _number in range(7):
        began = time.perf_counter()
        do()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


if __name__ == "__main__":
    main()
