"""The life of a plugin: found, refused with a reason, switched on for all or for pilots, off, missing, back again."""

import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from core.admin import plugins_page
from core.app import create_app
from core.audit import AuditEntry
from core.registry import hooks, states, switching
from core.registry.check import must_start
from core.registry.discovery import discover
from core.registry.hooks import FAILURES_BEFORE_BREAK
from core.registry.models import PilotNode, PluginIntent
from core.testing.factories import acting, make_person, post, sign_in

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PLUGIN = """
from flask import Blueprint
from core.api import HomeCard, N_, Page, Permission, expose, hookimpl, requires

TOLD = []
blueprint = Blueprint("{name}", __name__, url_prefix="/{name}")

@blueprint.route("/")
@requires("{name}:thing:read")
def page():
    return "the page of {name}"

class Desk(Page):
    title = "Desk of {name}"
    permission = "{name}:thing:read"

    @expose("/")
    def index(self):
        return "the desk of {name}"

@hookimpl
def backoffice_permissions():
    return [Permission("{name}:thing:read", "See", {"clerk": "node", "it": "all", "store_manager": "node"})]

@hookimpl
def backoffice_admin_views():
    return [Desk("{name}_desk", "{name}/desk")]

@hookimpl
def backoffice_blueprints():
    return [blueprint]

@hookimpl
def backoffice_home_cards(person):
    return [HomeCard("card of {name}")]

@hookimpl
def backoffice_enabled():
    TOLD.append("enabled")

@hookimpl
def backoffice_disabled():
    TOLD.append("disabled")
"""
MANIFEST = (
    'name = "{name}"\ntitle = "Plugin {name}"\nsummary = "For a test"\nversion = "1.2"\napi = 1\nprefix = "/{name}/"\n'
)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "installed"
    folder.mkdir()
    return folder


@pytest.fixture
def add(folder):
    """Put a plugin on disk, as a deploy does."""

    def put(name, code=PLUGIN, manifest=MANIFEST, further=""):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "__init__.py").touch()
        (folder / name / "plugin.py").write_text(code.replace("{name}", name))
        (folder / name / "plugin.toml").write_text(manifest.replace("{name}", name) + further)

    return put


@pytest.fixture
def start(settings, folder):
    """Start a process of the installation; another one when asked again."""
    apps = []

    def begin(**changes):
        apps.append(create_app(settings.model_copy(update={"plugins_dir": folder, **changes})))
        _seed(apps[-1])
        return apps[-1]

    yield begin
    for app in apps:
        app.extensions["backoffice"].database.dispose()
    while str(folder) in sys.modules["plugins"].__path__:
        sys.modules["plugins"].__path__.remove(str(folder))
    for module in [module for module in sys.modules if module.startswith("plugins.t")]:
        del sys.modules[module]


def _seed(app):
    from core.migrate import _seed as seed

    house = app.extensions["backoffice"]
    with acting(app) as session:
        for name, plugin in house.host.plugins.items():
            if plugin.is_loaded:
                seed(session, house.host, name)


@pytest.fixture
def app(add, start):
    add("tone")
    add("ttwo", further='requires = ["tone"]\n')
    return start()


def enable(app, name, *nodes):
    house = app.extensions["backoffice"]
    with acting(app) as session:
        switching.enable(session, house, name, nodes)


def disable(app, name):
    with acting(app) as session:
        switching.disable(session, app.extensions["backoffice"], name)


def state_of(app, name):
    house = app.extensions["backoffice"]
    with acting(app) as session:
        return {state.name: state for state in states.states(session, house)}[name]


@contextmanager
def refused(words):
    with pytest.raises(switching.PluginRefused, match=words):
        yield


@pytest.fixture(autouse=True)
def english():
    from core import language

    language.set_locale("en")
    yield
    language.set_locale(language.DEFAULT_LOCALE)


