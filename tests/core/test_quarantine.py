"""A plugin that breaks at start is left out with its reason; core and the good plugin answer as before."""

import sys
from pathlib import Path

import pytest

from core.testing.factories import acting

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

GOOD = """
from flask import Blueprint
from core.api import hookimpl, public
from plugins.{name} import models
blueprint = Blueprint("{name}", __name__, url_prefix="/{name}")

@blueprint.route("/")
@public("a test")
def index():
    return "good"

@hookimpl
def backoffice_blueprints():
    return [blueprint]
"""
MODELS = """
from sqlalchemy.orm import Mapped, mapped_column
from core.api import Row, plugin_base
Base = plugin_base("{name}")

class Thing(Row, Base):
    __tablename__ = "{name}_thing"
    __scope__ = "global"
    __resource__ = "{name}:thing"
    word: Mapped[str] = mapped_column()
"""


def blueprint(rule: str, name: str = "{name}", prefix: str = "/{name}", mark: str = '@public("a test")') -> str:
    return f'''
from flask import Blueprint
from core.api import hookimpl, public, requires, Permission
blueprint = Blueprint("{name}", __name__, url_prefix="{prefix}")

@blueprint.route("{rule}")
{mark}
def page():
    return "page"

@hookimpl
def backoffice_blueprints():
    return [blueprint]
'''


def hook(name: str, body: str) -> str:
    return (
        f"from core.api import *\nfrom core.api import hookimpl, Permission\n\n@hookimpl\ndef {name}():\n    {body}\n"
    )


BROKEN = {
    "a table without a class, and then an import that fails": (
        "import nowhere_at_all",
        'import sqlalchemy as sa\nfrom core.db import metadata\nsa.Table("{name}_loose", metadata, sa.Column("id", sa.Integer))\n',
        "ModuleNotFoundError",
    ),
    "a table without a class": ("", 'import sqlalchemy as sa\nfrom core.db import metadata\nsa.Table("{name}_loose", metadata)\n', "__scope__"),
    "a table of another's name": ("", 'import sqlalchemy as sa\nfrom core.db import metadata\nsa.Table("elsewhere_loose", metadata)\n', "must be named"),
    "a model without a scope": ("", MODELS.replace('    __scope__ = "global"\n', ""), "__scope__"),
    "a model that points to a table that is not there": (
        "", MODELS.replace("mapped_column()", 'mapped_column(__import__("sqlalchemy").ForeignKey("nowhere.id"))'), "nowhere",
    ),
    "the base of a plugin that is there": ("", 'from core.api import plugin_base\nplugin_base("daily_reports")', "plugin_base('daily_reports')"),
    "the base of a plugin that comes later": ("", 'from core.api import plugin_base\nplugin_base("zz_later")', "plugin_base('zz_later')"),
    "rights that cannot be asked for": (hook("backoffice_permissions", "raise RuntimeError('no rights today')"), "", "no rights today"),
    "another's right": (hook("backoffice_permissions", "return [Permission('org:store:burn', 'Burn', {})]"), "", "must begin with"),
    "views that are none": (hook("backoffice_admin_views", "return None"), "", "must return a list"),
    "a view of another kind": (hook("backoffice_admin_views", "return [object()]"), "", "must derive from"),
    "a process that ends": ("raise SystemExit(3)", "", "SystemExit"),
    "a route without a guard": (blueprint("/", mark=""), "", "has no guard"),
    "a route that calls itself static": (blueprint("/", mark="").replace("def page", "def my_static"), "", "has no guard"),
    "a right nobody declares": (blueprint("/", mark='@requires("{name}:thing:read")'), "", "which nobody declares"),
    "a blueprint of another's name": (blueprint("/", name="home"), "", "blueprint home is already there"),
    "an address outside its prefix": (blueprint("/", prefix="/elsewhere"), "", "lies outside"),
    "a hook nobody asks": (hook("backoffice_nothing", "return 1"), "", "backoffice_nothing"),
    "a syntax error": ("def (", "", "SyntaxError"),
}  # fmt: skip


