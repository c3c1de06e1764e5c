"""Packages of others, installed by pip into a house that serves: what is broken has its reason, the rest serves on."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from html import unescape
from http.client import HTTPConnection
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask

from core import clock
from core.registry.models import PluginIntent, Revision
from core.testing.application import SECRET_KEY
from core.testing.databases import fresh_database
from core.testing.factories import acting, enable_plugins, make_organisation, sign_in
from core.testing.server import LiveServer
from tests.fixtures.installing import BROKEN, FIXTURES, backoffice, environment, pip_install, wheel_of

NOT_LOADED = {
    "broken_answer": "must return a list, not dict",
    "broken_api": "api = 2, but this core speaks api 1: install a matching version",
    "broken_base": "plugin_base('daily_reports')",
    "broken_blueprint": "blueprint home is already there, from core.admin.plugin",
    "broken_core_prefix": "core's own",
    "broken_core_table": "table org_extra of Extra must be named broken_core_table_",
    "broken_dependency": "No module named 'a_library_nobody_has'",
    "broken_exit": "SystemExit: bye",
    "broken_heads": "multiple heads",
    "broken_hook_name": "unknown hook 'backoffice_weather'",
    "broken_hook_signature": "Argument(s) {'weather'}",
    "broken_import": "ValueError: this plugin cannot be imported",
    "broken_key": "colour: there is no such key: remove it",
    "broken_nameless": "name: it is missing: add it",
    "broken_native": "_native.so: file too short",
    "broken_other_table": "daily_reports_day",
    "broken_path": "name: use 2 to 40 small letters",
    "broken_permission": "daily_reports:day:review must begin with broken_permission:",
    "broken_prefix": "its prefix /day/ is already used by daily_reports",
    "broken_requirement": "it needs a_plugin_nobody_has, which is not loaded",
    "broken_reserved": "core uses this word itself",
    "broken_ring": "circle of requirements",
    "broken_ring_too": "circle of requirements",
    "broken_route": "/broken-route/ (broken_route.page) has no guard",
    "broken_scope": "tables without a __scope__: broken_scope_thing",
    "broken_syntax": "SyntaxError: invalid syntax (plugin.py, line 3)",
    "broken_toml": "broken_toml/plugin.toml: Illegal character",
    "broken_type": "version: it must be a text: put it in quotes",
    "broken_view": "Raw must derive from core.api's ModelView or Page",
    "daily_reports (package broken_twin)": "a plugin named daily_reports is already installed in plugins/: remove one",
}
"""What IT reads of each that cannot be loaded."""
FAILING_CARDS = {
    "broken_card": "ZeroDivisionError: this card cannot be drawn",
    "broken_card_exit": "SystemExit: this card ends the process",
    "broken_card_type": "TypeError: backoffice_home_cards must return a list of HomeCard, not 'a word'",
}
"""What IT reads of each that is on and fails when the home page asks it."""
PAUSE = 0.3
"""Seconds between two rounds of somebody who asks for the good pages: the load is light."""
GOOD_PAGES = {
    "/healthz": "ok", "/account/": "<form", "/": "Today&#39;s birthdays", "/admin/birthdays/occasion/": "Lin",
    "/day/at/S1/{today}/": "S1", "/no/such/page/": "There is no such page",
}  # fmt: skip
"""What the manager of the first store asks for all the time, and what is on it."""


def test_every_broken_package_has_its_test():
    tried = {*NOT_LOADED, *FAILING_CARDS, "broken_migration", "broken_template", "broken_twin"}
    assert tried - {"daily_reports (package broken_twin)"} == set(BROKEN)


@dataclass
class Installation:
    """A house with two workers, in which everything is installed."""

    app: Flask
    """The same house in this process, without the packages: it makes rows."""
    server: LiveServer
    child: dict[str, str]
    cookies: dict[str, str]

    def ask(self, who: str, url: str) -> tuple[int, str]:
        """The status and text of a page, asked for by somebody over the network."""
        connection = HTTPConnection(urlsplit(self.server.url).netloc, timeout=20)
        try:
            connection.request("GET", url, headers={"Cookie": f"session={self.cookies[who]}"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def mean(self, name: str, enabled: bool) -> None:
        """Mean a plugin to be on, whatever speaks against it."""
        with acting(self.app) as session:
            session.merge(PluginIntent(name=name, enabled=enabled))
            session.flush()
            session.execute(sa.update(Revision).values(plugins=Revision.plugins + 1))

    def states(self) -> dict[str, dict[str, Any]]:
        """`plugin list --json`, by name."""
        return {state["name"]: state for state in json.loads(backoffice(self.child, "plugin", "list", "--json"))}

    def on_the_page(self, name: str) -> str:
        """What IT reads of a plugin on the page of plugins."""
        return part_of(unescape(self.ask("it", "/admin/plugins/")[1]), name)

    @contextmanager
    def load(self) -> Iterator[None]:
        """Somebody asks for the good pages all the time, and each is answered as ever."""
        stop, answers = Event(), Counter()

        def go_on() -> None:
            answers.update(self.good_pages())
            while not stop.wait(PAUSE):
                answers.update(self.good_pages())

        asking = Thread(target=go_on)
        asking.start()
        try:
            yield
        finally:
            stop.set()
            asking.join()
        assert sum(answers.values()) >= len(GOOD_PAGES)
        assert [answer for answer in answers if not answer[2]] == []

    def good_pages(self) -> list[tuple[str, int, bool]]:
        """Ask for each good page: (address, status, whether it holds what it should)."""
        asked = []
        for address, held in GOOD_PAGES.items():
            url = address.replace("{today}", clock.working_day().isoformat())
            status, text = self.ask("store_manager", url)
            asked.append((url, status, held in text))
        return asked


@pytest.fixture(scope="module")
def installation(tmp_path_factory, database_template):
    """Everything installed by one pip; the good plugins are on, and each broken one is meant to be."""
    from config.settings import Settings
    from core.app import create_app

    folder = tmp_path_factory.mktemp("installation")
    site = folder / "site"
    pip_install(site, FIXTURES / "backoffice-birthdays", *(wheel_of(name, folder) for name in BROKEN))
    with ExitStack() as stack:
        url = stack.enter_context(fresh_database("sqlite", folder, database_template("sqlite")))
        settings = {
            "BACKOFFICE_ENV": "testing", "BACKOFFICE_DATABASE_URL": url, "BACKOFFICE_DATA_DIR": str(folder),
            "BACKOFFICE_SECRET_KEY": SECRET_KEY,
        }  # fmt: skip
        child = environment(site, **settings)
        backoffice(child, "plugin", "upgrade", "birthdays")
        app = create_app(Settings(env="testing", database_url=url, data_dir=folder, secret_key=SECRET_KEY))
        stack.callback(app.extensions["backoffice"].database.dispose)
        server = LiveServer(folder / "server.log", PYTHONPATH=child["PYTHONPATH"], **settings)
        house = Installation(app, server, child, people_at_work(app))
        for name in NOT_LOADED:
            house.mean(name, True)
        house.mean("birthdays", True)
        server.start()
        stack.callback(server.stop)
        yield house


def people_at_work(app: Flask) -> dict[str, str]:
    """Make the chain with the daily reports on and a customer's birthday today; return cookies by role."""
    database, now = app.extensions["backoffice"].database, clock.now()
    with acting(app) as session:
        org = make_organisation(session)
        enable_plugins(session, app.extensions["backoffice"].host)
    row = {
        "name": "Lin", "kind": "birthday", "day": "1988-03-08", "month_day": clock.today().month * 100 + clock.today().day,
        "node_id": org.stores[0].id, "created_at": f"{now:%F %T}", "updated_at": f"{now:%F %T}", "version": 1,
    }  # fmt: skip
    with database.engine.execution_options(writes=True).begin() as connection:
        connection.execute(sa.table("birthdays_occasion", *map(sa.column, row)).insert(), row)
    cookies = {}
    for role in ("store_manager", "it"):
        client = sign_in(app.test_client(), org.people[role])
        cookies[role] = client.get_cookie("session").value
    return cookies


