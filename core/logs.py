"""How the house logs: one line an event, and under an error its plain traceback.

structlog's own choice would print the value of every variable beside it where `rich` is installed: keys
and customers in a log file, and half a minute of a worker for one failed request. PostgreSQL tells in its errors
which value was there already: a mobile number is masked on its way into the log.
"""

import re
from typing import Any

import structlog

_MOBILE = re.compile(r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)", re.ASCII)


def mask_numbers(text: str) -> str:
    """Return a text in which every mobile number of the mainland is masked."""
    return _MOBILE.sub(r"\1****\2", text)


PROCESSORS: tuple[Any, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.StackInfoRenderer(),
    structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False),
    structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    lambda _logger, _method, line: mask_numbers(line),
)


def set_up(**options: Any) -> None:
    """Log in the house's way from now on; `options` as for `structlog.configure`."""
    structlog.configure(processors=PROCESSORS, **options)


def set_up_once() -> None:
    """Log in the house's way unless a command has already said how."""
    if not structlog.is_configured():
        set_up()
