"""The contract can fail: each slip an author might make is found by the test whose name says so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.scaffold import write_plugin

ROOT = Path(__file__).resolve().parents[2]
OPEN_PAGE = """

@hookimpl
def backoffice_blueprints() -> list:
    from flask import Blueprint

    from core.api import signed_in

    blueprint = Blueprint("slip_open", __name__, url_prefix="/slip-open")
    blueprint.add_url_rule("/", "page", signed_in("it is nice here")(lambda: "<p style='color: red'>everybody</p>"))
    return [blueprint]
"""
CARDS = """

{mark}
def backoffice_home_cards(person: object) -> list:
    return [person.nothing_there]
"""
BY_THE_HOUR = """
    def narrowed(self, action: str) -> list:
        from core.api import clock

        return [Entry.created_at < clock.now()]
"""
SLIPS = {
    "slip_text": ("locale/zh_Hans_CN.po", 'msgid "Note"', 'msgid "Nothing"', "test_every_text_has_its_chinese", "['Note']"),
    "slip_schema": ("models.py", "String(60)", "String(61)", "test_its_tables_go_and_come_back_as_the_models_say[sqlite]", "run: backoffice plugin revision slip_schema; the database lacks [[('modify_type'"),
    "slip_form": ("views.py", 'Field("note"', 'Field("version"', "test_its_views_declare_what_they_need[sqlite]", "version is filled by the house"),
    "slip_hour": ("views.py", "", BY_THE_HOUR, "test_its_conditions_hang_on_who_acts_alone[sqlite]", "hang on the hour or on the address: conditions of [('slip_hour.entry', 'create')"),
    "slip_start": ("plugin.py", "from core.api", "import nowhere_at_all\nfrom core.api", "test_it_starts_in_a_process_of_its_own", "nowhere_at_all"),
    "slip_mark": ("plugin.py", "", CARDS.format(mark=""), "test_it_answers_the_hooks_that_are_asked[sqlite]", "without @hookimpl nobody calls backoffice_home_cards"),
    "slip_card": ("plugin.py", "", CARDS.format(mark="@hookimpl"), "test_its_hooks_answer_for_everybody_and_its_tasks_run_twice[sqlite]", "backoffice_home_cards fails: Traceback"),
    "slip_open": ("plugin.py", "", OPEN_PAGE, "test_every_address_asks_who_is_there[sqlite]", "slip_open.page is open to everybody who is signed in"),
    "slip_version": ("plugin.toml", '"0.1.0"', '"first"', "test_its_manifest_says_what_it_is", "'first' is not numbers and dots"),
}  # fmt: skip
"""By plugin: the file, what stands there (nothing: the end), what the author has written instead, what finds it, and what
it says."""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What one run of the tests that should find the slips says of each."""
    plugins = tmp_path_factory.mktemp("slips") / "plugins"
    tests = []
    for name, (file, right, wrong, test, _told) in SLIPS.items():
        path = write_plugin(name, plugins, plugins) / file
        text = path.read_text("utf-8")
        assert right in text
        path.write_text(text.replace(right, wrong, 1) if right else text + wrong, "utf-8")
        case = f"Test{name.title().replace('_', '')}"
        tests.append(f"{plugins / name}/tests/test_contract.py::{case}::{test}")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BACKOFFICE_", "PYTEST_"))}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA", "--tb=no", "-p", "no:cacheprovider", "--import-mode=importlib", *tests],
        cwd=plugins, capture_output=True, text=True, check=False,
        env={**kept, "PYTHONPATH": str(ROOT), "BACKOFFICE_PLUGINS_DIR": str(plugins), "COLUMNS": "1000"},
    )  # fmt: skip
    return run.stdout + run.stderr


@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_is_found(found, name):
    _file, _right, _wrong, test, told = SLIPS[name]
    [line] = [line for line in found.splitlines() if f"{name}/tests" in line and test in line]
    assert line.startswith("FAILED") and told in line, found
