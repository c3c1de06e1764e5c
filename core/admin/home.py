"""A person's home: cards that the plugins they may use contribute."""

from dataclasses import dataclass


@dataclass(frozen=True)
class HomeCard:
    """A card on the home page: a number with its note, or a sentence; `url` opens more."""

    title: str
    number: str = ""
    unit: str = ""
    note: str = ""
    body: str = ""
    url: str = ""
    meaning: str = "none"
