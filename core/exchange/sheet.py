"""What a worksheet holds, seen before the workbook reader makes a grid of it.

The reader lays out every cell between the first and the last one, so two cells in far corners
would take hundreds of gigabytes; and it shows neither error cells nor formulas that were never
calculated. All of that is found here, in one pass over the XML.
"""

from array import array
from collections.abc import Sequence

from core.exchange.limits import UnreadableFile, column_letters
from core.exchange.package import MAX_DEPTH, damaged, local_name
from core.language import _

MAX_CELLS = 6_000_000
"""Rows times columns; 200 MB of XML hold fewer when every cell has a value."""
MAX_TEXT = 100_000_000
"""Characters of all cells together, because one shared text may stand in every cell."""
LAST_ROW = 1_048_576
LAST_COLUMN = 16_384


def position(row: int, column: int) -> int:
    """Return one number for a cell, row counted from 1 and column from 0, rising in reading order."""
    return row * LAST_COLUMN + column


class SheetCheck:
    """The handlers for one pass over a worksheet; call `finish` after it."""

    def __init__(self, text_lengths: Sequence[int], percent_styles: set[str]) -> None:
        """Take the length of every shared text, and the cell styles that show a percentage."""
        self.percentages = array("Q")
        """`position` of the numbers shown as percentages, in reading order."""
        self._text_lengths = text_lengths
        self._percent_styles = percent_styles
        self._columns: dict[str, int] = {}
        self._depth = 0
        self._row, self._row_digits = 0, "0"
        self._column = -1
        self._widest = 0
        self._characters = 0
        self._kind: str | None = None
        self._style: str | None = None
        self._in_cell = self._in_value = self._has_value = self._has_formula = False
        self._text = ""
        self._errors = self._uncalculated = 0
        self._first_error: tuple[int, int, str] = (0, 0, "")
        self._first_uncalculated: tuple[int, int] = (0, 0)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise damaged()
        if name == "v":
            self._in_value = self._has_value = True
        elif name == "c":
            self._start_cell(attributes)
        elif name == "row":
            self._start_row(attributes.get("r"))
        elif name == "f":
            self._has_formula = True
        elif ":" in name:
            self._depth -= 1
            self.start(local_name(name), attributes)

    def text(self, text: str) -> None:
        if self._in_value:
            self._text += text

    def end(self, name: str) -> None:
        self._depth -= 1
        if name == "v":
            self._in_value = False
        elif name == "c":
            self._end_cell()
        elif ":" in name:
            self._depth += 1
            self.end(local_name(name))

    def finish(self) -> None:
        """Raise UnreadableFile when a cell cannot be taken as it stands."""
        if self._errors:
            row, column, text = self._first_error
            raise UnreadableFile(
                _(
                    "Row %(row)s, column %(column)s shows the error %(text)s (%(count)s such cells in all). "
                    "Correct them and save the workbook again.",
                    row=row,
                    column=column_letters(column),
                    text=text or "?",
                    count=self._errors,
                )
            )
        if self._uncalculated:
            row, column = self._first_uncalculated
            raise UnreadableFile(
                _(
                    "Row %(row)s, column %(column)s holds a formula without a result (%(count)s such cells "
                    "in all). Open the workbook in Excel or WPS, let it calculate, and save it again.",
                    row=row,
                    column=column_letters(column),
                    count=self._uncalculated,
                )
            )

    def _start_row(self, digits: str | None) -> None:
        row = self._row + 1 if digits is None else int(digits)
        if self._in_cell or not self._row < row <= LAST_ROW:
            raise damaged()
        self._row, self._row_digits, self._column = row, str(row), -1
        self._refuse_too_large()

    def _start_cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r")
        if reference is None:
            column = self._column + 1
        else:
            letters = reference.removesuffix(self._row_digits)
            column = self._columns.get(letters, -1)
            if column < 0:
                column = self._columns[letters] = _column(letters)
        if self._in_cell or not self._column < column < LAST_COLUMN:
            raise damaged()
        self._column = column
        if column > self._widest:
            self._widest = column
            self._refuse_too_large()
        self._kind, self._style = attributes.get("t"), attributes.get("s")
        self._in_cell, self._has_value, self._has_formula, self._text = True, False, False, ""

    def _end_cell(self) -> None:
        self._in_cell = False
        kind = self._kind
        if kind == "e":
            if not self._errors:
                self._first_error = (self._row, self._column, self._text)
            self._errors += 1
        elif self._has_formula and not (self._text or (kind == "str" and self._has_value)):
            if not self._uncalculated:
                self._first_uncalculated = (self._row, self._column)
            self._uncalculated += 1
        elif kind == "s":
            if self._text:
                self._count_characters(self._text_lengths[int(self._text)])
        elif self._text and self._style in self._percent_styles and kind in (None, "n"):
            self.percentages.append(position(self._row, self._column))

    def _count_characters(self, count: int) -> None:
        self._characters += count
        if self._characters > MAX_TEXT:
            raise UnreadableFile(_("The workbook holds too much text. Split it and upload the parts."))

    def _refuse_too_large(self) -> None:
        if self._row * (self._widest + 1) > MAX_CELLS:
            raise UnreadableFile(
                _(
                    "The sheet reaches to row %(row)s and column %(column)s, which is too large to read. "
                    "Delete rows and columns that are empty but formatted, or split it.",
                    row=f"{self._row:,}",
                    column=column_letters(self._widest),
                )
            )


def _column(letters: str) -> int:
    if not (letters.isascii() and letters.isalpha() and letters.isupper() and len(letters) <= 3):
        raise damaged()
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - ord("A") + 1
    return column - 1
