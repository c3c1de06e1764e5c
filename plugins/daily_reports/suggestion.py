"""The target the page fills in: what this weekday usually brings, times what the month still needs.

    suggestion = average of the last four same weekdays × need, rounded to 100 yuan
    need       = (month target − sold this month) ÷ what the remaining open days usually bring

`need` is 1 without a month target, and is held between 0.7 and 1.5: a target nobody can reach moves
nobody. A weekday without history takes the average of all days of the last four weeks.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

WEEKS = 4
LEAST_NEED, MOST_NEED = Decimal("0.7"), Decimal("1.5")
STEP = 100


@dataclass(frozen=True)
class Suggestion:
    """A suggested target and the figures it comes from, all in yuan."""

    amount: Decimal | None
    weekday_average: Decimal | None
    days_counted: int
    need: Decimal
    month_target: Decimal | None
    month_sold: Decimal
    open_days_left: int


def days_ahead(day: date) -> list[date]:
    """Return `day` and the days after it in its month."""
    return [day.replace(day=number) for number in range(day.day, monthrange(day.year, day.month)[1] + 1)]


def work_out(sold: dict[date, Decimal], day: date, target: Decimal | None, closed: set[date]) -> Suggestion:
    """Apply the formula to plain figures: sales by day before `day`, the month's target, closed days ahead."""
    usual = _usual_by_weekday(sold, day)
    weekday_average, counted = usual[day.weekday()]
    month_sold = sum((amount for each, amount in sold.items() if each >= day.replace(day=1)), Decimal())
    ahead = [each for each in days_ahead(day) if each == day or each not in closed]
    expected = sum((usual[each.weekday()][0] or Decimal() for each in ahead), Decimal())
    need = Decimal(1)
    if target is not None and expected > 0:
        need = min(max((target - month_sold) / expected, LEAST_NEED), MOST_NEED)
    if weekday_average is not None:
        amount = _rounded(weekday_average * need)
    elif target is not None:
        amount = _rounded(max(target - month_sold, Decimal()) / len(ahead))
    else:
        amount = None
    return Suggestion(amount, weekday_average, counted, need.quantize(Decimal("0.01")), target, month_sold, len(ahead))


def _usual_by_weekday(sold: dict[date, Decimal], day: date) -> list[tuple[Decimal | None, int]]:
    recent = {each: amount for each, amount in sold.items() if each >= day - timedelta(weeks=WEEKS)}
    overall = sum(recent.values(), Decimal()) / len(recent) if recent else None
    by_weekday: list[list[Decimal]] = [[] for _weekday in range(7)]
    for each, amount in recent.items():
        by_weekday[each.weekday()].append(amount)
    return [
        (sum(amounts, Decimal()) / len(amounts), len(amounts)) if amounts else (overall, 0) for amounts in by_weekday
    ]


def _rounded(amount: Decimal) -> Decimal | None:
    steps = (amount / STEP).to_integral_value()
    return Decimal(steps * STEP) if steps > 0 else None
