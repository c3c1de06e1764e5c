"""Schemas: there and back, equal to the models; a failure leaves everything as it was."""

import sys
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.testing.schema import difference, downgrade

PARTS = (None, "customers", "daily_reports")
SCRIPT = '''"""A step"""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {before!r}
branch_labels = None
depends_on = None


def upgrade() -> None:
{up}


def downgrade() -> None:
    pass
'''
FIRST = """
    op.create_table("{name}_parent", sa.Column("id", sa.Integer, primary_key=True), sa.Column("word", sa.String(20)))
    op.create_table(
        "{name}_child", sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("parent_id", sa.Integer, sa.ForeignKey("{name}_parent.id", ondelete="CASCADE")),
    )
    op.execute("INSERT INTO {name}_parent (id, word) VALUES (1, 'one')")
    op.execute("INSERT INTO {name}_child (id, parent_id) VALUES (1, 1)")
"""
CHANGE = """
    with op.batch_alter_table("{name}_parent") as batch:
        batch.alter_column("word", type_=sa.String(40), nullable=False)
"""


@pytest.fixture
def database(database_url):
    from core.access.guard import GuardedSession
    from core.db import Database

    database = Database(database_url, GuardedSession)
    yield database
    database.dispose()


@pytest.fixture
def host():
    from config.settings import Settings
    from core.registry.host import Host

    host = Host()
    host.load(Settings().plugins_dir)
    return host


@pytest.fixture
def installed(tmp_path):
    """A folder of plugins that only have migrations; afterwards no other test sees them."""
    folder = tmp_path / "installed"
    folder.mkdir()
    yield folder
    while str(folder) in sys.modules["plugins"].__path__:
        sys.modules["plugins"].__path__.remove(str(folder))
    for path in folder.iterdir():
        for module in [m for m in sys.modules if f"{m}.".startswith(f"plugins.{path.name}.")]:
            del sys.modules[module]


def install(folder: Path, name: str, *steps: str) -> None:
    versions = folder / name / "migrations" / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    (folder / name / "__init__.py").touch()
    (folder / name / "plugin.py").touch()
    (folder / name / "plugin.toml").write_text(f'name = "{name}"\ntitle = "{name}"\nversion = "1"\napi = 1\n')
    for number, step in enumerate(steps, 1):
        script = SCRIPT.format(
            revision=f"{number:04d}_{name}", before=f"{number - 1:04d}_{name}" if number > 1 else None, up=step.replace("{name}", name)
        )  # fmt: skip
        (versions / f"{number:04d}_{name}.py").write_text(script)


def loaded(folder):
    from core.registry.host import Host

    host = Host()
    host.load(folder)
    return host


def seen(database, statement):
    with database.engine.connect() as connection:
        return connection.execute(sa.text(statement)).all()


def test_down_to_nothing_and_up_again_gives_what_the_models_say(database, host):
    from core.migrate import current, head, upgrade

    for part in reversed(PARTS):
        left = downgrade(database, host, part)
    assert left <= {"alembic_version_core", *(f"alembic_version_{name}" for name in PARTS[1:]), "sqlite_sequence"}
    for part in PARTS:
        upgrade(database, host, part)
    for part in PARTS:
        with database.engine.connect() as connection:
            assert current(connection, part) == head(host, part)
        assert difference(database, part) == []


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_scripts_know_nothing_of_the_house(database, host, part):
    from core.migrate import versions_folder

    for script in versions_folder(host, part).glob("*.py"):
        assert "core import" not in script.read_text("utf-8")
        assert "db." not in script.read_text("utf-8")


def test_a_failing_migration_leaves_schema_and_rows_as_they_were(database, installed):
    from core.migrate import UpgradeFailed, current, upgrade

    install(installed, "qsteps", FIRST)
    upgrade(database, loaded(installed), "qsteps")
    fails = CHANGE + '    op.execute("DELETE FROM {name}_child")\n    op.execute("SELECT no FROM nowhere")\n'
    install(installed, "qsteps", FIRST, '    op.execute("DELETE FROM {name}_child")\n', fails)
    with pytest.raises(UpgradeFailed, match="0003_qsteps: .*nowhere.*; tables and rows are as they were"):
        upgrade(database, loaded(installed), "qsteps")
    assert seen(database, "SELECT id, parent_id FROM qsteps_child") == [(1, 1)]
    with database.engine.connect() as connection:
        assert current(connection, "qsteps") == "0001_qsteps"
        columns = {column["name"]: column for column in sa.inspect(connection).get_columns("qsteps_parent")}
        assert columns["word"]["type"].length == 20
        assert "_alembic_tmp_qsteps_parent" not in sa.inspect(connection).get_table_names()
    assert_kept_until_an_upgrade_works(database, installed)


