"""Which test proves which requirement, written down where people look.

A test that proves rows of docs/requirements-source.tsv says so, and an id that is not there is refused::

    @pytest.mark.requirement("G2", "G9")

``make requirements`` writes the page, with ``pytest --collect-only --requirements-doc=docs/requirements.md``,
and a test fails when the page is out of date.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

_HEAD = """\
# Requirements and their proofs

What the product must do, and the tests that prove it does. Written by `make requirements` from
[requirements-source.tsv](requirements-source.tsv) and the tests themselves: change those, not this page.

Class: **core** is asked of this system, **named** belongs to a system of this kind, **context** is a practice
to support, **context (test)** is a complaint whose number must move.

{proved} of {all} requirements have a proof.

| Id | Class | Capability | Proof |
|---|---|---|---|
"""


@dataclass(frozen=True)
class Requirement:
    """One row of what the product must do."""

    id: str
    kind: str
    capability: str


def read_requirements(source: Path) -> list[Requirement]:
    """The rows of a table with the columns id, class and capability, separated by tabs, in its order."""
    with source.open(encoding="utf-8", newline="") as table:
        rows = csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [Requirement(row["id"], row["class"], row["capability"]) for row in rows]


def requirements_document(requirements: Iterable[Requirement], proofs: Mapping[str, Iterable[str]]) -> str:
    """The page as Markdown: a line for each requirement, with its proofs in alphabetical order or "open"."""
    rows = list(requirements)
    lines = [
        f"| {row.id} | {row.kind} | {row.capability} | "
        f"{', '.join(f'`{test}`' for test in sorted(proofs.get(row.id, ()))) or 'open'} |\n"
        for row in rows
    ]
    return _HEAD.format(proved=sum(bool(proofs.get(row.id)) for row in rows), all=len(rows)) + "".join(lines)


def proofs_of(items: Iterable[pytest.Item]) -> dict[str, set[str]]:
    """The names of the tests that carry each id; the runs of one test with several databases count once."""
    proofs: defaultdict[str, set[str]] = defaultdict(set)
    for item in items:
        for mark in item.iter_markers("requirement"):
            for requirement in mark.args:
                proofs[requirement].add(item.nodeid.partition("[")[0])
    return dict(proofs)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option that writes the page; write it with an equals sign, or pytest takes the path for a test."""
    parser.addoption(
        "--requirements-doc",
        metavar="PATH",
        type=Path,
        help="write which tests prove which requirement to PATH (with --collect-only)",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """All tests are collected and none is deselected yet."""
    source = config.rootpath / "docs" / "requirements-source.tsv"
    requirements = read_requirements(source) if source.exists() else []
    proofs = proofs_of(items)
    if unknown := sorted(proofs.keys() - {row.id for row in requirements}):
        tests = ", ".join(sorted(test for row in unknown for test in proofs[row]))
        raise pytest.UsageError(f"Requirement {', '.join(unknown)} is not in {source}, but {tests} proves it.")
    page: Path | None = config.getoption("requirements_doc")
    if page is not None:
        if not config.getoption("collectonly"):
            raise pytest.UsageError("--requirements-doc needs --collect-only, so that it sees every test.")
        if session.testsfailed:
            return  # a test file could not be read: the page would miss its proofs
        page.write_text(requirements_document(requirements, proofs), encoding="utf-8")
