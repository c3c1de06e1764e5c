"""The ground the other tests stand on."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from core.testing.browser import DESK, PHONE, open_page
from core.testing.databases import fresh_database
from core.testing.pageproblems import PageProblems


def tables(url):
    engine = create_engine(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def execute(url, statement):
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()


def test_the_server_is_the_version_that_production_runs(postgres_server):
    engine = create_engine(postgres_server)
    try:
        with engine.connect() as connection:
            assert connection.execute(text("SHOW server_version_num")).scalar_one().startswith("15")
    finally:
        engine.dispose()


def test_a_fresh_database_is_migrated(database_url):
    assert tables(database_url)


def test_two_databases_do_not_see_each_other(database_url, database_template, tmp_path):
    kind = "sqlite" if database_url.startswith("sqlite") else "postgres"
    (tmp_path / "other").mkdir()
    with fresh_database(kind, tmp_path / "other", database_template(kind)) as other:
        execute(database_url, "CREATE TABLE only_here (id INTEGER)")
        assert "only_here" in tables(database_url)
        assert tables(other) == tables(database_url) - {"only_here"}


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_database_is_gone_after_its_test(postgres_server, database_url, database_template, tmp_path):
    with fresh_database("postgres", tmp_path, database_template("postgres")) as url:
        assert tables(url) == tables(database_url)
    with pytest.raises(Exception, match="does not exist"):
        tables(url)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_sqlite_copy_is_whole(database_url):
    with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.fixture
def problems():
    return PageProblems()


@pytest.fixture
def page(browser, problems):
    with open_page(browser, "http://shop.test", problems, **PHONE) as page:
        yield page


def show(page, body, **headers):
    """Answer every request of a page, to whatever host, with the same text."""
    page.route("**/*", lambda route: route.fulfill(body=body, content_type="text/html", headers=headers))
    page.goto("/")


def test_a_well_behaved_page_has_no_problems(page, problems):
    show(page, "<meta name='viewport' content='width=device-width'><p>你好</p>")
    assert page.evaluate("[navigator.language, innerWidth]") == ["zh-CN", 390]
    assert problems.found == []


def test_a_console_error_is_a_problem(page, problems):
    show(page, "<script>console.error('no stock')</script>")
    assert problems.found == ["console error on http://shop.test/: no stock"]


def test_a_script_error_is_a_problem(page, problems):
    show(page, "<script>sell()</script>")
    assert "sell is not defined" in problems.found[0]


def test_an_inline_script_against_the_policy_is_a_problem(page, problems):
    headers = {"content-security-policy": "script-src 'self'"}
    page.route(
        "**/*",
        lambda route: route.fulfill(body="<script>1</script>", content_type="text/html", headers=headers),
    )
    page.goto("/")
    assert "Content Security Policy" in problems.found[0]


def test_a_request_to_another_host_is_a_problem(page, problems):
    show(page, "<img src='http://elsewhere.test/logo.svg'>")
    assert "request to another host: http://elsewhere.test/logo.svg" in problems.found


def test_a_provoked_problem_can_be_allowed(page, problems):
    problems.allow("no stock")
    show(page, "<script>console.error('no stock'); console.error('no price')</script>")
    assert problems.found == ["console error on http://shop.test/: no price"]


def test_the_server_serves_a_desk(desk):
    answer = desk.goto("/healthz")
    assert answer.ok
    assert desk.viewport_size == DESK["viewport"]


def test_the_import_contracts_see_every_module():
    root = Path(__file__).resolve().parents[2]
    modules = [path for name in ("core", "plugins") for path in (root / name).rglob("*.py")]
    folders = {path.parent for path in modules if "migrations" not in path.parts}
    unseen = sorted(str(folder.relative_to(root)) for folder in folders if not (folder / "__init__.py").exists())
    assert unseen == [], "import-linter passes over folders without __init__.py"
