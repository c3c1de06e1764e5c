"""What is measured, with its goal: the same answer asked from the floor, from the rich page and from the product."""

import itertools
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask
from sqlalchemy import text

from core.admin.listing import write_cursor
from tests.bench.data import TODAY, Chain
from tests.bench.load import Answer, Client, WrongAnswer

DAYS = "/admin/daily_reports/day/"
SINCE = "2025-06-03"
LIST, SOME, EDIT, SAVE, BOARD = 5.0, 6.0, 4.0, 5.0, 2.0
"""The goals, as multiples of the floor: a list for the whole chain and for some stores, a form, a save, a board."""
Action = Callable[[], Answer]


@dataclass(frozen=True)
class Operation:
    """One line of the table. A path or a maker of actions for each application; empty where it has none."""

    name: str
    goal: float
    floor: str
    product: str | Callable[[Client], Action]
    person: str = "chain"
    """Whose cookie the product sees."""
    rich: str = ""
    holds: str = ""
    """A text that the product's page must hold."""
    floor_form: dict[str, str] | None = None


def operations(app: Flask, chain: Chain) -> list[Operation]:
    """Return every operation for this chain."""
    from tests.bench.ranking import ranking_operations

    return [*_lists(app, chain), *_stores(chain), *_forms(chain), *_boards(chain), *ranking_operations(app, chain)]


def _lists(app: Flask, chain: Chain) -> list[Operation]:
    found = []
    for person, title, goal, narrowed in (
        ("admin", "administrator", LIST, ""), ("chain", "whole chain", LIST, ""), ("some", "one area", SOME, f"area_id = {chain.area_id}"),
        ("two", "two areas", SOME, f"area_id IN ({chain.area_id}, {chain.area_id + 1})"),
    ):  # fmt: skip
        page, day, row = _deep(app, narrowed)
        cursor = _cursor(app, day, row)
        deep = f"/list?day={day}&id={row}"
        found += [
            Operation(f"list, page 1 ({title})", goal, "/list", DAYS, person, "/list", 'class="list-table"'),
            Operation(f"list, page {page:,} ({title})", goal, deep, f"{DAYS}?after={cursor}", person, deep, 'rel="prev"'),
        ]  # fmt: skip
    for person, title, goal in (("chain", "whole chain", LIST), ("some", "one area", SOME)):
        for name, narrowing in (
            ("state reported", "state=reported"), ("state locked", "state=locked"), ("one store", f"node_id={chain.node_id}"),
            ("store + state", f"node_id={chain.node_id}&state=locked"),
        ):  # fmt: skip
            found.append(
                Operation(
                    f"list, {name} ({title})",
                    goal,
                    f"/list?{narrowing}",
                    f"{DAYS}?{narrowing}",
                    person,
                    f"/list?{narrowing}",
                    'class="filter-chip"',
                )
            )
    return found


