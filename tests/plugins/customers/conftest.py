"""The chain with the customers on, and clerks at their counters."""

import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from core import language
from core.testing.factories import Organisation, acting, enable_plugins, post, sign_in

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
