"""What a plugin declares, judged from outside: its manifest, names, tables, views and texts.

Each ``check_…`` raises AssertionError at the first thing that is not as the house keeps it.
"""

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import and_, inspect, true

from core import clock
from core.admin.model_view import ModelView
from core.admin.view import View
from core.db import Deletable, plugin_registries, tables_of
from core.org.models import InNode
from core.search.columns import searched_of
from core.testing.factories import acting

if TYPE_CHECKING:
    from core.app import House
    from core.registry.discovery import Installed

ICONS = Path(__file__).resolve().parents[1] / "admin" / "static" / "icons.svg"
OF_THE_HOUSE = {"id", "version", "created_at", "updated_at", "deleted_at", "area_id", "region_id", "password_hash"}
"""Columns that no form asks for: the house fills them."""


def check_manifest(installed: "Installed") -> None:
    """The manifest can be read, and says what the plugin is to whoever reads IT's page."""
    assert not installed.problem, installed.problem
    manifest = installed.manifest
    assert manifest and manifest.name == installed.name and manifest.title
    assert manifest.summary, "plugin.toml has no summary: IT reads it before they switch the plugin on"
    assert re.fullmatch(r"\d+(\.\d+)*", manifest.version), f"version {manifest.version!r} is not numbers and dots"
    assert f'id="{manifest.icon}"' in ICONS.read_text("utf-8"), f"there is no icon {manifest.icon}, see {ICONS}"


def check_hooks(house: "House", name: str) -> None:
    """Every function that is named like a hook is one, and none has failed."""
    module = house.host.plugins[name].module
    functions = {key: value for key, value in vars(module).items() if key.startswith("backoffice_")}
    unmarked = [key for key, value in functions.items() if not hasattr(value, "backoffice_impl")]
    assert not unmarked, f"without @hookimpl nobody calls {', '.join(unmarked)}"
    counts = house.host.hooks.counts.get(name, {})
    failed = [f"{hook} fails: {count.last_error}" for hook, count in counts.items() if count.failures]
    assert not failed, "\n".join(failed)


def check_names(house: "House", name: str) -> None:
    """Tables, rights and resources bear the plugin's name, and its addresses ask for its own rights."""
    assert [table.name for table in tables_of(name) if not table.name.startswith(f"{name}_")] == []
    for endpoint, guard in house.guards.items():
        if house.owners.get(endpoint.split(".")[0]) == name and guard.permission:
            assert guard.permission.startswith(f"{name}:"), f"{endpoint} needs a right of others: {guard.permission}"
    for resource, view in house.views.items():
        if view.plugin == name:
            assert resource.startswith(f"{name}."), resource


def check_tables(house: "House", name: str) -> None:
    """Each table says whose rows it holds, finds them by an index, and leans on no plugin it does not require."""
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
        if isinstance(model.__scope__, tuple) and model.__scope__[0] == "via":
            parent = model.__scope__[1]
            assert not table.columns[parent].nullable, f"{table.name}.{parent} may be empty: a row of nobody"
        for column in table.columns:
            for key in column.foreign_keys:
                _check_reference(house, name, column, key.column.table.name)
        for relation in inspect(model).relationships:
            assert relation.mapper.local_table in tables_of(name), (
                f"{model.__name__}.{relation.key} leads to another plugin"
            )


def _check_reference(house: "House", name: str, column: Any, target: str) -> None:
    owner = next((other for other in plugin_registries if target.startswith(f"{other}_")), None)
    required = house.host.plugins[name].installed.manifest.requires  # type: ignore[union-attr]
    assert owner in {None, name, *required}, f"{column} points to {target} of a plugin it does not require"


