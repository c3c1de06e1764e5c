"""The life of a plugin from the shell."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from core.commands.context import Shell, print_json, refusals_shown
from core.registry import processes, states, switching
from core.registry.check import must_start


@click.group()
def plugin() -> None:
    """What is installed, and what is on."""


@plugin.command("list")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def list_plugins(shell: Shell, as_json: bool) -> None:
    """List every plugin with its state, and what went wrong with it where it serves."""
    with shell.work() as session:
        found = states.states(session, shell.house)
    if as_json:
        serving = processes.alive(shell.house)
        print_json([
            asdict(state) | {"processes": [
                {"name": seen.name, "kind": seen.kind, "revision": seen.revision, "seen": seen.seen} | seen.plugins.get(state.name, {})
                for seen in serving
            ]}
            for state in found
        ])  # fmt: skip
        return
    for state in found:
        where = ", ".join(state.nodes) or ("everywhere" if state.state == "enabled" else "")
        click.echo(f"{state.name:24} {state.version:10} {state.state:11} {where:12} {state.origin}")
        for line in filter(None, (state.reason, *state.trouble)):
            click.echo(f"    {line}")


@plugin.command("preview")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def show_preview(shell: Shell, name: str, as_json: bool) -> None:
    """Say what enabling a plugin does, before it does it: rights, menu, addresses, tasks, tables; what is missing."""
    from core.registry.preview import preview

    with shell.work() as session:
        found = asdict(preview(shell.app, session, name))
    if as_json:
        print_json(found)
        return
    for part, lines in found.items():
        if lines:
            click.echo(f"{part}:")
        for line in lines:
            click.echo(f"  {line if isinstance(line, str) else _in_one_line(line)}")


def _in_one_line(found: Any) -> str:
    if isinstance(found, dict):
        holders = ", ".join(f"{role} ({level})" for role, level in found["holders"]) or "nobody yet"
        return f"{found['name']}: {holders}"
    return "  ".join(map(str, found))


@plugin.command()
@click.argument("name")
@click.option("--title", default="", help="What people read; made of NAME unless it is given.")
@click.option("--package", is_flag=True, help="Write backoffice-NAME, which pip installs.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where it goes: else this installation's plugins/, or here with --package.",
)
def new(name: str, title: str, package: bool, folder: Path | None) -> None:
    """Write a new plugin that passes its own tests: a table, a list, its rights, texts and migration."""
    from config.settings import Settings
    from core.scaffold import CannotWrite, write_plugin

    plugins_dir = Settings().plugins_dir
    folder = folder or (Path() if package else plugins_dir)
    try:
        home = write_plugin(name, folder, plugins_dir, title=title, package=package)
    except (CannotWrite, OSError) as error:
        raise click.ClickException(str(error)) from error
    install = f"pip install --editable {home}" if package else ""
    steps = (
        install,
        f"backoffice plugin upgrade {name}",
        f"backoffice plugin enable {name}",
        f"python -m pytest {home}",
    )
    click.echo(f"{name} is in {home}. Next:\n" + "\n".join(f"  {step}" for step in steps if step))


@plugin.command()
@click.argument("name")
@click.option(
    "--node", "nodes", multiple=True, metavar="CODE", help="Only for the people at this place; may be repeated."
)
@click.pass_obj
def enable(shell: Shell, name: str, nodes: tuple[str, ...]) -> None:
    """Switch a plugin on, for all or for pilot places."""
    with refusals_shown():
        must_start(shell.house.host, name)
        with shell.work() as session:
            switching.enable(session, shell.house, name, nodes)
    click.echo(f"{name} is on{' for ' + ', '.join(nodes) if nodes else ''}.")


@plugin.command()
@click.argument("name")
@click.pass_context
def disable(context: click.Context, name: str) -> None:
    """Switch a plugin off. Works without loading any plugin."""
    from core.app import create_app

    shell = context.obj
    if "app" not in shell.__dict__:
        from config.settings import Settings

        shell.__dict__["app"] = create_app(Settings(safe_mode=True))
    with refusals_shown(), shell.work() as session:
        switching.disable(session, shell.house, name)
    click.echo(f"{name} is off. Its data is kept.")


@plugin.command()
@click.argument("name", required=False)
@click.option("--dry-run", is_flag=True, help="Do it, print the SQL, and take it all back.")
@click.option(
    "--timeout", default=600, show_default=True, metavar="SECONDS", help="Give up after so long, and take it all back."
)
@click.pass_obj
def upgrade(shell: Shell, name: str | None, dry_run: bool, timeout: int) -> None:
    """Bring the tables of one plugin, or of all, up to date."""
    from core.migrate import MigrationsFailed, rehearse
    from core.migrate import upgrade as upgrade_schema

    host = shell.house.host
    for each in [name] if name else [plugin.name for plugin in host.plugins.values() if plugin.is_loaded]:
        with refusals_shown():
            switching.loaded(host, each)
        try:
            if dry_run:
                click.echo("\n".join([f"-- {each}", *rehearse(shell.house.database, host, each, seconds=timeout)]))
                continue
            reached = upgrade_schema(shell.house.database, host, each, seconds=timeout)
        except MigrationsFailed as error:
            raise click.ClickException(str(error)) from error
        click.echo(f"{each}: {reached or 'no tables'}")


@plugin.command()
@click.argument("name", required=False)
@click.pass_obj
def check(shell: Shell, name: str | None) -> None:
    """Say what is wrong with one plugin, or with any."""
    with shell.work() as session:
        found = [s for s in states.states(session, shell.house) if name in (None, s.name)]
    wrong = [state for state in found if state.state in ("failed", "missing") or state.needs_upgrade or state.trouble]
    for state in wrong:
        behind = (
            [f"its tables are not up to date: backoffice plugin upgrade {state.name}"] if state.needs_upgrade else []
        )
        for line in filter(None, (state.reason, *behind, *state.trouble)):
            click.echo(f"{state.name}: {line}")
    if wrong or (name and not found):
        raise SystemExit(1)
    click.echo("Nothing to mend.")


@plugin.command()
@click.argument("name")
@click.option(
    "--export",
    "folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where its rows go first.",
)
@click.pass_obj
def purge(shell: Shell, name: str, folder: Path) -> None:
    """Write a disabled plugin's rows to files, then drop its tables."""
    from core.registry.purge import purge as take_away

    with refusals_shown(), shell.work() as session:
        for table, count in take_away(session, shell.house.host, name, folder).items():
            click.echo(f"{table}: {count} rows in {folder / table}.csv")


@plugin.command()
@click.argument("name")
@click.argument("message")
@click.pass_obj
def revision(shell: Shell, name: str, message: str) -> None:
    """Write a migration script: what the models of NAME (or core) have that the database has not."""
    from core.migrate import new_revision

    host = shell.house.host
    if name != "core":
        with refusals_shown():
            switching.loaded(host, name)
    new_revision(shell.house.database, host, None if name == "core" else name, message)


COMMANDS = (plugin,)
