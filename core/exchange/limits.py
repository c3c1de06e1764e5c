"""How large an uploaded table may be, and what a person is told when it cannot be read."""

MAX_BYTES = 200 * 1024 * 1024
"""The largest file, and the largest content of a packed one."""
MAX_ROWS = 1_000_000
MAX_COLUMNS = 200
MAX_CELL_CHARACTERS = 32_767
"""What a cell holds in Excel and WPS."""


class UnreadableFile(ValueError):
    """An uploaded file cannot be read as a table; the text is ready to be shown to the person."""


def column_letters(index: int) -> str:
    """Return what a spreadsheet calls the column with this index from 0: A, B … Z, AA …"""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
