"""Two months of a thousand real shops, imported once for every test that looks at them."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from config.settings import Settings
from core import clock
from core.clock import SHANGHAI
from core.commands.context import Shell
from core.commands.data import import_file
from core.testing.databases import close_template, fresh_database
from core.testing.factories import acting, enable_plugins

REAL = Path(os.environ.get("BACKOFFICE_TEST_DATA", "")) / "store_days.csv"
DAYS = (
    "daily_reports.day", REAL, "--map", "sales=amount", "--map", "customers=buyers", "--absent-days", "closed",
)  # fmt: skip
STORES = ("org.store", REAL, "--map", "store=code", "--map", "store_type=peer_group")
IMPORTED_AT = datetime(2015, 8, 1, 12, tzinfo=SHANGHAI)
only_with_the_data = pytest.mark.skipif(
    not (os.environ.get("BACKOFFICE_TEST_DATA") and REAL.is_file()),
    reason="BACKOFFICE_TEST_DATA does not name the folder of store_days.csv",
)


@dataclass
class RealShops:
    """A database with the real shops beside the chain of the tests, and what their two imports told."""

    url: str
    stores: dict[str, Any] = field(default_factory=dict)
    days: dict[str, Any] = field(default_factory=dict)


def run(app: Any, command: Any, *words: object) -> dict[str, Any]:
    """What a command of the shell prints, as the document it is."""
    shell = Shell()
    shell.__dict__["app"] = app
    answer = CliRunner().invoke(command, [*map(str, words), "--json"], obj=shell, catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


@pytest.fixture(scope="session")
def real_shops(
    tmp_path_factory: pytest.TempPathFactory, database_template: Callable[..., str]
) -> Iterator[Callable[[str], RealShops]]:
    """A function from a kind of database to the template with the real shops, made when first asked for."""
    templates: dict[str, RealShops] = {}
    with ExitStack() as stack:

        def template(kind: Any) -> RealShops:
            if kind not in templates:
                folder = tmp_path_factory.mktemp("real")
                copy = fresh_database(kind, folder, database_template(kind, with_chain=True))
                templates[kind] = RealShops(stack.enter_context(copy))
                _import(templates[kind], folder)
                close_template(templates[kind].url)
            return templates[kind]

        yield template


def _import(shops: RealShops, folder: Path) -> None:
    from core.app import create_app

    class Stopped(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return IMPORTED_AT.astimezone(tz)

    app = create_app(Settings(env="testing", database_url=shops.url, data_dir=folder, secret_key="x" * 40))
    with acting(app) as session:
        enable_plugins(session, app.extensions["backoffice"].host)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "datetime", Stopped)
        shops.stores = run(app, import_file, *STORES)
        shops.days = run(app, import_file, *DAYS)
    app.extensions["backoffice"].database.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(
    request: pytest.FixtureRequest, tmp_path: Path, real_shops: Callable[[str], RealShops]
) -> Iterator[str]:
    """The URL of a copy with the real shops in it, for the modules that import this."""
    with fresh_database(request.param, tmp_path, real_shops(request.param).url) as url:
        yield url
