"""Data in and out from the shell: demonstration chain, import, export, backup."""

from typing import Any

import click
from sqlalchemy import select

from core.commands.context import Shell
from core.org.models import Node


def is_empty(shell: Shell) -> bool:
    """Say whether the database has no store yet."""
    with shell.work() as session:
        return session.scalar(select(Node.id).where(Node.kind == "store").limit(1)) is None


@click.command()
@click.option("--stores", default=200, show_default=True)
@click.option("--days", default=60, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.pass_obj
def demo(shell: Shell, stores: int, days: int, seed: int) -> None:
    """Load a demonstration chain into an empty database and print logins made for this run."""
    from core.demo import load_demo

    if not is_empty(shell):
        raise click.ClickException("this database already has stores; the demonstration chain goes into an empty one")
    for login in load_demo(shell, stores=stores, days=days, seed=seed):
        click.echo(f"  {login.role:14} {login.username:12} {login.password:14} {login.place}")


COMMANDS: tuple[Any, ...] = (demo,)
