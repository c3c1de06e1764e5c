"""How much a made-up shop sells: its level, its week, the season and luck. Plain figures, no database.

Levels are yuan a day, so that a shop lands between 20,000 and 250,000 on nearly every day.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import exp
from random import Random

from core.api import Node
from plugins.daily_reports.models import TENDERS

MALL = (88, 86, 88, 92, 107, 126, 113)
QUARTER = (94, 93, 94, 96, 104, 112, 107)
COUNTER = (103, 103, 102, 103, 104, 97, 88)


@dataclass(frozen=True)
class Kind:
    """What shops of one format have in common."""

    size_m2: tuple[int, int]
    level: tuple[int, int]
    """Yuan on a usual day of the smallest and of the largest shop."""
    week: tuple[int, ...]
    ticket: int
    """Yuan a buyer spends."""
    conversion: float
    """Buyers among visitors."""
    phones: float
    """Share of the takings that phones bring."""


KINDS = {
    "flagship": Kind((240, 480), (112_000, 150_000), MALL, 2450, 0.21, 0.84),
    "district": Kind((80, 220), (62_000, 125_000), MALL, 2100, 0.23, 0.82),
    "community": Kind((40, 130), (33_000, 60_000), QUARTER, 1450, 0.31, 0.76),
    "operator": Kind((60, 160), (38_000, 72_000), COUNTER, 1250, 0.38, 0.70),
    "shop_in_shop": Kind((20, 70), (32_000, 60_000), MALL, 1900, 0.19, 0.83),
    "service_point": Kind((30, 80), (28_000, 38_000), COUNTER, 620, 0.62, 0.35),
}
PHONE_PRICE = 3150
"""Yuan, on average."""

PROMOTIONS = (
    ((1, 1), (1, 3), 1.12), ((5, 1), (5, 5), 1.25), ((6, 16), (6, 18), 1.3), ((8, 18), (8, 19), 1.1),
    ((10, 1), (10, 7), 1.22), ((11, 9), (11, 11), 1.32), ((12, 11), (12, 12), 1.18),
)  # fmt: skip
"""(month, day) from and to, and how much the chain's campaigns of these days bring."""
LAUNCH, LAUNCH_WEEKS = 1.16, 4
"""What the weekend of a new phone brings, and how many weeks lie between two of them."""

PRESSING = {
    "few_visitors": 30, "low_conversion": 22, "out_of_stock": 16, "price": 12, "competitor": 12, "staff": 5,
    "other": 3,
}  # fmt: skip
"""Reasons why a day falls short, and how often each is named."""
TENDER_SHARES = {"wechat": 46, "alipay": 29, "card": 13, "cash": 4, "other": 8}


@dataclass(frozen=True)
class Season:
    """What every shop of the chain lives through: rain and new phones."""

    rain: frozenset[date]
    launches: frozenset[date]

    def lift(self, day: date) -> float:
        """Return the factor that campaigns and new phones bring on a day; 1 on an ordinary one."""
        of_year = (day.month, day.day)
        campaign = next((lift for since, until, lift in PROMOTIONS if since <= of_year <= until), 1.0)
        return max(campaign, LAUNCH if day in self.launches else 1.0)


