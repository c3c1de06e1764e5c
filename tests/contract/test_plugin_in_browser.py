"""A package that is not ours, from pip to purge, as IT lives it in a browser with a store on either side."""

import os
import signal
from contextlib import ExitStack
from time import monotonic

import pytest
from playwright.sync_api import expect

from core import clock
from core.testing.application import SECRET_KEY
from core.testing.browser import DESK, open_page
from core.testing.factories import acting, enable_plugins, make_person, sign_in
from core.testing.server import LiveServer
from tests.fixtures.installing import FIXTURES, backoffice, environment, pip_install

BIRTHDAYS = "/admin/birthdays/occasion/"
NOTICED_WITHIN_SECONDS = 30


@pytest.fixture
def installation(database_url, tmp_path):
    """The folder that pip installs into, what a command of this house gets, and its server."""
    site = tmp_path / "site"
    site.mkdir()
    settings = {
        "BACKOFFICE_ENV": "testing", "BACKOFFICE_DATABASE_URL": database_url, "BACKOFFICE_DATA_DIR": str(tmp_path),
        "BACKOFFICE_SECRET_KEY": SECRET_KEY,
    }  # fmt: skip
    child = environment(site, **settings)
    server = LiveServer(tmp_path / "server.log", PYTHONPATH=child["PYTHONPATH"], **settings)
    server.start()
    yield site, child, server
    server.stop()


@pytest.fixture
def people(app, org):
    """IT, and the managers of a store in the first area and of one elsewhere."""
    with acting(app) as session:
        enable_plugins(session, app.extensions["backoffice"].host)
        elsewhere = make_person(session, "elsewhere", org.stores[4], "store_manager")
    return {"it": org.people["it"], "here": org.people["store_manager"], "elsewhere": elsewhere}


@pytest.fixture
def desks(app, installation, people, browser, page_problems):
    """A desk for each of them, signed in."""
    url = installation[2].url
    with ExitStack() as stack:
        pages = {name: stack.enter_context(open_page(browser, url, page_problems, **DESK)) for name in people}
        for name, page in pages.items():
            cookie = sign_in(app.test_client(), people[name]).get_cookie("session")
            page.context.add_cookies([{"name": "session", "value": cookie.value, "url": url}])
        yield pages


def roll(server, page):
    """Let new workers take over, as after a deploy; not a request fails meanwhile."""
    os.kill(server.process.pid, signal.SIGHUP)
    deadline = monotonic() + NOTICED_WITHIN_SECONDS
    answer = page.goto("/admin/plugins/")
    while "plugin-birthdays" not in answer.text() and monotonic() < deadline:
        assert answer.status == 200
        answer = page.goto("/admin/plugins/")


def statuses(desks, *names):
    return [desks[name].goto(BIRTHDAYS).status for name in names]


def enable(page, places):
    """Fill in where it is to be, on the page that says what enabling does, and enable."""
    page.get_by_label("Pilot places").fill(places)
    page.get_by_role("button", name="Enable").click()
    expect(page.get_by_text("birthdays is on.")).to_be_visible()


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.requirement("J10", "J11", "J13", "J21", "Z7")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_life_of_a_package_of_somebody_else(installation, desks, page_problems, tmp_path):
    site, child, server = installation
    it, here = desks["it"], desks["here"]
    page_problems.allow("404")

    # installed by command, seen after the workers were rolled
    it.goto("/admin/plugins/")
    expect(it.get_by_text("Daily reports").first).to_be_visible()
    expect(it.get_by_text("Customers' birthdays")).to_have_count(0)
    pip_install(site, FIXTURES / "backoffice-birthdays")
    backoffice(child, "plugin", "upgrade", "birthdays")
    roll(server, it)
    row = it.locator("#plugin-birthdays")
    expect(row).to_contain_text("Found, not on yet")
    assert statuses(desks, "here", "elsewhere") == [404, 404]

    # what enabling does is said before it is done
    row.get_by_role("link", name="Enable").click()
    for told in (
        "birthdays:occasion:create",
        "birthdays_occasion",
        "birthdays.tell",
        "Tell the store so long before",
        BIRTHDAYS,
    ):
        expect(it.get_by_text(told).first).to_be_visible()
    enable(it, "A1")
    assert statuses(desks, "here", "elsewhere") == [200, 404]

    # it works in its area
    here.get_by_role("link", name="New").first.click()
    here.get_by_label("Customer").fill("Lin")
    here.get_by_label("Occasion").select_option("birthday")
    here.get_by_label("Date").fill(clock.today().replace(year=1988).isoformat())
    here.get_by_role("combobox", name="Store").fill("S1")
    here.locator(".lookup-list").get_by_role("option").first.click()
    here.get_by_role("button", name="Save").click()
    here.goto("/")
    expect(here.get_by_text("Today's birthdays")).to_be_visible()
    expect(here.get_by_text("Lin")).to_be_visible()

    # widened
    it.goto("/admin/plugins/")
    row.get_by_role("link", name="Change where").click()
    enable(it, "")
    assert statuses(desks, "here", "elsewhere") == [200, 200]

    # broken on demand: the rest of the home page is there, and IT reads why
    here.goto(BIRTHDAYS)
    here.get_by_role("link", name="Edit").first.click()
    here.get_by_label("Note").fill("please break")
    here.get_by_role("button", name="Save").click()
    here.goto("/")
    expect(here.get_by_text("Not available at the moment: Customers' birthdays")).to_be_visible()
    it.goto("/admin/plugins/")
    expect(row).to_contain_text("BrokenOnDemand: the note of an occasion of today says: please break")

    # off, its addresses are as if they had never been
    row.get_by_role("button", name="Disable").click()
    it.get_by_role("dialog").get_by_role("button", name="Disable").click()
    expect(it.get_by_text("birthdays is off. Its data is kept.")).to_be_visible()
    assert statuses(desks, "here", "elsewhere") == [404, 404]
    here.goto("/")
    expect(here.get_by_text("Not available")).to_have_count(0)

    # purged: its rows lie in a file
    it.goto("/admin/plugins/birthdays/purge/")
    it.get_by_label("Type birthdays to go on").fill("birthdays")
    it.get_by_role("button", name="Purge").click()
    backoffice(child, "worker", "--once")
    expect(it.get_by_text("birthdays_occasion.csv: 1")).to_be_visible()
    [kept] = (tmp_path / "purged").iterdir()
    assert "Lin" in (kept / "birthdays_occasion.csv").read_text("utf-8-sig")
    it.goto("/admin/plugins/")
    expect(row).to_contain_text("backoffice plugin upgrade birthdays")