def part_of(page: str, name: str) -> str:
    """What the page of plugins says of one."""
    return page.partition(f'id="plugin-{name}"')[2].partition('id="plugin-')[0]


@pytest.fixture(scope="module")
def listed(installation):
    """`plugin list --json`, asked for once."""
    return installation.states()


@pytest.fixture(scope="module")
def page(installation):
    """The page of plugins, asked for once."""
    return unescape(installation.ask("it", "/admin/plugins/")[1])


@pytest.mark.requirement("Z7")
@pytest.mark.parametrize("name", NOT_LOADED)
def test_what_cannot_be_loaded_is_left_out_and_it_reads_why(listed, page, name):
    assert listed[name]["state"] == "failed"
    assert NOT_LOADED[name] in listed[name]["reason"]
    assert NOT_LOADED[name] in part_of(page, name)


@pytest.mark.requirement("Z7")
def test_what_is_broken_breaks_nobody_else(installation, listed):
    assert [answer for answer in installation.good_pages() if not answer[2]] == []
    assert {listed[name]["state"] for name in ("birthdays", "daily_reports")} == {"enabled"}
    for address in ("/broken-route/", "/admin/broken_view/", "/broken-blueprint/"):
        assert installation.ask("it", address)[0] == 404


@pytest.mark.requirement("Z7")
def test_what_cannot_be_loaded_cannot_be_switched_on(installation):
    told = backoffice(installation.child, "plugin", "enable", "broken_import", fails=True)
    assert "Error: broken_import" in told and "ValueError: this plugin cannot be imported" in told


