"""What every test here may use; core.testing describes the fixtures."""

from pathlib import Path

import pytest

pytest_plugins = ["core.testing", "core.testing.requirements"]
collect_ignore = ["fixtures"]
"""Packages with tests of their own, which run where they are installed."""


def pytest_configure() -> None:
    """The access matrix learns what the plugins' tests add."""
    from core.testing import access_matrix

    for path in sorted(Path(__file__).parent.glob("**/access_values.py")):
        access_matrix.load_values(path)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, so that at the end every worker still finds something short to do."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