def season_of(days: list[date], seed: int) -> Season:
    """Return the season over these days: one in twelve is rainy, every fourth weekend has a new phone."""
    rain = frozenset(day for day in days if Random(f"{seed}/rain/{day}").random() < 1 / 12)
    shift = Random(f"{seed}/launches").randrange(LAUNCH_WEEKS)
    weekends = [day for day in days if day.weekday() > 3]
    # Ordinal 1 was a Monday: a whole week has one number.
    launches = frozenset(day for day in weekends if ((day.toordinal() - 1) // 7 + shift) % LAUNCH_WEEKS == 0)
    return Season(rain, launches)


@dataclass(frozen=True)
class Shop:
    """A store with the character the figures follow from."""

    node: Node
    kind: Kind
    level: float
    week: tuple[int, ...]
    growth: float
    """A day, as a share of the level."""
    ambition: float
    """What head office expects, as a share of what is usual."""
    slack: float
    """How often people are late or forget, 1 on average."""
    rest_day: int
    """The weekday on which the deputy stands in."""

    def usual(self, day: date, season: Season, since: date) -> float:
        """Return the yuan that can be expected on a day, luck and rain aside."""
        growth = 1 + self.growth * (day - since).days
        return self.level * self.week[day.weekday()] / 100 * growth * season.lift(day)


def shop_of(node: Node, seed: int) -> Shop:
    """Return the store's character: level by format and size, the rest by chance."""
    chance = Random(f"{seed}/shop/{node.code}")
    kind = KINDS.get(node.format or "", KINDS["community"])
    (smallest, largest), (low, high) = kind.size_m2, kind.level
    size = min(max(((node.size_m2 or smallest) - smallest) / (largest - smallest), 0), 1)
    return Shop(
        node=node,
        kind=kind,
        level=(low + (high - low) * size) * chance.uniform(0.92, 1.08),
        week=tuple(share + chance.randint(-4, 4) for share in kind.week),
        growth=chance.uniform(-0.0009, 0.0014),
        ambition=chance.gauss(0.995, 0.03),
        slack=chance.choices((0.3, 0.8, 1.3, 3.2), (35, 35, 22, 8))[0],
        rest_day=chance.choice((0, 1, 2)),
    )


def sell(shop: Shop, day: date, season: Season, since: date, drift: float, chance: Random) -> tuple[Decimal, str]:
    """Return the yuan a shop takes on a day and what befell it: a gap reason, or nothing."""
    factor, cause = exp(chance.gauss(0, 0.1)) * drift, ""
    if day in season.rain:
        factor, cause = factor * chance.uniform(0.8, 0.93), "weather"
    elif season.lift(day) > 1:
        cause = "promotion"
    fortune = chance.random()
    if fortune < 0.03:
        factor, cause = factor * chance.uniform(1.18, 1.5), "big_order"
    elif fortune < 0.08:
        factor, cause = factor * chance.uniform(0.66, 0.84), pressed(chance)
    yuan = int(shop.usual(day, season, since) * factor)
    return Decimal(yuan) + Decimal(chance.choices((0, 50, 80, 90), (70, 10, 10, 10))[0]).scaleb(-2), cause


def pressed(chance: Random) -> str:
    """Return a reason why a day falls short."""
    return chance.choices(list(PRESSING), list(PRESSING.values()))[0]


def gap_reasons(cause: str, percent: int, chance: Random) -> list[str]:
    """Return the reasons a manager names for a result in percent of the target; none for a small gap."""
    if percent >= 104:
        return [cause] if cause in ("big_order", "promotion") else []
    if percent >= 97:
        return []
    first = cause if cause in PRESSING or cause == "weather" else pressed(chance)
    second = pressed(chance) if chance.random() < 0.3 else first
    return list(dict.fromkeys((first, second)))


def split_takings(amount: Decimal, chance: Random) -> dict[str, str]:
    """Split an amount in yuan over the tenders; the parts, as text, add up to it."""
    shares = {tender: TENDER_SHARES[tender] * chance.uniform(0.7, 1.3) for tender in TENDERS}
    total = sum(shares.values())
    parts = {tender: Decimal(int(float(amount) * share / total)) for tender, share in shares.items()}
    parts["wechat"] += amount - sum(parts.values())
    return {tender: f"{part:.2f}" for tender, part in parts.items()}


def count_people(shop: Shop, amount: Decimal, reasons: list[str], chance: Random) -> dict[str, int]:
    """Return visitors, buyers and phones sold that fit the amount and the reasons named for it."""
    ticket = shop.kind.ticket * chance.uniform(0.9, 1.1) * (1.5 if "big_order" in reasons else 1)
    buyers = max(1, round(float(amount) / ticket))
    conversion = shop.kind.conversion * chance.uniform(0.93, 1.07)
    if "low_conversion" in reasons:
        conversion *= 0.78
    elif "few_visitors" in reasons or "weather" in reasons:
        conversion *= 1.06
    phones = float(amount) * shop.kind.phones * chance.uniform(0.94, 1.06) / PHONE_PRICE
    return {"visitors": round(buyers / conversion), "buyers": buyers, "units": max(1, round(phones))}


def days_between(since: date, until: date) -> list[date]:
    """Return every day from `since` up to, and without, `until`."""
    return [since + timedelta(days=n) for n in range((until - since).days)]
