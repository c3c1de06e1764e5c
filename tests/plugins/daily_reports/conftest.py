"""The chain with the daily reports on, a clock that stands where a test puts it, and people who act."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, select

from core import language
from core.clock import SHANGHAI
from core.org.models import Node
from core.testing.factories import Organisation, acting, enable_plugins
from plugins.daily_reports.models import DayReport
from tests.plugins.daily_reports.importing_shop import Shop
from tests.plugins.daily_reports.real_shops import real_shops  # noqa: F401 - one for all modules
from tests.plugins.daily_reports.steps import FRIDAY

if TYPE_CHECKING:
    from flask import Flask

    from core.access.person import CurrentPerson
    from core.app import House


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
def store(chain: Organisation) -> Node:
    """The store of the usual manager, deputy and clerk."""
    return chain.stores[0]


@pytest.fixture
def manager(person: "Callable[..., CurrentPerson]") -> "CurrentPerson":
    """The manager of that store."""
    return person("store_manager")


@pytest.fixture
def reviewer(person: "Callable[..., CurrentPerson]") -> "CurrentPerson":
    """The manager of its area."""
    return person("area_manager")


@pytest.fixture
def morning(at: Callable[[str], datetime]) -> datetime:
    """Friday, a quarter to nine."""
    return at("2026-11-20 08:45")


@pytest.fixture
def days(app: "Flask", chain: Organisation) -> Callable[[], dict[str, DayReport]]:
    """A function that gives the day records of the chain by the code of their place, one day each."""

    def read() -> dict[str, DayReport]:
        with acting(app) as session:
            joined = select(Node.code, DayReport).join(DayReport, DayReport.node_id == Node.id)
            return dict(session.execute(joined).all())

    return read


@pytest.fixture
def add(app: "Flask", chain: Organisation) -> Callable[..., int]:
    """A function that adds the day of a store, named by its number, and returns its id."""

    def make(
        number: int,
        target: object = None,
        amount: object = None,
        day: date = FRIDAY,
        state: str = "reported",
        **values: Any,
    ) -> int:
        target, amount = (None if figure is None else Decimal(str(figure)) for figure in (target, amount))
        row = DayReport(
            node_id=chain.stores[number].id, day=day, state=state, target_amount=target, amount=amount, **values
        )
        with acting(app) as session:
            session.add(row)
        return row.id

    return make


@pytest.fixture
def shop(app: "Flask", chain: Organisation, tmp_path: Path) -> Shop:
    """Somebody who imports files."""
    return Shop(app, tmp_path)
