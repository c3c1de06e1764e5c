"""An address as people write it, and how alike two are."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_WIDER = re.compile(r"^(中国|广东省?|深圳市?|[\u4e00-\u9fff]{2}(新区|区))")
_NUMBERS = re.compile(r"[0-9a-z]+")
_CLOSE = 0.7
"""So much of the pairs of signs two addresses share at least, of 1, to be close."""


@dataclass(frozen=True, slots=True)
class Address:
    """What two addresses are compared by: `key` is empty unless a building and a room are said."""

    text: str = ""
    key: str = ""


@lru_cache(maxsize=50_000)
def read(text: str) -> Address:
    """Return the address that a text means, without province, city and district."""
    plain = re.sub(r"[^0-9a-z\u4e00-\u9fff]", "-", unicodedata.normalize("NFKC", text).casefold())
    shorter = None
    while shorter != plain:
        shorter, plain = plain, _WIDER.sub("", plain.strip("-"))
    parts = _NUMBERS.findall(plain)
    street = re.sub(r"-", "", _NUMBERS.split(plain, maxsplit=1)[0])[-3:]
    return Address(plain.replace("-", ""), f"{street}{'-'.join(parts)}" if street and len(parts) > 1 else "")


def alike(first: Address, second: Address) -> str:
    """Return how alike two addresses are: same, close, different, or missing."""
    if not first.text or not second.text:
        return "missing"
    if first.key and first.key == second.key:
        return "same"
    if first.key and second.key and _NUMBERS.findall(first.key) != _NUMBERS.findall(second.key):
        return "different"  # the neighbours
    one, other = _pairs(first.text), _pairs(second.text)
    shared = 2 * len(one & other) / ((len(one) + len(other)) or 1)
    return "close" if shared >= _CLOSE else "different"


def _pairs(text: str) -> set[str]:
    return {text[at : at + 2] for at in range(len(text) - 1)}
