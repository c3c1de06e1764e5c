"""What is wrong with the configuration, each finding with its cause and its fix."""

import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gunicorn.config import Config
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from config.gunicorn import ONE_THREAD
from core.auth.accounts import administrators
from core.migrate import pending
from core.registry.states import states


@dataclass(frozen=True)
class Finding:
    """Something to mend: `error` stops a deploy, `warning` does not."""

    level: str
    cause: str
    fix: str


def findings(shell: Any, *, deploy: bool) -> Iterator[Finding]:
    """Return what is wrong; with `deploy` also what only matters in production."""
    house = shell.house
    try:
        with house.database.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        yield Finding("error", f"the database does not answer: {error}", "start it, or set BACKOFFICE_DATABASE_URL")
        return
    if pending(house.database, house.host, None):
        yield Finding("error", "core's tables are not up to date", "run: backoffice init")
        return
    with shell.work() as session:
        if not administrators(session):
            yield Finding(
                "error", "nobody is system administrator",
                "run: backoffice user create NAME --role system_administrator --password-stdin",
            )  # fmt: skip
        for plugin in states(session, house):
            if plugin.state in ("failed", "missing"):
                yield Finding(
                    "warning", f"plugin {plugin.name}: {plugin.reason}", f"backoffice plugin check {plugin.name}"
                )
    if deploy:
        yield from _deploy_findings(house)


def _deploy_findings(house: Any) -> Iterator[Finding]:
    settings = house.settings
    asked = Config().parser().parse_known_args(shlex.split(os.environ.get("GUNICORN_CMD_ARGS", "")))[0]
    if (asked.threads or 1) > 1 or asked.worker_class not in (None, "sync"):
        yield Finding("error", "GUNICORN_CMD_ARGS asks for threads, or for other workers than sync", ONE_THREAD)
    if settings.env != "production":
        yield Finding(
            "error",
            f"BACKOFFICE_ENV is {settings.env}",
            "set BACKOFFICE_ENV=production: cookies are then sent over https only",
        )
    if len(settings.secret_key) < 32:
        yield Finding(
            "error",
            "BACKOFFICE_SECRET_KEY is shorter than 32 characters",
            'python -c "import secrets; print(secrets.token_hex(32))"',
        )
    if house.database.is_sqlite:
        yield Finding(
            "warning",
            "the database is SQLite, which serves one machine and a trial",
            "set BACKOFFICE_DATABASE_URL=postgresql://…",
        )
    if settings.trusted_proxies == 0:
        yield Finding(
            "warning",
            "no proxy is trusted: every request seems to come from the proxy's address",
            "set BACKOFFICE_TRUSTED_PROXIES=1 behind nginx",
        )
    if settings.pretend_now:
        yield Finding("error", "BACKOFFICE_PRETEND_NOW is set", "unset it: only tests pretend")
