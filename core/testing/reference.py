"""The reference for plugin authors, written from the code: `python -m core.testing.reference > docs/reference.md`.

Manifest, hooks, events, rights, settings, what `core.api` and `core.testing` offer; each sentence is the code's own.
"""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from _pytest.fixtures import FixtureFunctionDefinition

HEAD = """\
# Reference for plugin authors

What a plugin may tell the house and ask of it. Written from the code by `make reference`: change the code's own
words, not this page. How to begin is in [plugin-author.md](plugin-author.md).
"""
PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
DECLARED = ("Permission", "HomeCard", "ScheduledTask", "JobKind", "Column", "Field")
"""Of `core.api`: what a plugin declares, shown with each of its values."""
VIEWS = ("ModelView", "Page")
OTHERS = {
    "FORMATS": "The formats of a store, `{format: title}`.",
    "Id": "The column type of a primary or foreign key.",
    "SYSTEM": "Who acts when nobody does: the worker and the commands.",
    "hookimpl": "Marks the answer to a hook.",
    "hookspec": "Marks a hook that the plugin asks of others, in its `hookspecs.py`.",
    "session": "The session of the request, command or job that is running.",
}
"""Of `core.api`: what cannot speak for itself."""


def reference_document() -> str:
    """Return the whole page."""
    return "\n".join(
        [HEAD, *_manifest(), *_hooks(), *_rights(), *_settings(), *_declarations(), *_views(), *_api(), *_testing()]
    )


def _manifest() -> Iterator[str]:
    from core.registry.manifest import API, RESERVED, Manifest
    from core.testing.declarations import ICONS

    yield "## plugin.toml\n"
    yield f"The hook contract is `api = {API}`. A name has 2 to 40 small letters, digits and `_`, and is none of:"
    yield f"{', '.join(f'`{word}`' for word in sorted(RESERVED))}, and no word of Python.\n"
    yield "| key | default | |\n|---|---|---|"
    told = _words_of_attributes(Manifest)
    for field in fields(Manifest):
        default = "required" if field.default is MISSING else f"`{_toml(field.default)}`"
        yield f"| `{field.name}` | {default} | {told[field.name]} |"
    icons = re.findall(r'id="([a-z-]+)"', ICONS.read_text("utf-8"))
    yield f"\nIcons: {', '.join(f'`{icon}`' for icon in sorted(icons))}.\n"


def _toml(value: Any) -> str:
    return "[]" if value == () else f'"{value}"'


def _hooks() -> Iterator[str]:
    from core import hookspecs

    yield "## Hooks\n"
    yield f"{inspect.getdoc(hookspecs)}\n"
    yield from _specifications(hookspecs)
    for folder in sorted(path.parent.name for path in PLUGINS.glob("*/hookspecs.py")):
        module = import_module(f"plugins.{folder}.hookspecs")
        yield f"## Events of `{folder}`\n"
        yield f"{inspect.getdoc(module)} Mark the answer `@hookimpl(optionalhook=True)`: that plugin may be absent.\n"
        yield from _specifications(module)


def _specifications(module: ModuleType) -> Iterator[str]:
    for name, function in vars(module).items():
        if hasattr(function, "backoffice_spec"):
            signature = str(inspect.signature(function)).replace("'", "")
            yield f"- `{name}{signature}`  \n  {_flat(function.__doc__)}"
    yield ""


def _rights() -> Iterator[str]:
    from core.access.permissions import ACTIONS, LEVELS, SHIPPED_ROLES, resource_permissions

    yield "## Rights\n"
    yield f"A right reads `plugin:resource:action`. Levels: {', '.join(f'`{level}`' for level in LEVELS)}."
    yield f"{_flat(resource_permissions.__doc__)} The seven: {', '.join(f'`{action}`' for action in ACTIONS)}.\n"
    yield "| shipped role | | rank |\n|---|---|---|"
    for code, title, rank in SHIPPED_ROLES:
        yield f"| `{code}` | {title} | {rank} |"
    yield ""