@pytest.fixture
def house(settings, tmp_path):
    """Install plugins from texts and start the application; afterwards no other test sees them."""
    from core.app import create_app
    from core.db import forget_plugin, plugin_registries

    folder = tmp_path / "installed"
    folder.mkdir()
    apps = []

    def start(**plugins):
        for name, (plugin, models, *manifest) in plugins.items():
            install(folder, name, plugin, models, *manifest)
        apps.append(create_app(settings.model_copy(update={"plugins_dir": folder})))
        return apps[-1]

    yield start
    for app in apps:
        app.extensions["backoffice"].database.dispose()
    while str(folder) in sys.modules["plugins"].__path__:
        sys.modules["plugins"].__path__.remove(str(folder))
    for path in folder.iterdir():
        if path.name in plugin_registries:
            forget_plugin(path.name)
        for module in [m for m in sys.modules if f"{m}.".startswith(f"plugins.{path.name}.")]:
            del sys.modules[module]


def install(folder: Path, name: str, plugin: str, models: str, prefix: str = "", further: str = "") -> None:
    (folder / name).mkdir()
    (folder / name / "__init__.py").touch()
    (folder / name / "models.py").write_text(models.replace("{name}", name))
    imports = f"from plugins.{name} import models\n"
    (folder / name / "plugin.py").write_text(imports + plugin.replace("{name}", name))
    prefix = prefix or f"/{name.replace('_', '-')}/"
    (folder / name / "plugin.toml").write_text(
        f'name = "{name}"\ntitle = "{name}"\nversion = "1"\napi = 1\nprefix = "{prefix}"\n{further}'
    )


def state_of(app, name):
    from core.registry.states import states

    house = app.extensions["backoffice"]
    with acting(app) as session:
        return next(state for state in states(session, house) if state.name == name)


def switch_on(app):
    from core.testing.factories import enable_plugins

    with acting(app) as session:
        enable_plugins(session, app.extensions["backoffice"].host)


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_plugin_is_left_out_and_the_others_serve_on(house, kind):
    plugin, models, reason = BROKEN[kind]
    import plugins.daily_reports.models  # noqa: F401 - a base that is there

    app = house(qbroken=(plugin, models), qgood=(GOOD, MODELS))
    switch_on(app)
    client = app.test_client()
    assert (client.get("/healthz").status_code, client.get("/login").status_code) == (200, 200)
    assert client.get("/qgood/").get_data(as_text=True) == "good"
    state = state_of(app, "qbroken")
    assert state.state == "failed"
    assert reason in state.reason
    assert state_of(app, "qgood").state == "enabled"


@pytest.mark.parametrize("kind", BROKEN)
def test_nothing_of_a_broken_plugin_is_left(house, kind):
    from core.db import metadata, plugin_registries

    plugin, models, _reason = BROKEN[kind]
    app = house(qbroken=(plugin, models))
    served = app.extensions["backoffice"]
    assert not [name for name in metadata.tables if name.startswith(("qbroken_", "elsewhere_", "zz_later_"))]
    assert not {"qbroken", "zz_later"} & set(plugin_registries)
    assert "qbroken" not in served.owners.values()
    assert not [name for name in sys.modules if f"{name}.".startswith("plugins.qbroken.")]


def test_what_needs_a_broken_plugin_is_left_out_too(house):
    app = house(
        qbroken=(blueprint("/", mark=""), MODELS),
        qneeds=(GOOD, MODELS, "", 'requires = ["qbroken"]'),
        qgood=(GOOD, MODELS),
    )  # fmt: skip
    assert "qbroken" in state_of(app, "qneeds").reason
    assert state_of(app, "qgood").state == "discovered"


