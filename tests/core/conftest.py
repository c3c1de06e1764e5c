"""The shelves: a plugin that exists for the tests, with a table of every scope and a view that declares everything."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.testing.factories import acting, enable_plugins

if TYPE_CHECKING:
    from flask import Flask

    from config.settings import Settings

PLUGINS = Path(__file__).parent / "plugins"


@pytest.fixture
def shelf_app(settings: "Settings") -> "Iterator[Flask]":
    """An application in which the shelves are installed, up to date and on for everybody.

    A test file that is about tables of every kind makes it its `app`.
    """
    with shelves(settings) as app:
        yield app


@contextmanager
def shelves(settings: "Settings") -> "Iterator[Flask]":
    """The application with the shelves; afterwards no other test sees their tables."""
    from core.app import create_app
    from core.db import forget_plugin, metadata, tables_of
    from core.migrate import _seed

    app = create_app(settings.model_copy(update={"plugins_dir": PLUGINS}))
    house = app.extensions["backoffice"]
    try:
        metadata.create_all(house.database.engine, tables=tables_of("shelf"))
        with acting(app) as session:
            _seed(session, house.host, "shelf")
            enable_plugins(session, house.host)
        yield app
    finally:
        house.database.dispose()
        forget_plugin("shelf")
        for name in [name for name in sys.modules if name.startswith("plugins.shelf")]:
            del sys.modules[name]


@pytest.fixture
def open_shelves(settings: "Settings") -> "Callable[[], AbstractContextManager[Flask]]":
    """For a test that changes the house before it is built: `with open_shelves() as app:`."""
    return lambda: shelves(settings)
