"""The settings of plugins from the shell: `backoffice plugin settings`, `set` and `undo`."""

from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.commands.context import Shell, print_json, refusals_shown
from core.commands.plugins import plugin
from core.org.models import Node
from core.registry import setting_changes
from core.registry.settings import newest_changes
from core.registry.switching import PluginRefused


@plugin.command("settings")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def show(shell: Shell, name: str, as_json: bool) -> None:
    """List the settings of a plugin: what holds, and where."""
    with refusals_shown(), shell.work() as session:
        declared = setting_changes.declared_by(shell.house.host, name)
        made = [each for each in newest_changes(session, name) if each.after is not None and each.name in declared]
        codes = dict(session.execute(select(Node.id, Node.code)).all())  # type: ignore[arg-type]
    found: list[dict[str, Any]] = [
        {
            "name": f"{name}.{key}", "title": setting.title, "default": setting.written(setting.default), "per_node": setting.per_node,
            "values": {codes.get(each.node_id, ""): each.after for each in made if each.name == key},
        }
        for key, setting in declared.items()
    ]  # fmt: skip
    if as_json:
        print_json(found)
        return
    for each in found:
        said = ", ".join(f"{value} at {code}" if code else str(value) for code, value in each["values"].items())
        click.echo(f"{each['name']:40} {said or each['default'] + ' (default)'}")


@plugin.command("set")
@click.argument("name", metavar="PLUGIN.SETTING")
@click.argument("value", default="")
@click.option("--node", "code", metavar="CODE", help="For this place; else for the whole chain.")
@click.pass_obj
def change(shell: Shell, name: str, value: str, code: str | None) -> None:
    """Set a setting; without a VALUE it follows what is above it again."""
    owner, _dot, key = name.partition(".")
    with refusals_shown(), shell.work() as session:
        setting_changes.change(session, shell.house.host, owner, {key: value}, _node(session, code))
    click.echo(f"{name} is {value or 'as above'}{' at ' + code if code else ''}.")


@plugin.command()
@click.argument("name", metavar="PLUGIN.SETTING")
@click.option("--node", "code", metavar="CODE", help="At this place; else of the whole chain.")
@click.pass_obj
def undo(shell: Shell, name: str, code: str | None) -> None:
    """Take the last change of a setting back."""
    owner, _dot, key = name.partition(".")
    with refusals_shown(), shell.work() as session:
        node = _node(session, code)
        place = node.id if node and node.kind != "chain" else None
        last = [each for each in newest_changes(session, owner) if (each.name, each.node_id) == (key, place)]
        if not last:
            raise PluginRefused(f"{name} was never changed{' at ' + code if code else ''}.")
        made = setting_changes.undo(session, shell.house.host, last[0].id)
    click.echo(f"{name} is {made.after if made.after is not None else 'as above'}{' at ' + code if code else ''}.")


def _node(session: Session, code: str | None) -> Node | None:
    if not code:
        return None
    node = session.scalars(select(Node).where(Node.code == code, Node.deleted_at.is_(None))).one_or_none()
    if node is None:
        raise PluginRefused(f"There is no place with the code {code}.")
    return node