def check_conditions(app: Any, name: str, people: list[Any]) -> None:
    """What a view adds to its queries hangs on who acts and on the action alone: the query of a row is built once."""

    def asked() -> dict[Any, Any]:
        found = {}
        for person in people:
            with acting(app, person):
                for resource, view in app.extensions["backoffice"].views.items():
                    for action in view.actions if view.plugin == name else ():
                        made = and_(true(), *view.conditions(action))._generate_cache_key()
                        found[resource, action, person.id] = made and (
                            made.key,
                            [each.value for each in made.bindparams],
                        )
        return found

    with app.test_request_context("/"):
        now = asked()
    with app.test_request_context("/elsewhere/?id=7&kind=other"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "_shift", timedelta(days=40))
        later = asked()
    changed = sorted({key[:2] for key in now if now[key] != later[key]})
    assert not changed, f"hang on the hour or on the address: conditions of {changed}"


def check_views(house: "House", name: str | None = None) -> None:
    """The views of one plugin, or all, declare columns and fields that exist, and none that gives a secret away."""
    for resource, view in house.views.items():
        if name in (None, view.plugin):
            assert isinstance(view, ModelView)
            _check_view(house, resource, view)
    for view in house.menu_views:
        assert isinstance(view, View) and view.title


def _check_view(house: "House", resource: str, view: ModelView) -> None:
    assert view.title and view.row_title and view.columns, resource
    names = [field.name for field in view.fields]
    assert len(names) == len(set(names)), resource
    for field in view.fields:
        assert hasattr(view.model, field.name), f"{resource}: {field.name}"
        assert not field.lookup or field.lookup in house.views, f"{resource}: {field.lookup}"
        assert field.name not in OF_THE_HOUSE, f"{resource}: {field.name} is filled by the house"
    declared = [searched_of(getattr(view.model, name)) for name in view.search]
    searched = {*view.search, *(name for each in declared if each for name in each.columns)}
    for column in view.columns:
        sql = column.sql(view.model)
        personal = getattr(sql, "info", {}).get("personal")
        asked = column.sortable or column.filter or column.name in searched
        if column.sortable:
            assert not sql.nullable, f"{resource}.{column.name} is sortable and may be empty"
        assert not (personal and asked), f"{resource}.{column.name} is an oracle"
        assert not personal or column.kind_for(view.model) == "mobile", f"{resource}.{column.name} is shown in full"
    for name in view.search:
        assert hasattr(view.model, name), f"{resource}: {name}"
    actions = {"list", "read", *(["restore"] if issubclass(view.model, Deletable) else [])}
    assert actions & {"list", "read"} <= set(view.actions), resource


# Texts


def texts_of(folder: Path) -> set[str]:
    """Every text marked in the Python and the templates below a folder, but its tests."""
    from babel.messages.extract import extract_from_dir

    found = set()
    methods = [("testing/**", "ignore"), ("tests/**", "ignore"), ("**.py", "python"), ("**.html", "jinja2")]
    options = {"**.html": {"silent": "false"}}
    for *_place, message, _comments, _context in extract_from_dir(
        str(folder), method_map=methods, options_map=options, keywords={"_": None, "N_": None, "gettext": None}
    ):
        found.add(message if isinstance(message, str) else message[0])
    return found - {""}


def chinese_of(folder: Path) -> dict[str, str]:
    """The Chinese of each text, from a folder's ``locale/``."""
    from babel.messages.pofile import read_po

    with (folder / "locale" / "zh_Hans_CN.po").open("rb") as file:
        return {entry.id: entry.string for entry in read_po(file) if entry.id}


def check_texts(installed: "Installed") -> None:
    """What a person can read has its Chinese, with the same named places; core's own texts need none again."""
    own = chinese_of(installed.folder)
    known = chinese_of(Path(__file__).resolve().parents[1]) | own
    shown = {installed.manifest.title, installed.manifest.summary} | texts_of(installed.folder)  # type: ignore[union-attr]
    missing = sorted(text for text in shown if not known.get(text))
    assert not missing, f"without Chinese in {installed.folder / 'locale' / 'zh_Hans_CN.po'}: {missing}"
    places = re.compile(r"%\(\w+\)s")
    for text, chinese in own.items():
        assert sorted(set(places.findall(text))) == sorted(set(places.findall(chinese))), text
