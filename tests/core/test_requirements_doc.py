"""The page of requirements tells the truth about the tests."""

import os
import subprocess
import sys
from pathlib import Path

from core.testing.requirements import Requirement, read_requirements, requirements_document

ROOT = Path(__file__).resolve().parents[2]
ROWS = [Requirement("A1", "core", "Customer record"), Requirement("B9", "named", "Order tracking")]


def test_the_page_is_up_to_date(tmp_path):
    written = tmp_path / "requirements.md"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    collected = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--collect-only",
            "-qq",
            "-p",
            "no:cacheprovider",
            f"--requirements-doc={written}",
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert collected.returncode == 0, collected.stdout + collected.stderr
    assert written.read_text() == (ROOT / "docs" / "requirements.md").read_text(), "run: make requirements"


def test_the_source_has_every_requirement_once():
    rows = read_requirements(ROOT / "docs" / "requirements-source.tsv")
    assert len(rows) == len({row.id for row in rows}) == 217
    assert sum(row.kind == "core" for row in rows) == 83


def test_a_requirement_names_its_proofs_in_order_and_says_open_without_one():
    page = requirements_document(ROWS, {"B9": {"tests/z.py::last", "tests/a.py::first"}})
    assert "| A1 | core | Customer record | open |" in page
    assert "| B9 | named | Order tracking | `tests/a.py::first`, `tests/z.py::last` |" in page
    assert "1 of 2 requirements have a proof" in page


def test_an_unknown_requirement_is_refused(tmp_path):
    (tmp_path / "test_wrong.py").write_text("import pytest\n@pytest.mark.requirement('Q999')\ndef test_wrong(): ...\n")
    refused = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-c",
            "setup.cfg",
            "--collect-only",
            "-p",
            "core.testing.requirements",
            tmp_path,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 4
    assert "Requirement Q999 is not in" in refused.stderr + refused.stdout
    assert "test_wrong.py::test_wrong proves it" in refused.stderr + refused.stdout
