"""From a file to rows that a person can look at before they are written.

`check` reads the file once, in chunks: columns become fields, texts become values, references are
resolved and existing rows compared in sets. What it finds stands in `exchange_row`, every reason for
a refusal beside it, and nothing else is written. `core.exchange.applying` writes it and takes it back.
"""

from collections.abc import Callable, Iterable, Iterator
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from itertools import islice
from typing import Any

from sqlalchemy import Numeric, and_, case, delete, func, select
from sqlalchemy.orm import Session

from core import clock, typed
from core.access.person import current_person
from core.access.scope import unscoped
from core.db import Money
from core.exchange.bulk import among, insert_rows, reserve_ids
from core.exchange.models import ImportBatch, ImportRow
from core.exchange.reading import Row, Table
from core.exchange.writing import guard
from core.language import LOCALES, _, gettext, set_locale

CHUNK = 2000
LOOKED_UP_TOGETHER = 500
REMEMBERED_REFERENCES = 20_000
LEFT_OUT = object()
KEPT_DAYS = 7
"""So long an uploaded file, and a check that was never applied, are kept."""


class ImportRefused(ValueError):
    """The import cannot go on, and nothing was written; the text is ready for the person."""


def open_batch(
    session: Session, view: Any, file_name: str, table: Table, *, chosen: dict[str, str] | None = None,
    match: Iterable[str] = (), options: dict[str, str] | None = None,
) -> ImportBatch:  # fmt: skip
    """Return a new batch for a file; `chosen` says where columns go, the others find their field by name.

    Raises ImportRefused when a choice does not exist, Forbidden when the person may not import here.
    """
    current_person().require(f"{view.permission}:import")
    names = {declared.name for declared in view.fields}
    for name in match:
        if name not in names:
            raise ImportRefused(_no_field(name, names))
    person = current_person()
    batch = ImportBatch(
        resource=view.resource, subject=view.model.__resource__, file_name=file_name[-200:],
        mapping=columns_to_fields(view, table.headers, chosen or {}), match=list(match or view.import_key),
        options=_chosen_options(view, options or {}), person_id=person.id, person_name=person.name,
        sample=dict(zip(table.headers, (value[:60] for value in next(table.rows()).values), strict=True)),
    )  # fmt: skip
    session.add(batch)
    session.flush()
    with unscoped("checks that nobody came back for"):
        old = clock.now() - timedelta(days=KEPT_DAYS)
        session.execute(delete(ImportBatch).where(ImportBatch.state == "checked", ImportBatch.created_at < old))
    return batch


def _chosen_options(view: Any, options: dict[str, str]) -> dict[str, str]:
    chosen = {name: next(iter(choices)) for name, choices in view.import_options.items()}
    for name, value in options.items():
        if name not in chosen:
            raise ImportRefused(_("This import knows no option “%(name)s”.", name=name))
        if value not in view.import_options[name]:
            choices = ", ".join(view.import_options[name])
            raise ImportRefused(_("“%(name)s” is one of: %(choices)s.", name=name, choices=choices))
        chosen[name] = value
    return chosen


def columns_to_fields(view: Any, headers: list[str], chosen: dict[str, str]) -> dict[str, str]:
    """Return `{column: field}`: as chosen, else by the field's name, its title in any language, an alias."""
    names = {declared.name for declared in view.fields}
    for column, name in chosen.items():
        if column not in headers:
            columns = ", ".join(headers)
            raise ImportRefused(_("The file has no column “%(column)s”. It has: %(columns)s.", column=column, columns=columns))
        if name and name not in names:
            raise ImportRefused(_no_field(name, names))
    taken = [name for name in chosen.values() if name]
    if len(taken) > len(set(taken)):
        raise ImportRefused(_("Two columns cannot go to the same field."))
    known = {_plain(heading): declared.name for declared in reversed(view.fields) for heading in _headings(view, declared)}
    mapping = dict.fromkeys(headers, "") | chosen
    for header in headers:
        name = known.get(_plain(header))
        if header not in chosen and name and name not in taken:
            mapping[header] = name
            taken.append(name)
    return mapping


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


