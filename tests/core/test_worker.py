"""The worker: what hangs in it is ended and told, what ends it is followed by another, and the other work is done."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core.access.scope import unscoped
from core.app import create_app
from core.auth.rights import load_person
from core.jobs import queue, supervisor
from core.jobs.models import Job
from core.jobs.queue import JobKind, ask_for
from core.jobs.tasks import NEVER, ScheduledTask, TaskRun, run_due_tasks
from core.language import speaking
from core.registry import calls, processes
from core.testing.factories import acting, enable_plugins, make_organisation
from tests.core.serving import ROOT, Site

HANGS = """
import time
from datetime import timedelta
from core.api import JobKind, ScheduledTask, hookimpl

SHORT = timedelta(seconds=0.5)

def sleep(_work):
    time.sleep(600)

@hookimpl
def backoffice_job_kinds():
    return [JobKind("thangs.sleep", sleep, limit=SHORT), JobKind("thangs.wake", lambda work: None)]

@hookimpl
def backoffice_scheduled_tasks():
    return [
        ScheduledTask("thangs.hang", timedelta(minutes=1), sleep, limit=SHORT),
        ScheduledTask("thangs.work", timedelta(minutes=1), lambda session: "done"),
    ]
"""


@pytest.fixture
def installed(settings, tmp_path):
    """A house with a plugin that hangs, and its shell: (app, site)."""
    plugins = tmp_path / "plugins"
    (plugins / "thangs").mkdir(parents=True)
    (plugins / "thangs" / "__init__.py").touch()
    (plugins / "thangs" / "plugin.py").write_text(HANGS)
    (plugins / "thangs" / "plugin.toml").write_text('name = "thangs"\ntitle = "Hangs"\nversion = "1"\napi = 1\n')
    app = create_app(settings.model_copy(update={"plugins_dir": plugins}))
    yield app, Site(app, settings.database_url, tmp_path, plugins)
    app.extensions["backoffice"].database.dispose()
    sys.modules["plugins"].__path__.remove(str(plugins))
    for module in [module for module in sys.modules if module.startswith("plugins.thangs")]:
        del sys.modules[module]


def ask(app, person, *kinds):
    """Queue a job of each kind for a person; returns their numbers."""
    with app.app_context(), acting(app) as session:
        who = load_person(session, person.id)
    with app.app_context(), acting(app, who) as session, speaking("zh_Hans_CN"):
        return [ask_for(session, kind, kind).id for kind in kinds]


def found(app, query):
    with acting(app) as session, unscoped("a test"):
        return session.scalars(query).all()


@pytest.mark.requirement("Z7")
def test_what_hangs_is_ended_and_says_so_and_the_others_are_done(installed):
    app, site = installed
    with acting(app) as session:
        org = make_organisation(session)
        enable_plugins(session, app.extensions["backoffice"].host)
    ask(app, org.people["it"], "thangs.sleep", "thangs.wake")
    site.shell("worker", "--once")
    hung, woken = found(app, select(Job).order_by(Job.id))
    assert (woken.state, woken.tries) == ("done", 1)
    assert (hung.state, hung.tries) == ("failed", queue.TRIES)
    assert hung.problem == "运行了 1 分钟还没有结束，已被中止。"
    assert hung.ended_at > woken.ended_at, "it is tried again after the others"
    ran = {run.name: run.ran_at for run in found(app, select(TaskRun))}
    assert ran["thangs.hang"] == NEVER, "what it had begun is taken back"
    assert ran["thangs.work"] > NEVER
    [died] = (site._folder / "processes").glob("*.died")
    assert calls.read(died)[:2] == ("thangs", "task thangs.hang"), (
        "left alone for an hour, or until it is switched on anew"
    )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_worker_that_is_told_to_stop_stops_at_once_and_blames_nothing(installed):
    app, site = installed
    plugin = site._folder / "plugins" / "thangs" / "plugin.py"
    plugin.write_text(HANGS.replace("seconds=0.5", "minutes=30"))
    with acting(app) as session:
        make_organisation(session)
        enable_plugins(session, app.extensions["backoffice"].host)
    folder = site._folder / "processes"
    command = [sys.executable, "-m", "core", "worker"]
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **site.environment, "PYTHONPATH": str(ROOT)}) as worker:
        until(lambda: any(calls.read(path)[1] == "task thangs.hang" for path in folder.glob("*.call")))
        worker.terminate()
        assert worker.wait(timeout=5) == 0
    calls.CallMark(folder)
    assert list(folder.glob("*.died")) == []


def until(is_so):
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def house(app):
    """This process as a worker."""
    house = app.extensions["backoffice"]
    processes.begin(house, "worker")
    yield house
    house.host.hooks.mark = house.process = None


on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@on_sqlite
def test_a_task_in_which_a_worker_ended_is_left_alone_until_it_is_switched_on_anew(house, app, monkeypatch):
    task = ScheduledTask("tsick.task", timedelta(minutes=1), lambda session: "done")
    monkeypatch.setattr(house.host, "collect", lambda *_names, **_options: [("tsick", [task])])
    folder = processes.folder_of(house)
    (folder / f"{calls.HOST}-999999.call").write_bytes(bytes(8) + calls.CallMark.label_of("tsick", "task tsick.task"))
    with app.app_context():
        assert run_due_tasks(house) == []
        assert house.host.hooks.counts["tsick"]["task tsick.task"].because == calls.ENDED, "and IT reads why"
        calls.forget(folder, "tsick")
        assert run_due_tasks(house) == ["tsick.task"]


@on_sqlite
@pytest.mark.parametrize(
    ("began", "told"),
    [(0, "还没做完，后台进程就中断了。"), (3600, "运行了 10 分钟还没有结束，已被中止。")],
    ids=["killed", "too long"],
)
def test_a_job_at_which_a_worker_ended_is_begun_again_at_once(house, app, org, began, told):
    [number] = ask(app, org.people["clerk"], "test.lost")
    with app.app_context():
        queue._claim(house)
        left = processes.folder_of(house) / f"{calls.HOST}-999999.job"
        left.write_text(json.dumps([number, 600, time.time() - began]))
        queue.take_back(house)
    [job] = found(app, select(Job))
    assert (job.state, job.problem, left.exists()) == ("waiting", told, False)


@on_sqlite
def test_a_job_that_another_worker_is_at_is_left_to_it(house, app, org):
    [number] = ask(app, org.people["clerk"], "test.busy")
    with app.app_context():
        queue._claim(house)
        house.process.path.with_suffix(".job").write_text(json.dumps([number, 600, 0]))
        queue.take_back(house)
    [job] = found(app, select(Job))
    assert job.state == "running"


@pytest.mark.parametrize("limit", [timedelta(), timedelta(hours=2)])
def test_nobody_may_ask_for_more_than_an_hour(limit):
    with pytest.raises(ValueError, match="at most an hour"):
        JobKind("test.long", lambda work: None, limit=limit)
    with pytest.raises(ValueError, match="at most an hour"):
        ScheduledTask("test.long", timedelta(days=1), lambda session: "", limit=limit)


def test_another_worker_takes_over_when_one_is_killed_and_what_it_started_ends_with_it(tmp_path):
    script = (
        "import os, pathlib, signal, subprocess, sys\n"
        f"note = pathlib.Path({str(tmp_path / 'child')!r})\n"
        "if note.exists(): sys.exit(7)\n"
        "note.write_text(str(subprocess.Popen(['sleep', '600']).pid))\n"
        "os.kill(os.getpid(), signal.SIGALRM)\n"
    )
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        assert supervisor.supervise([sys.executable, "-c", script]) == 7
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    stat = Path("/proc", (tmp_path / "child").read_text(), "stat")
    assert not stat.exists() or ") Z " in stat.read_text()
