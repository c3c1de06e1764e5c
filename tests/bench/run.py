"""One run on one database: the data, the three applications on it, every measurement."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.bench.customers import customer_operations, make_customers
from tests.bench.customers_exchange import customer_exports, customer_imports
from tests.bench.data import Chain, make_chain
from tests.bench.exchange import exports, imports
from tests.bench.load import Client, WrongAnswer, median, milliseconds, requests_a_second
from tests.bench.matching import WORDS as MATCHING
from tests.bench.matching import matching
from tests.bench.operations import Action, Operation, operations
from tests.bench.plugins import WORDS, plugin_lines
from tests.bench.ranking import SNAPSHOT, snapshot
from tests.bench.rush import WORKERS, rush
from tests.bench.serving import Served, serving, starts
from tests.bench.table import Line, at_most, not_measured

ROUNDS, TIMES = 12, 20
"""The applications take turns, so that a busy moment of the machine meets all of them."""
CUSTOMERS = "customers import export"
FOOTPRINT, START, STARTS, IDLE_MEGABYTES = "start idle", 3.0, 5, 110


def measure(url: str, folder: Path, scale: float, only: str, rush_seconds: float) -> Iterator[Line]:
    """Fill the database, serve, measure; gives each line when it is measured. `only` keeps those that hold this word."""
    of_customers = only in CUSTOMERS
    chain, app = make_chain(url, folder, 0 if only == "customers" else scale)
    customers = make_customers(app, chain, scale) if of_customers else 0
    floor = Served("tests.bench.floor:app", "/list", folder / "floor.log", chain.environment)
    rich = Served("tests.bench.rich:app", "/up", folder / "rich.log", chain.environment)
    ours = {"application": "wsgi:app", "first": "/login", "config": "python:config.gunicorn"}
    product = Served(log=folder / "product.log", environment=chain.environment, **ours)
    busy = Served(log=folder / "busy.log", environment=chain.environment, workers=WORKERS, **ours)
    try:
        yield from _footprint(floor, product) if only in FOOTPRINT else ()
        with serving(floor, rich, product):
            yield from (
                _line(each, chain, floor, rich, product) for each in operations(app, chain) if only in each.name
            )
            yield from exports(chain, floor, product) if only in "export" else ()
            yield from (
                _line(each, chain, floor, rich, product)
                for each in (customer_operations(app, chain) if customers else ()) if only in each.name
            )  # fmt: skip
            yield from customer_exports(chain, customers, floor, product) if customers else ()
        yield from rush(app, chain, busy, rush_seconds) if only in "rush" else ()
        yield from snapshot(app) if only in SNAPSHOT else ()
        yield from plugin_lines(app, chain, folder) if only in WORDS else ()
        yield from imports(app, chain) if only in "import" else ()
        yield from matching(app, chain, scale) if only in MATCHING else ()
        yield from customer_imports(app, chain, folder, scale) if customers else ()
    finally:
        app.extensions["backoffice"].database.dispose()


def _footprint(floor: Served, product: Served) -> list[Line]:
    taken = starts({"floor": floor, "product": product}, STARTS)
    with serving(floor, product):
        least, idle, most = floor.worker_megabytes(), product.worker_megabytes(), IDLE_MEGABYTES
    return [
        at_most("start to first answer", taken["floor"], taken["product"], START, unit="s"),
        Line("idle worker", f"{least:.0f} MB", "", f"{idle:.0f} MB", idle / least, f"≤ {most} MB", idle <= most),
    ]


def _line(operation: Operation, chain: Chain, floor: Served, rich: Served, product: Served) -> Line:
    makers: dict[str, Callable[[], Action]] = {
        "floor": partial(_floor_action, operation, floor.port),
        "product": partial(_product_action, operation, product.port, chain.cookies[operation.person]),
    }
    if operation.rich:
        makers["rich"] = partial(_getting, operation.rich, rich.port, chain.cookies[operation.person])
    try:
        times = _in_turns(makers)
    except WrongAnswer as problem:
        return not_measured(operation.name, operation.goal, str(problem)[:200])
    speeds = dict.fromkeys(makers, "")
    if isinstance(operation.product, str):
        speeds = {name: f" · {requests_a_second(make):.0f}/s" for name, make in makers.items()}
    return at_most(
        operation.name, times["floor"], times["product"], operation.goal,
        rich=f"{times['rich']:.2f} ms{speeds['rich']}" if "rich" in times else "",
        floor_note=speeds["floor"], product_note=speeds["product"],
    )  # fmt: skip


def _in_turns(makers: dict[str, Callable[[], Action]]) -> dict[str, float]:
    actions = {name: make() for name, make in makers.items()}
    times: dict[str, list[float]] = {name: [] for name in makers}
    for action in actions.values():
        milliseconds(action, 6)  # both workers have seen it
    for _round in range(ROUNDS):
        for name, action in actions.items():
            times[name] += milliseconds(action, TIMES)
    return {name: median(taken) for name, taken in times.items()}


def _getting(path: str, port: int, cookie: str = "", holds: str = "") -> Action:
    client = Client(port, cookie)
    client.checked(path, holds)
    return partial(client.get, path)


def _floor_action(operation: Operation, port: int) -> Action:
    if operation.floor_form is None:
        return _getting(operation.floor, port)
    return partial(Client(port).post, operation.floor, operation.floor_form)


def _product_action(operation: Operation, port: int, cookie: str) -> Action:
    if isinstance(operation.product, str):
        return _getting(operation.product, port, cookie, operation.holds)
    return operation.product(Client(port, cookie))
