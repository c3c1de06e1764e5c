"""What speaks for two records being one person, and how much: the model of Fellegi and Sunter.

Each comparison finds a level; its weight in bits is log2(m / u), where m is how often the level is found between
two records of one person, u between two of different people (weights.json, see docs/matching.md). Weights and the
bits of the prior add up to the log-odds of one person. I. P. Fellegi, A. B. Sunter: A Theory for Record Linkage,
Journal of the American Statistical Association 64 (1969).
"""

import json
from dataclasses import dataclass, field
from functools import cache
from math import log2
from pathlib import Path
from typing import Any

from plugins.customers.matching import addresses, names
from plugins.customers.matching.addresses import Address
from plugins.customers.matching.names import Name

WEIGHTS = Path(__file__).with_name("weights.json")
SAME, DIFFERENT, MISSING, SLIP, NEXT = "same", "different", "missing", "slip", "next"
"""A slip of the finger in a number; in the last digit it may be a number that was bought together with another."""
ONE_COMPANY = 0.9999
"""The register of companies holds a name once."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a record says of who it is."""

    name: Name = Name()
    numbers: frozenset[str] = frozenset()
    """Every mobile number that was ever theirs."""
    accounts: frozenset[str] = frozenset()
    """WeCom ids and e-mail addresses."""
    titles: frozenset[str] = frozenset()
    """Invoice titles, as `titles.plain` writes them."""
    address: Address = Address()
    stores: frozenset[int] = frozenset()
    is_company: bool = False


@dataclass(frozen=True, slots=True)
class Likeness:
    """What was found between two records."""

    levels: dict[str, str]
    bits: dict[str, float] = field(default_factory=dict)
    """The weight of each comparison that says something; above 0 for one person."""
    probability: float = 0.0
    """0 to 1, that both are one person."""


def levels_of(first: Known, second: Known) -> dict[str, str]:
    """Return the level of each comparison; the same whichever record comes first."""
    if first.is_company and second.is_company:  # a company is who its invoice title says, and nothing else
        return {"title": _shared(first.titles, second.titles)}
    return {
        "name": names.alike(first.name, second.name),
        "number": _numbers(first.numbers, second.numbers),
        "account": _accounts(first.accounts, second.accounts),
        "address": addresses.alike(first.address, second.address),
        "title": _shared(first.titles, second.titles),
        "store": _shared(first.stores, second.stores),
    }


def compare(first: Known, second: Known) -> Likeness:
    """Return how likely two records are one person, or one company."""
    levels = levels_of(first, second)
    bits = {name: round(weights()[name][level], 2) for name, level in levels.items() if level != MISSING}
    if first.is_company or second.is_company:
        is_one = first.is_company and second.is_company and levels["title"] == SAME
        return Likeness(levels, bits, ONE_COMPANY if is_one else 0.0)
    return Likeness(levels, bits, probability(sum(bits.values()) + _read()["prior"]))


def probability(bits: float) -> float:
    """Return the probability, 0 to 1, that log-odds in bits mean."""
    return 1 / (1 + 2.0**-bits)


def rules_out(levels: dict[str, str]) -> bool:
    """Say whether these are two people whatever else they share: a family has one number, one home, and given names."""
    return levels.get("name") == DIFFERENT and levels["account"] != SAME


def may_merge_alone(levels: dict[str, str]) -> bool:
    """Say whether such a likeness may merge without a person's answer: never by the name alone, nor with another name."""
    if "name" not in levels:
        return True  # two companies
    has_proof = SAME in (levels["account"], levels["number"])
    if levels["name"] in (SAME, names.SOUND):
        return has_proof or levels["number"] in (SLIP, NEXT) or levels["address"] in (SAME, addresses.CLOSE)
    if levels["name"] == names.PART:  # in a city, somebody of the same family name has nearly the same number
        return has_proof or (levels["number"], levels["store"]) == (SLIP, SAME)
    return has_proof and levels["name"] == MISSING


def _numbers(first: frozenset[str], second: frozenset[str]) -> str:
    level = _shared(first, second)
    if level != DIFFERENT:
        return level
    slips = [(one, other) for one in first for other in second if names.is_one_slip(one, other)]
    if any(one[:-1] != other[:-1] for one, other in slips):
        return SLIP
    return NEXT if slips else DIFFERENT


def _accounts(first: frozenset[str], second: frozenset[str]) -> str:
    level = _shared(first, second)
    if level == DIFFERENT and {"@" in one for one in first}.isdisjoint("@" in one for one in second):
        return MISSING  # an e-mail and a WeCom id are never the same
    return level


def _shared(first: frozenset[object], second: frozenset[object]) -> str:
    if not first or not second:
        return MISSING
    return SAME if not first.isdisjoint(second) else DIFFERENT


@cache
def _read() -> Any:
    return json.loads(WEIGHTS.read_text("utf-8"))


@cache
def weights() -> dict[str, dict[str, float]]:
    """Return the weight in bits of each level of each comparison."""
    comparisons = _read()["comparisons"]
    return {name: {level: log2(m / u) for level, (m, u) in levels.items()} for name, levels in comparisons.items()}
