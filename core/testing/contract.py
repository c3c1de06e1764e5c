"""What every plugin keeps to, found out from outside. A plugin's tests inherit it in three lines::

    from core.testing.contract import PluginContract


    class TestLoyalty(PluginContract):
        name = "loyalty"

It tries the plugin as it is installed, on databases of its own, beside every other plugin that is there. An
address with a part in angle brackets needs a value for it, and a column that not any text will do for needs
one too: they stand in a file ``access_values.py`` beside the test, see `core.testing.access_matrix`.
"""

import inspect
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from core.testing import access_matrix as matrix
from core.testing import declarations, pages, schema
from core.testing.factories import Organisation, acting, enable_plugins, sign_in

if TYPE_CHECKING:
    from flask import Flask

    from core.app import House
    from core.registry.discovery import Installed

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
START_SECONDS = 30


class PluginContract:
    """The contract of one plugin: say its `name`."""

    name: str
    most_queries = pages.MOST_QUERIES
    """What a list page of it may ask the database."""

    @pytest.fixture(autouse=True)
    def values_of_addresses(self, request: pytest.FixtureRequest) -> None:
        """Take in the file beside the test."""
        path = Path(inspect.getfile(request.cls)).with_name("access_values.py")
        if path.exists():
            matrix.load_values(path)

    @pytest.fixture
    def installed(self) -> "Installed":
        """The plugin as it is found on disk."""
        from config.settings import Settings
        from core.registry.discovery import discover

        folder = Settings().plugins_dir
        found = {plugin.name: plugin for plugin in discover(folder)}
        assert self.name in found, f"{self.name} is not installed: pip install its package, or put it into {folder}"
        return found[self.name]

    @pytest.fixture
    def house(self, app: "Flask") -> "House":
        """The application, with every plugin on for everybody."""
        house = app.extensions["backoffice"]
        assert self.name in house.host.plugins, f"{self.name} is not installed"
        assert house.host.plugins[self.name].is_loaded, house.host.plugins[self.name].traceback
        with acting(app) as session:
            enable_plugins(session, house.host)
        return house

    @pytest.fixture
    def site(self, app: "Flask", house: "House", org: Organisation) -> matrix.Site:
        """Somebody whose every right ends at one store, and rows of the plugin's tables here and elsewhere."""
        return matrix.make_site(app, org, "store", self.name)

    # What it declares

    def test_its_manifest_says_what_it_is(self, installed: "Installed") -> None:
        declarations.check_manifest(installed)

    def test_every_text_has_its_chinese(self, installed: "Installed") -> None:
        declarations.check_texts(installed)

    def test_it_starts_in_a_process_of_its_own(self) -> None:
        command = [sys.executable, "-m", "core.registry.check", self.name]
        run = subprocess.run(command, capture_output=True, text=True, timeout=START_SECONDS, check=False)
        assert run.returncode == 0, run.stderr

    @on_sqlite
    def test_it_answers_the_hooks_that_are_asked(self, house: "House") -> None:
        declarations.check_hooks(house, self.name)

    @on_sqlite
    def test_all_it_brings_bears_its_name(self, house: "House") -> None:
        declarations.check_names(house, self.name)

    @on_sqlite
    def test_its_tables_say_whose_rows_they_hold(self, house: "House") -> None:
        declarations.check_tables(house, self.name)

    @on_sqlite
    def test_its_views_declare_what_they_need(self, house: "House") -> None:
        declarations.check_views(house, self.name)

    @on_sqlite
    def test_its_conditions_hang_on_who_acts_alone(self, app: "Flask", site: matrix.Site) -> None:
        declarations.check_conditions(app, self.name, [site.current()])

    # Its tables

    def test_its_tables_go_and_come_back_as_the_models_say(self, house: "House") -> None:
        from core.migrate import current, head, upgrade

        database, host = house.database, house.host
        self.models_must_be_the_schema(house)
        if head(host, self.name) is None:
            pytest.skip("it has no tables")
        left = schema.downgrade(database, host, self.name)
        assert [table for table in left if table.startswith(f"{self.name}_")] == []
        assert upgrade(database, host, self.name) == head(host, self.name)
        with database.engine.connect() as connection:
            assert current(connection, self.name) == head(host, self.name)
        self.models_must_be_the_schema(house)

    def models_must_be_the_schema(self, house: "House") -> None:
        """Raise when a migration is missing."""
        lacking = schema.difference(house.database, self.name)
        assert not lacking, f"run: backoffice plugin revision {self.name}; the database lacks {lacking}"

    # Who may do what

    @on_sqlite
    def test_every_address_asks_who_is_there(self, app: "Flask", house: "House", org: Organisation) -> None:
        matrix.check_public_rules(app, org, self.name)
        matrix.check_anonymous(app, org, self.name)
        matrix.check_tokens(app, org, self.name)

    @on_sqlite
    def test_one_right_less_closes_exactly_its_doors(self, app: "Flask", house: "House", org: Organisation) -> None:
        matrix.check_permissions(app, org, self.name)

    @on_sqlite
    def test_each_shipped_role_is_let_in_where_its_grants_say(
        self, app: "Flask", house: "House", org: Organisation
    ) -> None:
        matrix.check_shipped_roles(app, org, self.name)

    @on_sqlite
    def test_a_row_of_elsewhere_is_as_if_it_did_not_exist(self, site: matrix.Site) -> None:
        matrix.check_rows(site)
        matrix.check_other_pages(site)
        matrix.check_session(site)

    @on_sqlite
    def test_the_right_to_read_everywhere_is_no_right_to_write_there(
        self, app: "Flask", house: "House", org: Organisation
    ) -> None:
        matrix.check_crossed(matrix.make_site(app, org, "crossed", self.name))

    # On and off

    @on_sqlite
    def test_off_it_does_not_exist(self, app: "Flask", house: "House", org: Organisation) -> None:
        matrix.check_switched_off(app, org, self.name)

    @on_sqlite
    def test_it_may_be_switched_on_and_off_twice(self, app: "Flask", house: "House", org: Organisation) -> None:
        from core.registry import switching
        from core.registry.models import PluginIntent

        for switch in ("on", "on", "off", "off", "on"):
            with acting(app) as session:
                needed_by = [
                    other.name for other in house.host.plugins.values()
                    if other.is_loaded and self.name in other.installed.manifest.requires  # type: ignore[union-attr]
                ]  # fmt: skip
                if switch == "on":
                    switching.enable(session, house, self.name)
                elif not needed_by:
                    switching.disable(session, house, self.name)
        with acting(app) as session:
            query = select(func.count()).select_from(PluginIntent).where(PluginIntent.name == self.name)
            assert session.scalar(query) == 1
        declarations.check_hooks(house, self.name)

    # What it does

    @on_sqlite
    def test_its_hooks_answer_for_everybody_and_its_tasks_run_twice(
        self, app: "Flask", house: "House", site: matrix.Site
    ) -> None:
        from core.api import ScheduledTask

        for person in site.org.people.values():
            assert sign_in(app.test_client(), person).get("/").status_code == 200
        tasks = dict(house.host.collect("backoffice_scheduled_tasks", only={self.name})).get(self.name, [])
        for task in tasks:
            assert isinstance(task, ScheduledTask) and task.name.startswith(f"{self.name}."), task
            for _run in range(2):
                with app.app_context(), acting(app) as session:
                    task.run(session)
        declarations.check_hooks(house, self.name)

    @on_sqlite
    def test_no_page_holds_what_its_policy_forbids(self, site: matrix.Site) -> None:
        for role in ("system_administrator", "store_manager"):
            pages.check_policy(site, role)

    @on_sqlite
    def test_a_list_asks_the_database_as_often_for_many_rows_as_for_few(self, site: matrix.Site) -> None:
        pages.check_list_prices(site, self.most_queries)
