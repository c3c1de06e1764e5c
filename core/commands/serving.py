"""Schema, server, worker, checks."""

import os
import subprocess
import sys
from typing import Any

import click

from core.access.guards import Guard
from core.commands.context import Shell, print_json


@click.command()
@click.pass_obj
def init(shell: Shell) -> None:
    """Create or upgrade the schema of core and of every installed plugin."""
    if behind := _bring_up_to_date(shell):
        raise click.ClickException(behind)
    click.echo("The schema is up to date.")


def _bring_up_to_date(shell: Shell) -> str:
    """Return which plugins could not be upgraded; without core's own tables there is nothing to go on with."""
    from core.migrate import MigrationsFailed, pending, upgrade_everything
    from core.org.setup import ensure_chain

    house, behind = shell.house, ""
    try:
        upgrade_everything(house.database, house.host, lambda name, outcome: click.echo(f"{name}: {outcome}"))
    except MigrationsFailed as error:
        behind = str(error)
        if pending(house.database, house.host, None):
            raise click.ClickException(behind) from error
    with shell.work() as session:
        ensure_chain(session)
    return behind


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=2, show_default=True)
@click.pass_obj
def serve(_shell: Shell, host: str, port: int, workers: int) -> None:
    """Serve the backoffice with gunicorn."""
    from config.settings import Settings
    from core import metrics

    metrics.prepare(Settings().prepared().data_dir, port)
    os.execv(
        sys.executable,
        [sys.executable, "-m", "gunicorn", "--config", "python:config.gunicorn", "--bind", f"{host}:{port}", "--workers", str(workers), "wsgi:app"],
    )  # fmt: skip


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.pass_context
def start(context: click.Context, host: str, port: int) -> None:
    """Do all a first run needs: schema, demonstration chain when empty, worker, server."""
    from core.commands.data import demo, is_empty

    if behind := _bring_up_to_date(context.obj):
        click.echo(f"{behind}; the others work")
    if is_empty(context.obj):
        context.invoke(demo)
    click.echo(f"\n  http://{host}:{port}/  (stop with Ctrl+C)\n")
    subprocess.Popen([sys.executable, "-m", "core", "worker", "--attached"])
    context.invoke(serve, host=host, port=port)


@click.command()
@click.option("--once", is_flag=True, help="Do what waits and what is due now, then stop.")
@click.option("--attached", is_flag=True, help="Stop when the process that started it has gone.")
@click.option("--alone", is_flag=True, hidden=True, help="Be the worker, which another process looks after.")
@click.pass_obj
def worker(shell: Shell, once: bool, attached: bool, alone: bool) -> None:
    """Run background jobs and the tasks that go by the clock; one that hangs is ended, and the others go on."""
    from core.jobs.supervisor import supervise
    from core.jobs.worker import leave_at_once, run_worker

    if alone:
        leave_at_once(shell.house)
        run_worker(shell, once=once, parent=os.getppid())
        return
    command = [sys.executable, "-m", "core", "worker", "--alone", *(["--once"] if once else [])]
    raise SystemExit(supervise(command, os.getppid() if attached else None))


@click.command()
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def routes(shell: Shell, as_json: bool) -> None:
    """List every address with what it needs."""
    rules = list(every_rule(shell.app))
    if as_json:
        print_json(rules)
        return
    for rule in rules:
        click.echo(f"{','.join(rule['methods']):9} {rule['rule']:48} {rule['permission'] or rule['guard']}")


def every_rule(app: Any) -> list[dict[str, Any]]:
    """Return each rule of the URL map: methods, endpoint, plugin, guard, permission and scope."""
    house = app.extensions["backoffice"]
    found = []
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        guard = house.guards.get(rule.endpoint) or Guard("off", reason="its plugin could not be started")
        view = getattr(app.view_functions[rule.endpoint], "__self__", None)
        scope = getattr(getattr(view, "model", None), "__scope__", "")
        found.append({
            "rule": rule.rule, "methods": sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}), "endpoint": rule.endpoint,
            "plugin": house.owners.get(rule.endpoint.split(".")[0], "core"), "guard": guard.kind,
            "permission": guard.permission, "reason": guard.reason, "scope": scope,
        })  # fmt: skip
    return found


@click.command()
@click.option("--deploy", is_flag=True, help="Also what only matters in production.")
@click.pass_obj
def check(shell: Shell, deploy: bool) -> None:
    """Check the configuration; each finding with its cause and fix."""
    from core.checks import findings

    found = list(findings(shell, deploy=deploy))
    for finding in found:
        click.echo(f"{finding.level.upper()}: {finding.cause}\n  fix: {finding.fix}")
    if any(finding.level == "error" for finding in found):
        raise SystemExit(1)
    if not found:
        click.echo("Nothing to mend.")


COMMANDS = (init, serve, start, worker, routes, check)
