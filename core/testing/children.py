"""Servers that a test run starts and never leaves behind."""

import shutil


def dying_with_us(command: list[str], *, signal: str = "TERM") -> list[str]:
    """The same command, ended with ``signal`` when this process is killed before it can do so itself.

    Where the system has no ``setpriv`` (Linux has it) the command is returned as it is.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, f"--pdeathsig={signal}", "--", *command] if setpriv else command
