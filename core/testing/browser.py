"""A real Chromium in front of the real server.

``phone`` and ``desk`` are pages of Chinese people's usual sizes. A page that logs an error, breaks its
Content-Security-Policy or asks another host for anything fails its test, also when every assertion held::

    @pytest.mark.requirement("G2")
    def test_a_manager_sets_the_day_target_on_a_phone(app, phone): ...
        phone.goto("/day/")

Fill the database through ``app``: it shares it with the server. Without Chromium these tests are skipped with
the reason; where ``CI`` is set they fail. A failed test keeps a screenshot and shows what the server logged.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from core.testing.application import SECRET_KEY
from core.testing.pageproblems import PageProblems
from core.testing.server import LiveServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESK = {"viewport": {"width": 1366, "height": 768}}

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """The system's Chromium, one for each process that runs tests."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        problem = "Chromium is not installed. On Debian: apt-get install chromium fonts-noto-cjk"
        pytest.fail(problem) if os.environ.get("CI") else pytest.skip(problem)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, headless=True, args=_FLAGS)
        yield browser
        browser.close()


def pytest_configure(config: pytest.Config) -> None:
    """The marks of this module."""
    config.addinivalue_line("markers", "clock(instant): when it is for the live server as it starts (ISO)")


@pytest.fixture
def live_server(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[LiveServer]:
    """The product as it is served, with two workers, on the test's own database and data folder.

    Its clock starts where ``@pytest.mark.clock("2026-03-05T09:00:00+08:00")`` says, else it is right.
    """
    clock = request.node.get_closest_marker("clock")
    server = LiveServer(
        tmp_path / "server.log",
        BACKOFFICE_ENV="testing",
        BACKOFFICE_DATABASE_URL=database_url,
        BACKOFFICE_DATA_DIR=str(tmp_path),
        BACKOFFICE_SECRET_KEY=SECRET_KEY,
        BACKOFFICE_PRETEND_NOW=clock.args[0] if clock else "",
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture
def page_problems() -> Iterator[PageProblems]:
    """What the test's pages did wrong; a test that provokes a problem calls its ``allow`` first."""
    problems = PageProblems()
    yield problems
    if problems.found:
        pytest.fail("The page misbehaved:\n" + "\n".join(problems.found), pytrace=False)


@pytest.fixture
def phone(browser: "Browser", live_server: LiveServer, page_problems: PageProblems) -> "Iterator[Page]":
    """A page of 390x844 points, touched with a finger."""
    with open_page(browser, live_server.url, page_problems, **PHONE) as page:
        yield page


@pytest.fixture
def desk(browser: "Browser", live_server: LiveServer, page_problems: PageProblems) -> "Iterator[Page]":
    """A page of 1366x768 points, used with mouse and keyboard."""
    with open_page(browser, live_server.url, page_problems, **DESK) as page:
        yield page


@contextmanager
def open_page(browser: "Browser", url: str, problems: PageProblems, **device: Any) -> "Iterator[Page]":
    """A page with its own cookies, for a test that needs more than one person at once.

    :param url: the server that the page's relative addresses mean, and the only host it may ask.
    :param device: what playwright's ``new_context`` takes, for example ``**PHONE``.
    """
    context = browser.new_context(base_url=url, locale="zh-CN", timezone_id="Asia/Shanghai", **device)
    problems.watch(context, url)
    try:
        yield context.new_page()
    finally:
        context.close()


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A browser sees no difference between databases, so one is enough unless a test asks for another."""
    asked = any("database_url" in str(mark.args[:1]) for mark in metafunc.definition.iter_markers("parametrize"))
    if "live_server" in metafunc.fixturenames and not asked:
        metafunc.definition.add_marker(pytest.mark.parametrize("database_url", ["sqlite"], indirect=True))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what drives a browser, so that ``-m "not browser"`` leaves it out."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A failed test shows where the screenshots of its pages are and what its server logged."""
    report = yield
    if report.when == "call" and report.failed:
        fixtures = getattr(item, "funcargs", {})
        for name in ("phone", "desk"):
            if name in fixtures:
                report.sections.append(
                    (
                        f"Screenshot of {name}",
                        _screenshot(fixtures[name], fixtures["tmp_path"] / f"{name}.png"),
                    )
                )
        if "live_server" in fixtures:
            report.sections.append(("Messages of the server", fixtures["live_server"].messages()))
    return report


def _screenshot(page: "Page", path: Path) -> str:
    try:
        page.screenshot(path=path, full_page=True)
    except Exception as problem:  # a page that crashed must not hide why the test failed
        return f"none: {problem}"
    return str(path)
