"""The tutorial for authors, word by word: its commands run, its files are written, and what it promises is printed."""

import os
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = (ROOT / "docs" / "plugin-author.md").read_text("utf-8")
BLOCK = re.compile(r"(?:^`(?P<path>[^`\n]+)`:\n\n)?^```(?P<kind>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def shell(tmp_path):
    """A shell of an author: an environment of their own in front of ours, and no way to the network."""
    home = tmp_path / "environment"
    venv.EnvBuilder(symlinks=True).create(home)
    bin_folder, ours = home / "bin", sysconfig.get_path("purelib")
    [site] = home.glob("lib/python*/site-packages")
    (site / "ours.pth").write_text(f"{ROOT}\n{ours}\n")
    for name, module in {"pip": "pip._internal.cli.main", "backoffice": "core.cli"}.items():
        (bin_folder / name).write_text(f"#!{bin_folder}/python\nfrom {module} import main\nraise SystemExit(main())\n")
        (bin_folder / name).chmod(0o755)
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("BACKOFFICE_", "PYTEST_", "PYTHON"))
    }
    environment = {
        **kept, "PATH": f"{bin_folder}{os.pathsep}{kept['PATH']}", "PYTHONDONTWRITEBYTECODE": "1", "CI": "",
        "PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_QUIET": "1",
    }  # fmt: skip

    def run(script):
        done = subprocess.run(
            ["bash", "-e", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout

    return run


@pytest.mark.slow
@pytest.mark.requirement("J22")
def test_what_the_tutorial_says_works(shell, tmp_path):
    printed, commands = "", 0
    for block in BLOCK.finditer(TUTORIAL):
        kind, body, path = block["kind"], block["body"], block["path"]
        if kind == "sh":
            printed, commands = shell(body), commands + len(body.splitlines())
        elif kind == "text":
            missing = [line for line in body.splitlines() if line not in printed]
            assert not missing, f"{missing} is not in\n{printed}"
        else:
            assert path, f"a block of {kind} that says no file: {body[:80]}"
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(body, encoding="utf-8")
    assert commands >= 12
    assert TUTORIAL.count("\n```") == 2 * len(BLOCK.findall(TUTORIAL)), "a block that was not read"


def test_the_short_chinese_page_names_the_same_commands():
    chinese = (ROOT / "docs" / "写插件.md").read_text("utf-8")
    commands = [
        line.strip() for block in re.findall(r"```sh\n(.*?)```", chinese, re.DOTALL) for line in block.splitlines()
    ]
    assert len(commands) > 5
    assert [command for command in commands if command and command not in TUTORIAL] == []


def test_the_tutorials_code_is_written_as_the_house_writes(tmp_path):
    (tmp_path / "ruff.toml").symlink_to(ROOT / "ruff.toml")
    for block in BLOCK.finditer(TUTORIAL):
        if block["kind"] == "python":
            path = tmp_path / block["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block["body"], encoding="utf-8")
    ours = 'lint.isort.known-first-party = ["core", "backoffice_umbrellas"]'
    for words in (("check", "--config", ours), ("format", "--check", "--diff")):
        command = [sys.executable, "-m", "ruff", *words, "."]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
