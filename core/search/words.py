"""What is looked for: typed words as the patterns that the search text of a row holds.

The search text of a row is written by the database, the same on SQLite and PostgreSQL::

    ␟张三␟zs␟ｚｈａｎｇｓａｎ␟ｓ００５６␞１３８００１３８０００␞

A name stands as it is, in small and half-width letters, and is found anywhere. Its initials follow, found anywhere
too; then its pinyin, and then codes, in full-width letters: these are found from their beginning only, because no
typed word keeps a full-width letter, so nothing but a pattern with the mark in front can meet them. A number
is found by its end. One letter alone is looked for at the beginning.
"""

START, END = "\x1f", "\x1e"
LAST_DIGITS = 4
"""A number is looked for by its last four digits or more."""

_PLAIN = {code: chr(code).lower() for code in range(ord("A"), ord("Z") + 1)}
_PLAIN |= {code + 0xFEE0: chr(code).lower() for code in range(0x21, 0x7F)} | {0x3000: " "}
_WIDE = {code: chr(code + 0xFEE0) for code in range(0x21, 0x7F)} | {0x20: ""}


def plain(words: str) -> str:
    """Return `words` in small letters A–Z and half-width signs: the one rule for case and width."""
    return words.translate(_PLAIN)


def wide(words: str) -> str:
    """Return `words` in full-width letters and without spaces, as codes, pinyin and numbers are kept."""
    return plain(words).translate(_WIDE)


def patterns(words: str, *, names: bool, codes: bool, numbers: bool) -> list[str]:
    """Return what a search text must hold, one of these, each of two letters at least; nothing for no words."""
    text, found = plain(words).strip(), []
    if not text:
        return []
    if names:
        found.append(text if len(text) > 1 else START + text)
    if wide(text) != text or (codes and not names):
        found.append(START + wide(text))
    if numbers and len(wide(text)) >= LAST_DIGITS and wide(text).isdigit():
        found.append(wide(text) + END)
    return found


def grams(pattern: str) -> list[str]:
    """Return each pair of neighbouring letters once."""
    return list(dict.fromkeys(pattern[at : at + 2] for at in range(len(pattern) - 1)))
