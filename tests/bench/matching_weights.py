"""`python -m tests.bench.matching_weights [--write]`: learn the weights of the comparison again, from records with the truth.

How often each level is found between two records of one person (m), and between two people (u). A level that makes
a key is counted among those that share one – they are all who have it –, any other in a sample of any two records. The records are of other people than those the measurements and tests are made on (the seed).
"""

import argparse
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from math import log2
from typing import Any

from plugins.customers.matching.comparing import DIFFERENT, MISSING, WEIGHTS, Known, levels_of
from tests.plugins.customers.people import Kept, neighbours, pairs, records

COUNT, SEED, SAMPLE = 100_000, 7, 1_000_000
LEAST_M, LEAST_U = 0.005, 1e-6
"""No level is so rare that it decides alone: a clerk mistypes, a family shares an account."""
LEAST_OTHER = 0.05
"""So often what is known of somebody has become another: people move, and change firms, as made-up ones never do."""
KEYS = {("name", "same"), ("name", "sound"), ("number", "same"), ("account", "same"), ("address", "same")}
"""Too rare for a sample, but whoever has them shares a key."""
Pairs = Iterable[tuple[int, int]]


def learned(kept: list[Kept]) -> dict[str, Any]:
    """Return what `weights.json` holds."""
    people = [one for one in kept if one.kind == "person"]
    seen, truth, chance = [one.known for one in people], pairs(people), random.Random(SEED)
    same = _counted(seen, truth)
    near = _counted(seen, neighbours(seen) - truth)
    drawn = {tuple(sorted(chance.sample(range(len(seen)), 2))) for _number in range(SAMPLE)} - truth
    far = _counted(seen, drawn)
    every = len(seen) * (len(seen) - 1) / 2
    comparisons: dict[str, Any] = {}
    for name in same:
        of_same, of_far = same[name].total(), far[name].total()
        every_said = every * of_far / len(drawn)
        for level in sorted(same[name] | far[name]):
            is_key = (name, level) in KEYS
            u = near[name][level] / every_said if is_key else (far[name][level] + 1) / (of_far + 1)
            m = max(same[name][level] / of_same, LEAST_OTHER if level == DIFFERENT and name != "name" else LEAST_M)
            comparisons.setdefault(name, {})[level] = [float(f"{m:.3g}"), float(f"{max(u, LEAST_U):.3g}")]
    return {"prior": round(log2(len(truth) / every), 1), "comparisons": comparisons}


def _counted(seen: list[Known], wanted: Pairs) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for one, other in wanted:
        for name, level in levels_of(seen[one], seen[other]).items():
            if level != MISSING:
                found[name][level] += 1
    return found


def main() -> None:
    """Print the weights; with `--write` keep them."""
    asked = argparse.ArgumentParser(prog="python -m tests.bench.matching_weights", description=__doc__)
    asked.add_argument("--write", action="store_true", help="keep them in weights.json")
    text = _written(learned(records(COUNT, SEED)))
    print(text)
    if asked.parse_args().write:
        WEIGHTS.write_text(text, "utf-8")


def _written(found: dict[str, Any]) -> str:
    lines = ",\n".join(f"    {json.dumps(name)}: {json.dumps(levels)}" for name, levels in found["comparisons"].items())
    return f'{{\n  "prior": {found["prior"]},\n  "comparisons": {{\n{lines}\n  }}\n}}\n'


if __name__ == "__main__":
    main()
