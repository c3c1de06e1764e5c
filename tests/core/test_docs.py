"""Docs that cannot lie: what is in the code is in the docs, and what the docs name is there."""

import re
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import click

from core import hookspecs
from core.cli import main
from core.registry.discovery import discover

ROOT = Path(__file__).resolve().parents[2]
HOUSE = (ROOT / "docs" / "house.md").read_text("utf-8")
MANUAL = (ROOT / "docs" / "it.md").read_text("utf-8")


def hooks():
    modules = [hookspecs]
    for plugin in discover(ROOT / "plugins"):
        if (plugin.folder / "hookspecs.py").exists():
            modules.append(import_module(f"{plugin.package}.hookspecs"))
    return [name for module in modules for name, value in vars(module).items() if hasattr(value, "backoffice_spec")]


def test_every_hook_is_in_the_docs():
    assert hooks()
    assert [name for name in hooks() if f"`{name}`" not in HOUSE] == []


def test_every_hook_the_docs_name_exists():
    named = re.findall(r"^\| `(\w+)`(?:, `(\w+)`)? \|", HOUSE, re.MULTILINE)
    assert sorted({name for row in named for name in row if name}) == sorted(hooks())


def test_every_hook_says_when_it_runs():
    for name, spec in vars(hookspecs).items():
        if name in hooks():
            assert re.match(r"(At|When|After|Before) .+:|After .+\.", spec.__doc__), name


def test_every_command_of_the_manual_exists():
    for words in re.findall(r"`(?:[^`|]*\| )?backoffice ([a-z][a-z -]*)", MANUAL):
        command = main
        for word in words.split():
            if not isinstance(command, click.Group):
                break
            assert word in command.commands, words
            command = command.commands[word]


def test_every_variable_of_the_manual_is_a_setting():
    from config.settings import Settings

    named = set(re.findall(r"BACKOFFICE_([A-Z_]+)", MANUAL))
    assert named <= {each.name.upper() for each in fields(Settings)}


def test_the_reference_is_what_the_code_says():
    from core.testing.reference import reference_document

    assert (ROOT / "docs" / "reference.md").read_text("utf-8") == reference_document(), "run: make reference"


def test_everything_of_core_api_says_what_it_is():
    from core.testing.reference import reference_document

    nameless = re.findall(r"^\| `[^`]+` \|  \|$", reference_document(), re.MULTILINE)
    assert nameless == []
