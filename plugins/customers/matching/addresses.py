"""An address as people write it, and how alike two are."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_WIDER = re.compile(r"^(中国|广东省?|深圳市?|[\u4e00-\u9fff]{2}(新区|区))")
_NUMBERS = re.compile(r"[0-9a-z]+")
SAME, CLOSE, DIFFERENT, MISSING = "same", "close", "different", "missing"
_SHARE = 0.6
"""So much of the pairs of signs two addresses share at least, of 1, to be close where house and building are not said."""


@dataclass(frozen=True, slots=True)
class Address:
    """What two addresses are compared by: `key` is empty unless house, building and room are said."""

    text: str = ""
    street: str = ""
    key: str = ""
    numbers: tuple[str, ...] = ()


@lru_cache(maxsize=50_000)
def read(text: str) -> Address:
    """Return the address that a text means, without province, city and district."""
    plain = re.sub(r"[^0-9a-z\u4e00-\u9fff]", "-", unicodedata.normalize("NFKC", text).casefold())
    shorter = None
    while shorter != plain:
        shorter, plain = plain, _WIDER.sub("", plain.strip("-"))
    numbers = tuple(_NUMBERS.findall(plain))
    street = _NUMBERS.split(plain, maxsplit=1)[0].replace("-", "")[-3:]
    key = f"{street}{'-'.join(numbers)}" if street and len(numbers) > 2 else ""
    return Address(plain.replace("-", ""), street, key, numbers)


def alike(first: Address, second: Address) -> str:
    """Return how alike two addresses are: same, close, different, or missing."""
    if not first.numbers or not second.numbers:  # a street alone says nothing
        return MISSING
    if first.key and first.key == second.key:
        return SAME
    if any(one != other for one, other in zip(first.numbers, second.numbers, strict=False)):
        return DIFFERENT  # the neighbours
    if first.street and first.street == second.street and min(len(first.numbers), len(second.numbers)) > 1:
        return CLOSE  # one building, the room is not said
    one, other = _pairs(first.text), _pairs(second.text)
    shared = 2 * len(one & other) / ((len(one) + len(other)) or 1)
    return CLOSE if shared >= _SHARE else DIFFERENT


def _pairs(text: str) -> set[str]:
    return {text[at : at + 2] for at in range(len(text) - 1)}
