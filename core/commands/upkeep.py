"""Keeping an installation: backup and restore."""

from pathlib import Path

import click

from core.commands.context import Shell


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def backup(shell: Shell, file: Path) -> None:
    """Write database and files to FILE while people work."""
    from core.backup import BackupFailed
    from core.backup import backup as write

    try:
        write(shell.house.database, shell.house.settings.data_dir, file)
    except BackupFailed as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{file}: {file.stat().st_size:,} bytes")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.pass_obj
def restore(shell: Shell, file: Path) -> None:
    """Bring a backup into an empty database."""
    from core.backup import BackupFailed
    from core.backup import restore as read

    try:
        read(shell.house.database, shell.house.settings.data_dir, file)
    except BackupFailed as error:
        raise click.ClickException(str(error)) from error
    click.echo("Restored. Run: backoffice init")


COMMANDS = (backup, restore)
