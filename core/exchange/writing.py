"""Write tables that a spreadsheet opens as they are meant: no formula, no garbled Chinese.

A csv starts with BOM, and its lines come from `csv_line`; both can be streamed. An xlsx is written
by `write_xlsx`, row by row, with little memory.
"""

import csv
import datetime
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from core.clock import local
from core.exchange.limits import MAX_CELL_CHARACTERS

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

BOM = "\ufeff"
"""Without it Excel takes UTF-8 for the machine's own encoding."""

FORMULA_START = r"^[\t\r\n]|^\s*[=+\-@＝＋－＠]"
"""Texts that a spreadsheet may calculate (OWASP, CSV Injection); PostgreSQL reads this pattern too."""
PLAIN_NUMBER = r"^[+\-]?[0-9]+(,[0-9]{3})*(\.[0-9]+)?$"

MAX_SHEET_ROWS = 1_048_576
EXACT_BELOW = 10**15
"""A spreadsheet keeps 15 digits of a number, so longer ones are written as text."""
MEASURED_ROWS = 500
NARROWEST, WIDEST = 6, 50

_FORMULA_START = re.compile(FORMULA_START)
_PLAIN_NUMBER = re.compile(PLAIN_NUMBER)


def guard(value: str) -> str:
    """Return `value` with an apostrophe before it when a spreadsheet might run it as a formula."""
    if _FORMULA_START.search(value) and not _PLAIN_NUMBER.fullmatch(value):
        return f"'{value}"
    return value


def csv_line(values: Iterable[object]) -> str:
    """Return one line of csv (RFC 4180, ending in CRLF) with texts guarded.

    Numbers have no exponent, booleans are true and false, dates and times ISO 8601 (instants on
    Shanghai's clock), None is empty.
    """
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([csv_cell(value) for value in values])
    return line.getvalue()


def csv_text(lines: Iterable[Iterable[object]]) -> str:
    """Return a whole csv file of some lines, the headings first."""
    return BOM + "".join(map(csv_line, lines))


def write_xlsx(path: Path, headers: Sequence[str], rows: Iterable[Sequence[object]], sheet_name: str = "Sheet1") -> int:
    """Write one sheet and return the number of rows below the headings.

    Texts stay texts, whatever they look like; one longer than a cell holds ends in "…". Numbers up
    to 15 digits, dates and times become real ones. Raises ValueError when a sheet cannot hold the
    rows; the file is then unusable.
    """
    import xlsxwriter

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
               "strings_to_numbers": False, "default_date_format": "yyyy-mm-dd"}  # fmt: skip
    with xlsxwriter.Workbook(path, options) as book:
        sheet = book.add_worksheet(_sheet_name(sheet_name))
        bold = book.add_format({"bold": True})
        instant = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        clock = book.add_format({"num_format": "hh:mm:ss"})
        sheet.freeze_panes(1, 0)
        widths = [_width(header) for header in headers]
        for column, header in enumerate(headers):
            sheet.write_string(0, column, header, bold)
        number = 0
        for number, values in enumerate(rows, start=1):
            if number >= MAX_SHEET_ROWS:
                raise ValueError(f"a sheet holds {MAX_SHEET_ROWS - 1:,} rows below its headings")
            for column, value in enumerate(values):
                _write(sheet, number, column, value, instant, clock)
            if number <= MEASURED_ROWS:
                widths = [max(width, _width(value)) for width, value in zip(widths, values, strict=True)]
        for column, width in enumerate(widths):
            sheet.set_column(column, column, min(max(width, NARROWEST), WIDEST) + 2)
    return number


def csv_cell(value: object) -> object:
    """Return what `csv_line` writes for one value."""
    match value:
        case str():
            return guard(value)
        case bool():
            return "true" if value else "false"
        case float() | Decimal():
            return format(Decimal(str(value)), "f")
        case datetime.datetime():
            return _naive(value).isoformat(sep=" ", timespec="seconds")
        case datetime.date() | datetime.time():
            return value.isoformat()
    return value


def _write(sheet: "Worksheet", row: int, column: int, value: object, instant: "Format", clock: "Format") -> None:
    match value:
        case None | "":
            return
        case bool():
            sheet.write_boolean(row, column, value)
        case int() | float() | Decimal() if abs(value) < EXACT_BELOW:
            sheet.write_number(row, column, value)
        case datetime.datetime() if value.year >= 1900:
            sheet.write_datetime(row, column, _naive(value), instant)
        case datetime.date() if value.year >= 1900:
            sheet.write_datetime(row, column, value)
        case datetime.time():
            sheet.write_datetime(row, column, value, clock)
        case _:
            sheet.write_string(row, column, _fitted(str(value)))


def _naive(value: datetime.datetime) -> datetime.datetime:
    return local(value).replace(tzinfo=None) if value.tzinfo else value


def _fitted(text: str) -> str:
    return text if len(text) <= MAX_CELL_CHARACTERS else text[: MAX_CELL_CHARACTERS - 1] + "…"


def _width(value: object) -> int:
    """Return how many digits wide the longest line of `value` is; a Chinese character takes two."""
    lines = str(value if value is not None else "")[:1000].splitlines()
    return max((sum(_columns(character) for character in line) for line in lines), default=0)


def _columns(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _sheet_name(name: str) -> str:
    """Excel takes 31 characters, none of []:*?/\\, and no apostrophe at either end."""
    return re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", name)[:31].strip(" '") or "Sheet1"
