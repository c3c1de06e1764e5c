"""`backoffice plugin new`: the files of a plugin that passes its own tests, from the templates beside this module."""

from importlib.metadata import packages_distributions
from pathlib import Path
from string import Template

from core.registry.discovery import discover
from core.registry.manifest import check_name

TEMPLATES = Path(__file__).parent


class CannotWrite(ValueError):
    """No plugin can be made of this; nothing was written, and the message says why and what to do."""


def write_plugin(name: str, folder: Path, plugins_dir: Path, *, title: str = "", package: bool = False) -> Path:
    """Write a new plugin into `folder` and return where it is.

    :param plugins_dir: the folder of the plugins of this installation, whose names are taken.
    :param title: what people read; made of the name unless it is given.
    :param package: write `backoffice-NAME`, which pip installs, and not a folder of `plugins/`.
    :raises CannotWrite: for a name no plugin may have or one that is taken, and when something is there already.
    """
    _must_be_free(name, plugins_dir)
    module, address = f"backoffice_{name}" if package else f"plugins.{name}", name.replace("_", "-")
    # With a hyphen it cannot be taken for the package itself by whoever stands beside it.
    home = folder / (f"backoffice-{address}" if package else name)
    if home.exists():
        raise CannotWrite(f"{home} is there already: choose another name or folder, or move it away first")
    values = {
        "name": name, "title": title or name.replace("_", " ").capitalize(), "address": address,
        "Class": name.title().replace("_", ""), "package": module,
        "install": "pip install --editable ." if package else "# it lies in the folder of the plugins: restart, and it is found",
        "tests": "tests" if package else f"plugins/{name}",
    }  # fmt: skip
    if package:
        _write("package", home, values)
    _write("plugin", home / module if package else home, values)
    _write("tests", home / "tests", values)
    _write_file(TEMPLATES / "README.md.in", home / "README.md", values)
    return home


def _must_be_free(name: str, plugins_dir: Path) -> None:
    try:
        check_name(name)
    except ValueError as error:
        raise CannotWrite(f"{name!r} is no name for a plugin: {error}") from error
    for plugin in discover(plugins_dir):
        if plugin.name == name:
            raise CannotWrite(f"there is a plugin named {name} already, from {plugin.origin}: choose another name")
    if f"backoffice_{name}" in packages_distributions():
        raise CannotWrite(f"a package named backoffice_{name} is installed already: choose another name")


def _write(part: str, home: Path, values: dict[str, str]) -> None:
    for template in sorted((TEMPLATES / part).rglob("*.in")):
        path = template.relative_to(TEMPLATES / part).as_posix().replace("NAME", values["name"])
        _write_file(template, home / path.removesuffix(".in"), values)


def _write_file(template: Path, path: Path, values: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(Template(template.read_text("utf-8")).substitute(values), encoding="utf-8")
