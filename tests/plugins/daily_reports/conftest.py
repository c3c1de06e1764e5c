"""The chain with the daily reports on, a clock that stands where a test puts it, and people who act."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from core import language
from core.clock import SHANGHAI
from core.testing.factories import Organisation, acting, enable_plugins

if TYPE_CHECKING:
    from flask import Flask

    from core.access.person import CurrentPerson
    from core.app import House
    from core.org.models import Node


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Messages come as the code writes them, so that a test can name them."""
    language.set_locale("en")
    yield
    language.set_locale(language.DEFAULT_LOCALE)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], datetime]:
    """`at("2026-11-20 09:00")` stops the clock at that time in Shanghai."""

    def stop(text: str) -> datetime:
        instant = datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)

        class Stopped(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:
                return instant.astimezone(tz)

        monkeypatch.setattr("core.clock.datetime", Stopped)
        return instant

    return stop


@pytest.fixture
def chain(app: "Flask", org: Organisation, house: "House") -> Organisation:
    """The chain of this test, with every plugin on."""
    with acting(app) as session:
        enable_plugins(session, house.host)
    return org


@pytest.fixture
def person(app: "Flask", org: Organisation) -> "Callable[..., CurrentPerson]":
    """A function from a shipped role, and a place unless it is the usual one, to somebody who can act."""
    from core.auth.rights import load_person
    from core.testing.factories import make_person

    made: dict[tuple[str, str], int] = {}

    def find(role: str, node: "Node | None" = None) -> "CurrentPerson":
        with acting(app) as session:
            if node is None:
                person_id = org.people[role].id
            elif (role, node.code) in made:
                person_id = made[role, node.code]
            else:
                person_id = made[role, node.code] = make_person(
                    session, f"{role}.at.{node.code.lower()}", node, role
                ).id
            return load_person(session, person_id)

    return find


@pytest.fixture
def statements(house: "House") -> "Callable[[], AbstractContextManager[list[str]]]":
    """`with statements() as seen:` gathers what reaches the database inside the block."""

    @contextmanager
    def watch() -> Iterator[list[str]]:
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if not statement.startswith("BEGIN"):
                seen.append(statement)

        event.listen(house.database.engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(house.database.engine, "before_cursor_execute", note)

    return watch


@pytest.fixture
def store(chain):
    return chain.stores[0]


@pytest.fixture
def manager(person):
    return person("store_manager")


@pytest.fixture
def reviewer(person):
    return person("area_manager")


@pytest.fixture
def morning(at):
    """Friday, a quarter to nine."""
    return at("2026-11-20 08:45")


@pytest.fixture
def days(app, chain):
    """The day records of the chain, `{code: values}`."""

    def read():
        with acting(app) as session:
            rows = session.execute(select(Node.code, DayReport).join(DayReport, DayReport.node_id == Node.id)).all()
            return {code: report for code, report in rows}

    return read


@pytest.fixture
def add(app, chain):
    """Add the day of a store, by its number."""

    def make(number, target=None, amount=None, day=FRIDAY, state="reported", **values):
        with acting(app) as session:
            row = DayReport(
                node_id=chain.stores[number].id, day=day, state=state, target_amount=target and Decimal(target),
                amount=None if amount is None else Decimal(amount), **values,
            )  # fmt: skip
            session.add(row)
        return row

    return make


@pytest.fixture
def shop(app, chain, tmp_path):
    return Shop(app, tmp_path)