def assert_kept_until_an_upgrade_works(database, installed):
    from core.migrate import upgrade

    [(plugin, revision, reason, traceback)] = seen(
        database, "SELECT plugin, revision, reason, traceback FROM registry_failed_upgrade"
    )
    assert (plugin, revision) == ("qsteps", "0003_qsteps") and "nowhere" in reason
    assert 'op.execute("SELECT no FROM nowhere")' in traceback and "alembic" not in traceback
    install(installed, "qsteps", FIRST, CHANGE, "    pass\n")
    upgrade(database, loaded(installed), "qsteps")
    assert seen(database, "SELECT * FROM registry_failed_upgrade") == []


def test_changing_a_table_keeps_the_rows_that_point_to_it(database, installed):
    from core.migrate import upgrade

    install(installed, "qsteps", FIRST, CHANGE)
    upgrade(database, loaded(installed), "qsteps")
    assert seen(database, "SELECT id, word FROM qsteps_parent") == [(1, "one")]
    assert seen(database, "SELECT id, parent_id FROM qsteps_child") == [(1, 1)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_migration_that_leaves_rows_pointing_to_nothing_is_rolled_back(database, installed):
    from core.migrate import BrokenReferences, upgrade

    install(installed, "qsteps", FIRST, '    op.execute("DELETE FROM {name}_parent")\n')
    with pytest.raises(BrokenReferences, match="qsteps_child"):
        upgrade(database, loaded(installed), "qsteps")
    with database.engine.connect() as connection:
        assert "qsteps_parent" not in sa.inspect(connection).get_table_names()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_references_are_held_again_after_a_migration(database, host):
    from core.migrate import upgrade

    upgrade(database, host)
    with closing(database.engine.raw_connection()) as connection:
        assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_a_plugin_that_fails_stops_nobody_else_and_is_named(database, installed):
    from core.migrate import MigrationsFailed, pending, upgrade_everything

    install(installed, "qbad", FIRST + '    op.execute("SELECT no FROM nowhere")\n')
    install(installed, "qgood", FIRST)
    install(installed, "qlost")
    (installed / "qlost" / "plugin.py").write_text("import nowhere_at_all\n")
    host, told = loaded(installed), {}
    with pytest.raises(MigrationsFailed, match="qbad"):
        upgrade_everything(database, host, told.__setitem__)
    assert not pending(database, host, "qgood")
    assert pending(database, host, "qbad")
    assert "nowhere_at_all" in told["qlost"]
    assert "as they were" in told["qbad"]


def test_a_plugin_behind_its_code_is_off_until_it_is_upgraded(database, installed):
    from core.access.person import SYSTEM, acting_as
    from core.migrate import upgrade
    from core.registry.models import PluginIntent, Revision

    install(installed, "qsteps", FIRST)
    host = loaded(installed)
    with acting_as(SYSTEM), database.transaction() as session:
        session.add(PluginIntent(name="qsteps", enabled=True))

    def is_on() -> bool:
        with acting_as(SYSTEM), database.session(writes=False) as session:
            revision = session.scalars(sa.select(Revision.plugins)).one()
            return host.is_on("qsteps", host.switches(session, revision), SYSTEM)

    assert not is_on()
    upgrade(database, host, "qsteps")
    assert is_on()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_newest_script_is_looked_up_once_by_a_process(database, installed):
    from core.migrate import head

    install(installed, "qsteps", FIRST)
    host = loaded(installed)
    assert head(host, "qsteps") == "0001_qsteps"
    install(installed, "qsteps", FIRST, CHANGE)
    assert head(host, "qsteps") == "0001_qsteps"


# Before it is done, and when it takes too long


def tables_and_rows(database):
    """Everything a migration could have changed: each table with its columns and how many rows it has."""
    inspector = sa.inspect(database.engine)
    with database.engine.connect() as connection:
        return {
            table: (
                [(column["name"], str(column["type"])) for column in inspector.get_columns(table)],
                connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar(),
            )
            for table in inspector.get_table_names()
            if table != "registry_failed_upgrade"  # where the reason is kept
        }


@pytest.mark.requirement("J22", "Z24")
def test_a_rehearsal_prints_the_sql_and_changes_nothing(database, installed):
    from core.migrate import pending, rehearse, upgrade

    install(installed, "qsteps", FIRST)
    upgrade(database, loaded(installed), "qsteps")
    before = tables_and_rows(database)
    install(installed, "qsteps", FIRST, CHANGE + '    op.execute("DELETE FROM {name}_child")\n')
    host = loaded(installed)
    script = "\n".join(rehearse(database, host, "qsteps"))
    assert "DELETE FROM qsteps_child;" in script and "qsteps_parent" in script and "alembic_version_qsteps" in script
    assert "SELECT" not in script.split("INSERT")[0]
    assert tables_and_rows(database) == before
    assert pending(database, host, "qsteps")
    upgrade(database, host, "qsteps")
    assert seen(database, "SELECT * FROM qsteps_child") == []
    assert rehearse(database, host, "qsteps") == [], "there is nothing left to do"


def test_a_rehearsal_that_fails_says_what_would_and_changes_nothing(database, installed):
    from core.migrate import UpgradeFailed, rehearse

    install(installed, "qsteps", FIRST + '    op.execute("SELECT no FROM nowhere")\n')
    before = tables_and_rows(database)
    with pytest.raises(UpgradeFailed, match="0001_qsteps: "):
        rehearse(database, loaded(installed), "qsteps")
    assert tables_and_rows(database) == before


@pytest.mark.requirement("J22", "Z24")
def test_a_statement_that_takes_too_long_is_given_up_and_all_taken_back(database, installed):
    from core.migrate import MigrationsFailed, upgrade

    slow = """
    op.execute("UPDATE {name}_parent SET word = 'two'")
    op.execute(
        "INSERT INTO {name}_parent (id, word) WITH RECURSIVE more(n) AS "
        "(SELECT 2 UNION ALL SELECT n + 1 FROM more WHERE n < 2000000000) SELECT max(n), 'x' FROM more"
    )
"""
    install(installed, "qsteps", FIRST)
    upgrade(database, loaded(installed), "qsteps")
    before = tables_and_rows(database)
    install(installed, "qsteps", FIRST, slow)
    with pytest.raises(
        MigrationsFailed, match="took longer than 1 seconds: nothing was changed; allow more with --timeout"
    ):
        upgrade(database, loaded(installed), "qsteps", seconds=1)
    assert tables_and_rows(database) == before
    assert seen(database, "SELECT word FROM qsteps_parent") == [("one",)]
    install(installed, "qsteps", FIRST, CHANGE)
    assert upgrade(database, loaded(installed), "qsteps") == "0002_qsteps", "and the connection is as before"


def test_while_somebody_else_upgrades_one_is_told_so(database, installed, monkeypatch):
    from core import db
    from core.migrate import MigrationsFailed, _locked, upgrade

    install(installed, "qsteps", FIRST)
    host = loaded(installed)
    monkeypatch.setattr(db, "LOCK_SECONDS_SQLITE", 0.2)
    monkeypatch.setattr(db, "LOCK_SECONDS_POSTGRESQL", 0.2)
    other = db.Database(database.url.render_as_string(hide_password=False), database._session_class)
    try:
        with _locked(database), pytest.raises(MigrationsFailed, match="somebody else upgrades"):
            upgrade(other, host, "qsteps")
    finally:
        other.dispose()
    assert upgrade(database, host, "qsteps") == "0001_qsteps"


@pytest.mark.requirement("J22", "Z7", "Z24")
def test_core_is_upgraded_also_when_a_plugins_code_is_gone_and_its_rows_stay(database, installed):
    import shutil

    from alembic import command

    from core.migrate import _config, _locked, current, upgrade, upgrade_everything

    install(installed, "qsteps", FIRST)
    upgrade(database, loaded(installed), "qsteps")
    shutil.rmtree(installed / "qsteps")
    host, told = loaded(installed), {}
    with _locked(database) as connection:
        command.downgrade(_config(host, None, connection), "-1")
    upgrade_everything(database, host, told.__setitem__)
    assert "qsteps" not in told
    with database.engine.connect() as connection:
        assert current(connection, None) == told["core"]
        assert current(connection, "qsteps") == "0001_qsteps"
    assert seen(database, "SELECT id, parent_id FROM qsteps_child") == [(1, 1)]
