"""A purge takes what is the plugin's and nothing else, files first."""

import pytest
import sqlalchemy as sa

from core.testing.factories import acting


@pytest.fixture
def work(app):
    """Act as the system in a transaction that is rolled back when it raises."""
    return lambda: acting(app)


@pytest.fixture
def host(app):
    return app.extensions["backoffice"].host


def tables_in(session) -> set[str]:
    from core.access.scope import unscoped

    with unscoped("a test looks at tables"):
        names = sa.inspect(session.connection()).get_table_names()
    indexes = tuple(f"search_{name}" for name in names)  # SQLite's index of a search is tables, too
    return {name for name in names if not name.startswith(indexes)}


def run(session, statement: str) -> None:
    from core.access.scope import unscoped

    with unscoped("a test makes tables"):
        session.connection().execute(sa.text(statement))


@pytest.mark.parametrize(
    "name", ["alembic", "exchange", "org", "auth", "registry", "nobody", "daily", "daily_reports_day", "x; drop"]
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_name_that_is_no_plugins_is_refused(work, host, tmp_path, name):
    from core.registry.purge import purge
    from core.registry.switching import PluginRefused

    with work() as session:
        before = tables_in(session)
        with pytest.raises(PluginRefused):
            purge(session, host, name, tmp_path / "out")
        assert tables_in(session) == before


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_plugin_that_is_on_is_refused(work, host, tmp_path):
    from core.registry.models import PluginIntent
    from core.registry.purge import purge
    from core.registry.switching import PluginRefused

    with work() as session:
        session.add(PluginIntent(name="daily_reports", enabled=True))
        session.flush()
        with pytest.raises(PluginRefused):
            purge(session, host, "daily_reports", tmp_path / "out")


@pytest.mark.requirement("J7")
def test_every_table_goes_out_into_a_file_and_core_and_the_others_keep_theirs(work, host, tmp_path):
    from core.db import tables_of
    from core.registry.purge import purge

    own = {table.name for table in tables_of("daily_reports")}
    others = [name for name in host.plugins if name != "daily_reports"]
    kept = {table.name for part in (None, *others) for table in tables_of(part)}
    kept |= {f"alembic_version_{part}" for part in ("core", *others)}
    with work() as session:
        rows = purge(session, host, "daily_reports", tmp_path / "out")
        assert set(rows) == own
        assert tables_in(session) == kept
    assert {path.name for path in (tmp_path / "out").iterdir()} == {f"{name}.csv" for name in own}


def test_a_plugin_installed_again_gets_its_rights_again(app, work, host, tmp_path):
    from core.auth.models import Grant
    from core.migrate import upgrade
    from core.registry.purge import purge

    def granted(session) -> int:
        return len(session.scalars(sa.select(Grant.id).where(Grant.permission.startswith("daily_reports:"))).all())

    with work() as session:
        before = granted(session)
        others = len(session.scalars(sa.select(Grant.id)).all()) - before
        purge(session, host, "daily_reports", tmp_path / "out")
        session.flush()
        assert granted(session) == 0
        assert len(session.scalars(sa.select(Grant.id)).all()) == others
    upgrade(app.extensions["backoffice"].database, host, "daily_reports")
    with work() as session:
        assert granted(session) == before > 0


@pytest.mark.parametrize("known_by", ["its intent", "its schema version"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.requirement("J7")
def test_the_tables_of_a_longer_name_are_another_plugins_also_when_its_code_is_gone(work, host, tmp_path, known_by):
    from core.registry.models import PluginIntent
    from core.registry.purge import purge

    with work() as session:
        run(session, "CREATE TABLE daily_reports_extra_line (id INTEGER)")
        if known_by == "its intent":
            session.add(PluginIntent(name="daily_reports_extra", enabled=False))
            session.flush()
        else:
            run(session, "CREATE TABLE alembic_version_daily_reports_extra (version_num TEXT)")
        purge(session, host, "daily_reports", tmp_path / "out")
        assert "daily_reports_extra_line" in tables_in(session)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_is_refused_while_rows_of_another_plugin_point_to_its_own(work, host, tmp_path):
    from core.registry.purge import purge
    from core.registry.switching import PluginRefused

    with work() as session:
        run(
            session,
            "CREATE TABLE other_line (id INTEGER, day INTEGER REFERENCES daily_reports_day (id) ON DELETE CASCADE)",
        )
        with pytest.raises(PluginRefused, match="other_line"):
            purge(session, host, "daily_reports", tmp_path / "out")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_plugin_whose_code_is_gone_can_be_purged(work, host, tmp_path):
    from core.registry.models import PluginIntent
    from core.registry.purge import purge

    with work() as session:
        session.add(PluginIntent(name="gone", enabled=False))
        run(session, "CREATE TABLE gone_thing (id INTEGER)")
        assert purge(session, host, "gone", tmp_path / "out") == {"gone_thing": 0}
        assert session.get(PluginIntent, "gone") is None
