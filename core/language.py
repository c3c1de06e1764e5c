"""Texts in the person's language.

A text in the code is an English sentence in `_("…")`; each locale has one dictionary, merged
from core and every plugin, so that a look-up costs one dictionary access. `N_("…")` marks a text
of a class-level declaration, which `_()` translates when it is shown.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

LOCALES = {"zh_Hans_CN": "简体中文", "en": "English"}
DEFAULT_LOCALE = "zh_Hans_CN"

# Babel's reader takes a tenth of a second for the house's texts, and every process of a server reads them.
_ENTRY = re.compile(r'^msgid[ \t]+((?:".*"[ \t]*\n)+)msgstr[ \t]+((?:".*"[ \t]*(?:\n|\Z))+)', re.MULTILINE)
_QUOTED = re.compile(r'^"(.*)"', re.MULTILINE)
_ESCAPED, _ESCAPES = re.compile(r"\\(.)"), {"n": "\n", "t": "\t", "r": "\r"}

_locale: ContextVar[str] = ContextVar("locale", default=DEFAULT_LOCALE)
_texts: dict[str, dict[str, str]] = {name: {} for name in LOCALES}


def gettext(message: str, **values: object) -> str:
    """Return `message` in the current locale, with `%(name)s` filled from `values`."""
    text = _texts[_locale.get()].get(message) or message
    return text % values if values else text


_ = gettext


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for the marker
    """Mark a text for translation without translating it yet."""
    return message


def current_locale() -> str:
    """Return the locale texts are shown in now: a key of `LOCALES`."""
    return _locale.get()


def set_locale(name: str) -> None:
    """Show texts in `name` from now on in this context; an unknown name means the default."""
    _locale.set(name if name in LOCALES else DEFAULT_LOCALE)


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Show texts in `name` inside the block."""
    token = _locale.set(name if name in LOCALES else DEFAULT_LOCALE)
    try:
        yield
    finally:
        _locale.reset(token)


def best_locale(accepted: list[str]) -> str:
    """Choose a locale for a browser's languages, best first (`zh-CN`, `zh`, `en-GB` …)."""
    for tag in accepted:
        if tag.lower().startswith("zh"):
            return "zh_Hans_CN"
        if tag.lower().startswith("en"):
            return "en"
    return DEFAULT_LOCALE


def load_texts(folder: Path) -> None:
    """Merge the `<locale>.po` files of `folder` into the dictionaries; read once per file."""
    for name, texts in _texts.items():
        path = folder / f"{name}.po"
        if path.is_file():
            texts.update(_read(path, path.stat().st_mtime_ns))


@lru_cache
def _read(path: Path, _changed: int) -> dict[str, str]:
    pairs = _ENTRY.findall(path.read_text("utf-8"))
    return {text: said for text, said in ((_joined(one), _joined(other)) for one, other in pairs) if text and said}


def _joined(lines: str) -> str:
    return _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), "".join(_QUOTED.findall(lines)))
