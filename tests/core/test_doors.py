"""Who may lift the guard: each module of core that does is named here; a plugin does in its rollups.py only."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OPEN_UNSCOPED = {
    "core/access/scope.py", "core/admin/bulk.py", "core/admin/history.py", "core/admin/page_rows.py", "core/audit.py", "core/auth/accounts.py",
    "core/auth/pages.py", "core/auth/rights.py", "core/auth/sessions.py", "core/commands/context.py", "core/commands/people.py",
    "core/demo.py", "core/erasure.py", "core/exchange/applying.py", "core/exchange/checking.py", "core/exchange/importing.py",
    "core/exchange/long.py", "core/exchange/refusals.py", "core/exchange/staging.py", "core/inbox.py", "core/jobs/queue.py", "core/org/imports.py", "core/org/people.py",
    "core/org/tree.py", "core/org/views.py", "core/registry/host.py", "core/registry/purge.py", "core/statistics.py",
}  # fmt: skip
"""A new name here is a decision: what the module reads or writes past the acting person, and why it must."""


def names_used(path: Path) -> set[str]:
    """Every name a file imports, calls or reads, also as an attribute."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            found |= {alias.name.rpartition(".")[2] for alias in node.names}
    return found


def files(folder: str) -> list[Path]:
    return [
        path for path in sorted((ROOT / folder).rglob("*.py"))
        if not any(part in path.as_posix() for part in ("core/testing/", "/migrations/", "/tests/"))
    ]  # fmt: skip


@pytest.mark.requirement("J4")
def test_core_lifts_the_guard_in_these_modules_only():
    opened = {path.relative_to(ROOT).as_posix() for path in files("core") if "unscoped" in names_used(path)}
    assert opened == OPEN_UNSCOPED


@pytest.mark.requirement("J4")
def test_a_plugin_lifts_the_guard_in_its_rollups_only():
    plugins = files("plugins")
    assert plugins
    for path in plugins:
        used = names_used(path)
        assert "unscoped" not in used, path
        assert "across_scopes" not in used or path.name == "rollups.py", path


@pytest.mark.requirement("J4")
def test_a_plugin_imports_of_core_what_it_is_offered():
    for path in files("plugins"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "core":
                assert node.module == "core.api", f"{path} imports {node.module}"


def test_core_counts_rows_with_a_number_and_writes_no_sql_in_a_literal_column():
    for path in files("core"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "literal_column":
                assert ast.unparse(node.args[0]).strip("'\"").isdigit(), path