def _deep(app: Flask, narrowed: str) -> tuple[int, str, int]:
    """Return a page far down (1,000, or half of what there is) and the last row before it."""
    where = f"WHERE {narrowed}" if narrowed else ""
    with app.extensions["backoffice"].database.engine.connect() as connection:
        count = connection.scalar(text(f"SELECT count(*) FROM daily_reports_day {where}"))
        page = min(1000, count // 100)
        day, row = connection.execute(text(
            f"SELECT day, id FROM daily_reports_day {where} ORDER BY day DESC, id DESC LIMIT 1 OFFSET {(page - 1) * 50 - 1}"
        )).one()  # fmt: skip
    return page, str(day), row


def _cursor(app: Flask, day: str, row: int) -> str:
    with app.app_context():
        return write_cursor("daily_reports_day:day:True", day, row)


def _stores(chain: Chain) -> list[Operation]:
    stores = "/admin/org/store/"
    found = []
    for person, title, goal in (("chain", "whole chain", LIST), ("some", "one area", SOME)):
        found += [
            Operation(f"stores, page 1 ({title})", goal, "/stores", stores, person, "", 'class="list-table"'),
            Operation(f"stores, 2 characters of a name ({title})", goal, "/stores?name=手机".replace("手机", "%E6%89%8B%E6%9C%BA"),
                      f"{stores}?search=%E6%89%8B%E6%9C%BA", person, "", 'class="list-table"'),
            Operation(f"stores, by code ({title})", goal, f"/stores?code={chain.code}", f"{stores}?search={chain.code}", person, "", chain.code),
        ]  # fmt: skip
    return found


def _forms(chain: Chain) -> list[Operation]:
    sent, waiting = f"/day/{chain.code}/{TODAY}", f"/day/{chain.waiting[0][1]}/{TODAY}?step=target"
    store = f"/admin/org/store/edit/?id={chain.node_id}"
    return [
        Operation("look-up, 20 places", LIST, "/stores", "/admin/org/node/ajax/lookup/?q=S00", "chain"),
        Operation("store, edit form", EDIT, f"/store/{chain.node_id}", store, "chain", "", "_version"),
        Operation("store, save with audit", SAVE, f"/store/{chain.node_id}", _saving(store), "chain", floor_form={"name": "某店", "size_m2": "77"}),
        Operation("day page, reported (its manager)", EDIT, sent, f"/day/at/{chain.code}/{TODAY}/", "store", "", "<main"),
        Operation("day page, target to set (whole chain)", EDIT, waiting, f"/day/at/{chain.waiting[-1][1]}/{TODAY}/?step=target", "admin", "", "<main"),
        Operation("day page, set target", SAVE, sent, _setting_target(chain.waiting[-1][1]), "admin", floor_form={"amount": "1200000"}),
    ]  # fmt: skip


def _boards(chain: Chain) -> list[Operation]:
    trend = f"/trend/{chain.code}/{TODAY}?since={SINCE}"
    return [
        Operation("board, 1,115 stores", BOARD, f"/board/{TODAY}", "/admin/daily_reports/board/", "chain", "", chain.code),
        Operation("missing now", BOARD, f"/missing/{TODAY}", "/day/missing/", "chain", "", chain.waiting[0][1]),
        Operation("trend of a store", BOARD, trend, f"/day/at/{chain.code}/trend/", "chain", "", "<svg"),
        Operation("home (whole chain)", BOARD, f"/board/{TODAY}", "/", "chain", "", "<main"),
    ]  # fmt: skip


def hidden(body: bytes, name: str) -> str:
    """Return the value of a hidden field of a form."""
    found = re.search(rf'name="{name}" value="([^"]*)"', body.decode())
    if found is None:
        raise WrongAnswer(f"the form has no {name}: {body[:300]!r}")
    return found[1]


def _saving(path: str) -> Callable[[Client], Action]:
    sizes = itertools.cycle(range(40, 400))

    def make(client: Client) -> Action:
        def save() -> Answer:
            page = client.checked(path).body.decode()
            form = dict(re.findall(r'<input[^>]* name="([^"]+)" value="([^"]*)"', page))
            form |= {"csrf_token": hidden(page.encode(), "csrf_token"), "_version": hidden(page.encode(), "_version")}
            form |= {"format": "flagship", "size_m2": str(next(sizes))}
            return redirected(client.post(path, form))

        return save

    return make


def _setting_target(code: str) -> Callable[[Client], Action]:
    amounts = itertools.cycle(range(10_000, 20_000))

    def make(client: Client) -> Action:
        client.headers["X-Requested-With"] = "fetch"
        page = f"/day/at/{code}/{TODAY}/"
        first = client.checked(f"{page}?step=target").body
        token, version = hidden(first, "csrf_token"), [hidden(first, "version")]

        def send() -> Answer:
            form = {"csrf_token": token, "version": version[0], "amount": str(next(amounts)), "key": str(uuid.uuid4())}
            answer = client.post(f"{page}target", form)
            if answer.status == 200:
                version[0] = re.search(rb'"version": ?(\d+)', answer.body)[1].decode()  # type: ignore[index]
            return answer

        return send

    return make


def redirected(answer: Answer) -> Answer:
    """Return the answer to a save if it was one."""
    if answer.status not in (302, 303):
        raise WrongAnswer(f"the save answered {answer.status}: {answer.body[:2000]!r}")
    return answer