def test_of_two_plugins_with_one_prefix_the_second_is_left_out(house):
    app = house(qgood=(GOOD, MODELS), qtwin=(blueprint("/", prefix="/qgood"), "", "/qgood/"))
    assert state_of(app, "qgood").state == "discovered"
    assert "already used by qgood" in state_of(app, "qtwin").reason


def test_of_two_blueprints_with_one_name_the_second_is_left_out(house):
    app = house(qgood=(GOOD, MODELS), qtwin=(blueprint("/", name="qgood", prefix="/qtwin"), ""))
    assert state_of(app, "qgood").state == "discovered"
    assert "blueprint qgood is already there, from qgood" in state_of(app, "qtwin").reason


def test_a_resource_begins_with_the_name_of_its_plugin(house):
    views = """
from core.api import ModelView, hookimpl
class Things(ModelView):
    resource = "org.store"
    def __init__(self):
        pass

@hookimpl
def backoffice_admin_views():
    return [Things()]
"""
    app = house(qbroken=(views, MODELS))
    assert "must begin with qbroken." in state_of(app, "qbroken").reason


def test_an_address_whose_name_ends_in_static_is_guarded_like_any_other(house):
    page = blueprint("/", mark='@requires("{name}:thing:read")').replace("def page", "def my_static") + hook(
        "backoffice_permissions", "return [Permission('{name}:thing:read', 'Read', {})]"
    )
    app = house(qgood=(page, MODELS))
    switch_on(app)
    answer = app.test_client().get("/qgood/")
    assert answer.status_code == 302
    assert "/login" in answer.headers["Location"]


def test_no_plugin_may_have_an_address_of_cores(settings, house):
    from core.registry.manifest import CORE_ADDRESSES

    app = house()
    first = {f"/{rule.rule.split('/')[1]}/" for rule in app.url_map.iter_rules()} - {"//"}
    assert first <= CORE_ADDRESSES


def test_a_hook_that_should_answer_a_list_may_answer_nothing_or_fail_late(house):
    cards = """
from core.api import hookimpl
@hookimpl
def backoffice_home_cards(person):
    yield 1 / 0
"""
    app = house(qlate=(cards, ""), qnone=(cards.replace("yield 1 / 0", "return None"), ""))
    switch_on(app)
    with acting(app):
        assert [
            name for name, _answer in app.extensions["backoffice"].host.collect("backoffice_home_cards", person=None)
        ] == ["qnone"]


def test_outside_a_request_a_hook_is_asked_only_of_what_is_on(house):
    from core.api import HomeCard
    from core.registry.asking import collect

    cards = "from core.api import HomeCard, hookimpl\n@hookimpl\ndef backoffice_home_cards(person):\n    return [HomeCard('a card')]\n"
    app = house(qoff=(cards, ""))
    with app.app_context(), acting(app):
        assert collect("backoffice_home_cards", person=None) == []
    switch_on(app)
    with app.app_context(), acting(app):
        assert collect("backoffice_home_cards", person=None) == [[HomeCard("a card")]]


def test_a_plugin_is_checked_in_a_process_of_its_own_as_it_is_started(house, tmp_path):
    from core.registry.check import must_start
    from core.registry.switching import PluginRefused

    app = house(qgood=(GOOD, MODELS))
    served = app.extensions["backoffice"]
    plugin = tmp_path / "installed" / "qgood" / "plugin.py"
    plugin.write_text(plugin.read_text().replace('@public("a test")', ""))
    with pytest.raises(PluginRefused, match="has no guard"):
        must_start(served.host, "qgood")


def test_a_package_is_found_without_running_it(house, tmp_path, monkeypatch):
    import plugins  # noqa: F401
    from core.registry.discovery import _folder_of

    (tmp_path / "qevil" / "plug").mkdir(parents=True)
    (tmp_path / "qevil" / "__init__.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert _folder_of("qevil.plug") == tmp_path / "qevil" / "plug"
    assert "qevil" not in sys.modules
