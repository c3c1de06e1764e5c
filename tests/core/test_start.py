"""A worker starts quickly and holds little: what few requests need is taken in when it is needed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from jinja2 import FileSystemLoader

from config.settings import Settings
from core.admin import rendering
from core.failed_migrations import MigrationsFailed
from core.language import _read
from core.registry.discovery import discover
from core.revisions import newest_in
from core.testing.declarations import chinese_of

ROOT = Path(__file__).resolve().parents[2]
SELDOM_NEEDED = {
    "PIL", "alembic", "babel", "flask_babel", "greenlet", "huey", "numpy", "phonenumbers", "pygments", "pypinyin", "python_calamine", "rich",
    "weasyprint", "xlsxwriter",
}  # fmt: skip
"""Libraries for a file, a picture, a foreign number or a migration, and those that only happen to be installed."""


def said_by(settings, code):
    """Return the words that a process of its own prints, which finds this installation in its environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BACKOFFICE_")}
    environment |= {
        "BACKOFFICE_ENV": "testing", "BACKOFFICE_DATABASE_URL": settings.database_url,
        "BACKOFFICE_DATA_DIR": str(settings.data_dir), "BACKOFFICE_SECRET_KEY": settings.secret_key,
    }  # fmt: skip
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=environment)
    assert run.returncode == 0, run.stderr
    return run.stdout.split()


on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@on_sqlite
def test_the_first_answer_needs_no_library_that_few_requests_need(settings):
    status, *modules = said_by(
        settings, "import sys, wsgi; print(wsgi.app.test_client().get('/login').status_code, *sys.modules)"
    )
    assert status == "200"
    assert {"flask_admin", "plugins.daily_reports.views", "plugins.customers.views"} <= set(modules)
    assert sorted(SELDOM_NEEDED & set(modules)) == []


ASKED = """
import gc
import core.lean
looked_through = [0]
gc.callbacks.append(lambda _phase, about: looked_through.append(len(gc.get_objects(about["generation"]))))
import wsgi
print(max(looked_through) < 10_000, gc.isenabled(), gc.get_freeze_count() > 100_000)
"""


@on_sqlite
def test_the_garbage_collector_looks_through_nothing_that_a_start_makes(settings):
    assert said_by(settings, ASKED) == ["True", "True", "True"]


STARTING = """
import sys
from types import SimpleNamespace
from config.gunicorn import on_starting
on_starting(SimpleNamespace(cfg=SimpleNamespace(threads=1, worker_class_str="sync")))
print(*sys.modules)
"""


