"""New code under load: two instances behind nginx, rolled by the script that ships, and no request fails."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from core.testing.application import SECRET_KEY
from core.testing.children import dying_with_us
from core.testing.factories import acting, enable_plugins
from tests.core.serving import ROOT, load

SERVER = ROOT / "config" / "server"
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
PLUGIN = """
from flask import Blueprint
from core.api import hookimpl, public

blueprint = Blueprint("told", __name__, url_prefix="/told")

@blueprint.route("/")
@public("a test")
def told():
    return "VERSION"

@hookimpl
def backoffice_blueprints():
    return [blueprint]
"""
RESTART = """#!/bin/sh
# What systemd does with an instance: end it with a TERM, wait for it, start it anew.
port="$1"
if [ -e "{folder}/$port.pid" ]; then
    pid=$(cat "{folder}/$port.pid")
    kill -TERM "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
fi
exec {gunicorn} --bind "127.0.0.1:$port" --pid "{folder}/$port.pid" --daemon --log-file "{folder}/$port.log" wsgi:app
"""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Front:
    """nginx with the site that ships, in a folder of its own, and two instances behind it."""

    def __init__(self, folder: Path, settings, plugins: Path) -> None:
        self.folder, self.plugins = folder, plugins
        self.port, *self.instances = free_ports(3)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("BACKOFFICE_")}
        self.environment = {
            **inherited, "BACKOFFICE_ENV": "testing", "BACKOFFICE_DATABASE_URL": settings.database_url, "BACKOFFICE_DATA_DIR": str(folder),
            "BACKOFFICE_SECRET_KEY": SECRET_KEY, "BACKOFFICE_PLUGINS_DIR": str(plugins), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1",
            "UPSTREAM": str(folder / "upstream.conf"), "RESTART": f"{folder / 'restart'} ", "PYTHON": sys.executable, "PATIENCE": "40",
            "RELOAD": f"{NGINX} -p {folder} -c {folder / 'all.conf'} -e {folder / 'error.log'} -s reload",
        }  # fmt: skip
        self._write()

    def _write(self) -> None:
        upstream = (SERVER / "backoffice-upstream.conf").read_text()
        for shipped, port in zip((8000, 8001), self.instances, strict=True):
            upstream = upstream.replace(f":{shipped};", f":{port};")
        (self.folder / "upstream.conf").write_text(upstream)
        site = (
            (SERVER / "nginx.conf")
            .read_text()
            .replace("/etc/nginx/backoffice-upstream.conf", str(self.folder / "upstream.conf"))
        )
        site = site.replace("listen 443 ssl http2;", f"listen 127.0.0.1:{self.port};")
        (self.folder / "site.conf").write_text(site)
        temporary = "".join(
            f"{kind}_temp_path {self.folder / kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (self.folder / "all.conf").write_text(
            f"worker_processes 2;\npid {self.folder / 'nginx.pid'};\nerror_log {self.folder / 'error.log'};\n"
            f"events {{}}\nhttp {{\naccess_log off;\n{temporary}include {self.folder / 'site.conf'};\n}}\n"
        )
        gunicorn = f"{sys.executable} -m gunicorn --workers 2 --graceful-timeout 20 --no-control-socket --chdir {ROOT}"
        (self.folder / "restart").write_text(RESTART.format(folder=self.folder, gunicorn=gunicorn))
        (self.folder / "restart").chmod(0o755)

    def start(self) -> None:
        for port in self.instances:
            subprocess.run([self.folder / "restart", str(port)], check=True, env=self.environment, cwd=ROOT)
        command = [
            NGINX,
            "-p",
            self.folder,
            "-c",
            self.folder / "all.conf",
            "-e",
            self.folder / "error.log",
            "-g",
            "daemon off;",
        ]
        self.nginx = subprocess.Popen(dying_with_us([str(word) for word in command]))

    def roll(self) -> subprocess.CompletedProcess:
        ports = [str(port) for port in self.instances]
        return subprocess.run(
            [SERVER / "roll", *ports],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )

    def stop(self) -> None:
        self.nginx.terminate()
        self.nginx.wait(10)
        for port in self.instances:
            path = self.folder / f"{port}.pid"
            if path.exists():
                os.kill(int(path.read_text()), signal.SIGTERM)

    def ask(self, method: str, path: str) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, HTTPException) as error:
            return 0, repr(error)
        finally:
            connection.close()

    def until_it_answers(self) -> None:
        for _ in range(600):
            if self.ask("GET", "/told/")[0] == 200:
                return
            self.nginx.poll()
            subprocess.run(["sleep", "0.1"], check=True)
        raise AssertionError((self.folder / "error.log").read_text())


@pytest.fixture
def front(settings, tmp_path):
    if NGINX is None:
        pytest.fail("nginx is not installed") if os.environ.get("CI") else pytest.skip("nginx is not installed")
    from core.app import create_app
    from core.db import forget_plugin

    plugins = tmp_path / "plugins"
    (plugins / "told").mkdir(parents=True)
    (plugins / "told" / "__init__.py").touch()
    (plugins / "told" / "plugin.toml").write_text(
        'name = "told"\ntitle = "told"\nversion = "1"\napi = 1\nprefix = "/told/"\n'
    )
    (plugins / "told" / "plugin.py").write_text(PLUGIN.replace("VERSION", "old"))
    app = create_app(settings.model_copy(update={"plugins_dir": plugins}))
    with acting(app) as session:
        enable_plugins(session, app.extensions["backoffice"].host)
    front = Front(tmp_path, settings, plugins)
    front.start()
    front.until_it_answers()
    yield front
    front.stop()
    app.extensions["backoffice"].database.dispose()
    forget_plugin("told")
    sys.modules["plugins"].__path__.remove(str(plugins))
    for name in [name for name in sys.modules if name.startswith("plugins.told")]:
        del sys.modules[name]


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.requirement("J22", "Z24")
def test_new_code_comes_without_a_failed_request(front):
    with load(lambda: front.ask("GET", "/told/")) as pages, load(lambda: front.ask("POST", "/login"), 1) as forms:
        (front.plugins / "told" / "plugin.py").write_text(PLUGIN.replace("VERSION", "new"))
        done = front.roll()
    assert done.returncode == 0, done.stderr
    assert len(pages) > 200 and len(forms) > 50
    assert {status for status, _text in pages} == {200}, set(pages) - {(200, "old"), (200, "new")}
    assert {status for status, _text in forms} == {400}, "a form without its token, and an answer to each"
    assert {text for _status, text in pages} == {"old", "new"}
    assert {front.ask("GET", "/told/") for _ in range(20)} == {(200, "new")}
    assert " down;" not in (front.folder / "upstream.conf").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_code_that_does_not_start_stays_out_and_the_old_serves_on(front):
    front.environment |= {"BACKOFFICE_DATABASE_URL": "sqlite:////nowhere/at/all.sqlite", "PATIENCE": "6"}
    with load(lambda: front.ask("GET", "/told/")) as pages:
        done = front.roll()
    assert done.returncode == 1 and "it stays out, the others serve on" in done.stderr
    assert set(pages) == {(200, "old")}
