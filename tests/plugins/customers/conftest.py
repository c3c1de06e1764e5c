"""The chain with the customers on, and clerks at their counters."""

import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from core import language
from core.testing.factories import Organisation, acting, enable_plugins, post, sign_in
from plugins.customers import merging
from plugins.customers.models import Customer, Pair

if TYPE_CHECKING:
    from flask import Flask

    from core.app import House

AGREED = ["service-any"]


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Messages come as the code writes them, so that a test can name them."""
    language.set_locale("en")
    yield
    language.set_locale(language.DEFAULT_LOCALE)


@pytest.fixture
def chain(app: "Flask", org: Organisation, house: "House") -> Organisation:
    """The chain of this test, with every plugin on."""
    with acting(app) as session:
        enable_plugins(session, house.host)
    return org


@pytest.fixture
def clerk(app: "Flask", chain: Organisation) -> Callable[[int], Any]:
    """A function from a store's number to the browser of its clerk."""
    return lambda number=0: sign_in(app.test_client(), chain.clerks[number])


@pytest.fixture
def record(clerk: Callable[[int], Any]) -> Callable[..., Any]:
    """`record("13800138000", "张三", store=2)`: a clerk sends the counter's form."""

    def send(number: str, name: str = "", *, store: int = 0, client: Any = None, **more: Any) -> Any:
        form = {"number": number, "name": name, "agreed": AGREED, "key": str(uuid.uuid4())} | more
        return post(client or clerk(store), "/customers/record", form)

    return send


@pytest.fixture
def everybody(app: "Flask") -> Callable[..., list[Any]]:
    """A function that reads all rows of a table."""

    def rows(model: Any) -> list[Any]:
        with acting(app) as session:
            return list(session.scalars(select(model).order_by(next(iter(model.__table__.primary_key)))))

    return rows


@pytest.fixture
def count(app: "Flask") -> Callable[[Any], int]:
    """How many rows of a table there are."""

    def rows(model: Any) -> int:
        with acting(app) as session:
            return session.scalar(select(func.count()).select_from(model))

    return rows


@pytest.fixture
def people(record: Callable[..., Any], everybody: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """`people("张三", "张三", "李四")`: each recorded by the clerk of another store, with a number unlike the others."""

    def make(*names: str) -> list[Any]:
        for position, name in enumerate(names):
            record(f"13{str(position) * 3}138{str(position) * 3}", name, store=position)
        return everybody(Customer)[-len(names) :]

    return make


@pytest.fixture
def merged(app: "Flask") -> Callable[..., int]:
    """`merged(kept, gone)` merges two records by hand, as the system, and returns the id of the merge."""

    def merge(kept: Any, gone: Any) -> int:
        with app.app_context(), acting(app) as session:
            return merging.merge(session, kept.id, gone.id, how="by_hand").id

    return merge


@pytest.fixture
def undone(app: "Flask") -> Callable[[int], None]:
    """`undone(number)` takes a merge back."""

    def undo(number: int) -> None:
        with app.app_context(), acting(app) as session:
            merging.undo(session, number)

    return undo


@pytest.fixture
def pair(app: "Flask") -> Callable[..., int]:
    """`pair(first, second, 0.8)` puts two records into the queue, and returns the id of the pair."""

    def add(first: Any, second: Any, score: float = 0.5, **values: Any) -> int:
        first_id, second_id = sorted((first.id, second.id))
        with acting(app) as session:
            row = Pair(first_id=first_id, second_id=second_id, score=score, **values)
            session.add(row)
            session.flush()
            return row.id

    return add
