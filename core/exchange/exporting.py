"""A list as a file: the same rows, columns and masks, straight from the database.

Every column is a SQL expression with label, mask and name of a reference in it, and the scope is
part of the statement. Nothing is read from the request once the first byte is on its way.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from flask import Response, abort, current_app, send_file
from sqlalchemy import String, case, cast, func, literal, literal_column, select
from sqlalchemy.orm import aliased
from werkzeug.datastructures import MultiDict

from core import clock, typed
from core.access.guard import read_permission
from core.access.person import current_person
from core.access.scope import criteria, model_of
from core.audit import masked, record
from core.db import session
from core.exchange import lines, long
from core.exchange.writing import BOM, MAX_SHEET_ROWS, csv_line, write_xlsx
from core.language import _, gettext

ROWS_AT_ONCE = 50_000
"""A workbook of more rows takes longer than a person waits: it is made as a job."""
ROWS_TOGETHER = 2000


class ExportRefused(ValueError):
    """This cannot be exported as asked; the text is ready for the person."""


class Export:
    """One list as a file: decided while the person is known, read later."""

    def __init__(self, view: Any, asked: Any, *, more: Iterable[Any] = (), unmask: str = "") -> None:
        person, model = current_person(), view.model
        person.require(f"{view.permission}:export")
        if unmask:
            person.require(f"{view.permission}:unmask")
        chosen = asked.shown_columns() if asked.arguments.getlist("columns") else asked.columns
        self.columns = [column for column in chosen if column.exported]
        self.headers = [gettext(column.title) for column in self.columns]
        self.title = gettext(view.title)
        self.expressions = [_expression(column, model, unmask=bool(unmask)) for column in self.columns]
        conditions = [*asked.conditions("export"), *more]
        if model.__scope__ != "global":
            conditions.append(criteria(model, person, read_permission(model)))
        sort = asked.order.column.sql(model)
        ends = (sort.desc(), model.id.desc()) if asked.order.descending else (sort, model.id)
        self.query = select(*self.expressions).select_from(model).where(*conditions).order_by(*ends)
        self.database = current_app.extensions["backoffice"].database
        self.kinds = [column.kind_for(model) for column in self.columns]
        self.view, self.asked, self.unmask = view, asked, unmask

    def write_audit(self, kind: str) -> None:
        """Keep who takes what, in a transaction of its own, before the first byte leaves."""
        filters = {name: value for name, (value, _text) in self.asked.filters.items() if value}
        if self.asked.words:
            filters["search"] = (
                masked(self.asked.words, "mobile") if any(map(str.isdigit, self.asked.words)) else self.asked.words
            )
        told = {"kind": [None, kind], **{name: [None, masked(value)] for name, value in filters.items()}}
        with self.database.transaction() as own:
            record(
                own,
                resource=self.view.model.__resource__,
                row_id="",
                action="exported",
                changes=told,
                reason=self.unmask,
            )

    def csv(self) -> Iterator[bytes]:
        """Yield the file in blocks, the headings at once."""
        yield (BOM + csv_line(self.headers)).encode()
        yield from lines.blocks(self.database, self.query, self.expressions, self.kinds)

    def count(self, most: int) -> int:
        """Return how many rows the file will have, `most` + 1 when they are more."""
        capped = self.query.with_only_columns(literal_column("1")).order_by(None).limit(most + 1)
        with self.database.engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(capped.subquery())) or 0

    def xlsx(self, path: Path, progress: Callable[[float], None] = lambda part: None) -> None:
        """Write a workbook, telling `progress` how far it is. Raises ExportRefused when a sheet cannot hold the rows."""
        count, most = self.count(MAX_SHEET_ROWS), MAX_SHEET_ROWS - 1
        if count > most:
            limit = f"{most:,}"
            raise ExportRefused(
                _("An Excel sheet holds at most %(limit)s rows. Narrow the list, or export it as csv.", limit=limit)
            )
        rows = (row for rows in self._rows() for row in rows)
        write_xlsx(path, self.headers, _told(rows, count, progress), self.title)

    def _rows(self) -> Iterator[list[Any]]:
        with self.database.engine.connect() as connection:
            streaming = connection.execution_options(stream_results=True, max_row_buffer=ROWS_TOGETHER)
            yield from streaming.execute(self.query).partitions(ROWS_TOGETHER)  # type: ignore[misc]


def _expression(column: Any, model: Any, *, unmask: bool) -> Any:
    """Return what a column's cell holds, as SQL: masked, labelled, a reference by its name."""
    sql, kind = column.sql(model), column.kind_for(model)
    if column.export is not None:
        return column.export
    if column.choices:
        labels = {value: gettext(title) for value, title in column.choices.items()}
        return case(labels, value=sql, else_=cast(sql, String))
    if column.names:
        return _name_of(sql)
    if kind == "boolean":
        return case({True: _("Yes"), False: _("No")}, value=sql)
    if kind == "mobile" and not unmask:
        return _mask_mobile(sql)
    return sql


