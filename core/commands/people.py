"""People from the shell: the first administrator is made here."""

from typing import Any

import click
from sqlalchemy import select

from core.access.person import current_person
from core.access.scope import unscoped
from core.auth import accounts
from core.auth.models import Assignment, Role
from core.commands.context import Shell, print_json, refusals_shown
from core.org.models import Node, Person
from core.org.tree import chain


@click.group()
def user() -> None:
    """People who sign in."""


def _person(session: Any, name: str) -> Person:
    with unscoped("chosen by name on the command line"):
        person = session.scalars(select(Person).where(Person.username == name)).one_or_none()
    if person is None:
        raise click.ClickException(f"there is no person with the user name {name!r}")
    return person


@user.command()
@click.argument("name")
@click.option("--role", required=True, help="Code of the role, e.g. system_administrator.")
@click.option("--node", help="Code of the place; the chain when left out.")
@click.option("--full-name", help="The person's name; the user name when left out.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.pass_obj
def create(shell: Shell, name: str, role: str, node: str | None, full_name: str | None, password_stdin: bool) -> None:
    """Make a person with a role at a place."""
    password = click.get_text_stream("stdin").readline().rstrip("\n") if password_stdin else ""

    def work() -> None:
        with shell.work() as session:
            current_person().require("org:person:create")
            place = (
                chain(session) if node is None else session.scalars(select(Node).where(Node.code == node)).one_or_none()
            )
            found = session.scalars(select(Role).where(Role.code == role)).one_or_none()
            if place is None or found is None:
                raise accounts.Refused(f"there is no {'place ' + str(node) if place is None else 'role ' + role}")
            with unscoped("user names are unique in the chain"):
                if session.scalars(select(Person.id).where(Person.username == name)).first():
                    raise accounts.Refused(f"the user name {name} is taken")
            person = Person(username=name, name=full_name or name, node_id=place.id)
            session.add(person)
            session.flush()
            if password:
                accounts.set_password(session, person, password)
            accounts.assign(session, current_person(), Assignment(), person, found, place)

    with refusals_shown():
        work()
    click.echo(f"{name} is made.")


@user.command("set-password")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, required=True)
@click.pass_obj
def set_password(shell: Shell, name: str, password_stdin: bool) -> None:
    """Set a person's password; their sessions end."""
    password = click.get_text_stream("stdin").readline().rstrip("\n")

    def work() -> None:
        with shell.work() as session:
            current_person().require("org:person:reset_password")
            person = _person(session, name)
            accounts.require_rank_above(session, current_person(), person)
            accounts.set_password(session, person, password)

    with refusals_shown():
        work()
    click.echo(f"The password of {name} is set.")


@user.command()
@click.argument("name")
@click.pass_obj
def disable(shell: Shell, name: str) -> None:
    """Close a person's account; their sessions end."""

    def work() -> None:
        with shell.work() as session:
            current_person().require("org:person:delete")
            accounts.disable(session, current_person(), _person(session, name))

    with refusals_shown():
        work()
    click.echo(f"{name} is disabled.")


@user.command("list")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def list_people(shell: Shell, as_json: bool) -> None:
    """List people who can sign in."""
    with refusals_shown(), shell.work() as session:
        current_person().require("org:person:list")
        query = (
            select(Person.username, Person.name, Person.active, Role.code, Node.code)
            .outerjoin(Assignment, Assignment.person_id == Person.id)
            .outerjoin(Role, Role.id == Assignment.role_id)
            .outerjoin(Node, Node.id == Assignment.node_id)
            .where(Person.deleted_at.is_(None), Person.password_hash.is_not(None))
            .order_by(Person.username)
        )
        found = [
            dict(zip(("username", "name", "active", "role", "node"), row, strict=True))
            for row in session.execute(query)
        ]
    if as_json:
        print_json(found)
    else:
        for row in found:
            click.echo(
                f"{row['username']:16} {row['name']:12} {row['role'] or '-':22} {row['node'] or '-'}{'' if row['active'] else '  disabled'}"
            )


COMMANDS = (user,)
