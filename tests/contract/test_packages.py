"""A package of somebody else, built and installed by pip, passes its own tests and the contract in its own surroundings."""

import subprocess
import sys

import pytest

from tests.fixtures.installing import FIXTURES, environment, pip_install


@pytest.mark.slow
@pytest.mark.requirement("J22")
def test_a_package_that_is_not_ours_passes_its_own_tests(tmp_path):
    site = tmp_path / "site"
    pip_install(site, FIXTURES / "backoffice-birthdays")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not postgres"]
    tests = tmp_path / "site-sources" / "backoffice-birthdays" / "tests"
    done = subprocess.run(
        [*command, str(tests)], cwd=tests, env=environment(site), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout and "skipped" not in done.stdout
