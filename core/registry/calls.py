"""What a process leaves behind when a hook hangs or kills it: the call it was in.

Each serving process has a file of one line in the data folder, mapped into its memory and locked while it
lives. Entering a hook writes the hook's name there, which costs a copy of 128 bytes; returning wipes it. So
every other process of the machine can see which call has not come back, and whatever ends a process, even
`kill -9`, leaves the name of the hook it was in. Nobody asks that hook for a while.

A process notes the calls of the thread it began in, which is all of them in gunicorn's sync workers; config/gunicorn.py
refuses others.
"""

import fcntl
import mmap
import os
import signal
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from core.language import N_

LONG_SECONDS = 5
"""A call that lasts longer is not asked by another process meanwhile."""
HUNG_SECONDS = 3600
"""For so long a hook is left alone in which a process has ended."""
LOOK_SECONDS = 1
HANGS = N_("another process has not come back from it")
ENDED = N_("a process hung or ended in it; after mending, switch the plugin off and on")
_LABEL = 120
_SIZE = 8 + _LABEL
_EMPTY = bytes(_SIZE)
_Noted = tuple[float, bytes]
_NOTHING: _Noted = (0.0, bytes(_LABEL))
HOST = socket.gethostname()


class CallMark:
    """The file of this process, and a look at those of the others."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for path in self._files():
            _bury(path)
        self.path = folder / f"{HOST}-{os.getpid()}.call"
        draft = self.path.with_suffix(".draft")
        self._file = draft.open("w+b")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._file.write(_EMPTY)
        self._file.flush()
        memory = memoryview(mmap.mmap(self._file.fileno(), _SIZE))
        self.started, self.label = memory[:8].cast("d"), memory[8:]
        """Two places of the file, for who calls often: when the call began (0: there is none), and which it is."""
        draft.rename(self.path)  # locked already: without a lock it would look like a dead one's
        self._base = _NOTHING
        self.thread = threading.get_ident()
        self._looked = 0.0

    @staticmethod
    def label_of(plugin: str, hook: str) -> bytes:
        """Return what the file says while a hook runs."""
        return f"{plugin} {hook}".encode()[:_LABEL].ljust(_LABEL, b"\0")

    @property
    def now(self) -> _Noted:
        """What `leave` needs later to note again what was noted before: a hook may ask further hooks."""
        return self.started[0], bytes(self.label)

    def leave(self, outer: _Noted) -> None:
        """Note that the last call has come back, and the one around it goes on."""
        self.started[0], self.label[:] = outer if outer[0] else self._base

    def wipe(self) -> None:
        """Note that no call is to blame when this process ends now."""
        self.started[0], self.label[:] = _NOTHING

    def end(self, started: float) -> None:
        """Keep the note of a long call that a SystemExit has ended: so a server ends a worker for its silence."""
        if time.monotonic() - started > LONG_SECONDS:
            self._base = self.now

    def look(self, counts: dict[str, dict[str, Any]], *, at_once: bool = False) -> int:
        """Open the breaker of each hook in which another process hangs, or has ended; once a second is enough.

        Returns how many were closed before.
        """
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS and not at_once:
            return 0
        self._looked = now
        opened = 0
        for plugin, hook, until, because in (*self._hanging(now), *self._ended(now)):
            if count := counts.get(plugin, {}).get(hook):
                opened += count.open_until <= now
                count.pause(until, because)
        return opened

    def _files(self) -> Iterator[Path]:
        own = getattr(self, "path", None)
        return (path for path in self._folder.glob(f"{HOST}-*.call") if path != own)

    def _hanging(self, now: float) -> Iterator[tuple[str, str, float, str]]:
        for path in self._files():
            with suppress(OSError):
                plugin, hook, started = read(path)
                if plugin and not _bury(path) and now - started > LONG_SECONDS:
                    yield plugin, hook, now + LONG_SECONDS, HANGS

    def _ended(self, now: float) -> Iterator[tuple[str, str, float, str]]:
        for path in self._folder.glob(f"{HOST}-*.died"):
            with suppress(OSError):
                ago = time.time() - path.stat().st_mtime
                if ago > HUNG_SECONDS:
                    path.unlink()
                    continue
                plugin, hook, _started = read(path)
                yield plugin, hook, now + HUNG_SECONDS - ago, ENDED


@contextmanager
def at_most(seconds: int, message: str) -> Iterator[None]:
    """Raise TimeoutError where the block still runs after so many seconds; without effect in a second thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(*_signal: Any) -> None:
        raise TimeoutError(message)

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def forget(folder: Path, plugin: str) -> None:
    """Forget that processes, of any machine, have ended in a plugin's hooks: IT switches it on anew."""
    for path in folder.glob("*.died"):
        with suppress(OSError):
            if read(path)[0] == plugin:
                path.unlink()


def is_alive(path: Path) -> bool:
    """Say whether the process of a file lives: it holds the lock."""
    with suppress(OSError), path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _bury(path: Path) -> bool:
    """Take away the file of a process that is gone, and keep the call in which it went; say whether it is gone."""
    if is_alive(path):
        return False
    with suppress(OSError):
        if read(path)[0]:
            died = path.with_name(f"{path.stem}-{time.time_ns()}.died")
            path.rename(died)
            os.utime(died)
        else:
            path.unlink()
    return True


def read(path: Path) -> tuple[str, str, float]:
    """Return plugin, hook and start of the call a file tells of; an empty name when there is none."""
    content = path.read_bytes().ljust(_SIZE, b"\0")[:_SIZE]
    plugin, _space, hook = content[8:].rstrip(b"\0").decode("utf-8", "replace").partition(" ")
    return plugin, hook, struct.unpack("d", content[:8])[0]
