"""What it costs that the house is made of plugins: the switch, a hook of many, the start, and switching under load."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pluggy
from flask import Flask

from core import hookspecs
from core.admin.home import HomeCard
from core.hookspecs import hookimpl
from core.registry.calls import CallMark
from core.registry.hooks import Hooks
from core.registry.models import PluginIntent, everybody_looks_again
from core.testing.factories import acting
from tests.bench.data import Chain
from tests.bench.load import Client, WrongAnswer, median, milliseconds
from tests.bench.serving import Served, serving, starts
from tests.bench.table import Line, at_most

PLUGINS, WORKERS, REQUESTS, SWITCHES, THREADS = 20, 4, 5000, 50, 4
ROUNDS, TIMES, STARTS = 20, 20, 5
LIST, PERSON = "/admin/org/store/", "chain"
WORDS = "plugins: switch hook start"
SMALL = """
from flask import Blueprint
from core.api import HomeCard, Page, Permission, WholeSetting, expose, hookimpl, requires

blueprint = Blueprint("{name}", __name__, url_prefix="/{name}")

@blueprint.route("/")
@requires("{name}:thing:read")
def page():
    return "{name}"

class Desk(Page):
    title = "{name}"
    permission = "{name}:thing:read"

    @expose("/")
    def index(self):
        return "{name}"

@hookimpl
def backoffice_permissions():
    return [Permission("{name}:thing:read", "{name}", {{"head_office": "all"}})]

@hookimpl
def backoffice_settings():
    return [WholeSetting("days", "Days", 7)]

@hookimpl
def backoffice_admin_views():
    return [Desk("{name}_desk", "{name}/desk")]

@hookimpl
def backoffice_blueprints():
    return [blueprint]

@hookimpl
def backoffice_home_cards(person):
    return [HomeCard("card of {name}")]
"""


def plugin_lines(app: Flask, chain: Chain, folder: Path) -> Iterator[Line]:
    """Measure with twenty small plugins beside none."""
    yield _hook(folder)
    none, twenty = folder / "none", folder / "twenty"
    none.mkdir()
    names = _write(twenty)
    servers = {
        which.name: Served(
            "wsgi:app", "/login", folder / f"{which.name}.log", chain.environment | {"BACKOFFICE_PLUGINS_DIR": str(which)},
            workers=workers, config="python:config.gunicorn",
        )
        for which, workers in ((none, 2), (twenty, 2))
    }  # fmt: skip
    many = Served(
        "wsgi:app", "/login", folder / "many.log", chain.environment | {"BACKOFFICE_PLUGINS_DIR": str(twenty)},
        workers=WORKERS, config="python:config.gunicorn",
    )  # fmt: skip
    _switch(app, names, on=True)
    try:
        taken = starts(servers, STARTS)
        yield at_most(
            f"start with {PLUGINS} small plugins (floor: core alone)", taken["none"], taken["twenty"], 2, unit="s"
        )
        with serving(*servers.values()):
            times = _in_turns(servers, chain.cookies[PERSON])
            yield at_most(f"list of stores, {PLUGINS} plugins on (floor: none)", times["none"], times["twenty"], 1.05)
        with serving(many):
            yield _under_load(app, chain, many, names[0])
    finally:
        _switch(app, names, on=False)


def _write(folder: Path) -> list[str]:
    names = [f"small{number:02}" for number in range(PLUGINS)]
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").touch()
        (folder / name / "plugin.py").write_text(SMALL.format(name=name))
        (folder / name / "plugin.toml").write_text(
            f'name = "{name}"\ntitle = "{name}"\nversion = "1"\napi = 1\nprefix = "/{name}/"\n'
        )
    return names


def _switch(app: Flask, names: list[str], *, on: bool) -> None:
    with acting(app) as session:
        for name in names:
            intent = session.get(PluginIntent, name) or PluginIntent(name=name)
            intent.enabled = on
            session.add(intent)
        everybody_looks_again(session)


def _in_turns(servers: dict[str, Served], cookie: str) -> dict[str, float]:
    """Return the median of a list request of each server; they take turns, so that a busy moment meets both."""
    clients = {name: Client(server.port, cookie) for name, server in servers.items()}
    taken: dict[str, list[float]] = {name: [] for name in clients}
    for client in clients.values():
        client.checked(LIST, "<table")
        milliseconds(lambda client=client: client.get(LIST), TIMES)  # type: ignore[misc]
    for _round in range(ROUNDS):
        for name, client in clients.items():
            taken[name] += milliseconds(lambda client=client: client.get(LIST), TIMES)  # type: ignore[misc]
    return {name: median(times) for name, times in taken.items()}


def _hook(folder: Path) -> Line:
    """A hook with twenty implementations, each counted, timed, caught and marked, beside pluggy's own call."""

    card = HomeCard("a card")

    def implementation() -> Any:
        @hookimpl
        def backoffice_home_cards(person: Any) -> list[Any]:
            return [card]

        return SimpleNamespace(backoffice_home_cards=backoffice_home_cards)

    ours, theirs = Hooks(()), pluggy.PluginManager("backoffice")
    ours.mark = CallMark(folder / "processes")
    theirs.add_hookspecs(hookspecs)
    for number in range(PLUGINS):
        ours.add(implementation(), f"small{number}")
        theirs.register(implementation(), f"small{number}")
    calls = 2000
    times: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _round in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(calls):
            theirs.hook.backoffice_home_cards(person=1)
        between = time.perf_counter()
        for _ in range(calls):
            ours.collect("backoffice_home_cards", None, {"person": 1})
        times["theirs"].append((between - started) / calls * 1e6)
        times["ours"].append((time.perf_counter() - between) / calls * 1e6)
    return at_most(
        f"a hook with {PLUGINS} answers (floor: pluggy's own call)", median(times["theirs"]), median(times["ours"]), 3, unit="µs"
    )  # fmt: skip