def _settings() -> Iterator[str]:
    from core import api
    from core.api import Setting

    yield "## Settings\n"
    yield f'{_flat(Setting.__doc__)} Read one with `setting("plugin.name")`, or `setting("plugin.name", node)`.\n'
    for name, kind in vars(api).items():
        if isinstance(kind, type) and issubclass(kind, Setting) and kind is not Setting:
            yield f"- `{name}({_arguments(kind)})`  \n  {_flat(kind.__doc__)}"
    yield ""


def _declarations() -> Iterator[str]:
    from core import api

    yield "## What is declared\n"
    for name in DECLARED:
        kind = getattr(api, name)
        yield f"### {name}\n\n{_flat(kind.__doc__)}\n\n`{name}({_arguments(kind)})`\n"
        told = _words_of_attributes(kind)
        yield from (f"- `{key}`: {words}" for key, words in told.items())
        if told:
            yield ""


def _views() -> Iterator[str]:
    from core import api
    from core.admin.view import View

    yield "## Views\n"
    for name in VIEWS:
        kind = getattr(api, name)
        yield f"### {name}\n\n{_flat(kind.__doc__)}\n"
        told = {**_words_of_attributes(View), **_words_of_attributes(kind)}
        for key, words in told.items():
            yield f"- `{key}`: {words}"
        yield ""


def _api() -> Iterator[str]:
    from core import api

    yield "## core.api\n"
    yield f"{inspect.getdoc(api)}\n"
    yield "| name | |\n|---|---|"
    for name in sorted(api.__all__, key=str.lower):
        value = getattr(api, name)
        yield f"| `{name}{_signature(value)}` | {_first_sentence(name, value)} |"
    yield ""


def _testing() -> Iterator[str]:
    from core import testing
    from core.testing.contract import PluginContract

    yield "## Tests\n"
    yield f"{inspect.getdoc(testing)}\n"
    yield "| fixture | |\n|---|---|"
    for name in testing.pytest_plugins:
        for key, value in vars(import_module(name)).items():
            if isinstance(value, FixtureFunctionDefinition):
                yield f"| `{key}` | {_flat(value.__doc__)} |"
    yield "\nThe contract that `PluginContract` tries:\n"
    for name in vars(PluginContract):
        if name.startswith("test_"):
            yield f"- {name.removeprefix('test_').replace('_', ' ')}"
    yield ""


def _signature(value: Any) -> str:
    if not isinstance(value, FunctionType):
        return ""
    plain = [each.replace(annotation=inspect.Parameter.empty) for each in inspect.signature(value).parameters.values()]
    return str(inspect.Signature(plain))


def _first_sentence(name: str, value: Any) -> str:
    own = isinstance(value, type | FunctionType | ModuleType)
    text = _flat(value.__doc__) if own else OTHERS[name]
    return re.split(r"(?<=\.) ", text)[0]


def _arguments(kind: Any) -> str:
    if not is_dataclass(kind):
        return ""
    found = []
    for field in sorted((each for each in fields(kind) if each.init), key=lambda each: each.kw_only):
        default = field.default if field.default is not MISSING else (
            field.default_factory() if field.default_factory is not MISSING else MISSING
        )  # fmt: skip
        found.append(field.name if default is MISSING else f"{field.name}={default!r}")
    return ", ".join(found)


def _words_of_attributes(kind: type) -> dict[str, str]:
    """Return the sentence that stands under each attribute of a class."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(tree, ast.ClassDef)
    found = {}
    for before, after in zip(tree.body, tree.body[1:], strict=False):
        target = before.target if isinstance(before, ast.AnnAssign) else None
        if isinstance(target, ast.Name) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            found[target.id] = _flat(after.value.value)
    return found


def _flat(text: Any) -> str:
    return " ".join(str(text or "").split())


if __name__ == "__main__":
    sys.stdout.write(reference_document())
