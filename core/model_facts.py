"""What functions have found out about mapped classes: kept, and forgotten when a plugin's classes go."""

from collections.abc import Callable
from functools import lru_cache
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Found = TypeVar("Found")
_forgetting: list[Callable[[], None]] = []


def forgotten_with_models(forget: Callable[[], None]) -> None:
    """Call `forget` when mapped classes go, for what is kept of them otherwise than by `model_fact`."""
    _forgetting.append(forget)


def model_fact(function: Callable[Given, Found], most: int = 1000) -> Callable[Given, Found]:
    """Keep what `function` finds out; an answer that outlived its class would keep that, and its plugin, in memory."""
    kept = lru_cache(maxsize=most)(function)
    forgotten_with_models(kept.cache_clear)
    return kept  # type: ignore[return-value]


def statement_fact(function: Callable[Given, Found]) -> Callable[Given, Found]:
    """Keep as `model_fact` does statements of many kinds: fewer, because each takes some twenty kilobytes."""
    return model_fact(function, most=300)


def forget_model_facts() -> None:
    """Find everything out anew: classes have gone."""
    for forget in _forgetting:
        forget()
