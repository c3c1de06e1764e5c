"""`backoffice`: everything IT does from the shell. `backoffice COMMAND --help` explains each."""

import logging

import click
import structlog

from core import logs
from core.commands import data, people, plugin_settings, plugins, serving, upkeep  # noqa: F401 - adds to `plugin`
from core.commands.context import Shell


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--as", "as_person", metavar="PERSON", help="Act as this person; else as the system.")
@click.option("--unmask", metavar="REASON", help="Show and export masked fields in full; the reason is logged.")
@click.pass_context
def main(context: click.Context, as_person: str | None, unmask: str | None) -> None:
    """The backoffice of the chain."""
    logs.set_up(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(click.get_text_stream("stderr")),
    )
    context.obj = Shell(as_person, unmask)


for command in (*serving.COMMANDS, *people.COMMANDS, *plugins.COMMANDS, *data.COMMANDS, *upkeep.COMMANDS):
    main.add_command(command)
