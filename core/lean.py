"""Imports that leave out what a library draws in only because it happens to be installed."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(*packages: str) -> Iterator[None]:
    """Let imports inside the block find that these packages are not there; afterwards they can be had as ever.

    Wherever they are installed, Flask-Admin takes in Pillow for uploads, Flask-WTF Babel for messages, and
    structlog rich for coloured tracebacks. No page of the house uses them, and every worker would hold them.
    """
    hidden = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None is Python's own word for "not there"
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