def _no_field(name: str, names: Iterable[str]) -> str:
    return _("There is no field “%(field)s”. There are: %(fields)s.", field=name, fields=", ".join(sorted(names)))


def check(
    session: Session, view: Any, batch: ImportBatch, table: Table, watch: Callable[[Iterator[Row]], Iterable[Row]] = iter
) -> None:
    """Find out what the file would do, into `exchange_row` and `batch.counts`; a check before is forgotten.

    Raises ImportRefused when the key has no column, UnreadableFile when the file ends being one: then
    the caller's transaction must be rolled back.
    """
    with unscoped("one's own batch"):
        session.execute(delete(ImportRow).where(ImportRow.batch_id == batch.id))
    batch.counts = {}
    missing = [name for name in batch.match if name not in batch.mapping.values()]
    if missing:
        titles = ", ".join(gettext(declared.title) for declared in view.fields if declared.name in missing)
        raise ImportRefused(_("No column of the file says “%(titles)s”, by which a record is found again. Choose one.", titles=titles))
    checking = _Check(session, view, batch)
    rows, count = iter(watch(table.rows())), 0
    while chunk := list(islice(rows, CHUNK)):
        checking.take(chunk)
        count += len(chunk)
    checking.refuse_contradicted(table)
    with unscoped("one's own batch"):
        found = session.execute(
            select(ImportRow.status, func.count(ImportRow.number.distinct()))
            .where(ImportRow.batch_id == batch.id)
            .group_by(ImportRow.status)
        ).all()
    none = dict.fromkeys(("created", "updated", "unchanged", "refused"), 0)
    batch.counts = none | {status: number for status, number in found} | {"rows": count, "repeated": checking.repeated}


@dataclass(slots=True)
class _Line:
    """One row of the file on its way."""

    number: int
    texts: tuple[str, ...]
    values: dict[str, Any] = field(default_factory=dict)
    key: tuple[Any, ...] = ()
    problems: list[tuple[str, str]] = field(default_factory=list)
    """(field, reason)"""
    status: str = "created"
    row_id: int | None = None
    row_version: int | None = None
    before: dict[str, Any] | None = None


