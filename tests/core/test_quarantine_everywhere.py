"""Every broken plugin at once, on both databases: the pages, the worker and the shell go on, and say why each is out."""

import json
import sys

import pytest
from click.testing import CliRunner

from core import language
from core.testing.factories import acting, enable_plugins, make_organisation, sign_in
from tests.core.test_quarantine import BROKEN, GOOD, MODELS, install

OF_CORE = ["jobs.forget", "exchange.forget", "core.statistics"]
"""The tasks that are there without any plugin."""
FAILING = """
from datetime import timedelta
from core.api import HomeCard, ScheduledTask, hookimpl

@hookimpl
def backoffice_home_cards(person):
    FAULT

@hookimpl
def backoffice_scheduled_tasks():
    FAULT

@hookimpl
def backoffice_job_kinds():
    FAULT
"""
WORKING = FAILING.replace("FAULT", 'return [HomeCard("a good card")]', 1).replace(
    "FAULT", 'return [ScheduledTask("{name}.task", timedelta(minutes=1), lambda session: "done")]', 1
).replace("FAULT", "return []")  # fmt: skip
FAULTS = {
    "qraises": ('raise RuntimeError("no mood today")', "RuntimeError: no mood today"),
    "qexits": ("raise SystemExit(3)", "SystemExit: 3"),
    "qwrites": ("from core.api import session\n    session.execute('nonsense')", "Error"),
    "qendless": ("return backoffice_home_cards(None) if False else (lambda again: again(again))(lambda again: again(again))", "RecursionError"),
}  # fmt: skip


@pytest.fixture
def house(settings, tmp_path):
    """The house with every broken plugin, those whose hooks fail, and a good one."""
    from core.app import create_app
    from core.db import forget_plugin, plugin_registries

    folder = tmp_path / "installed"
    folder.mkdir()
    reasons = {}
    for number, (plugin, models, reason) in enumerate(BROKEN.values()):
        if "daily_reports" not in reason:  # it is not installed here
            install(folder, f"qb{number:02}", plugin, models)
            reasons[f"qb{number:02}"] = reason
    for name, (fault, _reason) in FAULTS.items():
        install(folder, name, FAILING.replace("FAULT", fault), "")
    install(folder, "qgood", GOOD, MODELS)
    install(folder, "qworks", WORKING.replace("{name}", "qworks"), "")
    app = create_app(settings.model_copy(update={"plugins_dir": folder}))
    language.set_locale("en")
    yield app, reasons
    language.set_locale(language.DEFAULT_LOCALE)
    app.extensions["backoffice"].database.dispose()
    sys.modules["plugins"].__path__.remove(str(folder))
    for path in folder.iterdir():
        if path.name in plugin_registries:
            forget_plugin(path.name)
        for module in [m for m in sys.modules if f"{m}.".startswith(f"plugins.{path.name}.")]:
            del sys.modules[module]


def shell(app, *words):
    from core.commands import plugins
    from core.commands.context import Shell

    language.set_locale("en")  # a request before has left its own
    one = Shell()
    one.__dict__["app"] = app
    return CliRunner().invoke(plugins.plugin, words, obj=one)


@pytest.mark.requirement("J15", "Z7")
def test_pages_worker_and_shell_go_on_and_each_reason_is_told(house):
    from core.jobs.tasks import run_due_tasks

    app, reasons = house
    with acting(app) as session:
        org = make_organisation(session)
        enable_plugins(session, app.extensions["backoffice"].host)
    clerk, it = (sign_in(app.test_client(), org.people[role]) for role in ("clerk", "it"))
    home = clerk.get("/")
    assert home.status_code == 200 and "a good card" in home.text
    assert clerk.get("/qgood/").text == "good"
    with app.app_context():
        assert run_due_tasks(app.extensions["backoffice"]) == [*OF_CORE, "qworks.task"]
    listed = {each["name"]: each for each in json.loads(shell(app, "list", "--json").output)}
    page = it.get("/admin/plugins/")
    assert page.status_code == 200
    for name, reason in reasons.items():
        assert listed[name]["state"] == "failed" and reason in listed[name]["reason"], (name, listed[name])
        assert f'id="plugin-{name}"' in page.text
    for name, (_fault, reason) in FAULTS.items():
        hooks = listed[name]["hooks"]
        for hook in ("backoffice_home_cards", "backoffice_scheduled_tasks"):
            assert hooks[hook]["failures"] == 1 and reason in hooks[hook]["last_error"], (name, hook)
        assert any(reason in sentence for sentence in listed[name]["trouble"]), listed[name]["trouble"]
        assert it.get(f"/admin/plugins/{name}/").status_code == 200
    assert {listed[name]["state"] for name in ("qgood", "qworks")} == {"enabled"}
    assert listed["qworks"]["trouble"] == []


def test_a_switch_works_beside_all_of_them(house):
    app, _reasons = house
    with acting(app) as session:
        enable_plugins(session, app.extensions["backoffice"].host)
    assert shell(app, "disable", "qgood").exit_code == 0
    assert app.test_client().get("/qgood/").status_code == 404
    refused = shell(app, "enable", "qb00")
    assert refused.exit_code == 1 and "cannot be loaded" in refused.output
