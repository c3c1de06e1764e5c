"""The phone's forms: what was typed, what it means, what is wrong with it."""

import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from core.api import _, typed
from plugins.daily_reports.departments.models import ReportTemplate
from plugins.daily_reports.models import GAP_REASONS, TENDERS
from plugins.daily_reports.services import MOST_LINES, Line, Result, Target

MOST_YUAN = 10_000_000
"""More than any shop sells in a day: a zero too many is caught here."""
MOST_PEOPLE = 100_000


@dataclass
class Typed:
    """A form as it came: texts by name, errors by name, and what was ticked by name."""

    texts: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    ticked: dict[str, list[str]] = field(default_factory=dict)

    def text(self, name: str, maximum: int) -> str:
        """Return a text of at most `maximum` characters."""
        return self._read(name, lambda text: typed.text(text, maximum)) or ""

    def money(self, name: str, *, required: bool = False, at_least: str = "0.01") -> Decimal | None:
        """Return an amount in yuan; "8万" and full-width digits are understood."""
        low = Decimal(at_least)
        return self._read(name, lambda text: typed.money(text, minimum=low, maximum=MOST_YUAN), required=required)

    def hidden(self, name: str) -> Decimal | None:
        """Return an amount the page itself put there; what cannot be read counts as nothing."""
        amount = self.money(name)
        self.errors.pop(name, None)
        return amount

    def count(self, name: str) -> int | None:
        """Return a whole number from 0."""
        return self._read(name, lambda text: typed.integer(text, minimum=0, maximum=MOST_PEOPLE))

    def _read(self, name: str, parse: Any, *, required: bool = False) -> Any:
        text = self.texts.get(name, "").strip()
        if not text:
            if required:
                self.errors[name] = _("Please fill this in.")
            return None
        try:
            return parse(text)
        except typed.BadValue as error:
            self.errors[name] = str(error)
            return None


def named_in(form: Any, n: int, field: str) -> str:
    """Return who is named for a plan's line: the people ticked and whoever was typed, parted by 、."""
    names = [*form.getlist(f"team_{n}"), *form.get(f"{field}_{n}", "").split("、")]
    return "、".join(dict.fromkeys(name.strip() for name in names if name.strip()))


def read_target(form: Any) -> tuple[Target | None, Typed]:
    """Return the target a form means (None when something is wrong) and what was typed."""
    who = {f"who_{n}": said for n in range(MOST_LINES) if (said := named_in(form, n, "who"))}
    read = Typed({name: form.get(name, "") for name in form} | who)
    amount = read.money("amount", required=True, at_least="1")
    percent = read._read("attach_percent", lambda text: typed.percent(text, minimum=0, maximum=300))
    units = read.count("units")
    suggested = read.hidden("suggested")
    lines = tuple(
        Line(read.text(f"what_{n}", 120), read.text(f"who_{n}", 40), read.text(f"due_{n}", 20))
        for n in range(MOST_LINES)
    )
    if read.errors or amount is None:
        return None, read
    return Target(amount, units, percent, suggested, tuple(line for line in lines if line.what)), read


def read_result(form: Any, template: ReportTemplate | None = None) -> tuple[Result | None, Typed]:
    """Return the result a form means (None when something is wrong) and what was typed.

    `template` is the form of the department that reports; a store has none.
    """
    read = Typed(
        {name: form.get(name, "") for name in form},
        ticked={name: form.getlist(name) for name in ("gap_reasons", "done")},
    )
    amount = read.money("amount", required=True, at_least="0")
    tenders = {
        tender: value for tender in TENDERS if (value := read.money(f"tender_{tender}", at_least="0")) is not None
    }
    visitors, buyers = read.count("visitors"), read.count("buyers")
    if visitors is not None and buyers is not None and buyers > visitors:
        read.errors["buyers"] = _("More buyers than visitors: please check both.")
    if amount is not None and tenders and sum(tenders.values()) != amount:
        read.errors["amount"] = _(
            "The takings add up to %(sum)s, the result says %(amount)s. Correct one of them.",
            sum=f"{sum(tenders.values()):,.2f}", amount=f"{amount:,.2f}",
        )  # fmt: skip
    known = template.reason_names if template else GAP_REASONS
    reasons = tuple(code for code in form.getlist("gap_reasons") if code in known)
    names = template.figure_names if template else []
    counted = {name: read.money(f"figure_{n}", at_least="0") for n, name in enumerate(names)}
    result = Result(
        amount or Decimal(), None, read.count("units"), visitors, buyers, tenders, reasons,
        read.text("gap_note", 200), read.text("reflection", 1000), read.text("tomorrow", 1000),
        frozenset(int(text) for text in form.getlist("done") if text.isascii() and text.isdigit() and len(text) < 19),
        {name: f"{value:f}".removesuffix(".00") for name, value in counted.items() if value is not None},
    )  # fmt: skip
    return (None if read.errors else result), read


def form_key(form: Any) -> str:
    """Return the key the form was opened with; one that is missing or odd is replaced."""
    try:
        return str(uuid.UUID(form.get("key", "")))
    except ValueError:
        return str(uuid.uuid4())
