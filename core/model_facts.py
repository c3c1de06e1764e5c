"""What functions have found out about mapped classes: kept, and forgotten when a plugin's classes go."""

from collections.abc import Callable
from functools import lru_cache
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Found = TypeVar("Found")
_forgetting: list[Callable[[], None]] = []


def model_fact(function: Callable[Given, Found]) -> Callable[Given, Found]:
    """Keep what `function` finds out; an answer that outlived its class would keep that, and its plugin, in memory."""
    kept = lru_cache(maxsize=1000)(function)
    _forgetting.append(kept.cache_clear)
    return kept  # type: ignore[return-value]


def forget_model_facts() -> None:
    """Find everything out anew: classes have gone."""
    for forget in _forgetting:
        forget()
