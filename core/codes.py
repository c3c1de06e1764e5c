"""Codes that people read, type and say: `SO-NS0123-261121-0001-K`.

A document's code is a prefix of two letters, the store, the day, a number within the day, and a
check character. A code of the whole chain is a prefix, ten digits and a check character:
`C-0000000123-W`. Case, spaces and dashes do not matter when one is read.

The check character finds every single wrong character and every swap of neighbours, also of
characters two apart and of twins (11 for 22). The characters 0-9A-Z are the elements of the ring
GF(4) x GF(9), and a code is valid when c1*w^(n-1) + … + c(n-1)*w + cn = 0, with w such that w, w-1,
w+1 and w^2-1 have inverses: R.-H. Schulz, "Check Character Systems and Anti-symmetric Mappings",
Computational Discrete Mathematics, LNCS 2122 (2001). ISO/IEC 7064 MOD 37,36 misses one neighbour
swap in 630, and MOD 37-2 needs a 37th character.
"""

import datetime
import re
import string
from functools import cache

ALPHABET = string.digits + string.ascii_uppercase
LAST_PLAIN_SEQUENCE = 9_999
LAST_SEQUENCE = LAST_PLAIN_SEQUENCE + 26 * 36**3

_DOCUMENT = re.compile(r"([A-Z]{2})([0-9A-Z]{1,16})(\d{6})(\d{4}|[A-Z][0-9A-Z]{3})([0-9A-Z])", re.ASCII)
_CHAIN = re.compile(r"([A-Z])(\d{10})([0-9A-Z])", re.ASCII)
_FULL_WIDTH = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_IGNORED = re.compile(r"[\s\-_\u2010-\u2015\u2212]+")


def make_code(prefix: str, store_code: str, day: datetime.date, sequence: int) -> str:
    """Return the code of the document with number `sequence` (from 1) of a store and day.

    Dashes in the store's code are dropped. The number has four places: 0001 to 9999, then A000 to
    ZZZZ. Raises ValueError for a prefix that is not two letters, a store code that is not letters
    and digits (at most 16), a day outside 2000–2099, or a number that does not fit.
    """
    store = _compact(store_code)
    if not 2000 <= day.year <= 2099:
        raise ValueError(f"a code holds a day of the years 2000 to 2099, not {day}")
    return _checked(_DOCUMENT, prefix, store, f"{day:%y%m%d}", _four_places(sequence))


def make_chain_code(prefix: str, sequence: int) -> str:
    """Return the code of a thing of the whole chain, as `C-0000000123-W` for a customer.

    Raises ValueError for a prefix that is not one letter or a number outside 1 to 9,999,999,999.
    """
    if sequence < 1:
        raise ValueError(f"numbers start at 1, not {sequence}")
    return _checked(_CHAIN, prefix, f"{sequence:010}")


def check_character(body: str) -> str:
    """Return the check character for a code without one. Raises ValueError beyond 0-9, A-Z."""
    return _check_of(_compact(body))


def is_valid(code: str) -> bool:
    """Return whether `code`, however it was typed, is complete and free of a typing slip."""
    parts = normalise(code).split("-")
    if len(parts) == 5:
        try:
            datetime.datetime.strptime(parts[2], "%y%m%d")
        except ValueError:
            return False
    return len(parts) in (3, 5) and _remainder("".join(parts)) == (0, 0)


def normalise(code: str) -> str:
    """Return `code` in capitals with its dashes in place; without any when it is no whole code."""
    compact = _compact(code)
    for shape in (_CHAIN, _DOCUMENT):
        found = shape.fullmatch(compact)
        if found:
            return "-".join(found.groups())
    return compact


def _checked(shape: re.Pattern[str], *parts: str) -> str:
    body = "".join(parts)
    found = shape.fullmatch(body + ALPHABET[0])
    if not found or found.groups()[:-1] != parts:
        raise ValueError(f"{'-'.join(parts)} has not the form of a code")
    return "-".join((*parts, _check_of(body)))


def _check_of(compact: str) -> str:
    four, nine = _remainder(compact + ALPHABET[0])
    # In GF(4) an element is its own negative; in GF(9) both coordinates are negated modulo 3.
    return ALPHABET[four * 9 + (-(nine // 3) % 3) * 3 + -(nine % 3) % 3]


def _compact(code: str) -> str:
    return _IGNORED.sub("", code.translate(_FULL_WIDTH)).upper()


def _four_places(sequence: int) -> str:
    if not 1 <= sequence <= LAST_SEQUENCE:
        raise ValueError(f"a store's day has codes 1 to {LAST_SEQUENCE}, not {sequence}")
    if sequence <= LAST_PLAIN_SEQUENCE:
        return f"{sequence:04}"
    places, rest = "", sequence - LAST_PLAIN_SEQUENCE - 1 + 10 * 36**3
    for _place in range(4):
        rest, value = divmod(rest, 36)
        places = ALPHABET[value] + places
    return places


def _remainder(characters: str) -> tuple[int, int]:
    """Evaluate the characters as a polynomial at w = (ω, 1+i), in GF(4) x GF(9)."""
    steps, state = _steps(), 0
    try:
        for character in characters:
            state = steps[state][character]
    except KeyError as error:
        raise ValueError(f"{character!r} cannot stand in a code") from error
    return divmod(state, 9)


@cache
def _steps() -> list[dict[str, int]]:
    """Return what each of the 36 values so far becomes with each next character: an import makes codes by the thousand.

    ω with ω² = ω+1 is 2 of the numbers 0 to 3, added by XOR; a+bi with i² = -1 is 3a+b.
    """

    def step(four: int, a: int, b: int, value: int) -> int:
        return ((0, 2, 3, 1)[four] ^ value // 9) * 9 + (a - b + value % 9 // 3) % 3 * 3 + (a + b + value % 3) % 3

    places = [(four, a, b) for four in range(4) for a in range(3) for b in range(3)]
    return [{letter: step(*place, value) for value, letter in enumerate(ALPHABET)} for place in places]
