"""A plugin's tables from the desk: tried, upgraded, a failure kept with its reason, purged; the worker does it."""

import json
import sys

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from core import language
from core.app import create_app
from core.jobs.queue import run_waiting
from core.testing.factories import acting, make_organisation, make_person, make_role, post, sign_in
from tests.core.test_migrate import CHANGE, FIRST, install, seen

PAGE = "/admin/plugins/qsteps/"
FAILS = CHANGE + '    op.execute("DELETE FROM {name}_child")\n    op.execute("SELECT no FROM nowhere")\n'


@pytest.fixture
def folder(tmp_path):
    """Where plugins are installed; afterwards no other test sees them."""
    folder = tmp_path / "installed"
    folder.mkdir()
    yield folder
    sys.modules["plugins"].__path__.remove(str(folder))
    for module in [m for m in sys.modules if m.startswith("plugins.qsteps")]:
        del sys.modules[module]


@pytest.fixture
def app(settings, folder):
    """A house with a plugin whose tables are not there yet."""
    install(folder, "qsteps", FIRST)
    app = create_app(settings.model_copy(update={"plugins_dir": folder}))
    language.set_locale("en")
    yield app
    language.set_locale(language.DEFAULT_LOCALE)
    app.extensions["backoffice"].database.dispose()


@pytest.fixture
def database(app):
    return app.extensions["backoffice"].database


@pytest.fixture
def org(app):
    with acting(app) as session:
        return make_organisation(session)


@pytest.fixture
def it(app, org):
    """IT's browser; `job(address, fields)` sends a form, lets the worker do what it asked for, and goes where it leads."""
    browser = sign_in(app.test_client(), org.people["it"])

    def job(address, fields=None):
        waiting = post(browser, address, fields or {}).location
        with app.app_context():
            assert run_waiting(app.extensions["backoffice"]) == 1
        return browser.get(waiting, follow_redirects=True).text

    browser.job = job
    return browser


def listed(app):
    from core.commands import plugins
    from core.commands.context import Shell

    language.set_locale("en")  # a request before has left its own
    shell = Shell()
    shell.__dict__["app"] = app
    every = json.loads(CliRunner().invoke(plugins.plugin, ["list", "--json"], obj=shell).output)
    return next(each for each in every if each["name"] == "qsteps")


def tables(database):
    return {name for name in sa.inspect(database.engine).get_table_names() if "qsteps" in name}


@pytest.mark.requirement("J22", "Z24")
def test_an_upgrade_is_tried_shown_and_then_done(it, database, app):
    assert f'href="{PAGE}upgrade/"' in it.get("/admin/plugins/").text
    page = it.get(f"{PAGE}upgrade/").text
    assert "0001_qsteps" in page and "A step" in page and "10 minutes" in page
    assert 'name="target"' not in page, "what it does is seen first"
    tried = it.job(f"{PAGE}upgrade/")
    assert "CREATE TABLE qsteps_parent" in tried and 'name="target" value="0001_qsteps"' in tried
    assert tables(database) == set()
    assert "Its tables are not" not in it.job(f"{PAGE}upgrade/", {"target": "0001_qsteps"})
    assert tables(database) == {"qsteps_parent", "qsteps_child", "alembic_version_qsteps"}
    assert "Its tables are up to date." in it.get(f"{PAGE}upgrade/").text
    assert not listed(app)["needs_upgrade"]


@pytest.mark.requirement("Z7", "Z24")
def test_an_upgrade_that_fails_changes_nothing_and_its_reason_is_on_the_page_and_in_the_list(it, database, app, folder):
    from core.migrate import head, upgrade

    house = app.extensions["backoffice"]
    upgrade(database, house.host, "qsteps")
    install(folder, "qsteps", FIRST, FAILS)
    house.host.heads.clear()
    assert "0002_qsteps fails, and tables and rows are as they were" in it.job(f"{PAGE}upgrade/"), "the trial says it"
    assert listed(app)["failed_revision"] == "", "and a trial is no upgrade"
    assert "tables and rows are as they were" in it.job(f"{PAGE}upgrade/", {"target": head(house.host, "qsteps")})
    for page in (it.get(PAGE).text, it.get("/admin/plugins/").text):
        assert "The upgrade of its tables failed at" in page and "0002_qsteps" in page and "nowhere" in page
        assert "SELECT no FROM nowhere" in page, "the traceback"
    said = listed(app)
    assert said["failed_revision"] == "0002_qsteps" and "SELECT no FROM nowhere" in said["traceback"]
    assert "they are as they were" in said["trouble"][0]
    assert seen(database, "SELECT id, parent_id FROM qsteps_child") == [(1, 1)]
    assert seen(database, "SELECT version_num FROM alembic_version_qsteps") == [("0001_qsteps",)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_other_steps_than_those_that_were_seen_are_not_run(it, database):
    assert "There are other steps" in it.job(f"{PAGE}upgrade/", {"target": "0007_qsteps"})
    assert tables(database) == set()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_tables_that_are_ahead_of_the_code_say_so(it, database, app):
    from core.migrate import upgrade

    upgrade(database, app.extensions["backoffice"].host, "qsteps")
    with database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version_qsteps SET version_num = '0009_qsteps'"))
    assert "the tables are at 0009_qsteps, which this code does not know" in it.get(f"{PAGE}upgrade/").text


@pytest.mark.requirement("Z7")
def test_a_purge_asks_for_the_name_and_keeps_the_rows_in_files(it, database, app, settings):
    from core.migrate import upgrade

    upgrade(database, app.extensions["backoffice"].host, "qsteps")
    assert "qsteps_parent" in it.get(f"{PAGE}purge/").text
    wrong = post(it, f"{PAGE}purge/", {"word": "qstep"})
    assert wrong.status_code == 422 and "That is not its name. Nothing was done." in wrong.text
    done = it.job(f"{PAGE}purge/", {"word": "qsteps"})
    [kept] = (settings.prepared().data_dir / "purged").iterdir()
    assert str(kept) in done and "qsteps_parent.csv: 1" in done
    assert (kept / "qsteps_parent.csv").read_text("utf-8-sig").splitlines() == ["id,word", "1,one"]
    assert tables(database) == set()
    assert listed(app)["needs_upgrade"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_plugin_that_is_on_is_not_purged_also_when_it_was_switched_on_after_the_question(it, database, app):
    from core.migrate import upgrade
    from core.testing.factories import enable_plugins

    upgrade(database, app.extensions["backoffice"].host, "qsteps")
    waiting = post(it, f"{PAGE}purge/", {"word": "qsteps"}).location
    with acting(app) as session:
        enable_plugins(session, app.extensions["backoffice"].host)
    with app.app_context():
        run_waiting(app.extensions["backoffice"])
    assert "qsteps is on: disable it first." in it.get(waiting).text
    assert "qsteps is on: disable it first." in it.get(f"{PAGE}purge/").text
    assert post(it, f"{PAGE}purge/", {"word": "qsteps"}).status_code == 200
    assert "qsteps_parent" in tables(database)


@pytest.mark.requirement("A20")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whoever_holds_the_right_for_a_part_touches_no_tables(app, org):
    with acting(app) as session:
        make_role(session, "area_it", registry__plugin__list="node", registry__plugin__update="node")
        person = make_person(session, "area_it", org.areas[0], "area_it")
    browser = sign_in(app.test_client(), person)
    for step in ("upgrade", "purge"):
        assert [browser.get(f"{PAGE}{step}/").status_code, post(browser, f"{PAGE}{step}/").status_code] == [403, 403]
    assert f"{PAGE}upgrade/" not in browser.get("/admin/plugins/").text
