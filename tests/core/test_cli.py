"""The shell: what IT does there, as whom, and what a script can read from it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from core import language
from core.auth import passwords
from core.auth.models import Assignment, Role, UserSession
from core.commands import people, plugins, serving
from core.commands.context import Shell
from core.org.models import Node, Person
from core.testing.factories import sign_in

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "seventeen-blue-doors"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch):
    from argon2 import PasswordHasher

    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    language.set_locale("en")
    yield
    language.set_locale(language.DEFAULT_LOCALE)


@pytest.fixture
def run(app):
    """`run("user create boss …")` runs one command in this process; gives what it printed."""
    commands = {
        "user": people.user,
        "plugin": plugins.plugin,
        "routes": serving.routes,
        "check": serving.check,
        "init": serving.init,
    }

    def command(line, code=0, stdin=None, as_person=None):
        name, *words = line.split()
        shell = Shell(as_person)
        language.set_locale("en")  # a request before has left its own
        shell.__dict__["app"] = app
        answer = CliRunner().invoke(commands[name], words, obj=shell, input=stdin)
        assert answer.exit_code == code, f"{line}: {answer.output} {answer.exception!r}"
        return answer.output

    return command


def backoffice(line, database_url, tmp_path, stdin="", code=0):
    """Run the real command in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BACKOFFICE_")}
    environment |= {"BACKOFFICE_DATABASE_URL": database_url, "BACKOFFICE_DATA_DIR": str(tmp_path / "data")}
    done = subprocess.run(
        [sys.executable, "-c", "from core.cli import main; main()", *line.split()],
        input=stdin, capture_output=True, text=True, cwd=ROOT, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == code, f"{line}: {done.stdout} {done.stderr}"
    assert "Traceback" not in done.stderr
    return done.stdout


def test_from_nothing_to_the_first_administrator(tmp_path):
    """As on a fresh machine: an empty database, the schema, the first person, the checks."""
    url = f"sqlite:///{tmp_path / 'new.sqlite'}"
    assert "run: backoffice init" in backoffice("check", url, tmp_path, code=1)
    assert "up to date" in backoffice("init", url, tmp_path)
    assert "nobody is system administrator" in backoffice("check", url, tmp_path, code=1)
    made = backoffice(
        "user create boss --role system_administrator --password-stdin", url, tmp_path, stdin=f"{PASSWORD}\n"
    )
    assert made == "boss is made.\n"
    assert "up to date" in backoffice("init", url, tmp_path), "init may be repeated"
    assert json.loads(backoffice("user list --json", url, tmp_path)) == [
        {"username": "boss", "name": "boss", "active": True, "role": "system_administrator", "node": "CHAIN"}
    ]
    assert "Nothing to mend" in backoffice("check", url, tmp_path)
    deploy = backoffice("check --deploy", url, tmp_path, code=1)
    assert "BACKOFFICE_ENV is development" in deploy and "fix:" in deploy


@on_sqlite
def test_threads_are_refused_with_the_reason_and_what_to_do(run, tmp_path, monkeypatch):
    said = "asks for threads"
    assert said not in run("check --deploy", code=1)
    for asked in ("--threads 4", "-k gthread", "--worker-class=gevent --workers 2"):
        monkeypatch.setenv("GUNICORN_CMD_ARGS", asked)
        assert said in run("check --deploy", code=1), asked
    monkeypatch.setenv("GUNICORN_CMD_ARGS", "--threads 2")
    monkeypatch.setenv("BACKOFFICE_DATA_DIR", str(tmp_path))
    served = subprocess.run(
        [sys.executable, "-c", "from core.cli import main; main()", "serve", "--port", "0"],
        capture_output=True, text=True, cwd=ROOT, check=False, timeout=60,
    )  # fmt: skip
    assert served.returncode == 1 and "sync workers of one thread" in served.stderr and "--workers 4" in served.stderr


def test_init_twice_changes_nothing(run, app, work):
    def everything():
        from sqlalchemy import text

        from core.db import metadata

        with app.extensions["backoffice"].database.engine.connect() as connection:
            return {name: connection.scalar(text(f"SELECT count(*) FROM {name}")) for name in metadata.tables}

    run("init")
    before = everything()
    run("init")
    assert everything() == before and before["auth_role"] == 9
    with work() as session:
        assert len(session.scalars(select(Node)).all()) == 1


@on_sqlite
def test_a_person_is_made_with_a_role_at_a_place(run, org, work):
    assert (
        run("user create new --role clerk --node S3 --full-name Newcomer --password-stdin", stdin=f"{PASSWORD}\n")
        == "new is made.\n"
    )
    with work() as session:
        person = session.scalars(select(Person).where(Person.username == "new")).one()
        held = session.scalars(select(Assignment).where(Assignment.person_id == person.id)).one()
        assert (person.name, person.node_id, held.node_id) == ("Newcomer", org.stores[2].id, org.stores[2].id)
        assert passwords.verify(person.password_hash, PASSWORD)
    for line, told in (
        ("user create new --role clerk", "is taken"), ("user create x --role nothing", "no role nothing"),
        ("user create x --role clerk --node NOWHERE", "no place NOWHERE"), ("user create x", "Missing option"),
    ):  # fmt: skip
        assert told in run(line, code=2 if "Missing" in told else 1), line
    assert "at least 8" in run("user create weak --role clerk --password-stdin", code=1, stdin="short\n")
    with work() as session:
        assert session.scalars(select(Person.id).where(Person.username.in_(["x", "weak"]))).all() == [], (
            "all or nothing"
        )


@on_sqlite
def test_a_password_is_set_and_the_sessions_end(run, app, org, work):
    browser = sign_in(app.test_client(), org.people["clerk"])
    assert "is set" in run("user set-password clerk --password-stdin", stdin=f"{PASSWORD}\n")
    assert browser.get("/account/").status_code == 302
    assert "easy to guess" in run("user set-password clerk --password-stdin", code=1, stdin="password\n")
    assert "no person" in run("user set-password nobody --password-stdin", code=1, stdin=f"{PASSWORD}\n")
    assert "Missing option" in run("user set-password clerk", code=2), "a password is never a word of the command line"


@on_sqlite
def test_an_account_is_closed_but_not_the_last_administrators(run, app, org, work):
    browser = sign_in(app.test_client(), org.people["clerk"])
    assert run("user disable clerk") == "clerk is disabled.\n"
    assert browser.get("/account/").status_code == 302
    with work() as session:
        assert session.scalars(select(UserSession)).all() == []
        assert not session.get(Person, org.people["clerk"].id).active
    assert "last system administrator" in run("user disable system_administrator", code=1)


@on_sqlite
def test_a_command_acts_as_the_person_it_names(run, org, work):
    with work() as session:
        ids = {code: person.id for code, person in org.people.items()}
        assert session.scalars(select(Role.id)).all()
    assert "no person" in run("user disable clerk", code=1, as_person="nobody")
    for line in (
        "user create x --role clerk", "user disable deputy", "user set-password boss --password-stdin",
        "plugin disable daily_reports", "plugin enable daily_reports",
    ):  # fmt: skip
        assert "Error" in run(line, code=1, as_person="clerk", stdin=f"{PASSWORD}\n"), line
    assert "rank is not below" in run(
        "user set-password leader --password-stdin", code=1, as_person="head_office", stdin=f"{PASSWORD}\n"
    )
    assert "rank is not below" in run("user disable system_administrator", code=1, as_person="head_office")
    assert run("user disable clerk", as_person="head_office") == "clerk is disabled.\n"
    with work() as session:
        assert [code for code, number in ids.items() if not session.get(Person, number).active] == ["clerk"]
        assert session.get(Person, ids["leader"]).password_hash is None


@on_sqlite
def test_every_address_is_listed_with_what_it_needs(run, app):
    listed = json.loads(run("routes --json"))
    house = app.extensions["backoffice"]
    assert {(rule["endpoint"], rule["rule"]) for rule in listed} == {
        (rule.endpoint, rule.rule) for rule in app.url_map.iter_rules()
    }
    for rule in listed:
        assert set(rule) == {"rule", "methods", "endpoint", "plugin", "guard", "permission", "reason", "scope"}
        assert rule["methods"] and rule["guard"] in ("permission", "signed_in", "public", "static")
        assert bool(rule["permission"]) == (rule["guard"] == "permission")
        assert rule["plugin"] == house.owners.get(rule["endpoint"].split(".")[0], "core")
    assert next(rule for rule in listed if rule["endpoint"] == "org_person.edit_view")["scope"] == "node"
    assert len(run("routes").splitlines()) == len(listed)


@on_sqlite
@pytest.mark.requirement("J15")
def test_plugins_are_listed_switched_and_checked(run, app, org, monkeypatch):
    monkeypatch.setattr("core.commands.plugins.must_start", lambda *arguments: None)

    def state():
        return {plugin["name"]: plugin for plugin in json.loads(run("plugin list --json"))}["daily_reports"]

    assert state()["state"] == "discovered" and state()["version"]
    assert run("plugin enable daily_reports --node S1 --node A2") == "daily_reports is on for S1, A2.\n"
    assert (state()["state"], state()["nodes"]) == ("enabled", ["A2", "S1"])
    assert "NOWHERE" in run("plugin enable daily_reports --node NOWHERE", code=1)
    assert run("plugin enable daily_reports") == "daily_reports is on.\n"
    assert "daily_reports" in run("plugin list") and "everywhere" in run("plugin list")
    assert "Nothing to mend" in run("plugin check") and "Nothing to mend" in run("plugin check daily_reports")
    run("plugin check nothing", code=1)
    assert "no plugin named nothing" in run("plugin enable nothing", code=1)
    assert run("plugin disable daily_reports") == "daily_reports is off. Its data is kept.\n"
    assert state()["state"] in ("disabled", "failed")


@on_sqlite
def test_a_plugin_that_breaks_the_start_can_be_switched_off(app, org, work, tmp_path, database_url):
    """The command needs none of the plugin's code."""
    from core.registry.models import PluginIntent
    from core.testing.factories import enable_plugins

    with work() as session:
        enable_plugins(session, app.extensions["backoffice"].host)
    assert "is off" in backoffice("plugin disable daily_reports", database_url, tmp_path)
    with work() as session:
        assert not session.get(PluginIntent, "daily_reports").enabled


def test_an_error_is_one_line_and_no_traceback(tmp_path):
    nowhere = backoffice("user list", "postgresql://nobody@127.0.0.1:1/none", tmp_path, code=1)
    assert nowhere == ""
    assert "Usage" in backoffice("--help", "sqlite://", tmp_path)
