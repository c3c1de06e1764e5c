"""The forms of the week: what was typed, what it means, what is wrong with it."""

from typing import Any

from plugins.daily_reports.forms import Typed, named_in
from plugins.daily_reports.week.services import MOST_LINES, Line, Plan, Summary


def read_plan(form: Any) -> tuple[Plan | None, Typed]:
    """Return the plan a form means (None when something is wrong) and what was typed."""
    owners = {f"owner_{n}": said for n in range(MOST_LINES) if (said := named_in(form, n, "owner"))}
    read = Typed({name: form.get(name, "") for name in form} | owners)
    target = read.money("target", at_least="1")
    lines = [
        Line(read.text(f"what_{n}", 120), read.text(f"standard_{n}", 120), _weekday(form.get(f"due_{n}", "")), read.text(f"owner_{n}", 40))
        for n in range(MOST_LINES)
    ]  # fmt: skip
    return (None if read.errors else Plan(target, tuple(line for line in lines if line.what))), read


def _weekday(text: str) -> int | None:
    return int(text) if text in tuple("0123456") else None


def read_summary(form: Any) -> tuple[Summary | None, Typed]:
    """Return the summary a form means (None when something is wrong) and what was typed."""
    read = Typed({name: form.get(name, "") for name in form}, ticked={"done": form.getlist("done")})
    summary = Summary(
        read.text("reflection", 1000), read.text("next_week", 1000),
        frozenset(int(text) for text in form.getlist("done") if text.isascii() and text.isdigit() and len(text) < 19),
    )  # fmt: skip
    return (None if read.errors else summary), read
