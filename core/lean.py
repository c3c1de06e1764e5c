"""A start that takes in little, and looks at nothing twice."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(*packages: str) -> Iterator[None]:
    """Let imports inside the block find that these packages are not there; afterwards they can be had as ever.

    Wherever they are installed, Flask-Admin takes in Pillow for uploads, Flask-WTF Babel for messages, and structlog
    rich for coloured tracebacks and greenlet for its threads. The house uses none of it, and every worker would hold it.
    """
    hidden = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None is Python's own word for "not there"
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


@contextmanager
def made_to_stay() -> Iterator[None]:
    """Tell the garbage collector that what is in memory at the end of the block stays for good.

    A start makes a quarter of a million things and next to no garbage: to look through them takes a fifth of it,
    and to do so again later 8 % of a board of a thousand stores.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(10_000, 20, 20)
        gc.enable()
