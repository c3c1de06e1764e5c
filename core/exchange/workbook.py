"""The first visible sheet of an xlsx workbook as records of text."""

import errno
import math
import tempfile
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

from core.exchange.limits import UnreadableFile, column_letters
from core.exchange.package import MAX_DEPTH, Package, damaged, local_name, relationships_of, resolve
from core.exchange.sheet import SheetCheck, position
from core.language import _

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

MAX_SHARED_TEXTS = 6_000_000
EXACT_BELOW = 1e15
"""Excel keeps 15 digits of a number and turns the others into zeros."""
BUILT_IN_PERCENTAGES = {"9", "10"}


def open_workbook(path: Path) -> Callable[[], Iterator[tuple[int, list[str]]]]:
    """Return a function that yields the rows of the first visible sheet, each with its number.

    Numbers come without exponent, dates and times in ISO 8601, booleans as true and false,
    percentages as shown (15%). Raises UnreadableFile for a workbook that is damaged, unpacks to
    too much, shows errors, or holds formulas that were never calculated.
    """
    try:
        return partial(_records, *_read(path))
    except (UnreadableFile, MemoryError):
        raise
    except Exception as error:
        # Damaged offsets make zipfile seek to nowhere (EINVAL); a full disk is not the file's fault.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        raise damaged() from error
    except BaseException as error:
        # A panic of the reader's native code is no Exception.
        if type(error).__name__ == "PanicException":
            raise damaged() from error
        raise


def _read(path: Path) -> tuple["CalamineSheet", array]:
    from python_calamine import CalamineWorkbook

    with tempfile.NamedTemporaryFile(suffix=".xlsx") as copy:
        index, percentages = _check(path, copy)
        copy.flush()
        with CalamineWorkbook.from_path(copy.name) as workbook:
            return workbook.get_sheet_by_index(index), percentages


def _check(path: Path, copy: IO[bytes]) -> tuple[int, array]:
    """Copy the parts that are needed, checked; return the index of the sheet and its percentages."""
    with Package(path, copy) as package:
        package.elements("[Content_Types].xml")
        book = dict(_related(package, "").values()).get("officeDocument", "xl/workbook.xml")
        related = _related(package, book)
        sheets = [attributes for _path, attributes in package.elements(book, "/workbook/sheets/sheet")]
        parts = dict(related.values())
        percent_styles = _percent_styles(package, parts.get("styles", ""))
        lengths = _shared_lengths(package, parts.get("sharedStrings", ""))
        for index, sheet in enumerate(sheets):
            identity = next((value for name, value in sheet.items() if local_name(name) == "id"), "")
            kind, target = related.get(identity, ("", ""))
            if kind == "worksheet" and sheet.get("state", "visible") == "visible":
                check = SheetCheck(lengths, percent_styles)
                package.scan(target, check.start, check.end, check.text)
                check.finish()
                return index, check.percentages
    raise UnreadableFile(_("The workbook has no visible sheet."))


def _related(package: Package, part: str) -> dict[str, tuple[str, str]]:
    """Return the kind and the name of every part that `part` refers to, by the reference's id."""
    found = package.elements(relationships_of(part), "/Relationships/Relationship")
    return {
        attributes["Id"]: (attributes["Type"].rpartition("/")[2], resolve(part, attributes["Target"]))
        for _path, attributes in found
    }


def _percent_styles(package: Package, part: str) -> set[str]:
    formats, styles = "/styleSheet/numFmts/numFmt", "/styleSheet/cellXfs/xf"
    elements = package.elements(part, formats, styles) if part in package else []
    percentages = BUILT_IN_PERCENTAGES | {
        attributes["numFmtId"]
        for path, attributes in elements
        if path == formats and attributes["formatCode"].partition(";")[0].rstrip().endswith("%")
    }
    cells = [attributes for path, attributes in elements if path == styles]
    return {str(index) for index, cell in enumerate(cells) if cell.get("numFmtId") in percentages}


def _shared_lengths(package: Package, part: str) -> array:
    """Return how many characters each shared text has."""
    lengths = array("L")
    if part not in package:
        return lengths
    depth = 0

    def start(name: str, _attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH or len(lengths) > MAX_SHARED_TEXTS:
            raise damaged()
        if local_name(name) == "si":
            lengths.append(0)

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def text(value: str) -> None:
        if lengths:
            lengths[-1] += len(value)

    package.scan(part, start, end, text)
    return lengths


def _records(sheet: "CalamineSheet", percentages: Sequence[int]) -> Iterator[tuple[int, list[str]]]:
    if sheet.start is None:
        return
    # The reader leaves out empty columns before the first value, but not empty rows above it.
    first_column = sheet.start[1]
    left = [""] * first_column
    for number, values in enumerate(sheet.iter_rows(), start=1):
        texts = [
            value if type(value) is str else _text(value, number, index)
            for index, value in enumerate(values, start=first_column)
        ]
        record = left + texts
        row_start, row_end = position(number, 0), position(number + 1, 0)
        for cell in percentages[bisect_left(percentages, row_start) : bisect_left(percentages, row_end)]:
            record[cell - row_start] = _percentage(record[cell - row_start])
        yield number, record


def _text(value: object, row: int, column: int) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return _number(value, row, column)
        case datetime():
            # A time of day is a binary fraction of a day, so 8:30 may arrive as 8:29:59.999999.
            late = value.microsecond >= 500_000 and value.year < 9999
            return (value + timedelta(seconds=late)).isoformat(timespec="seconds")
        case date():
            return value.isoformat()
        case time():
            return value.isoformat(timespec="seconds")
        case timedelta():
            seconds = round(value.total_seconds())
            return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return str(value)


def _number(value: float, row: int, column: int) -> str:
    if not math.isfinite(value) or abs(value) >= EXACT_BELOW:
        raise UnreadableFile(
            _(
                "Row %(row)s, column %(column)s holds a number of more than 15 digits, whose last digits are "
                "lost. Format the column as text, enter the number again, and save the workbook.",
                row=row,
                column=column_letters(column),
            )
        )
    if value == int(value):
        return str(int(value))
    # Fifteen digits are what Excel shows, so 0.1 + 0.2 reads 0.3.
    return format(Decimal(format(value, ".15g")), "f")


def _percentage(text: str) -> str:
    try:
        hundredfold = format(Decimal(text) * 100, "f")
    except InvalidOperation:
        return text
    return (hundredfold.rstrip("0").rstrip(".") if "." in hundredfold else hundredfold) + "%"