def _under_load(app: Flask, chain: Chain, served: Served, name: str) -> Line:
    """Ask home pages while one plugin is switched; a page asked after a switch shows what was switched."""
    state = {"on": True, "since": time.perf_counter()}
    outcomes: list[str] = []
    left = iter(range(REQUESTS))
    lock = threading.Lock()

    def ask() -> None:
        client = Client(served.port, chain.cookies[PERSON])
        while True:
            with lock:
                if next(left, None) is None:
                    return
                before = dict(state)
            try:
                answer = client.get("/")
            except WrongAnswer:
                outcomes.append("failed")
                client = Client(served.port, chain.cookies[PERSON])
                continue
            with lock:
                undisturbed = state == before and before["since"] >= 0
            shown = f"card of {name}".encode() in answer.body
            outcomes.append(
                "failed" if answer.status != 200 else "late" if undisturbed and shown != before["on"] else "right"
            )

    threads = [threading.Thread(target=ask) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    switched = 0
    while any(thread.is_alive() for thread in threads):
        due = 1 + len(outcomes) * SWITCHES // REQUESTS  # the last one while there are pages left to ask for
        if switched < min(due, SWITCHES):
            switched += 1
            with lock:
                state["since"] = -1.0  # a page that is asked for now may show either
            _switch(app, [name], on=switched % 2 == 0)
            with lock:
                state.update(on=switched % 2 == 0, since=time.perf_counter())
        time.sleep(0.005)
    counts = {outcome: outcomes.count(outcome) for outcome in ("failed", "late")}
    right = len(outcomes) == REQUESTS and not any(counts.values()) and switched == SWITCHES
    told = f"{counts['failed']} failed, {counts['late']} late, {switched} switches"
    return Line(
        f"{REQUESTS:,} pages of {WORKERS} workers while a plugin is switched", "", "", told, None, "none", right
    )
