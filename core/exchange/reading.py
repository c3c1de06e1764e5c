"""Read a csv or xlsx file that a person uploads, row by row, within fixed limits.

    table = open_table(path, "stores.xlsx")
    table.headers                    # ["门店", "日期", …]
    for row in table.rows():         # Row(number=2, values=("S0001", "2026-11-21", …))
        …

A csv is read as a stream and never held whole. Every value is text; `core.typed` understands it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import NamedTuple

from core.exchange.delimited import open_delimited
from core.exchange.limits import (
    MAX_BYTES,
    MAX_CELL_CHARACTERS,
    MAX_COLUMNS,
    MAX_ROWS,
    UnreadableFile,
    column_letters,
)
from core.language import _

__all__ = ["MAX_BYTES", "MAX_COLUMNS", "MAX_ROWS", "Row", "Table", "UnreadableFile", "open_table"]

TEXT_SUFFIXES = {".csv", ".tsv", ".txt"}

Records = Callable[[], Iterator[tuple[int, Sequence[str]]]]


class Row(NamedTuple):
    """One row: the number a spreadsheet shows beside it, and one text for each heading."""

    number: int
    values: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table whose headings are known to be good; its rows are read when asked for."""

    headers: list[str]
    _records: Records = field(repr=False)

    def rows(self) -> Iterator[Row]:
        """Yield the rows below the headings; blank ones are left out but numbered.

        May be called again to start over. Raises UnreadableFile at the first row that cannot be
        read, which may come after good ones: keep nothing before the last row has come.
        """
        filled = _filled(self._records())
        next(filled, None)
        for count, (number, values) in enumerate(filled, start=1):
            if count > MAX_ROWS:
                raise UnreadableFile(_too_many_rows())
            yield Row(number, self._fitted(number, values))

    def _fitted(self, number: int, values: Sequence[str]) -> tuple[str, ...]:
        if max(map(len, values)) > MAX_CELL_CHARACTERS:
            _refuse_long_cell(number, values)
        width = len(self.headers)
        if len(values) > width and any(values[width:]):
            _refuse_homeless_value(number, values, width)
        return (*values[:width], *[""] * (width - len(values)))


def open_table(path: Path, filename: str) -> Table:
    """Open the uploaded file at `path`, which the person calls `filename`, as a table.

    Csv (also .txt and .tsv) may be UTF-8, UTF-16 or GB18030, separated by comma, semicolon or
    tab; of an xlsx workbook the first visible sheet is read. Raises UnreadableFile when the file
    is of another kind, too large, damaged, or its first row does not hold usable headings.
    """
    size = path.stat().st_size
    if size == 0:
        raise UnreadableFile(_("The file is empty."))
    if size > MAX_BYTES:
        raise UnreadableFile(
            _(
                "The file is larger than %(limit)s MB. Split it and upload the parts one after the other.",
                limit=MAX_BYTES // 2**20,
            )
        )
    records = _open_records(path, PurePath(filename).suffix.lower())
    with closing(_filled(records())) as filled:
        table = Table(_headers(*next(filled, (1, ()))), records)
    with closing(table.rows()) as rows:
        if next(rows, None) is None:
            raise UnreadableFile(_("The file has headings but no rows below them."))
    return table


def _open_records(path: Path, suffix: str) -> Records:
    with path.open("rb") as file:
        start = file.read(8)
    packed, old_excel = start.startswith(b"PK"), start.startswith(b"\xd0\xcf\x11\xe0")
    if suffix == ".xlsx" and packed:
        from core.exchange.workbook import open_workbook

        return open_workbook(path)
    if old_excel:
        raise UnreadableFile(
            _(
                "This workbook is protected by a password or in the old .xls format. Open it in Excel or WPS "
                "and save it as .xlsx without a password."
            )
        )
    if suffix == ".xlsx":
        raise UnreadableFile(
            _("The file is called .xlsx but is not a workbook. Open it in Excel or WPS and save it as .xlsx.")
        )
    if suffix in TEXT_SUFFIXES and packed:
        raise UnreadableFile(_("The file is called .csv but is packed. If it is a workbook, call it .xlsx."))
    if suffix in TEXT_SUFFIXES:
        return open_delimited(path)
    raise UnreadableFile(_("Only .csv and .xlsx files can be read. Save the table as one of them."))


def _filled(records: Iterator[tuple[int, Sequence[str]]]) -> Iterator[tuple[int, Sequence[str]]]:
    for number, values in records:
        if any(values) and not "".join(values).isspace():
            yield number, values
        elif number > 2 * MAX_ROWS:
            raise UnreadableFile(_too_many_rows())


def _headers(number: int, values: Sequence[str]) -> list[str]:
    names = [name.strip().removeprefix("\ufeff").strip() for name in values]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise UnreadableFile(_("The file has no headings: its first row must name the columns."))
    if len(names) > MAX_COLUMNS:
        raise UnreadableFile(
            _(
                "The table has %(count)s columns; at most %(limit)s can be read.",
                count=len(names),
                limit=MAX_COLUMNS,
            )
        )
    empty = [column_letters(index) for index, name in enumerate(names) if not name]
    if empty:
        raise UnreadableFile(
            _(
                "Row %(row)s must name every column, but these have no heading: %(columns)s.",
                row=number,
                columns=", ".join(empty),
            )
        )
    repeated = sorted({name for name in names if names.count(name) > 1}, key=names.index)
    if repeated:
        raise UnreadableFile(
            _("Each heading may appear once, but these appear again: %(names)s.", names=", ".join(repeated))
        )
    return names


def _too_many_rows() -> str:
    return _(
        "The table has more than %(limit)s rows. Split it and upload the parts one after the other.",
        limit=f"{MAX_ROWS:,}",
    )


def _refuse_long_cell(number: int, values: Sequence[str]) -> None:
    index = next(index for index, value in enumerate(values) if len(value) > MAX_CELL_CHARACTERS)
    raise UnreadableFile(
        _(
            "Row %(row)s, column %(column)s holds %(count)s characters; a cell may hold %(limit)s.",
            row=number,
            column=column_letters(index),
            count=f"{len(values[index]):,}",
            limit=f"{MAX_CELL_CHARACTERS:,}",
        )
    )


def _refuse_homeless_value(number: int, values: Sequence[str], width: int) -> None:
    for index, value in enumerate(values[width:], start=width):
        if value.strip():
            raise UnreadableFile(
                _(
                    "Row %(row)s has a value in column %(column)s, which has no heading. The first row must "
                    "hold the headings; a value with a comma in it needs quotation marks.",
                    row=number,
                    column=column_letters(index),
                )
            )
