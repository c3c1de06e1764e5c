"""Which column of a file goes to which field of a table, and which options an import has."""

from collections.abc import Iterable, Iterator
from contextvars import copy_context
from typing import Any

from core import typed
from core.language import LOCALES, _, gettext, set_locale


class ImportRefused(ValueError):
    """The import cannot go on, and nothing was written; the text is ready for the person."""


def columns_to_fields(view: Any, headers: list[str], chosen: dict[str, str]) -> dict[str, str]:
    """Return `{column: field}`: as chosen, else by the field's name, its title in any language, an alias.

    An empty field leaves the column out. Raises ImportRefused for a choice that cannot be.
    """
    require_fields(view, filter(None, chosen.values()))
    for column in chosen:
        if column not in headers:
            columns = ", ".join(headers)
            raise ImportRefused(
                _("The file has no column “%(column)s”. It has: %(columns)s.", column=column, columns=columns)
            )
    taken = [name for name in chosen.values() if name]
    if len(taken) > len(set(taken)):
        raise ImportRefused(_("Two columns cannot go to the same field."))
    known = {_plain(heading): f.name for f in reversed(view.fields) for heading in _headings(view, f)}
    mapping = dict.fromkeys(headers, "") | chosen
    for header in headers:
        name = known.get(_plain(header))
        if header not in chosen and name and name not in taken:
            mapping[header] = name
            taken.append(name)
    return mapping


def require_fields(view: Any, names: Iterable[str]) -> None:
    """Raise ImportRefused when one of the names is no field of the view."""
    known = {declared.name for declared in view.fields}
    for name in names:
        if name not in known:
            fields = ", ".join(sorted(known))
            raise ImportRefused(_("There is no field “%(field)s”. There are: %(fields)s.", field=name, fields=fields))


def options_of(view: Any, given: dict[str, str]) -> dict[str, str]:
    """Return every option of the view's import with its value: as given, else the usual one."""
    options = {name: next(iter(choices)) for name, choices in view.import_options.items()}
    for name, value in given.items():
        if name not in options:
            raise ImportRefused(_("This import knows no option “%(name)s”.", name=name))
        if value not in view.import_options[name]:
            choices = ", ".join(view.import_options[name])
            raise ImportRefused(_("“%(name)s” is one of: %(choices)s.", name=name, choices=choices))
        options[name] = value
    return options


def _headings(view: Any, declared: Any) -> Iterator[str]:
    column = view.by_name.get(declared.name)
    for text in (declared.title, *([column.title] if column else [])):
        yield from (copy_context().run(_in_locale, locale, text) for locale in LOCALES)
    yield from (declared.name, *declared.aliases)


def _in_locale(locale: str, text: str) -> str:
    set_locale(locale)
    return gettext(text)


def _plain(heading: str) -> str:
    return typed.text(heading).rstrip("*＊ ").casefold()