class _Check:
    def __init__(self, session: Session, view: Any, batch: ImportBatch) -> None:
        self.session, self.view, self.batch, self.match = session, view, batch, list(batch.match)
        self.headers = list(batch.mapping)
        self.column_of = {name: column for column, name in batch.mapping.items() if name}
        self.fields = [declared for declared in view.fields if declared.name in self.column_of]
        self.readers = [
            (self.headers.index(self.column_of[declared.name]), declared.name, _reader(declared, view.model)) for declared in self.fields
        ]
        self.references: dict[str, dict[str, int | None]] = {declared.name: {} for declared in self.fields if declared.lookup}
        self.firsts: dict[bytes, tuple[int, int]] = {}
        self.contradicted: dict[int, int] = {}
        self.repeated = 0

    def take(self, rows: list[Row]) -> None:
        """Stage one chunk of the file."""
        lines = [self._read(row) for row in rows]
        for declared in self.fields:
            if declared.lookup:
                self._resolve(declared, lines)
        good = [line for line in lines if not line.problems]
        completed = self.view.import_values(self.session, [line.values for line in good], self.batch.options)
        for line, values in zip(good, completed, strict=True):
            line.values = values
        repeats = {id(line) for line in good if self._repeats(line)}
        if firsts := [line for line in good if not line.problems and id(line) not in repeats]:
            self._compare(firsts)
        self._stage([line for line in lines if id(line) not in repeats])

    def _read(self, row: Row) -> _Line:
        line = _Line(row.number, row.values)
        for position, name, read in self.readers:
            value, problem = read(row.values[position])
            if problem:
                line.problems.append((name, problem))
            elif value is not LEFT_OUT:
                line.values[name] = value
        return line

    def _resolve(self, declared: Any, lines: list[_Line]) -> None:
        known = self.references[declared.name]
        texts = {text for line in lines if (text := line.values.get(declared.name)) is not None}
        if unknown := texts - known.keys():
            if len(known) > REMEMBERED_REFERENCES:
                known.clear()
                unknown = texts
            known |= dict.fromkeys(unknown) | self.view.import_resolve(self.session, declared, unknown)
        for line in lines:
            text = line.values.get(declared.name)
            if text is not None and (found := known[text]) is not None:
                line.values[declared.name] = found
            elif text is not None:
                line.problems.append((declared.name, _("There is no “%(text)s” among what you may choose.", text=text)))

    def _repeats(self, line: _Line) -> bool:
        """Say whether an earlier row says the same; one that says otherwise makes both refused."""
        line.key = tuple([line.values.get(name) for name in self.match])
        if None in line.key:
            line.problems.append((self.match[line.key.index(None)], _("Please fill this in.")))
            return False
        digest = blake2b(repr(line.key).encode(), digest_size=16).digest()
        says = hash(repr(line.values))
        number, said = self.firsts.setdefault(digest, (line.number, says))
        if number == line.number:
            return False
        if said == says:
            self.repeated += 1
            return True
        self.contradicted.setdefault(number, line.number)
        line.problems.append((self.match[0], _contradiction(number)))
        return False

    def _compare(self, lines: list[_Line]) -> None:
        columns = self.view.model.__table__.columns
        only_new = {declared.name for declared in self.view.fields if declared.only_new}
        names = [name for name in {name: None for line in lines for name in line.values} if name in columns]
        existing = self._existing({line.key for line in lines}, names)
        for line in lines:
            rows = existing.get(line.key, [])
            reachable = [row for row in rows if row.reachable]
            if len(reachable) > 1:
                line.problems.append((self.match[0], _("%(count)s records agree with this row; it is not clear which one is meant.", count=len(reachable))))
            elif reachable:
                row = reachable[0]
                was = {name: row[position] for position, name in enumerate(names, start=3) if name in line.values}
                line.before = {name: value for name, value in was.items() if value != line.values[name]}
                line.status = "updated" if line.before else "unchanged"
                line.row_id, line.row_version = row.id, row.version
                line.problems += [(name, _("This cannot be changed later.")) for name in line.before if name in only_new]
            elif rows and self.match == list(self.view.import_key):
                line.problems.append((self.match[0], _("This is taken by a record that you may not change, or that is in the recycle bin.")))
        self._complete([line for line in lines if line.status == "created" and not line.problems])
        self._let_view_check([line for line in lines if line.status != "unchanged" and not line.problems])

    def _existing(self, keys: set[tuple[Any, ...]], names: list[str]) -> dict[tuple[Any, ...], list[Any]]:
        model, match, found = self.view.model, self.match, {}
        columns = [getattr(model, name) for name in match]
        reachable = case((and_(*self.view.conditions("import")), 1), else_=0).label("reachable")
        query = select(model.id, model.version, reachable, *(getattr(model, name) for name in names))
        places = [names.index(name) + 3 for name in match]
        rest = iter(keys)
        while some := list(islice(rest, LOOKED_UP_TOGETHER)):
            with unscoped("a record out of reach must be refused, not made twice"):
                for row in self.session.execute(query.where(among(self.session, columns, some))):
                    found.setdefault(tuple(row[place] for place in places), []).append(row)
        return found

    def _complete(self, lines: list[_Line]) -> None:
        completed = self.view.import_defaults(self.session, [line.values for line in lines], self.batch.options)
        for line, values in zip(lines, completed, strict=True):
            line.values = values
            line.problems += [
                (declared.name, _("The file does not say this, and a new record needs it."))
                for declared in self.view.fields
                if declared.required and values.get(declared.name) is None
            ]

    def _let_view_check(self, lines: list[_Line]) -> None:
        refused = self.view.import_check(self.session, [line.values for line in lines], [line.row_id for line in lines])
        for position, problem in refused.items():
            lines[position].problems.append(problem)

    def _stage(self, lines: list[_Line]) -> None:
        new = [line for line in lines if line.status == "created" and not line.problems]
        with unscoped("one's own batch"):
            for line, row_id in zip(new, reserve_ids(self.session, self.view.model.__table__, len(new)), strict=True):
                line.row_id = row_id
            insert_rows(self.session, ImportRow.__table__, [row for line in lines for row in self._rows_of(line)])  # type: ignore[arg-type]

    def _rows_of(self, line: _Line) -> Iterator[dict[str, Any]]:
        common = {"batch_id": self.batch.id, "number": line.number}
        if not line.problems:
            before = None if line.before is None else plain(line.before)
            yield common | {
                "status": line.status, "row_id": line.row_id, "row_version": line.row_version, "before": before,
                "values": plain(line.values), "column": "", "value": "", "reason": "",
            }  # fmt: skip
        texts = dict(zip(self.headers, line.texts, strict=True)) if line.problems else {}
        titles = {declared.name: declared.title for declared in self.view.fields}
        for name, reason in line.problems:
            column = self.column_of.get(name)
            yield common | {
                "status": "refused", "row_id": None, "row_version": None, "before": None, "values": texts, "reason": reason[:400],
                "column": column or gettext(titles.get(name, name)), "value": texts.get(column, "")[:1000] if column else "",
            }  # fmt: skip

    def refuse_contradicted(self, table: Table) -> None:
        """Refuse the first of rows that contradict each other too: nobody knows which one is right."""
        rows = (row for row in table.rows() if row.number in self.contradicted) if self.contradicted else iter(())
        while chunk := list(islice(rows, LOOKED_UP_TOGETHER)):
            with unscoped("one's own batch"):
                staged = ImportRow.number.in_([row.number for row in chunk])
                self.session.execute(delete(ImportRow).where(ImportRow.batch_id == self.batch.id, ImportRow.status != "refused", staged))
            problems = [[(self.match[0], _contradiction(self.contradicted[row.number]))] for row in chunk]
            self._stage([_Line(row.number, row.values, problems=p) for row, p in zip(chunk, problems, strict=True)])


