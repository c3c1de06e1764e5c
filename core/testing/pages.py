"""Pages, looked at as a browser and as the database see them: what the content policy blocks, what a list costs."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from html.parser import HTMLParser
from itertools import count
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from core.admin.model_view import ModelView
from core.testing import access_matrix as matrix
from core.testing.factories import acting, sign_in

MOST_QUERIES = 2 + 6
"""Of a list page: two for the session, the rest for rows, count and names."""
MADE_BY_THE_CHAIN = {"org_node", "org_person", "auth_role", "auth_assignment"}


class Policy(HTMLParser):
    """Gathers what the content policy would block, and forms that would be refused for want of their token."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: list[str] = []
        self.without_token = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Judge one tag."""
        given = dict(attributes)
        for name, value in attributes:
            leads = name in ("src", "href", "action", "formaction")
            leads_away = leads and re.match(r"(?i)\s*(https?:)?//|\s*javascript:", value or "")
            if name.startswith("on") or name == "style" or leads_away:
                self.problems.append(f"<{tag} {name}={value!r}>")
        if (tag == "script" and "src" not in given) or tag in ("style", "iframe", "object", "embed", "base"):
            self.problems.append(f"<{tag}>")
        if tag == "form" and (given.get("method") or "get").lower() == "post":
            self.without_token = str(given.get("action"))
        if tag == "input" and given.get("name") == "csrf_token" and given.get("value"):
            self.without_token = ""

    def handle_endtag(self, tag: str) -> None:
        """Judge a form when it is whole."""
        if tag == "form" and self.without_token:
            self.problems.append(f"a form without its token: {self.without_token}")
            self.without_token = ""


def check_policy(site: matrix.Site, role: str) -> int:
    """No page of the site holds what its policy forbids; returns how many a person of a shipped role was shown."""
    app = site.app
    call = matrix.Caller(sign_in(app.test_client(), site.org.people[role]))
    seen = 0
    for rule in {rule.rule: rule for rule, method in matrix.rules_of(app, site.plugin) if method == "GET"}.values():
        if rule.endpoint.endswith((".export", ".ajax_lookup")):
            continue
        view = getattr(app.view_functions[rule.endpoint], "__self__", None)
        rows = site.own.get(view.model.__tablename__, []) if isinstance(view, ModelView) else []
        values = {name: matrix.route_value(site, rule.endpoint, name, "own") for name in rule.arguments}
        address = rule.build(values)[1]
        for url in (address, *(f"{address}?id={number}" for number in rows[:1])):
            answer = call("GET", url)
            assert "unsafe" not in answer.headers["Content-Security-Policy"], url
            if answer.mimetype != "text/html" or answer.status_code in (301, 302):
                continue
            seen += 1
            page = Policy()
            page.feed(answer.text)
            assert not page.problems, f"{url}: {page.problems}"
    return seen


def check_list_prices(site: matrix.Site, most: int = MOST_QUERIES) -> None:
    """A list asks the database at most `most` times, and with many rows exactly as often as with few."""
    client = sign_in(site.app.test_client(), site.org.people["system_administrator"])
    first = _prices(site, client, most)
    _fill(site)
    assert _prices(site, client, most) == first


def _prices(site: matrix.Site, client: Any, most: int) -> dict[str, int]:
    prices = {}
    for resource, view in site.views:
        client.get(f"{view.url}/")
        with counted(site.house.database) as statements:
            assert client.get(f"{view.url}/").status_code == 200
        assert len(statements) <= most, resource + "\n" + "\n".join(statements)
        prices[resource] = len(statements)
    return prices


def _fill(site: matrix.Site) -> None:
    with acting(site.app) as session:
        maker = matrix.RowMaker(session, site.house)
        maker.numbers = count(1_000)
        for model in {view.model for _resource, view in site.views}:
            if model.__tablename__ in MADE_BY_THE_CHAIN:
                continue
            for store, clerk in zip(site.org.stores, site.org.clerks, strict=True):
                with suppress(IntegrityError), session.begin_nested():  # some tables hold one row a place
                    maker.make(model, store, clerk, canary=False)


@contextmanager
def counted(database: Any) -> Iterator[list[str]]:
    """Gather the statements that are sent inside the block, but those that open and close transactions."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
