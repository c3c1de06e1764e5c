"""Tasks by the clock run once each, and one that hangs or fails keeps nobody from the others; backups are private."""

import stat
from datetime import timedelta

import pytest

from core.testing.factories import acting


@pytest.fixture
def house(app):
    return app.extensions["backoffice"]


def run(house, *tasks):
    from core.jobs.tasks import _run_if_due

    return [_run_if_due(house, task) for task in tasks]


def task(work=lambda session: "done", name="test.task"):
    from core.jobs.tasks import ScheduledTask

    return ScheduledTask(name, timedelta(hours=1), work)


def test_a_task_runs_when_it_is_due_and_not_again_before(house):
    assert run(house, task(), task()) == [True, False]


def test_a_task_that_failed_is_due_again(house):
    with pytest.raises(ZeroDivisionError):
        run(house, task(lambda session: 1 / 0))
    assert run(house, task()) == [True]


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_task_that_another_worker_is_at_is_passed_over(house):
    from sqlalchemy import select

    from core.access.person import SYSTEM, acting_as
    from core.jobs.tasks import TaskRun, _make_known

    _make_known(house, task())
    with house.database.session(writes=True) as other, acting_as(SYSTEM):
        other.scalars(select(TaskRun).with_for_update()).all()
        assert run(house, task(), task(name="test.other")) == [False, True]


def test_a_backup_can_be_read_by_its_owner_alone(app, house, tmp_path):
    from core.backup import backup

    with acting(app):
        backup(house.database, tmp_path, tmp_path / "backup.zip")
    assert stat.S_IMODE((tmp_path / "backup.zip").stat().st_mode) == 0o600


def test_a_command_line_never_shows_a_password():
    from sqlalchemy.engine import make_url

    from core.backup import _libpq

    assert _libpq(make_url("postgresql+psycopg://me:secret@host:5433/shop")) == "postgresql://me@host:5433/shop"


def test_two_processes_that_start_together_have_one_key(tmp_path):
    from config.settings import Settings

    keys = {Settings(env="testing", data_dir=tmp_path).prepared().secret_key for _each in range(3)}
    assert len(keys) == 1
    assert len(keys.pop()) == 64
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]