# Found on disk


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('name = "Tone"', "name"), ('name = "core"', "name"), ('name = "other"', "installed as 'tone'"), ('name = ""', "name"),
        ('api = 2', "api = 2"), ('api = "1"', "api"), ('version = 1', "version"), ('prefix = "/admin/"', "core's own"),
        ('prefix = "day"', "between slashes"), ('prefix = "/a/b/"', "between slashes"), ('requires = "tone"', "requires"),
        ('colour = "red"', "colour: there is no such key: remove it"), ("= broken", "plugin.toml"), ('name = "../../etc"', "small letters"),
        ('name = "admin"', "core uses this word itself"), ("name = 7", "put it in quotes"), ("title = []", "put it in quotes"),
        ('after = "tone"', "must be a list"), ("version", "Expected '='"),
    ],
)  # fmt: skip
def test_a_manifest_that_cannot_be_used_names_file_key_and_reason(add, folder, line, told):
    key = line.split(" ")[0]
    manifest = "\n".join(row for row in MANIFEST.splitlines() if not row.startswith(f"{key} ")) + f"\n{line}\n"
    add("tone", manifest=manifest)
    [found] = [plugin for plugin in discover(folder) if plugin.folder == folder / "tone"]
    assert told in found.problem and ("plugin.toml" in found.problem), found.problem


def test_a_plugin_comes_after_what_it_needs_and_a_circle_stops_only_itself(add, folder):
    add("tlast", further='requires = ["tfirst"]\nafter = ["tmiddle", "tnot_there"]\n')
    add("tmiddle", further='requires = ["tfirst"]\n')
    add("tfirst")
    add("tringa", further='requires = ["tringb"]\n')
    add("tringb", further='requires = ["tringc"]\n')
    add("tringc", further='requires = ["tringa"]\n')
    add("tself", further='requires = ["tself"]\n')
    found = {plugin.name: plugin for plugin in discover(folder)}
    order = list(found)
    assert order.index("tfirst") < order.index("tmiddle") < order.index("tlast")
    for name, plugin in found.items():
        assert ("circle" in plugin.problem) == name.startswith(("tring", "tself")), (name, plugin.problem)


@pytest.mark.parametrize("key", ["name", "title", "version", "api"])
def test_a_manifest_without_what_it_must_say_is_told_to_add_it(add, folder, key):
    add("tone", manifest="\n".join(row for row in MANIFEST.splitlines() if not row.startswith(f"{key} ")))
    [found] = [plugin for plugin in discover(folder) if plugin.folder == folder / "tone"]
    assert f"{key}: it is missing: add it" in found.problem


def test_a_folder_that_may_not_be_read_stops_nobody_else_and_says_so(add, folder, monkeypatch):

    add("tone")
    add("tlocked")
    stat, listed = Path.stat, Path.iterdir

    def locked(path, **options):
        if "tlocked" in path.parts:
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", locked)
    monkeypatch.setattr(
        Path, "read_text", lambda path, *rest, **options: locked(path) and path.open(encoding="utf-8").read()
    )
    found = {plugin.name: plugin.problem for plugin in discover(folder) if plugin.folder.parent == folder}
    assert found["tone"] == ""
    assert "Permission denied" in found["tlocked"] and "let the user that runs the server read it" in found["tlocked"]
    monkeypatch.setattr(Path, "iterdir", lambda path: locked(path / "tlocked") if path == folder else listed(path))
    [whole] = [plugin for plugin in discover(folder) if plugin.origin == "plugins/"]
    assert "let the user that runs the server read this folder" in whole.problem


def test_discovery_imports_nothing(add, folder):
    add("tone", code="raise SystemExit('imported')")
    assert [plugin.problem for plugin in discover(folder) if plugin.name == "tone"] == [""]
    assert "plugins.tone" not in sys.modules


def test_the_second_plugin_of_one_name_fails_visibly(add, folder, monkeypatch):
    from core.registry import discovery
    from core.registry.discovery import Installed

    add("tone")
    twin = Installed("tone", "somewhere.tone", folder / "tone", origin="package shop-tone")
    monkeypatch.setattr(discovery, "_packages", lambda: [twin])
    first, second = sorted(discover(folder), key=lambda plugin: plugin.name)
    assert (first.name, first.problem) == ("tone", "")
    assert second.name == "tone (package shop-tone)" and "already installed in plugins/" in second.problem