def _contradiction(other: int) -> str:
    return _("Row %(other)s says something else about the same record.", other=other)


def _reader(declared: Any, model: Any) -> Callable[[str], tuple[Any, str]]:
    """Return the function from a cell's text to (value, problem); an empty cell empties what may be empty."""
    column = model.__table__.columns.get(declared.name)
    may_be_empty = (column is None or column.nullable) and declared.kind_for(model) != "boolean"

    @lru_cache(maxsize=10_000)
    def read(text: str) -> tuple[Any, str]:
        if text.startswith("'") and guard(text[1:]) == text:
            text = text[1:]
        try:
            if not declared.required and not typed.text(text):
                return (None if may_be_empty else LEFT_OUT), ""
            if declared.lookup and typed.text(text):
                return typed.text(text), ""
            return declared.value_of(text, model), ""
        except typed.BadValue as error:
            return None, str(error)

    return read


_PLAIN: dict[type, Callable[[Any], Any]] = {date: date.isoformat, datetime: datetime.isoformat, time: time.isoformat, Decimal: str}


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """Return values as JSON keeps them; `valued` reads them back."""
    return {name: _PLAIN[type(value)](value) if type(value) in _PLAIN else value for name, value in values.items()}


def valued(model: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a staged row with their values; what is no column is left out."""
    columns, readers = model.__table__.columns, _readers(model)
    return {
        name: readers[name](value) if name in readers and isinstance(value, str) else value
        for name, value in values.items()
        if name in columns
    }


@lru_cache(maxsize=200)
def _readers(model: Any) -> dict[str, Callable[[str], Any]]:
    def reader(type_: Any) -> Callable[[str], Any] | None:
        return Decimal if isinstance(type_, Money | Numeric) else getattr(type_.python_type, "fromisoformat", None)

    return {column.name: read for column in model.__table__.columns if (read := reader(column.type))}
