"""What every command needs: the application, a session, and the person it acts as."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from core import typed
from core.access.person import SYSTEM, CurrentPerson, Forbidden, acting_as
from core.access.scope import unscoped
from core.auth.rights import load_person
from core.org.models import Person


class Shell:
    """One run of a command."""

    def __init__(self, as_person: str | None = None, unmask: str | None = None) -> None:
        self.as_person = as_person
        self.unmask = unmask

    @cached_property
    def app(self) -> Any:
        """The application of this installation."""
        from config.settings import Settings
        from core.app import create_app

        try:
            settings = Settings().prepared()
        except ValueError as error:
            raise click.ClickException(f"the configuration is not complete: {error}") from error
        return create_app(settings)

    @property
    def house(self) -> Any:
        """The application's settings, database, host and views."""
        return self.app.extensions["backoffice"]

    @contextmanager
    def work(self) -> Iterator[Session]:
        """Give a writing session in which the chosen person acts; committed at the end."""
        with _database_shown(), self.app.app_context(), self.house.database.transaction() as session:
            with acting_as(self._person(session)):
                yield session
                session.flush()  # while the person still acts

    def _person(self, session: Session) -> CurrentPerson:
        if not self.as_person:
            return SYSTEM
        with unscoped("the person a command acts as"):
            found = session.scalars(select(Person.id).where(Person.username == self.as_person)).one_or_none()
        if found is None:
            raise click.ClickException(f"there is no person with the user name {self.as_person!r}")
        return load_person(session, found)


@contextmanager
def _database_shown() -> Iterator[None]:
    try:
        yield
    except (OperationalError, ProgrammingError) as error:
        reason = str(error.orig).splitlines()[0]
        raise click.ClickException(
            f"the database does not answer, or has no tables yet ({reason}); run: backoffice init"
        ) from error


@contextmanager
def refusals_shown() -> Iterator[None]:
    """Tell a refusal as the one line it is, not as a traceback."""
    from core.registry.setting_changes import WrongSettings
    from core.registry.switching import PluginRefused

    try:
        yield
    except (typed.BadValue, Forbidden, PluginRefused, WrongSettings) as error:
        raise click.ClickException(str(error)) from error


def print_json(document: Any) -> None:
    """Print one JSON document and nothing else."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2, default=str))
