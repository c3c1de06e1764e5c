"""The application on a fresh database, and a client that talks to it without a network."""

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from config.settings import Settings

SECRET_KEY = "the-tests-sign-with-this-key-and-nobody-else-does"


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Tell the garbage collector that modules and tests stay, and not to look before a few applications are over.

    Each is a heap of some 50,000 objects in cycles: else most of these are looked through several times while
    they are needed, and every few tests all that is in memory.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 10, 10)


@pytest.fixture(autouse=True)
def language_of_the_house() -> None:
    """Each test begins in the house's own language, whatever the one before it spoke; who needs another sets it."""
    from core import language

    language.set_locale(language.DEFAULT_LOCALE)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> "Settings":
    """The settings of one test: its own database and data folder."""
    from config.settings import Settings

    return Settings(env="testing", database_url=database_url, data_dir=tmp_path, secret_key=SECRET_KEY)


@pytest.fixture
def app(settings: "Settings") -> "Iterator[Flask]":
    """The application as ``wsgi.py`` makes it, on the test's own database."""
    from core.app import create_app

    app = create_app(settings)
    yield app
    app.extensions["backoffice"].database.dispose()


@pytest.fixture
def client(app: "Flask") -> "FlaskClient":
    """A browser without scripts, not logged in."""
    return app.test_client()
