"""IT's pages of plugins: what enabling will do, how a plugin does in each process, two people who switch at once."""

import json

import pytest
from sqlalchemy import text

from core import language
from core.admin import plugins_page
from core.registry import processes, states
from core.registry.hooks import FAILURES_BEFORE_BREAK
from core.testing.factories import acting, enable_plugins, make_person, make_role, post, sign_in

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PLUGIN = "/admin/plugins/daily_reports/"


@pytest.fixture(autouse=True)
def english(monkeypatch):
    monkeypatch.setattr(plugins_page, "must_start", lambda *arguments: None)
    language.set_locale("en")
    yield
    language.set_locale(language.DEFAULT_LOCALE)


@pytest.fixture
def it(app, org):
    """IT's browser."""
    return sign_in(app.test_client(), org.people["it"])


@pytest.fixture
def serving(app):
    """This process as one that serves pages."""
    house = app.extensions["backoffice"]
    processes.begin(house, "web")
    processes.tell(house)
    yield house
    house.host.hooks.mark = house.process = None


def state(app):
    with acting(app) as session:
        return next(
            each for each in states.states(session, app.extensions["backoffice"]) if each.name == "daily_reports"
        )


def switch_on(app):
    with acting(app) as session:
        enable_plugins(session, app.extensions["backoffice"].host)


@pytest.mark.requirement("J11", "J21")
def test_what_enabling_does_is_said_before_it_is_done(app, it):
    page = it.get(f"{PLUGIN}enable/").text
    for words in (
        "Review day reports (daily_reports:day:review): Head-office admin – The whole chain, Area manager – One&#39;s place and below",
        "(/admin/daily_reports/board/)", "daily_reports.lock, every 15 minutes", "daily_reports_day", "Time for the day report",
        "/day/ · GET", "backoffice_home_cards",
    ):  # fmt: skip
        assert words in page, words
    assert state(app).state == "discovered"
    assert post(it, f"{PLUGIN}enable/", {"nodes": "A1", "seen": "off"}).status_code == 302
    assert (state(app).state, state(app).nodes, state(app).changed_by) == ("enabled", ("A1",), "Name of it")


def test_what_is_missing_is_said_with_its_fix(app, it):
    with app.extensions["backoffice"].database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version_daily_reports SET version_num = '0000'"))
    page = it.get(f"{PLUGIN}enable/").text
    assert "Before it can be enabled" in page and "backoffice plugin upgrade daily_reports" in page
    answer = post(it, f"{PLUGIN}enable/", {"seen": "off"})
    assert answer.status_code == 422 and "not up to date" in answer.text


def test_of_two_people_who_switch_at_once_the_second_learns_who_was_first(app, org, it):
    other = sign_in(app.test_client(), org.people["system_administrator"])
    seen = {"seen": "off", "nodes": ""}
    assert post(it, f"{PLUGIN}enable/", seen | {"nodes": "A1"}).status_code == 302
    late = post(other, f"{PLUGIN}enable/", seen)
    assert late.status_code == 409 and "Name of it has switched daily_reports at" in late.text
    assert 'name="seen" value="on A1"' in late.text, "sent again it counts"
    assert state(app).nodes == ("A1",)
    assert post(other, f"{PLUGIN}disable/", {"seen": "on"}).status_code == 302
    assert "Name of it has switched" in other.get("/admin/plugins/").text
    assert state(app).state == "enabled"
    assert post(other, f"{PLUGIN}disable/", {"seen": "on A1"}).status_code == 302
    assert state(app).state == "disabled"


def test_while_a_plugin_is_checked_nobody_waits_for_a_lock(app, it, monkeypatch):
    waited = []

    def check(*_arguments):
        engine = app.extensions["backoffice"].database.engine.execution_options(writes=True, patience=0.1)
        with engine.begin() as connection:
            connection.execute(text("UPDATE registry_revision SET rights = rights + 1"))
            waited.append("free")

    monkeypatch.setattr(plugins_page, "must_start", check)
    assert post(it, f"{PLUGIN}enable/", {"seen": "off"}).status_code == 302
    assert waited == ["free"]


def test_a_page_tells_how_each_process_does(app, it, serving):
    switch_on(app)
    it.get("/")
    page = it.get(PLUGIN).text
    assert "serves pages" in page and "up to date" in page
    assert "backoffice_home_cards" in page
    [said] = processes.alive(serving)
    assert said.plugins["daily_reports"]["hooks"]["backoffice_home_cards"]["calls"] == 1
    assert said.revision == serving.host.switched


@pytest.mark.requirement("J15")
def test_a_hook_that_fails_is_told_with_reason_and_traceback_on_the_page_and_to_a_script(app, it, serving, monkeypatch):
    from plugins.daily_reports import cards

    switch_on(app)
    monkeypatch.setattr(cards, "cards_of", lambda *arguments: 1 / 0)
    it.get("/")
    assert "backoffice_home_cards failed in 1 of 1 calls: ZeroDivisionError" in it.get("/admin/plugins/").text
    for _ in range(FAILURES_BEFORE_BREAK):
        it.get("/")
    page = it.get(PLUGIN).text
    assert "Not asked at present" in page and "ZeroDivisionError: division by zero" in page and "Traceback" in page
    from click.testing import CliRunner

    from core.commands import plugins
    from core.commands.context import Shell

    shell = Shell()
    shell.__dict__["app"] = app
    [listed] = [
        each
        for each in json.loads(CliRunner().invoke(plugins.plugin, ["list", "--json"], obj=shell).output)
        if each["name"] == "daily_reports"
    ]
    assert listed["hooks"]["backoffice_home_cards"]["because"] == "ZeroDivisionError: division by zero"
    assert "Traceback" in listed["hooks"]["backoffice_home_cards"]["last_error"]
    assert listed["processes"][0]["kind"] == "web" and listed["trouble"]
    assert "ZeroDivisionError" in CliRunner().invoke(plugins.plugin, ["check", "daily_reports"], obj=shell).output


def test_a_process_says_something_when_something_has_changed_and_else_once_a_minute(app, it, serving, monkeypatch):
    it.get("/account/")
    path = serving.process.path
    path.unlink()
    it.get("/account/")
    assert not path.exists()
    switch_on(app)
    it.get("/account/")
    assert json.loads(path.read_text())["revision"] == serving.host.switched
    path.unlink()
    now = processes.time.monotonic()
    monkeypatch.setattr(processes.time, "monotonic", lambda: now + processes.EVERY_SECONDS + 1)
    it.get("/account/")
    assert path.exists()


def test_a_disk_that_is_full_costs_no_request(app, it, serving, monkeypatch):
    from pathlib import Path

    def full(*_arguments, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    switch_on(app)
    assert it.get("/account/").status_code == 200


@pytest.mark.requirement("A20")
def test_who_holds_the_right_for_a_part_does_not_switch_for_all(app, org):
    with acting(app) as session:
        make_role(session, "area_it", registry__plugin__list="node", registry__plugin__update="node")
        person = make_person(session, "area_it", org.areas[0], "area_it")
    switch_on(app)
    browser = sign_in(app.test_client(), person)
    assert [post(browser, f"{PLUGIN}{step}/").status_code for step in ("enable", "disable")] == [403, 403]
    assert state(app).state == "enabled"
