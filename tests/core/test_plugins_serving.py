"""Plugins in a running server of several workers: switched under load, hung, broken; core serves all the while."""

import json
import shutil
import sys

import pytest

from core.language import gettext
from core.registry import calls
from core.testing.factories import acting, enable_plugins, make_organisation
from tests.core.serving import ROOT, Site, load

pytestmark = pytest.mark.slow
WORKERS = 4
HANGS = """
import time
from core.api import hookimpl

@hookimpl
def backoffice_home_cards(person):
    time.sleep(600)
"""
LONG_SECONDS, LOAD_SECONDS, TIMEOUT_SECONDS = 2, 4, 5
LIMITS = f"""
from core.registry import calls, host

calls.LONG_SECONDS = {LONG_SECONDS}
host.LOAD_SECONDS = {LOAD_SECONDS}
"""
"""A plugin that shortens what the tests wait for; its name comes after daily_reports and before what is sick."""
DIES = HANGS.replace("import time", "import os").replace("time.sleep(600)", "os.kill(os.getpid(), 9)")


@pytest.fixture
def site(settings, tmp_path):
    """A function that serves the daily reports and the plugins given as texts."""
    from core.app import create_app

    plugins = tmp_path / "plugins"
    shutil.copytree(ROOT / "plugins" / "daily_reports", plugins / "daily_reports")
    app = create_app(settings)
    made = []

    def start(workers=WORKERS, timeout=30, before=True, **texts):
        for name, text in {"limits": LIMITS, **texts}.items():
            (plugins / name).mkdir()
            (plugins / name / "__init__.py").touch()
            (plugins / name / "plugin.py").write_text(text)
            (plugins / name / "plugin.toml").write_text(f'name = "{name}"\ntitle = "{name}"\nversion = "1"\napi = 1\n')
        with acting(app) as session:
            org = make_organisation(session)
        site = Site(app, settings.database_url, tmp_path, plugins, workers=workers, timeout=timeout)
        made.append(site)
        if before:
            site.shell("plugin", "enable", "daily_reports")
        else:  # a shell would go down like any process
            with acting(app) as session:
                enable_plugins(session, app.extensions["backoffice"].host)
        site.server.start()
        return site, org

    yield start
    for each in made:
        each.server.stop()
    app.extensions["backoffice"].database.dispose()
    while str(plugins) in sys.modules["plugins"].__path__:
        sys.modules["plugins"].__path__.remove(str(plugins))


def answers_of(answers):
    return {status for status, _text in answers}


@pytest.mark.requirement("J10", "J11", "J13", "Z7")
def test_a_switch_from_the_shell_is_seen_by_every_worker_at_its_next_request_and_core_serves_on(site):
    site, org = site()
    inside, outside = site.cookie(org.people["store_manager"]), site.cookie(org.people["leader"])
    board, menu = "/admin/daily_reports/board/", "/admin/daily_reports/"
    assert answers_of(site.until_all_have_answered(board, outside, WORKERS)) <= {200}
    with load(lambda: site.get("/account/", inside)) as core_answers:
        site.shell("plugin", "disable", "daily_reports")
        gone = site.until_all_have_answered(board, outside, WORKERS)
        assert answers_of(gone) == {404}
        assert menu not in site.get("/admin/", outside)[1] and menu not in site.get("/admin/", inside)[1]
        site.shell("plugin", "enable", "daily_reports", "--node", "A1")
        back = site.until_all_have_answered(board, inside, WORKERS)
        assert answers_of(back) == {200}
        assert [site.get(board, outside)[0] for _ in range(3 * WORKERS)] == [404] * 3 * WORKERS
        assert menu in site.get("/admin/", inside)[1] and menu not in site.get("/admin/", outside)[1]
    assert len(core_answers) > 20 and answers_of(core_answers) == {200}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("text", [HANGS, DIES], ids=["hangs", "dies"])
def test_a_hook_that_takes_a_worker_down_costs_one_request_and_is_then_left_alone(site, text):
    site, org = site(workers=2, timeout=TIMEOUT_SECONDS, tsick=text)
    cookie = site.cookie(org.people["clerk"])
    site.shell("plugin", "enable", "tsick")
    status, _text = site.get("/", cookie)
    assert status in (0, 200), "the one request: cut off, or answered late without the card"
    assert answers_of(site.until_a_hook_is_left_alone("tsick", calls.ENDED, "/", cookie)) == {200}
    listed = {each["name"]: each for each in json.loads(site.shell("plugin", "list", "--json"))}
    [sentence] = listed["tsick"]["trouble"]
    assert gettext(calls.ENDED) in sentence
    assert listed["daily_reports"]["trouble"] == []
    page = site.get("/admin/plugins/tsick/", site.cookie(org.people["it"]))[1]
    assert calls.ENDED in page
    site.shell("plugin", "disable", "tsick")
    assert answers_of([site.get("/", cookie) for _ in range(4)]) == {200}
    site.shell("plugin", "enable", "tsick")
    assert site.get("/", cookie)[0] in (0, 200), "after the mending it is asked again"
    assert answers_of([site.get("/", cookie) for _ in range(6)]) == {200}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import time\ntime.sleep(600)", f"it did not load within {LOAD_SECONDS} seconds"),
        ("import os\nos.kill(os.getpid(), 9)", "a process hung or ended in its import"),
    ],
    ids=["hangs", "dies"],
)
def test_a_plugin_that_hangs_or_ends_the_process_while_it_is_loaded_is_left_out(site, text, reason):
    site, org = site(workers=2, timeout=TIMEOUT_SECONDS, before=False, tsick=text)
    assert {site.get("/healthz")[0] for _ in range(6)} == {200}
    assert site.get("/admin/daily_reports/board/", site.cookie(org.people["leader"]))[0] == 200
    assert reason in site.get("/admin/plugins/", site.cookie(org.people["it"]))[1]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_while_a_hook_hangs_in_one_worker_the_others_do_not_ask_it(site):
    site, org = site(workers=2, timeout=20, tsick=HANGS)
    cookie = site.cookie(org.people["clerk"])
    site.shell("plugin", "enable", "tsick")
    with load(lambda: site.get("/", cookie), threads=1):
        site.until_a_call_is_long(LONG_SECONDS)
        answers = [site.get("/", cookie, timeout=8) for _ in range(3)]
        site.server.stop()
    assert answers_of(answers) == {200}