# On and off


@pytest.mark.requirement("J10", "J11")
def test_a_plugin_is_off_until_it_is_switched_on_and_then_there_at_once_in_every_process(app, start, org):
    other = start()
    clerks = [sign_in(each.test_client(), org.people["clerk"]) for each in (app, other)]
    assert state_of(app, "tone").state == "discovered"

    def seen():
        return [
            (
                clerk.get("/tone/").status_code,
                clerk.get("/admin/tone/desk/").status_code,
                "/admin/tone/desk/" in clerk.get("/admin/").text,
                "card of tone" in clerk.get("/").text,
            )
            for clerk in clerks
        ]

    assert seen() == [(404, 404, False, False)] * 2
    enable(app, "tone")
    assert seen() == [(200, 200, True, True)] * 2
    assert state_of(other, "tone").state == "enabled"
    disable(other, "tone")
    assert seen() == [(404, 404, False, False)] * 2
    assert state_of(app, "tone").state == "disabled"
    enable(other, "tone")
    assert seen() == [(200, 200, True, True)] * 2


@on_sqlite
def test_off_is_the_same_as_not_there_and_the_right_does_not_matter(app, org):
    for role in ("clerk", "leader", "system_administrator"):
        browser = sign_in(app.test_client(), org.people[role])
        nothing = browser.get("/no-such-page/")
        assert "There is no such page" in nothing.text, "in the person's language"
        for address in ("/tone/", "/admin/tone/desk/"):
            answer = browser.get(address)
            assert (answer.status_code, answer.data) == (404, nothing.data), (role, address)
    stranger = app.test_client()
    assert stranger.get("/tone/").data == stranger.get("/no-such-page/").data
    enable(app, "tone")
    assert sign_in(app.test_client(), org.people["leader"]).get("/tone/").status_code == 403
    assert stranger.get("/tone/").status_code == 302


@on_sqlite
def test_enabling_and_disabling_are_kept_in_the_audit_and_told_to_the_plugin(app, org):
    enable(app, "tone", "S1")
    disable(app, "tone")
    with acting(app) as session:
        written = session.scalars(
            select(AuditEntry).where(AuditEntry.resource == "registry:plugin").order_by(AuditEntry.id)
        ).all()
        told = [(entry.row_id, entry.action) for entry in written if entry.action in ("enabled", "disabled")]
        assert told == [("tone", "enabled"), ("tone", "disabled")]
        assert [
            "nodes" in entry.changes and entry.changes["nodes"] for entry in written if entry.action == "enabled"
        ] == [[None, ["S1"]]]
    assert sys.modules["plugins.tone.plugin"].TOLD == ["enabled", "disabled"]


@on_sqlite
def test_what_is_needed_is_on_first_and_off_last(app, org):
    with refused("needs tone: enable that first"):
        enable(app, "ttwo")
    enable(app, "tone")
    enable(app, "ttwo")
    with refused("ttwo needs tone: disable that first"):
        disable(app, "tone")
    disable(app, "ttwo")
    disable(app, "tone")
    with refused("no plugin named tnothing"):
        enable(app, "tnothing")
    with refused("no plugin named tnothing"):
        disable(app, "tnothing")


@on_sqlite
def test_a_plugin_whose_tables_are_not_there_is_not_enabled(add, start, folder, org_on):
    add("tone")
    versions = folder / "tone" / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions / "0001_first.py").write_text(
        'revision = "0001_tone"\ndown_revision = None\nfrom alembic import op\nimport sqlalchemy as sa\n'
        'def upgrade():\n    op.create_table("tone_thing", sa.Column("id", sa.Integer, primary_key=True))\n'
        'def downgrade():\n    op.drop_table("tone_thing")\n'
    )
    app = start()
    org_on(app)
    with refused("plugin upgrade tone"):
        enable(app, "tone")
    assert state_of(app, "tone").needs_upgrade
    from core.migrate import upgrade

    house = app.extensions["backoffice"]
    assert upgrade(house.database, house.host, "tone") == "0001_tone"
    enable(app, "tone")
    assert state_of(app, "tone").state == "enabled"


