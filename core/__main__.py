"""`python -m core` is the command `backoffice`, of exactly this interpreter."""

from core import start  # noqa: F401 - before all else of core
from core.cli import main

if __name__ == "__main__":
    main(prog_name="backoffice")