@pytest.mark.requirement("Z7", "Z24")
def test_a_migration_that_fails_leaves_everything_as_it_was_and_the_plugin_off(installation):
    with installation.load():
        told = backoffice(installation.child, "plugin", "upgrade", "broken_migration", fails=True)
        assert "no such table: nowhere" in told
        told = backoffice(installation.child, "plugin", "enable", "broken_migration", fails=True)
        assert "backoffice plugin upgrade broken_migration" in told
        assert "no such table: nowhere" in " ".join(installation.states()["broken_migration"]["trouble"])
        assert "no such table: nowhere" in installation.on_the_page("broken_migration")
    with installation.app.extensions["backoffice"].database.engine.connect() as connection:
        assert not [name for name in sa.inspect(connection).get_table_names() if "broken_migration" in name]


@pytest.mark.requirement("Z7")
@pytest.mark.parametrize("name", FAILING_CARDS)
def test_a_home_card_that_fails_is_missing_and_it_reads_why(installation, name):
    with installation.load():
        backoffice(installation.child, "plugin", "enable", name)
        assert f"Not available at the moment: {name}" in installation.ask("store_manager", "/")[1]
        state = installation.states()[name]
        assert state["state"] == "enabled"
        assert FAILING_CARDS[name] in " ".join(state["trouble"])
        assert FAILING_CARDS[name] in installation.on_the_page(name)
        installation.mean(name, False)
        assert name not in installation.ask("store_manager", "/")[1]


@pytest.mark.requirement("Z7")
def test_a_page_that_fails_fails_alone(installation):
    with installation.load():
        installation.mean("broken_template", True)
        backoffice(installation.child, "plugin", "upgrade", "broken_template")
        assert installation.ask("it", "/admin/broken_template/sheet/")[0] == 500
        assert installation.ask("it", "/admin/")[0] == 200
        reason = "UndefinedError: 'nothing' is undefined"
        assert reason in " ".join(installation.states()["broken_template"]["trouble"])
        assert reason in installation.on_the_page("broken_template")
        installation.mean("broken_template", False)
        assert installation.ask("it", "/admin/broken_template/sheet/")[0] == 404