@pytest.fixture
def org_on():
    from core.testing.factories import make_organisation

    def make(app):
        with acting(app) as session:
            return make_organisation(session)

    return make


@on_sqlite
def test_a_plugin_that_cannot_be_loaded_is_shown_with_its_reason_and_not_enabled(add, start, org_on):
    for name, code in (
        ("texit", "import sys\nsys.exit('bye')"), ("terror", "1 / 0"), ("tmissing", "import a_module_nobody_has"), ("thook", PLUGIN + "\n@hookimpl\ndef backoffice_no_such_hook():\n    pass\n"),
    ):  # fmt: skip
        add(name, code=code)
    add("tneeds", further='requires = ["tnowhere"]\n')
    add("tone")
    app = start()
    org = org_on(app)
    enable(app, "tone")
    assert sign_in(app.test_client(), org.people["clerk"]).get("/tone/").status_code == 200
    for name, reason in (
        ("texit", "SystemExit: bye"),
        ("terror", "ZeroDivisionError"),
        ("tmissing", "a_module_nobody_has"),
        ("thook", "no_such_hook"),
        ("tneeds", "tnowhere"),
    ):
        state = state_of(app, name)
        assert state.state == "failed" and reason in state.reason and "Traceback" in state.traceback, name
        with refused("cannot be loaded"):
            enable(app, name)
    page = sign_in(app.test_client(), org.people["it"]).get("/admin/plugins/").text
    assert "ZeroDivisionError" in page and "Traceback" in page


@on_sqlite
def test_a_plugin_that_does_not_start_in_a_fresh_process_is_not_enabled(app, folder, org):
    """What was loaded here may be older than what lies on the disk."""
    house = app.extensions["backoffice"]
    (folder / "tone" / "plugin.py").write_text("import sys\nsys.exit('broken since')")
    with refused("does not start in a fresh process.*broken since"):
        must_start(house.host, "tone")


@on_sqlite
@pytest.mark.requirement("Z7")
def test_a_plugin_without_its_code_leaves_its_intent_and_the_site_up(app, start, folder, org):
    enable(app, "tone")
    import shutil

    shutil.rmtree(folder / "tone")
    shutil.rmtree(folder / "ttwo")
    for name in [name for name in sys.modules if name.startswith("plugins.t")]:
        del sys.modules[name]
    later = start()
    state = state_of(later, "tone")
    assert state.state == "missing" and "data is kept" in state.reason
    it = sign_in(later.test_client(), org.people["it"])
    assert it.get("/").status_code == 200 and "tone" in it.get("/admin/plugins/").text
    disable(later, "tone")


# Pilots


@pytest.mark.requirement("J13", "J21")
def test_a_pilot_is_on_for_the_people_at_or_below_its_places(app, org):
    def on_for():
        found = set()
        for person in (*org.clerks, org.people["it"]):
            if sign_in(app.test_client(), person).get("/tone/").status_code == 200:
                found.add(person.username)
        return found

    clerks = [person.username for person in org.clerks]
    for nodes, expected in (
        (["S1"], clerks[:1]), (["S2", "S8"], [clerks[1], clerks[7]]), (["A1"], clerks[:2]), (["R2"], clerks[4:]), (["D1"], []),
        ([], [*clerks, "it"]), (["CHAIN"], [*clerks, "it"]),
    ):  # fmt: skip
        enable(app, "tone", *nodes)
        assert on_for() == set(expected), nodes
        menu = sign_in(app.test_client(), org.clerks[7]).get("/admin/").text
        assert ("/admin/tone/desk/" in menu) == (clerks[7] in expected), nodes
    administrator = sign_in(app.test_client(), org.people["system_administrator"])
    enable(app, "tone", "S1")
    assert administrator.get("/tone/").status_code == 200
    with refused("no place with the code S99"):
        enable(app, "tone", "S1", "S99")
    with acting(app) as session:
        assert len(session.scalars(select(PilotNode)).all()) == 1, "a refusal leaves the switch as it was"


