"""Short messages that travel to the next page, with an undo where there is one."""

from dataclasses import asdict, dataclass
from typing import Any

from flask import session


@dataclass(frozen=True)
class Toast:
    """A message and what it means: good, watch, bad or none."""

    text: str
    meaning: str = "none"
    undo_url: str | None = None
    undo_title: str | None = None


def toast(text: str, meaning: str = "none", undo_url: str | None = None, undo_title: str | None = None) -> None:
    """Show a message on the next page this person sees."""
    session["toasts"] = [*session.get("toasts", []), asdict(Toast(text, meaning, undo_url, undo_title))][-4:]


def take_toasts() -> list[Any]:
    """Return the waiting messages; they are shown once."""
    return session.pop("toasts", []) if "toasts" in session else []
