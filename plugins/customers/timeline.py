"""What has happened with a customer, newest first: visits, and what other plugins tell."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from core.api import _, clock, collect, gettext, names_of_nodes, names_of_people
from plugins.customers.models import Visit
from plugins.customers.persons import records_of
from plugins.customers.privacy.links import wishes_of
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


def timeline_of(session: Any, customer_id: int) -> list[TimelineEntry]:
    """Return the last fifty entries of a customer in scope, newest first; of all records that are one person."""
    ids = list(session.scalars(records_of(customer_id)))
    query = select(Visit).where(Visit.customer_id.in_(ids)).order_by(Visit.at.desc(), Visit.id.desc()).limit(SHOWN)
    visits = list(session.scalars(query))
    places = names_of_nodes({visit.node_id for visit in visits})
    people = names_of_people(session, {visit.by for visit in visits if visit.by})
    own = [
        TimelineEntry(
            visit.at, gettext(REASONS.get(visit.reason, visit.reason)),
            " · ".join(filter(None, (places.get(visit.node_id, ""), people.get(visit.by or 0, "")))),
        )
        for visit in visits
    ]  # fmt: skip
    own += [
        TimelineEntry(wish.at, gettext(WISHES.get(wish.what, wish.what)), _("Please confirm it at the next visit.") if wish.what == "corrected" else "")
        for wish in wishes_of(session, customer_id)
    ]  # fmt: skip
    others = [entry for one in ids for answer in collect("customers_timeline", customer_id=one) for entry in answer]
    return sorted([*own, *others], key=lambda entry: entry.at, reverse=True)[:SHOWN]