def _name_of(sql: Any) -> Any:
    """Return the name of the row that a foreign key points to, when the person may read it."""
    key = next(iter(sql.foreign_keys), None)
    if key is None:
        return sql
    model = model_of(key.column.table)
    if not hasattr(model, "name"):
        return sql
    if model.__scope__ == "global":  # type: ignore[attr-defined]
        target = aliased(model)
        return select(target.name).where(target.id == sql).scalar_subquery()  # type: ignore[attr-defined]
    readable = criteria(model, current_person(), read_permission(model))
    return select(model.name).where(model.id == sql, readable).scalar_subquery()  # type: ignore[attr-defined]


def _mask_mobile(sql: Any) -> Any:
    """The mask of `typed.mask_mobile`, as SQL."""
    length, hidden = func.length(sql), literal("****")
    end = hidden.concat(func.substr(sql, length - 3))
    middle = func.substr(sql, 1, length - 8).concat(end)
    return case(
        (sql.is_(None), None),
        (length < 8, hidden),
        (length < 11, middle),
        else_=func.substr(sql, 1, 3).concat(end),
    )


def export_response(view: Any, asked: Any, kind: str) -> Any:
    """Send the list that `asked` describes as a csv or xlsx file."""
    if kind not in ("csv", "xlsx"):
        abort(404)
    export = Export(view, asked)
    name = quote(f"{export.title} {clock.today()}.{kind}")
    if kind == "csv":
        export.write_audit(kind)
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
        return Response(export.csv(), mimetype="text/csv", headers=headers)
    if export.count(ROWS_AT_ONCE) > ROWS_AT_ONCE:
        return long.offer(view, ROWS_AT_ONCE)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "export.xlsx"
        export.xlsx(path)
        export.write_audit(kind)
        # The open file outlives its folder.
        response = send_file(path.open("rb"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    return response


def _told(rows: Iterator[Any], count: int, progress: Callable[[float], None]) -> Iterator[Any]:
    for number, row in enumerate(rows):
        progress(number / count)
        yield row


def asked_for(view: Any, where: Iterable[tuple[str, str]]) -> tuple[Any, list[Any]]:
    """Return the list question and further conditions for FIELD=VALUE pairs, as the command takes them.

    A place is named by its code. Raises ExportRefused for an unknown field or an unreadable value.
    """
    fields = {declared.name: declared for declared in view.fields}
    more, rest = [], []
    for name, text in where:
        declared = fields.get(name)
        try:
            if declared is None:
                rest.append((name, text))
            elif declared.lookup:
                found = view.import_resolve(session, declared, {text}).get(text)
                more.append(getattr(view.model, name) == (found or 0))
            else:
                more.append(getattr(view.model, name) == declared.value_of(text, view.model))
        except typed.BadValue as error:
            raise ExportRefused(f"{name}: {error}") from error
    known = {
        f"{column.name}{end}" for column in view.offered_columns() if column.filter for end in ("", "_from", "_to")
    } | {
        "search",
        "bin",
        "sort",
        "desc",
    }
    if unknown := [name for name, _text in rest if name not in known]:
        raise ExportRefused(
            _(
                "There is no field “%(field)s”. There are: %(fields)s.",
                field=unknown[0],
                fields=", ".join(sorted(known | fields.keys())),
            )
        )
    asked = view.asked(MultiDict(rest))
    if asked.problems:
        raise ExportRefused(" ".join(asked.problems))
    return asked, more
