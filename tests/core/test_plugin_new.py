"""`backoffice plugin new`: a plugin that passes its own tests at once, or a refusal that says why and what to do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from core.cli import main

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def new(tmp_path, monkeypatch):
    """`backoffice plugin new …` of an installation whose plugins lie in `tmp_path/plugins`."""
    (tmp_path / "plugins").mkdir()
    monkeypatch.setenv("BACKOFFICE_PLUGINS_DIR", str(tmp_path / "plugins"))
    return lambda *words: CliRunner().invoke(main, ["plugin", "new", *words])


def run(*command, cwd, **environment):
    """What a command prints; it must end well."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BACKOFFICE_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=cwd, env={**kept, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.requirement("J22")
def test_a_new_plugin_passes_its_own_tests_and_the_houses_format(new, tmp_path):
    answer = new("loyalty_points", "--title", "Loyalty points")
    assert answer.exit_code == 0, answer.output
    assert "backoffice plugin upgrade loyalty_points" in answer.output
    folder = tmp_path / "plugins" / "loyalty_points"
    told = run(
        "pytest", "-q", "-p", "no:cacheprovider", "-m", "not postgres", str(folder),
        cwd=tmp_path, BACKOFFICE_PLUGINS_DIR=str(tmp_path / "plugins"),
    )  # fmt: skip
    assert " passed" in told and "skipped" not in told
    for name in ("core", "ruff.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    run("ruff", "check", str(folder), cwd=tmp_path)
    run("ruff", "format", "--check", str(folder), cwd=tmp_path)


def test_a_new_package_has_what_pip_needs_and_the_same_plugin(new, tmp_path):
    assert new("loyalty", "--package", "--folder", str(tmp_path)).exit_code == 0
    assert new("loyalty").exit_code == 0
    package, folder = tmp_path / "backoffice-loyalty", tmp_path / "plugins" / "loyalty"
    assert 'loyalty = "backoffice_loyalty"' in (package / "pyproject.toml").read_text()
    for path in folder.rglob("*.py"):
        there = package / path.relative_to(folder)
        if "tests" not in path.parts:
            there = package / "backoffice_loyalty" / path.relative_to(folder)
        assert there.read_text() == path.read_text().replace("plugins.loyalty", "backoffice_loyalty"), path


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("../loyalty", "beginning with a letter"), ("a/b", "beginning with a letter"), ("", "beginning with a letter"),
        ("Loyalty", "small letters"), ("积分", "small letters"), ("x" * 41, "2 to 40"), ("class", "Python uses this word"),
        ("registry", "core uses this word"),
    ],
)  # fmt: skip
def test_a_name_no_plugin_may_have_is_refused_with_what_to_do(new, tmp_path, name, told):
    answer = new(name)
    assert answer.exit_code == 1
    assert told in answer.output and repr(name) in answer.output
    assert list((tmp_path / "plugins").iterdir()) == [] and [path.name for path in tmp_path.iterdir()] == ["plugins"]


def test_a_name_that_is_taken_is_refused_and_says_by_whom(new, tmp_path, monkeypatch):
    assert new("loyalty").exit_code == 0
    assert "a plugin named loyalty already, from plugins/" in new("loyalty").output
    assert new("loyalty", "--package", "--folder", str(tmp_path)).exit_code == 1
    monkeypatch.delenv("BACKOFFICE_PLUGINS_DIR")
    assert "a plugin named daily_reports already" in new("daily_reports", "--folder", str(tmp_path)).output


def test_nothing_that_is_there_is_written_over(new, tmp_path):
    (tmp_path / "plugins" / "loyalty").mkdir()
    answer = new("loyalty")
    assert answer.exit_code == 1
    assert "is there already" in answer.output
    assert list((tmp_path / "plugins" / "loyalty").iterdir()) == []
