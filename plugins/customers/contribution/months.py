"""The twelve months that count: the full ones up to the last that is over."""

from datetime import date

from core.api import _, clock, show, typed

FULL_MONTHS = 12


def year_up_to(last: date) -> list[date]:
    """Return the first days of the twelve months of which `last` is the last one, oldest first."""
    return [_months_before(last, back) for back in reversed(range(FULL_MONTHS))]


def _months_before(month: date, back: int) -> date:
    year, months = divmod(month.year * 12 + month.month - 1 - back, 12)
    return date(year, months + 1, 1)


def full_year() -> list[date]:
    """Return the first days of the last twelve months that are over, oldest first."""
    return year_up_to(_months_before(clock.today(), 1))


def between(months: list[date]) -> str:
    """Return from when to when, in words."""
    return _("%(first)s to %(last)s", first=show(months[0], "month"), last=show(months[-1], "month"))


def read_month(text: str) -> date:
    """Return the first day of the month that a text means: "2026-05", "2026/5", "202605", "2026年5月", or any day of it.

    Raises BadValue, also for a month that has not begun.
    """
    for day in ("", "-01", "/01", ".01", "01", "1日"):
        try:
            month = typed.date(text + day).replace(day=1)
        except typed.BadValue:
            continue
        if month > clock.today():
            raise typed.BadValue(_("“%(text)s” is still to come.", text=text))
        return month
    raise typed.BadValue(_("“%(text)s” is not a month. Write it like 2026-05.", text=text))
