"""What all parts of the house keep to together; each plugin's own contract is core.testing.contract."""

from pathlib import Path

import pytest

from core.db import mappers
from core.registry.discovery import discover
from core.testing import access_matrix as matrix
from core.testing import declarations, pages
from core.testing.factories import acting, enable_plugins

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = sorted(path.parent.name for path in (ROOT / "plugins").glob("*/plugin.toml"))
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def house(app):
    house = app.extensions["backoffice"]
    with acting(app) as session:
        enable_plugins(session, house.host)
    return house


@pytest.fixture
def site(app, house, org):
    """The chain with rows of every table, here and elsewhere."""
    return matrix.make_site(app, org, "store")


def test_all_are_found_without_a_problem():
    found = discover(ROOT / "plugins")
    assert {plugin.name for plugin in found if plugin.origin == "plugins/"} == set(INSTALLED)
    assert [plugin.problem for plugin in found if plugin.problem] == []


@pytest.mark.parametrize("name", INSTALLED)
def test_each_has_a_test_of_its_contract(name):
    inherited = (ROOT / "tests" / "plugins" / name / "test_contract.py").read_text("utf-8")
    assert "(PluginContract)" in inherited and f'name = "{name}"' in inherited


@on_sqlite
def test_every_view_declares_what_it_needs(house):
    declarations.check_views(house)


@on_sqlite
@pytest.mark.parametrize("role", ["system_administrator", "store_manager"])
def test_no_page_holds_what_its_policy_forbids(site, role):
    assert pages.check_policy(site, role) > 40


@on_sqlite
@pytest.mark.requirement("Z11")
def test_a_list_asks_the_database_as_often_for_many_rows_as_for_few(site):
    pages.check_list_prices(site)


@on_sqlite
def test_every_table_is_somebodys(house):
    for mapper in mappers():
        model = mapper.class_
        assert model.__scope__ in ("global", "node", "own") or (
            isinstance(model.__scope__, tuple) and model.__scope__[0] in ("via", "through")
        ), model
        if model.__scope__ == "own":
            assert model.__owner__ in mapper.columns, model


@pytest.mark.requirement("J3", "J7")
def test_each_plugin_keeps_its_own_tables_under_its_name_and_points_at_core_alone():
    for mapper in mappers():
        package, _, plugin = mapper.class_.__module__.partition(".")
        if package == "plugins":
            plugin = plugin.partition(".")[0]
            assert mapper.local_table.name.startswith(f"{plugin}_"), mapper.class_
            pointed_at = {key.column.table for key in mapper.local_table.foreign_keys}
            owners = {each.class_.__module__.split(".")[1] for each in mappers()
                      if each.local_table in pointed_at and each.class_.__module__.startswith("plugins.")}  # fmt: skip
            assert owners <= {plugin}, mapper.class_
