"""Fresh databases for tests: migrated once as a template, then copied for every test in milliseconds.

A test that uses the chain (``org``, see `core.testing.factories`) gets a copy in which it is made already.
``database_url`` gives each test that asks for it two runs, one on SQLite and one on PostgreSQL. A test that
is about one of them says so::

    @pytest.mark.parametrize("database_url", ["postgres"], indirect=True)

Without an installed PostgreSQL server its half is skipped with the reason; where ``CI`` is set it fails.
"""

import os
import shutil
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

import pytest

from core.testing.postgres import PostgresCluster, PostgresUnavailable

DatabaseKind = Literal["sqlite", "postgres"]

_cluster = PostgresCluster()
_RUNNING = pytest.StashKey[str]()
_PROBLEM = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """The marks of this module."""
    config.addinivalue_line("markers", "postgres: needs a PostgreSQL server")


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(
    request: pytest.FixtureRequest, tmp_path: Path, database_template: Callable[..., str]
) -> Iterator[str]:
    """The URL of a database of this test alone: the schema of core and all plugins, the chain, and not a row more."""
    kind: DatabaseKind = request.param
    template = database_template(kind, with_chain="chain_of_the_template" in request.fixturenames)
    with fresh_database(kind, tmp_path, template) as url:
        yield url


@pytest.fixture(scope="session")
def database_template(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., str]]:
    """A function from a kind to the URL of its template, made when first asked for; ``with_chain`` holds the chain."""
    templates: dict[tuple[str, bool], str] = {}
    made: list[str] = []

    def template(kind: DatabaseKind, *, with_chain: bool = False) -> str:
        if (kind, with_chain) not in templates:
            if kind == "sqlite":
                url = f"sqlite:///{tmp_path_factory.mktemp('template') / 'template.sqlite3'}"
            else:
                url = _create_database(request.getfixturevalue("postgres_server"), "template")
                made.append(url)
            _fill(url, with_chain=with_chain)
            close_template(url)
            templates[kind, with_chain] = url
        return templates[kind, with_chain]

    yield template
    for url in made:
        _drop_database(url)


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> str:
    """The URL of the run's PostgreSQL server, for a test that makes databases of its own."""
    url = _server_url(pytestconfig)
    if url is None:
        problem = pytestconfig.stash.get(_PROBLEM, "PostgreSQL did not start")
        pytest.fail(problem) if os.environ.get("CI") else pytest.skip(problem)
    return url


@contextmanager
def fresh_database(kind: DatabaseKind, tmp_path: Path, template: str) -> Iterator[str]:
    """A copy of a template for the length of a ``with`` block.

    :param tmp_path: where the file of a SQLite database goes.
    :param template: the URL of a migrated database of the same kind, to which nobody is connected.
    :returns: the URL of the copy.
    """
    if kind == "sqlite":
        copy = tmp_path / "database.sqlite3"
        shutil.copyfile(template.removeprefix("sqlite:///"), copy)
        yield f"sqlite:///{copy}"
        return
    url = _create_database(template, "test", template=template.rpartition("/")[2])
    try:
        yield url
    finally:
        _drop_database(url)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """xdist is about to start a worker: all workers share the server of the controller."""
    node.workerinput["backoffice_postgres"] = _server_url(node.config)
    node.workerinput["backoffice_postgres_problem"] = node.config.stash.get(_PROBLEM, "")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a PostgreSQL server, so that ``-m "not postgres"`` leaves it out."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        chosen = callspec is not None and callspec.params.get("database_url") == "postgres"
        if chosen or "postgres_server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.postgres)


def pytest_unconfigure() -> None:
    """The run is over."""
    _cluster.stop()


def _server_url(config: pytest.Config) -> str | None:
    if hasattr(config, "workerinput"):
        config.stash[_PROBLEM] = config.workerinput["backoffice_postgres_problem"]
        return config.workerinput["backoffice_postgres"]
    if _RUNNING not in config.stash and _PROBLEM not in config.stash:
        try:
            _cluster.start()
            config.stash[_RUNNING] = _cluster.url()
        except PostgresUnavailable as problem:
            config.stash[_PROBLEM] = str(problem)
    return config.stash.get(_RUNNING, None)


def _fill(url: str, *, with_chain: bool) -> None:
    from core.access.guard import GuardedSession
    from core.access.person import SYSTEM, acting_as
    from core.db import Database
    from core.migrate import upgrade_all
    from core.testing.factories import make_organisation

    upgrade_all(url)
    if with_chain:
        database = Database(url, GuardedSession)
        with acting_as(SYSTEM), database.transaction() as session:
            make_organisation(session)
        database.dispose()


def close_template(url: str) -> None:
    """Make a database ready to be copied; nobody connects to it any more."""
    if url.startswith("sqlite"):
        # Everything must be in the one file that is copied.
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    else:
        # PostgreSQL copies a database only while nobody is connected to it.
        name = url.rpartition("/")[2]
        _execute(url, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        _execute(url, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")


def _create_database(server: str, purpose: str, *, template: str = "template0") -> str:
    name = f"{purpose}_{uuid.uuid4().hex[:12]}"
    # Copied file by file, an eighth of the time of PostgreSQL's own choice for a small template.
    _execute(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    return f"{server.rpartition('/')[0]}/{name}"


def _drop_database(url: str) -> None:
    _execute(url, f'DROP DATABASE "{url.rpartition("/")[2]}" WITH (FORCE)')


def _execute(server: str, statement: str) -> None:
    """Run one statement on the maintenance database of the server that a URL points into."""
    import psycopg

    with psycopg.connect(f"{server.rpartition('/')[0]}/postgres", autocommit=True) as connection:
        connection.execute(statement)
