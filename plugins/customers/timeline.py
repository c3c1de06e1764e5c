"""What has happened with a customer, newest first: visits, and what other plugins tell."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.api import _, clock, collect, gettext
from plugins.customers.privacy.models import WISHES
from plugins.customers.words import REASONS

SHOWN = 50


@dataclass(frozen=True)
class TimelineEntry:
    """Something that happened with a customer: when, what, where or by whom; `url` opens it."""

    at: datetime
    title: str
    text: str = ""
    url: str = ""

    @property
    def day(self) -> str:
        """The moment in Shanghai, as pages show it."""
        return f"{clock.local(self.at):%Y-%m-%d %H:%M}"


def timeline_of(customer_id: int, belongings: Any) -> list[TimelineEntry]:
    """Return the last fifty entries of a customer whose belongings were found, newest first."""
    own = [
        TimelineEntry(
            visit.at, gettext(REASONS.get(visit.reason, visit.reason)),
            " · ".join(filter(None, (visit.place, visit.by))),
        )
        for visit in belongings.theirs.visits
    ]  # fmt: skip
    own += [
        TimelineEntry(wish.at, gettext(WISHES.get(wish.what, wish.what)), _("Please confirm it at the next visit.") if wish.what == "corrected" else "")
        for wish in belongings.theirs.wishes
    ]  # fmt: skip
    ids = [customer_id, *(one.id for one in belongings.theirs.merged)]
    others = [entry for one in ids for answer in collect("customers_timeline", customer_id=one) for entry in answer]
    return sorted([*own, *others], key=lambda entry: entry.at, reverse=True)[:SHOWN]
