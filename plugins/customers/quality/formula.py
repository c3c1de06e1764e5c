"""How complete a record is: points for what is known, 100 in all.

| known | points |
|---|---|
| mobile number | 30 |
| e-mail | 15 |
| address | 15 |
| the store that looks after them | 10 |
| WeCom | 10 |
| one thing they like | 10 |
| a second thing they like | 10 |

A record is complete from 70 points on. The points are SQL, so that a card and the count of a whole chain
cannot differ. What they like are the words in tags and preferences; whether somebody is a consumer, a
distributor, a partner or a supplier is known of each record, because it is never empty.
"""

from collections.abc import Iterable
from functools import reduce
from typing import Any

from sqlalchemy import case, func

from core.api import N_, gettext
from plugins.customers.models import Customer

COMPLETE_FROM = 70
ENOUGH_LIKED = 2


def _words(*columns: Any) -> Any:
    """Return how many words stand in columns, a 、 or a new line between them."""
    text = func.trim(
        func.replace(reduce(lambda text, column: text.concat("、").concat(column), columns), "\n", "、"), "、"
    )
    return case((text == "", 0), else_=func.length(text) - func.length(func.replace(text, "、", "")) + 1)


LIKED = _words(Customer.tags, Customer.preferences)
PARTS: list[tuple[str, int, Any]] = [
    (N_("Mobile number"), 30, Customer.mobile != ""),
    (N_("E-mail"), 15, Customer.email != ""),
    (N_("Address"), 15, Customer.address != ""),
    (N_("The store that looks after them"), 10, Customer.node_id.is_not(None)),
    (N_("WeCom"), 10, Customer.wecom != ""),
    (N_("One thing they like"), 10, LIKED >= 1),
    (N_("A second thing they like"), 10, LIKED >= ENOUGH_LIKED),
]
"""(what is known, its points, whether it is)"""
SCORE = sum(
    (case((known, points), else_=0) for _title, points, known in PARTS[1:]), case((PARTS[0][2], PARTS[0][1]), else_=0)
)
KNOWN = [part for _title, _points, part in PARTS]
"""Whether each part is known, for a query of a record."""


def score_of(known: Iterable[bool | None]) -> tuple[int, list[str]]:
    """Return the points of a record of which `KNOWN` is read, and what would add to them: `+15 E-mail`."""
    known = list(known)
    got = sum(points for (_title, points, _part), is_known in zip(PARTS, known, strict=True) if is_known)
    missing = [
        f"+{points} {gettext(title)}"
        for (title, points, _part), is_known in zip(PARTS, known, strict=True)
        if not is_known
    ]
    return got, missing
