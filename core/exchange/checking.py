"""What rows of a file would do to a table: read, resolved, compared and staged, a chunk at a time."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from itertools import islice
from typing import Any

from sqlalchemy import and_, case, delete, select
from sqlalchemy.orm import Session

from core import typed
from core.access.scope import unscoped
from core.exchange.bulk import among, insert_rows, reserve_ids
from core.exchange.models import ImportBatch, ImportRow
from core.exchange.reading import Row
from core.exchange.staging import plain
from core.exchange.writing import guard
from core.language import _, gettext

LOOKED_UP_TOGETHER = 2000
REMEMBERED_REFERENCES = 20_000
LEFT_OUT = object()
"""The value of an empty cell that changes nothing."""


@dataclass(slots=True)
class Line:
    """One row of the file on its way."""

    number: int
    texts: tuple[str, ...]
    values: dict[str, Any] = field(default_factory=dict)
    key: tuple[Any, ...] = ()
    problems: list[tuple[str, str]] = field(default_factory=list)
    """(field, reason)"""
    is_repeat: bool = False
    status: str = "created"
    row_id: int | None = None
    row_version: int | None = None
    before: dict[str, Any] | None = None


class Check:
    """One check of one file: takes its rows chunk by chunk, and remembers what was seen before."""

    def __init__(self, session: Session, view: Any, batch: ImportBatch) -> None:
        self.session, self.view, self.batch, self.match = session, view, batch, list(batch.match)
        self.headers = list(batch.mapping)
        self.column_of = {name: column for column, name in batch.mapping.items() if name}
        self.fields = [declared for declared in view.fields if declared.name in self.column_of]
        self.required = [declared.name for declared in view.fields if declared.required]
        self.readers = [
            (self.headers.index(self.column_of[f.name]), f.name, _reader(f, view.model)) for f in self.fields
        ]
        self.references: dict[str, dict[str, int | None]] = {f.name: {} for f in self.fields if f.lookup}
        self.firsts: dict[bytes, tuple[int, int]] = {}
        self.contradicted: dict[int, int] = {}
        """`{row: a later one that says something else}`"""
        self.repeated = 0

    def take(self, rows: list[Row]) -> None:
        """Stage one chunk of the file."""
        lines = [self._read(row) for row in rows]
        for declared in self.fields:
            if declared.lookup:
                self._resolve(declared, lines)
        self._call("import_values", _good(lines))
        for line in _good(lines):
            self._remember(line)
        self._compare(_good(lines))
        self._call("import_defaults", new := [line for line in _good(lines) if line.status == "created"])
        for line in new:
            if missing := [name for name in self.required if line.values.get(name) is None]:
                reason = _("The file does not say this, and a new record needs it.")
                line.problems += [(name, reason) for name in missing]
        self._let_view_check([line for line in _good(lines) if line.status != "unchanged"])
        self._stage([line for line in lines if not line.is_repeat])

    def _read(self, row: Row) -> Line:
        line = Line(row.number, row.values)
        for position, name, read in self.readers:
            value, problem = read(row.values[position])
            if problem:
                line.problems.append((name, problem))
            elif value is not LEFT_OUT:
                line.values[name] = value
        return line

    def _resolve(self, declared: Any, lines: list[Line]) -> None:
        name, known = declared.name, self.references[declared.name]
        texts = {text for line in lines if (text := line.values.get(name)) is not None}
        if unknown := texts - known.keys():
            if len(known) > REMEMBERED_REFERENCES:
                known.clear()
                unknown = texts
            known |= dict.fromkeys(unknown) | self.view.import_resolve(self.session, declared, unknown)
        for line in lines:
            text = line.values.get(name)
            if text is not None:
                line.values[name] = known[text]
                if known[text] is None:
                    line.problems.append((name, _("There is no “%(text)s” among what you may choose.", text=text)))

    def _call(self, hook: str, lines: list[Line]) -> None:
        if lines:
            answer = getattr(self.view, hook)(self.session, [line.values for line in lines], self.batch.options)
            for line, values in zip(lines, answer, strict=True):
                line.values = values

    def _remember(self, line: Line) -> None:
        """Let a row that says the same again go; of two that say otherwise, both are refused."""
        line.key = tuple([line.values.get(name) for name in self.match])
        if None in line.key:
            line.problems.append((self.match[line.key.index(None)], _("Please fill this in.")))
            return
        digest = blake2b(repr(line.key).encode(), digest_size=16).digest()
        says = hash(repr(line.values))
        number, said = self.firsts.setdefault(digest, (line.number, says))
        if number == line.number:
            return
        if said == says:
            line.is_repeat = True
            self.repeated += 1
        else:
            self.contradicted.setdefault(number, line.number)
            line.problems.append(self._contradiction(number))

    def _contradiction(self, other: int) -> tuple[str, str]:
        return self.match[0], _("Row %(other)s says something else about the same record.", other=other)

    def _compare(self, lines: list[Line]) -> None:
        columns = self.view.model.__table__.columns
        names = [name for name in {name: None for line in lines for name in line.values} if name in columns]
        only_new = {declared.name for declared in self.view.fields if declared.only_new}
        existing = self._existing({line.key for line in lines}, names)
        for line in lines:
            rows = existing.get(line.key, [])
            reachable = [row for row in rows if row.reachable]
            if len(reachable) > 1:
                count = len(reachable)
                reason = _("%(count)s records agree with this row; it is not clear which one is meant.", count=count)
                line.problems.append((self.match[0], reason))
            elif reachable:
                row = reachable[0]
                was = {name: row[place] for place, name in enumerate(names, start=3) if name in line.values}
                line.before = {name: value for name, value in was.items() if value != line.values[name]}
                line.status = "updated" if line.before else "unchanged"
                line.row_id, line.row_version = row.id, row.version
                line.problems += [
                    (name, _("This cannot be changed later.")) for name in line.before if name in only_new
                ]
            elif rows and self.match == list(self.view.import_key):
                reason = _("This is taken by a record that you may not change, or that is in the recycle bin.")
                line.problems.append((self.match[0], reason))

    def _existing(self, keys: set[tuple[Any, ...]], names: list[str]) -> dict[tuple[Any, ...], list[Any]]:
        model, found = self.view.model, {}
        columns = [getattr(model, name) for name in self.match]
        reachable = case((and_(*self.view.conditions("import")), 1), else_=0).label("reachable")
        query = select(model.id, model.version, reachable, *(getattr(model, name) for name in names))
        query = query.where(*self.view.import_among())
        rest = iter(keys)
        while some := list(islice(rest, LOOKED_UP_TOGETHER)):
            places = [names.index(name) + 3 for name in self.match]
            with unscoped("a record out of reach must be refused, not made twice"):
                for row in self.session.execute(query.where(among(self.session, columns, some))):
                    found.setdefault(tuple([row[place] for place in places]), []).append(row)
        return found

    def _let_view_check(self, lines: list[Line]) -> None:
        if lines:
            values, ids = [line.values for line in lines], [line.row_id for line in lines]
            for position, problem in self.view.import_check(self.session, values, ids).items():
                lines[position].problems.append(problem)

    def _stage(self, lines: list[Line]) -> None:
        new = [line for line in _good(lines) if line.status == "created"]
        with unscoped("one's own batch"):
            ids = reserve_ids(self.session, self.view.model.__table__, len(new))
            for line, row_id in zip(new, ids, strict=True):
                line.row_id = row_id
            rows = [row for line in lines for row in (self._refusals(line) if line.problems else (self._staged(line),))]
            insert_rows(self.session, ImportRow.__table__, rows)  # type: ignore[arg-type]

    def _staged(self, line: Line) -> dict[str, Any]:
        return {
            "batch_id": self.batch.id, "number": line.number, "status": line.status, "row_id": line.row_id,
            "row_version": line.row_version, "values": plain(line.values),
            "before": None if line.before is None else plain(line.before),
        }  # fmt: skip

    def _refusals(self, line: Line) -> Iterator[dict[str, Any]]:
        texts = dict(zip(self.headers, line.texts, strict=True))
        titles = {declared.name: gettext(declared.title) for declared in self.view.fields}
        for name, reason in line.problems:
            column = self.column_of.get(name) or titles.get(name, name)
            yield {
                "batch_id": self.batch.id, "number": line.number, "status": "refused", "reason": reason[:400],
                "column": column, "value": texts.get(column, "")[:1000], "values": texts,
            }  # fmt: skip

    def refuse_contradicted(self, rows: Iterable[Row]) -> None:
        """Refuse also the first of rows that contradict each other: nobody knows which one is right."""
        lines = (
            Line(row.number, row.values, problems=[self._contradiction(self.contradicted[row.number])])
            for row in rows
            if row.number in self.contradicted
        )
        while chunk := list(islice(lines, LOOKED_UP_TOGETHER)):
            staged = ImportRow.number.in_([line.number for line in chunk]), ImportRow.status != "refused"
            with unscoped("one's own batch"):
                self.session.execute(delete(ImportRow).where(ImportRow.batch_id == self.batch.id, *staged))
            self._stage(chunk)


def _good(lines: list[Line]) -> list[Line]:
    return [line for line in lines if not line.problems and not line.is_repeat]


def _reader(declared: Any, model: Any) -> Callable[[str], tuple[Any, str]]:
    """Return the function from a cell's text to (value, problem); an empty cell empties what may be empty."""
    column, value_of = model.__table__.columns.get(declared.name), declared.reader(model)
    may_be_empty = column is None or column.nullable
    empty = None if may_be_empty and not declared.required else LEFT_OUT

    @lru_cache(maxsize=10_000)
    def read(text: str) -> tuple[Any, str]:
        if text.startswith("'") and guard(text[1:]) == text:
            text = text[1:]
        try:
            said = typed.text(text)
            if not said:
                return empty, ""
            return (said if declared.lookup else value_of(said)), ""
        except typed.BadValue as error:
            return None, str(error)

    return read
