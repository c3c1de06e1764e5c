"""Which records are worth comparing: those that share a key. A key is kept as a hash, so that it tells nothing."""

from collections.abc import Iterator
from hashlib import blake2b

from plugins.customers.matching.comparing import Known

LARGEST = 100
"""A key that more records share than this says nothing: such a block is left out, or it would explode."""


def keys_of(known: Known) -> set[int]:
    """Return the keys of a record as numbers of 64 bits."""
    return {int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), signed=True) for text in _texts(known)}


def _texts(known: Known) -> Iterator[str]:
    for number in known.numbers:
        yield f"number {number}"
        if known.name.syllables:  # a slip leaves one of the two halves as it was, a title the family name
            yield f"end {known.name.syllables[0]} {number[-4:]}"
            yield f"middle {known.name.syllables[0]} {number[-8:-4]}"
    for account in known.accounts:
        yield f"account {account}"
    if known.name.is_full or known.name.written.isascii() and known.name.syllables:  # a short word may be a full name
        yield f"name {known.name.sound}"
    if known.address.key:
        yield f"address {known.address.key}"
    if known.is_company:
        for title in known.titles:
            yield f"title {title}"
