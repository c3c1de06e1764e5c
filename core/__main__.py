"""`python -m core` is the command `backoffice`, of exactly this interpreter."""

from core.cli import main

main(prog_name="backoffice")