def test_a_server_takes_in_core_once_for_its_workers_and_leaves_the_plugins_to_each(settings):
    modules = set(said_by(settings, STARTING))
    assert {"core.api", "core.app", "core.org.views"} <= modules
    assert "psycopg" in modules or settings.database_url.startswith("sqlite")
    assert {name for name in modules if name.startswith("plugins")} == set()


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("PAGE_SIZE", "many", "BACKOFFICE_PAGE_SIZE cannot be 'many'"),
        ("PAGE_SIZE", "9", "BACKOFFICE_PAGE_SIZE lies between 10 and 200"),
        ("ENV", "testin", "BACKOFFICE_ENV cannot be 'testin': it is one of development"),
        ("SAFE_MODE", "perhaps", "BACKOFFICE_SAFE_MODE cannot be 'perhaps': write 1 or 0"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_its_name(monkeypatch, name, text, reason):
    monkeypatch.setenv(f"BACKOFFICE_{name}", text)
    with pytest.raises(ValueError, match=reason):
        Settings()


def test_settings_come_from_the_environment_unless_they_are_given(monkeypatch, tmp_path):
    monkeypatch.setenv("BACKOFFICE_SAFE_MODE", "true")
    monkeypatch.setenv("BACKOFFICE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("BACKOFFICE_SECRET_KEY", "from outside")
    settings = Settings(secret_key="given")
    assert (settings.safe_mode, settings.data_dir, settings.secret_key) == (True, tmp_path, "given")
    assert (settings.model_copy(update={"page_size": 5}).page_size, settings.page_size) == (5, 50)
    assert "given" not in repr(settings)


# Templates


class Counting(rendering.Environment):
    """Another process with the same templates: how many of them does it compile?"""

    def __init__(self, folder):
        super().__init__(None, loader=FileSystemLoader(folder))
        self.bytecode_cache, self.compiled = rendering._Compiled(), 0

    def compile(self, *arguments, **options):
        self.compiled += 1
        return super().compile(*arguments, **options)

    def says(self):
        return self.get_template("page.html").render(), self.compiled


def test_a_template_is_compiled_once_for_all_processes_until_it_changes(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    page = tmp_path / "page.html"
    page.write_text("one")
    assert [Counting(tmp_path).says() for _process in range(2)] == [("one", 1), ("one", 0)]
    page.write_text("two")
    assert [Counting(tmp_path).says() for _process in range(2)] == [("two", 1), ("two", 0)]
    (kept,) = (tmp_path / "__pycache__").iterdir()
    kept.write_bytes(kept.read_bytes()[:20])
    assert Counting(tmp_path).says() == ("two", 1)
    monkeypatch.setattr(rendering, "MADE_BY", "another release")
    assert Counting(tmp_path).says() == ("two", 1)


def test_where_nothing_may_be_written_a_template_is_compiled_once_a_process(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "page.html").write_text("one")
    first, second = Counting(tmp_path), Counting(tmp_path)
    second.bytecode_cache = first.bytecode_cache
    assert (first.says(), second.says()) == (("one", 1), ("one", 0))
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


# The newest migration, read and not run


def scripts(folder, **texts):
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text, "utf-8")
    return folder


def test_the_newest_revision_is_the_one_that_no_other_follows(tmp_path):
    assert newest_in(tmp_path / "nowhere") is None
    folder = scripts(
        tmp_path,
        a='revision = "0001"\ndown_revision = None\nraise SystemExit("it is not run")\n',
        b="revision: str = '0003'\ndown_revision: str | None = '0002'\n",
        c='revision = "0002"\ndown_revision = "0001"\n',
        __init__="",
    )
    assert newest_in(folder) == "0003"


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        ({"a": 'revision = "1"\ndown_revision = None', "b": 'revision = "2"\ndown_revision = None'}, "multiple heads"),
        ({"a": 'revision = "1"\ndown_revision = "2"', "b": 'revision = "2"\ndown_revision = "1"'}, "multiple heads, or none"),
        ({"a": 'revision = "2"\ndown_revision = "1"'}, "follows 1, which is not there"),
        ({"a": 'revision = "1"\ndown_revision = None', "b": 'revision = "1"\ndown_revision = None'}, "a.py and b.py are both 1"),
        ({"a": "down_revision = None"}, "a.py does not say its revision"),
    ],
)  # fmt: skip
def test_a_history_that_is_no_single_line_is_refused(tmp_path, texts, reason):
    with pytest.raises(MigrationsFailed, match=reason):
        newest_in(scripts(tmp_path, **texts))


# The texts


@pytest.mark.parametrize(
    "folder", [ROOT / "core", *(each.folder for each in discover(ROOT / "plugins"))], ids=lambda path: path.name
)
def test_the_texts_are_read_as_everybody_reads_them(folder):
    assert _read(folder / "locale" / "zh_Hans_CN.po", 0) == {
        text: said for text, said in chinese_of(folder).items() if said
    }


def test_every_form_of_an_entry_is_read(tmp_path):
    catalogue = tmp_path / "locale" / "zh_Hans_CN.po"
    catalogue.parent.mkdir()
    catalogue.write_bytes(
        b'msgid ""\r\nmsgstr "Language: zh"\r\n\r\n#, fuzzy\r\nmsgid ""\r\n"one "\r\n"\\"two\\"\\n"  \r\nmsgstr "a\\\\n\\tb"\r\n\r\n'
        b'#~ msgid "gone"\r\n#~ msgstr "away"\r\n\r\nmsgctxt "x"\r\nmsgid  "last"\r\nmsgstr "end"'
    )
    assert _read(catalogue, 0) == chinese_of(tmp_path) == {'one "two"\n': "a\\n\tb", "last": "end"}
