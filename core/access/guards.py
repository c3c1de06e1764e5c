"""Which right each address needs. Every rule of the URL map has a guard, or the app does not start."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Guard:
    """What a caller needs: a permission, to be signed in, or nothing (with the reason why).

    Only the house itself gives the kind `static`: a file of a static folder, served without a session.
    """

    kind: str
    permission: str = ""
    reason: str = ""


def requires(permission: str) -> Callable[[F], F]:
    """Open a route to people who hold `permission` anywhere; the rows are still held to its reach."""
    return _mark(Guard("permission", permission))


def signed_in(reason: str) -> Callable[[F], F]:
    """Open a route to everybody who is signed in; say why no permission is needed."""
    return _mark(Guard("signed_in", reason=reason))


def public(reason: str) -> Callable[[F], F]:
    """Open a route to the world; say why."""
    return _mark(Guard("public", reason=reason))


def _mark(guard: Guard) -> Callable[[F], F]:
    def mark(function: F) -> F:
        function.__guard__ = guard  # type: ignore[attr-defined]
        return function

    return mark
