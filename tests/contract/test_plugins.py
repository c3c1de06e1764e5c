"""What every plugin in `plugins/` keeps to, found out from outside: its manifest, rights, tables, pages and prices."""

import importlib.util
import re
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path

import pytest
from sqlalchemy import event, inspect

from core.admin.model_view import ModelView
from core.admin.view import View
from core.db import Deletable, mappers, plugin_registries, tables_of
from core.org.models import InNode
from core.registry.discovery import discover
from core.registry.manifest import read_manifest
from core.testing.factories import acting, enable_plugins, sign_in

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = sorted(path.parent.name for path in (ROOT / "plugins").glob("*/plugin.toml"))
MOST_QUERIES = 2 + 6
"""Of a list page: two for the session, the rest for rows, count and names."""
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
each_plugin = pytest.mark.parametrize("name", INSTALLED)


def _matrix():
    path = ROOT / "tests" / "core" / "access_matrix.py"
    spec = importlib.util.spec_from_file_location("access_matrix_for_contract", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


matrix = _matrix()


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


@each_plugin
def test_its_manifest_says_what_it_is(name):
    folder = ROOT / "plugins" / name
    manifest = read_manifest(folder)
    assert manifest.name == name and manifest.title and manifest.summary
    assert re.fullmatch(r"\d+(\.\d+)*", manifest.version), manifest.version
    icons = (ROOT / "core" / "admin" / "static" / "icons.svg").read_text("utf-8")
    assert f'id="{manifest.icon}"' in icons, f"there is no icon {manifest.icon}"


def test_all_are_found_without_a_problem():
    found = discover(ROOT / "plugins")
    assert {plugin.name for plugin in found if plugin.origin == "plugins/"} == set(INSTALLED)
    assert [plugin.problem for plugin in found if plugin.problem] == []


@on_sqlite
@each_plugin
def test_it_loads_and_answers_the_hooks_of_the_start(house, name):
    plugin = house.host.plugins[name]
    assert plugin.is_loaded, plugin.traceback
    assert [(hook, count.last_error) for hook, count in plugin.counts.items() if count.failures] == []


@on_sqlite
@each_plugin
def test_all_it_brings_bears_its_name(house, name):
    assert [table.name for table in tables_of(name) if not table.name.startswith(f"{name}_")] == []
    own = [permission for permission in house.permissions if permission.startswith(f"{name}:")]
    needed = {
        guard.permission
        for endpoint, guard in house.guards.items()
        if house.owners.get(endpoint.split(".")[0]) == name and guard.permission
    }
    assert needed <= set(own), f"its routes need rights of others: {needed - set(own)}"
    for resource, view in house.views.items():
        if view.plugin == name:
            assert resource.startswith(f"{name}."), resource


@on_sqlite
@each_plugin
def test_its_tables_say_whose_rows_they_hold(house, name):
    registry = plugin_registries.get(name)
    for mapper in registry.mappers if registry else ():
        model, table = mapper.class_, mapper.local_table
        assert model.__scope__ == "global" or model.__resource__.startswith(f"{name}:"), model
        if issubclass(model, InNode):
            indexed = [[column.name for column in index.columns][:1] for index in table.indexes]
            indexed += [[column.name for column in constraint.columns][:1] for constraint in table.constraints]
            assert model.__scope__ == "node" and ["node_id"] in indexed, (
                f"{table.name} has no index that begins with node_id"
            )
        if isinstance(model.__scope__, tuple):
            parent = model.__scope__[1]
            assert not table.columns[parent].nullable, f"{table.name}.{parent} may be empty: a row of nobody"
        for column in table.columns:
            for key in column.foreign_keys:
                owner = next(
                    (other for other in plugin_registries if key.column.table.name.startswith(f"{other}_")), None
                )
                allowed = {None, name, *house.host.plugins[name].installed.manifest.requires}
                assert owner in allowed, (
                    f"{table.name}.{column.name} points to {key.column.table.name} of a plugin it does not require"
                )
        for relation in inspect(model).relationships:
            assert relation.mapper.class_.__module__.startswith(f"plugins.{name}."), (
                f"{model.__name__}.{relation.key} leads to another plugin"
            )


@on_sqlite
def test_every_view_declares_what_it_needs(house):
    for view in house.views.values():
        assert isinstance(view, ModelView)
        assert view.title and view.row_title and view.columns, view.resource
        names = [field.name for field in view.fields]
        assert len(names) == len(set(names)), view.resource
        for field in view.fields:
            assert hasattr(view.model, field.name), f"{view.resource}: {field.name}"
            assert not field.lookup or field.lookup in house.views, f"{view.resource}: {field.lookup}"
            assert field.name not in (
                "id",
                "version",
                "created_at",
                "updated_at",
                "deleted_at",
                "area_id",
                "region_id",
                "password_hash",
            )
        for column in view.columns:
            sql = column.sql(view.model)
            personal = getattr(sql, "info", {}).get("personal")
            if column.sortable:
                assert not sql.nullable, f"{view.resource}.{column.name} is sortable and may be empty"
            assert not (personal and (column.sortable or column.filter or column.name in view.search)), (
                f"{view.resource}.{column.name} is an oracle"
            )
            assert not personal or column.kind_for(view.model) == "mobile", (
                f"{view.resource}.{column.name} is shown in full"
            )
        for name in view.search:
            assert hasattr(view.model, name), f"{view.resource}: {name}"
        actions = {"list", "read", *(["restore"] if issubclass(view.model, Deletable) else [])}
        assert actions & {"list", "read"} <= set(view.actions), view.resource
    for view in house.menu_views:
        assert isinstance(view, View) and view.title


class Policy(HTMLParser):
    """Gathers what the content policy would block, and forms that would be refused for want of their token."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: list[str] = []
        self.without_token = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        for name, value in attributes:
            leads_away = name in ("src", "href", "action", "formaction") and re.match(
                r"(?i)\s*(https?:)?//|\s*javascript:", value or ""
            )
            if name.startswith("on") or name == "style" or leads_away:
                self.problems.append(f"<{tag} {name}={value!r}>")
        if (tag == "script" and "src" not in given) or tag in ("style", "iframe", "object", "embed", "base"):
            self.problems.append(f"<{tag}>")
        if tag == "form" and (given.get("method") or "get").lower() == "post":
            self.without_token = str(given.get("action"))
        if tag == "input" and given.get("name") == "csrf_token" and given.get("value"):
            self.without_token = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self.without_token:
            self.problems.append(f"a form without its token: {self.without_token}")
            self.without_token = ""


@on_sqlite
@pytest.mark.parametrize("role", ["system_administrator", "store_manager"])
def test_no_page_holds_what_its_policy_forbids(app, house, org, site, role):
    call = matrix.Caller(sign_in(app.test_client(), org.people[role]))
    seen = 0
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if (
            "GET" not in rule.methods
            or matrix.is_static(app, rule.endpoint)
            or rule.endpoint.endswith((".export", ".ajax_lookup"))
        ):
            continue
        view = getattr(app.view_functions[rule.endpoint], "__self__", None)
        rows = site.own.get(view.model.__tablename__, []) if isinstance(view, ModelView) else []
        values = {name: matrix.route_value(site, rule.endpoint, name, "own") for name in rule.arguments}
        address = rule.build(values)[1]
        for url in (address, *(f"{address}?id={number}" for number in rows[:1])):
            answer = call("GET", url)
            assert "unsafe" not in answer.headers["Content-Security-Policy"], url
            if answer.mimetype != "text/html" or answer.status_code in (301, 302):
                continue
            seen += 1
            page = Policy()
            page.feed(answer.text)
            assert not page.problems, f"{url}: {page.problems}"
    assert seen > 40


@contextmanager
def counted(database):
    statements = []

    def note(_connection, _cursor, statement, *_rest):
        if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


@on_sqlite
@pytest.mark.requirement("Z11")
def test_a_list_asks_the_database_as_often_for_many_rows_as_for_few(app, house, org, site):
    client = sign_in(app.test_client(), org.people["system_administrator"])
    prices, numbers = [], iter(range(100, 10_000))
    for _round in range(2):
        for resource, view in sorted(house.views.items()):
            client.get(f"{view.url}/")
            with counted(house.database) as statements:
                assert client.get(f"{view.url}/").status_code == 200
            assert len(statements) <= MOST_QUERIES, resource + "\n" + "\n".join(statements)
            prices.append((resource, len(statements)))
        with acting(app) as session:
            maker = matrix.RowMaker(session, house)
            maker.numbers = numbers
            stranger = org.clerks[5]
            for model in {view.model for view in house.views.values()}:
                if model.__tablename__ not in ("org_node", "org_person", "auth_role", "auth_assignment"):
                    for _row in range(8):
                        maker.make(model, org.stores[5], stranger, canary=False)
    half = len(prices) // 2
    assert prices[:half] == prices[half:]


@on_sqlite
def test_every_table_is_somebodys(house):
    for mapper in mappers():
        model = mapper.class_
        assert model.__scope__ in ("global", "node", "own") or (
            isinstance(model.__scope__, tuple) and model.__scope__[0] == "via"
        ), model
        if model.__scope__ == "own":
            assert model.__owner__ in mapper.columns, model
