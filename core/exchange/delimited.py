"""Csv text: which encoding, which delimiter, and its records as a bounded stream."""

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TextIO

from core.exchange.limits import MAX_CELL_CHARACTERS, UnreadableFile
from core.language import _

BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# Every character of GBK and GB2312 has the same bytes in GB18030.
UNMARKED_ENCODINGS = ("utf-8", "gb18030")
UNMARKED_UTF16 = ("utf-16-le", "utf-16-be")
LEAST_ZERO_SHARE = 0.05
DELIMITERS = (",", ";", "\t")
MAX_RECORD_CHARACTERS = 2_000_000
BLOCK = 1 << 20
SAMPLE_CHARACTERS = 1 << 16
SAMPLE_RECORDS = 50


def open_delimited(path: Path) -> Callable[[], Iterator[tuple[int, list[str]]]]:
    """Return a function that reads the records of a csv from its start, blank ones as [].

    Encoding and delimiter are decided now, from the whole file and from its first records.
    Raises UnreadableFile when no encoding fits or a record is broken.
    """
    encoding = find_encoding(path)
    return partial(_records, path, encoding, find_delimiter(path, encoding))


def find_encoding(path: Path) -> str:
    """Return the encoding in which the whole file is strictly valid text without NUL.

    Text that says its encoding by a byte order mark is not tried in another one. Almost any bytes
    are valid UTF-16, so without a mark it is believed only when line breaks come out and as many
    bytes are zero as digits and commas make. Raises UnreadableFile when no encoding fits.
    """
    with path.open("rb") as file:
        start = file.read(3)
    marked = [encoding for mark, encoding in BYTE_ORDER_MARKS.items() if start.startswith(mark)]
    damaged_lines = []
    for encoding in marked or UNMARKED_ENCODINGS:
        lines, flawless = _lines_without_flaw(path, encoding)
        if flawless:
            return encoding
        damaged_lines.append(lines)
    for encoding in () if marked else UNMARKED_UTF16:
        lines, flawless = _lines_without_flaw(path, encoding)
        if flawless and lines > 1 and _zero_share(path) > LEAST_ZERO_SHARE:
            return encoding
    raise UnreadableFile(
        _(
            "The text of the file is damaged in line %(row)s, or it is not a csv file. Open it in Excel "
            "or WPS and save it as “CSV UTF-8”.",
            row=damaged_lines[0],
        )
    )


def _zero_share(path: Path) -> float:
    with path.open("rb") as file:
        return sum(block.count(0) for block in iter(lambda: file.read(BLOCK), b"")) / path.stat().st_size


def _lines_without_flaw(path: Path, encoding: str) -> tuple[int, bool]:
    """Return the line that the first flaw is in and False, or the number of lines and True."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    lines = 1
    with path.open("rb") as file:
        block = b" "
        while block:
            block = file.read(BLOCK)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                return lines + error.object[: error.start].count(b"\n"), False
            if "\0" in text:
                return lines + text.count("\n", 0, text.index("\0")), False
            lines += text.count("\n") or text.count("\r")
    return lines, True


def find_delimiter(path: Path, encoding: str) -> str:
    """Return the delimiter that cuts the first records into the most equally many values.

    It must cut the first record; only a title above the headings may stand uncut.
    """
    with path.open(encoding=encoding, newline="") as file:
        sample = file.read(SAMPLE_CHARACTERS)
    return max(DELIMITERS, key=partial(_evenness, sample))


def _evenness(sample: str, delimiter: str) -> tuple[int, float, int]:
    widths = []
    try:
        for values in islice(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter), SAMPLE_RECORDS):
            if any(values):
                widths.append(len(values))
    except csv.Error:
        pass
    if len(sample) == SAMPLE_CHARACTERS and len(widths) < SAMPLE_RECORDS:
        widths = widths[:-1] or widths
    first, *others = widths or [0]
    if first > 1:
        return 2, widths.count(first) / len(widths), first
    if others and min(others) == max(others) > 1:
        return 1, 1.0, others[0]
    return 0, 0.0, 0


class _RecordTooLong(Exception):
    pass


class _BoundedLines:
    """The lines of a stream; raises once those of one record are together too long."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.characters = 0

    def __iter__(self) -> "_BoundedLines":
        return self

    def __next__(self) -> str:
        line = self._stream.readline(MAX_RECORD_CHARACTERS + 1)
        if not line:
            raise StopIteration
        self.characters += len(line)
        if self.characters > MAX_RECORD_CHARACTERS:
            raise _RecordTooLong
        return line


def _records(path: Path, encoding: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    with path.open(encoding=encoding, newline="") as stream:
        lines = _BoundedLines(stream)
        # Strict: otherwise a quotation mark that is never closed swallows the rest of the file.
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        number = 0
        while True:
            number += 1
            lines.characters = 0
            try:
                values = next(reader)
            except StopIteration:
                return
            except (csv.Error, _RecordTooLong) as error:
                raise UnreadableFile(
                    _(
                        "Row %(row)s cannot be read: its quotation marks do not pair up, or a cell is longer "
                        "than %(limit)s characters.",
                        row=number,
                        limit=f"{MAX_CELL_CHARACTERS:,}",
                    )
                ) from error
            yield number, values
