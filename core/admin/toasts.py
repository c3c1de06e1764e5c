"""Short messages that travel to the next page, with an undo where there is one."""

from typing import Any

from flask import session


def toast(text: str, meaning: str = "none", undo_url: str | None = None, undo_title: str | None = None) -> None:
    """Show a message on the next page this person sees; it means `good`, `watch`, `bad` or `none`."""
    message = {"text": text, "meaning": meaning} | (
        {"undo_url": undo_url, "undo_title": undo_title} if undo_url else {}
    )
    session["toasts"] = [*session.get("toasts", []), message][-4:]


def take_toasts() -> list[Any]:
    """Return the waiting messages; they are shown once."""
    return session.pop("toasts", []) if "toasts" in session else []