@on_sqlite
def test_somebody_with_a_second_place_in_the_pilot_is_in_it(app, org):
    from core.testing.factories import give_role

    with acting(app) as session:
        person = make_person(session, "two", org.stores[0], "clerk")
        give_role(session, person, "clerk", org.stores[5])
    enable(app, "tone", "S6")
    assert sign_in(app.test_client(), person).get("/tone/").status_code == 200


# The page of IT


@on_sqlite
def test_it_switches_plugins_at_the_desk(app, org, monkeypatch):
    monkeypatch.setattr(plugins_page, "must_start", lambda *arguments: None)
    it, clerk = (sign_in(app.test_client(), org.people[role]) for role in ("it", "clerk"))
    assert "/admin/plugins/tone/enable/" in it.get("/admin/plugins/").text.replace("&amp;", "&")
    assert it.get("/admin/plugins/tone/enable/").status_code == 200
    answer = post(it, "/admin/plugins/tone/enable/", {"nodes": "S1，S99"})
    assert answer.status_code == 422 and "S99" in answer.text and 'value="S1，S99"' in answer.text
    assert post(it, "/admin/plugins/tone/enable/", {"nodes": "S1、 S2"}).status_code == 302
    assert clerk.get("/tone/").status_code == 200
    assert state_of(app, "tone").nodes == ("S1", "S2")
    assert post(it, "/admin/plugins/tone/disable/").status_code == 302
    assert clerk.get("/tone/").status_code == 404
    office = sign_in(app.test_client(), org.people["head_office"])
    assert office.get("/admin/plugins/").status_code == 200
    assert "/tone/enable/" not in office.get("/admin/plugins/").text
    assert post(office, "/admin/plugins/tone/disable/").status_code == 403


@on_sqlite
def test_safe_mode_loads_no_plugin_and_keeps_the_intent(app, start, org):
    enable(app, "tone")
    safe = start(safe_mode=True)
    assert not [plugin for plugin in safe.extensions["backoffice"].host.plugins.values() if plugin.is_loaded]
    assert "safe mode" in state_of(safe, "tone").reason
    browser = sign_in(safe.test_client(), org.people["it"])
    assert browser.get("/tone/").status_code == 404
    assert browser.get("/").status_code == browser.get("/admin/plugins/").status_code == 200
    with acting(safe) as session:
        assert session.get(PluginIntent, "tone").enabled


# Hooks


@on_sqlite
def test_a_hook_that_keeps_failing_is_left_alone_for_a_while(add, start, org_on, monkeypatch):
    add("tone")
    add(
        "tbad",
        code=PLUGIN.replace('return [HomeCard("card of {name}")]', "TOLD.append('asked')\n    raise SystemExit('no')"),
    )
    app = start()
    org = org_on(app)
    enable(app, "tone")
    enable(app, "tbad")
    clerk = sign_in(app.test_client(), org.people["clerk"])
    told = sys.modules["plugins.tbad.plugin"].TOLD
    told.clear()
    for _time in range(FAILURES_BEFORE_BREAK + 3):
        page = clerk.get("/").text
        assert "card of tone" in page
        assert "Not available at the moment: Plugin tbad" in page, "also while it is not asked"
    assert told == ["asked"] * FAILURES_BEFORE_BREAK
    later = time.monotonic() + hooks.BREAK_SECONDS + 1
    monkeypatch.setattr(hooks.time, "monotonic", lambda: later)
    clerk.get("/")
    assert len(told) == FAILURES_BEFORE_BREAK + 1, "and asked again after a while"
    seen = state_of(app, "tbad").hooks["backoffice_home_cards"]
    assert seen["failures"] == FAILURES_BEFORE_BREAK + 1 and "SystemExit: no" in seen["last_error"]
