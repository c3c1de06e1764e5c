"""How the house logs: one line an event, and under an error its plain traceback.

structlog's own choice would print the value of every variable beside it where `rich` is installed: keys
and customers in a log file, and half a minute of a worker for one failed request.
"""

from typing import Any

import structlog

PROCESSORS: tuple[Any, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.StackInfoRenderer(),
    structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False),
    structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
)


def set_up(**options: Any) -> None:
    """Log in the house's way from now on; `options` as for `structlog.configure`."""
    structlog.configure(processors=PROCESSORS, **options)


def set_up_once() -> None:
    """Log in the house's way unless a command has already said how."""
    if not structlog.is_configured():
        set_up()
