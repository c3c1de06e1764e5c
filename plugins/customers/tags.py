"""Words about a customer: what they like, what they are like. A few are offered, any may be typed."""

from core.api import setting, typed


def read_words(text: str) -> str:
    """Return words as they are kept: each once, in the order typed, a 、 between them."""
    words = typed.text(text, 200).translate(dict.fromkeys(map(ord, ",，;； \n/"), "、")).split("、")
    return "、".join(dict.fromkeys(filter(None, words)))


def offered() -> list[str]:
    """Return the words a chain offers for a tap."""
    return [word for word in read_words(setting("customers.offered_words")).split("、") if word]
