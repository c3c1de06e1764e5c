"""The packed parts of an xlsx: unpacked within limits, before any workbook library sees them.

A workbook is a zip of XML files. A small one can unpack to terabytes, define entities that
multiply, or nest until memory ends; here it is refused while it is still a stream of bytes.
"""

import posixpath
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import IO
from xml.parsers import expat

from core.exchange.limits import MAX_BYTES, UnreadableFile
from core.language import _

MAX_PARTS = 10_000
MAX_RATIO = 250
"""Unpacked size against packed size. Deflate reaches 1,032; what people type stays far below."""
RATIO_FREE_BYTES = 20 * 1024 * 1024
MAX_DEPTH = 100
MAX_ELEMENTS = 200_000
ENCRYPTED = 0x1
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
"""Those of the file format; the others may ask for gigabytes before the first byte comes out."""
BLOCK = 1 << 18

Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], object]
Text = Callable[[str], None]


def damaged() -> UnreadableFile:
    """Return the error for a workbook that no spreadsheet program wrote like this."""
    return UnreadableFile(
        _("The workbook is damaged. Open it in Excel or WPS, save it again as .xlsx and upload that.")
    )


class Package:
    """A checked zip whose parts are read once, counted, and copied plainly for the workbook reader."""

    def __init__(self, path: Path, copy: IO[bytes]) -> None:
        """Check the directory of the zip at `path`; what is read from it also goes to `copy`.

        Raises UnreadableFile for a zip bomb, a password and two parts of one name.
        """
        self._zip = zipfile.ZipFile(path)
        self._unpacked = 0
        parts = self._zip.infolist()
        total = sum(part.file_size for part in parts)
        suspicious = total > max(RATIO_FREE_BYTES, MAX_RATIO * path.stat().st_size)
        if len(parts) > MAX_PARTS or total > MAX_BYTES or suspicious:
            raise _too_large()
        if any(part.flag_bits & ENCRYPTED for part in parts):
            raise UnreadableFile(_("The workbook is protected by a password. Save it without one."))
        self._unread = {_part_name(part.filename): part for part in parts}
        # Readers differ in which of two parts with one name they take, so the unchecked one might be read.
        if len(self._unread) < len(parts) or {part.compress_type for part in parts} - METHODS:
            raise damaged()
        self._copy = zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED)

    def __enter__(self) -> "Package":
        return self

    def __exit__(self, *_error: object) -> None:
        self._copy.close()
        self._zip.close()

    def __contains__(self, name: str) -> bool:
        return _part_name(name) in self._unread

    def scan(self, name: str, start: Start, end: End | None = None, text: Text | None = None) -> None:
        """Read the XML part `name` once, calling the handlers; `start` must end a nesting too deep.

        Raises UnreadableFile, or whatever expat and zipfile raise when the bytes are no XML or no zip.
        """
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = start
        if end:
            parser.EndElementHandler = end
        if text:
            parser.CharacterDataHandler = text
        with closing(self._blocks(name)) as blocks:
            for block in blocks:
                parser.Parse(block, False)
        parser.Parse(b"", True)

    def elements(self, name: str, *paths: str) -> list[tuple[str, dict[str, str]]]:
        """Return the elements at `paths` of an XML part in document order, as (path, attributes).

        A path is `/workbook/sheets/sheet`, freed of prefixes. Raises as `scan` does.
        """
        found: list[tuple[str, dict[str, str]]] = []
        here = [""]

        def start(element: str, attributes: dict[str, str]) -> None:
            path = f"{here[-1]}/{local_name(element)}"
            here.append(path)
            if path in paths:
                found.append((path, attributes))
            if len(here) > MAX_DEPTH or len(found) > MAX_ELEMENTS:
                raise damaged()

        self.scan(name, start, lambda _element: here.pop())
        return found

    def _blocks(self, name: str) -> Iterator[bytes]:
        part = self._unread.pop(_part_name(name), None)
        if part is None:
            raise damaged()
        with self._zip.open(part) as source, self._copy.open(name, "w") as target:
            while block := source.read(BLOCK):
                self._unpacked += len(block)
                if self._unpacked > MAX_BYTES:
                    raise _too_large()
                # expat keeps a tag until it is complete, and before 2.6 reads it again with every block.
                if len(block) == BLOCK and b">" not in block:
                    raise damaged()
                target.write(block)
                yield block


def resolve(base: str, target: str) -> str:
    """Return the name of the part that `target` means in the relationships of the part `base`."""
    return posixpath.normpath(posixpath.join("/", posixpath.dirname(base), target)).lstrip("/")


def relationships_of(name: str) -> str:
    """Return the name of the part that holds the relationships of the part `name`."""
    folder, file = posixpath.split(name)
    return posixpath.join(folder, "_rels", f"{file}.rels")


def local_name(element: str) -> str:
    """Return the name of an XML element without its prefix."""
    return element.rpartition(":")[2]


def _part_name(name: str) -> str:
    return name.replace("\\", "/").casefold()


def _refuse_doctype(*_ignored: object) -> None:
    raise damaged()


def _too_large() -> UnreadableFile:
    return UnreadableFile(
        _(
            "The workbook unpacks to more than %(limit)s MB, or far more than its size promises. Delete "
            "empty formatted rows and sheets, or split it.",
            limit=MAX_BYTES // 2**20,
        )
    )
