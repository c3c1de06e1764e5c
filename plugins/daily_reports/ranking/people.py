"""People compete with people: as soon as a plugin says what each has sold, by the same rules as stores.

A person belongs to the group of their store: who sells in a service point competes with others who do.
"""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from flask import has_app_context
from sqlalchemy.orm import Session

from core.api import collect
from plugins.daily_reports.ranking import figures, rollups
from plugins.daily_reports.ranking.method import Contender, DayFigures
from plugins.daily_reports.ranking.models import PERSON
from plugins.daily_reports.ranking.periods import KINDS, Period, period_of

Figure = tuple[int, int, date, Decimal | None, Decimal | None]
"""Person, store, day, sold and own target in yuan, as `daily_reports_people_figures` returns them."""


def publish_due(session: Session, day: date) -> int:
    """Publish the rankings of people that have come as far as a day; returns how many were made."""
    made = 0
    for kind in KINDS:
        period = period_of(kind, day)
        ranking = rollups.find(session, period, PERSON)
        if ranking is not None and ranking.until >= day:
            continue
        contenders = contenders_of(session, period, day, figures_of(period.begins, day))
        if contenders:
            rollups.publish(session, period, day, PERSON, contenders)
            made += 1
    return made


def figures_of(first: date, last: date) -> list[Figure]:
    """Ask the plugins what people sold between two days."""
    if not has_app_context():
        return []
    answers = collect("daily_reports_people_figures", first=first, last=last)
    return [figure for answer in answers for figure in answer]


def contenders_of(session: Session, period: Period, until: date, told: list[Figure]) -> list[Contender]:
    """Return the people of whom something was told, each with the days on which they worked."""
    stores = {store.id: store for store in figures.stores_of(session, period.begins, until)}
    days: dict[tuple[int, int], dict[date, DayFigures]] = defaultdict(dict)
    for person_id, node_id, day, amount, target in told:
        if node_id in stores and period.begins <= day <= until:
            days[node_id, person_id][day] = DayFigures(day, _fen(amount), _fen(target))
    found = []
    for key, worked in sorted(days.items()):
        store: Any = stores[key[0]]
        in_order = [worked[day] for day in sorted(worked)]
        found.append(Contender(key, figures.groups_of_store(store), in_order, levels=(store.area_id, store.region_id)))
    return found


def _fen(yuan: Decimal | None) -> int | None:
    return None if yuan is None else int((yuan * 100).to_integral_value())
