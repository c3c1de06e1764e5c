"""SQLite does not look at its tables by itself; the worker lets it, once a day."""

import pytest
from sqlalchemy import text

from core.access.scope import unscoped
from core.admin.plugin import backoffice_scheduled_tasks
from core.testing.factories import acting


@pytest.fixture
def task():
    return next(each for each in backoffice_scheduled_tasks() if each.name == "core.statistics")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_sqlite_knows_how_many_rows_there_are_after_the_worker_has_run(app, org, task):
    with acting(app) as session, unscoped("the test looks into the statistics"):
        assert task.run(session).endswith(" tables")
        known = session.scalar(text("SELECT stat FROM sqlite_stat1 WHERE tbl = 'org_node' LIMIT 1"))
    assert known.split()[0] == str(len(org.nodes))


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_postgresql_needs_no_telling(app, org, task):
    with acting(app) as session:
        assert task.run(session) == ""
