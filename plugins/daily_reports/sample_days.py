"""One made-up shop's days, in order: morning, evening, review, and what is carried on to the next day.

What happens on a day is drawn first and happens then in the order of its times, up to the present moment,
through the table of states. So the demonstration looks right at whatever hour it is loaded.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from core.api import clock, show
from plugins.daily_reports import hours, states
from plugins.daily_reports.sample_sales import (
    PHONE_PRICE,
    Season,
    Shop,
    count_people,
    gap_reasons,
    sell,
    split_takings,
)
from plugins.daily_reports.services import MOST_LINES
from plugins.daily_reports.suggestion import work_out

NOT_YET = 0.15
"""Share of the shops that have no target on the present day: those the area manager calls."""
MISSED_TARGET, LATE_TARGET = 0.02, 0.03
MISSED_REPORT, LATE_REPORT = 0.02, 0.03
REVIEWED, RETURNED, REPEATED = 0.95, 0.015, 0.85
CORRECTED = 0.005
BOUNDS = (0.88, 1.12)
"""How far from what can be expected a manager lets the suggestion go before typing a figure over it."""

Words = dict[str, Any]
Step = tuple[datetime, str, dict[str, Any]]
BLANK: dict[str, Any] = dict.fromkeys((
    "target_amount", "target_units", "target_attach_percent", "suggested_amount", "target_at", "target_by",
    "target_late_minutes", "amount", "units", "visitors", "buyers", "reported_at", "reported_by",
    "report_late_minutes", "reviewed_at", "reviewed_by",
)) | {
    "tenders": {}, "gap_reasons": [], "gap_note": "", "reflection": "", "tomorrow": "", "review_comment": "",
}  # fmt: skip


@dataclass(frozen=True)
class Staff:
    """Who signs for a shop, who helps, and who reviews."""

    manager: int | None
    deputy: int | None
    clerks: tuple[str, ...]
    reviewer: int | None


@dataclass(frozen=True)
class World:
    """What all shops share."""

    season: Season
    since: date
    today: date
    now: datetime
    seed: int
    words: Words
    taken: set[tuple[date, Decimal]] = field(default_factory=set)
    """No two shops take the same amount on one day: a ranking has no ties."""


@dataclass
class Day:
    """The rows of one day: the report, its plan lines, its corrections."""

    report: dict[str, Any]
    lines: list[dict[str, Any]]
    corrections: list[dict[str, Any]]


@dataclass
class Diary:
    """Writes the days of one shop; days must come in order."""

    shop: Shop
    staff: Staff
    world: World
    months: dict[date, Decimal]
    closed: set[date]
    sold: dict[date, Decimal] = field(default_factory=dict)
    unfinished: list[dict[str, Any]] = field(default_factory=list)
    drift: float = 0.0

    def write(self, day: date) -> Day | None:
        """Return the day as it stands at the present moment; None while nothing has happened on it."""
        node, world = self.shop.node, self.world
        chance = Random(f"{world.seed}/{node.code}/{day}")
        self.drift = self.drift * 0.8 + chance.gauss(0, 0.03)
        amount, cause = sell(self.shop, day, world.season, world.since, 1 + self.drift, chance)
        while (day, amount) in world.taken:
            amount += 1
        world.taken.add((day, amount))
        morning = self._morning(day, chance)
        target = morning[0][2]["target_amount"] if morning else None
        lines = self._plan(chance) if morning else []
        told = self._told(day, [*morning, *self._evening(day, amount, cause, target, chance)])
        if told and told.report["target_at"] is not None:
            told.lines += self._kept(lines, told.report)
        if told and told.report["amount"] is not None:
            self.sold[day] = amount
        return told

    def _told(self, day: date, steps: list[Step]) -> Day | None:
        """Let the steps happen up to the present moment, in the order of their times."""
        node, now = self.shop.node, self.world.now
        happened = sorted((step for step in steps if step[0] <= now), key=lambda step: step[0])
        if not happened:
            return None
        told, state = Day(dict(BLANK), [], []), None
        for at, event, columns in happened:
            state = states.next_state(state, event)
            if event == "correct":
                told.corrections.append(self._corrected(told.report, at, columns))
            else:
                told.report |= columns
        first, last = happened[0][0], happened[-1][0]
        if now >= (end := hours.locks_at(day)):
            state, last = states.next_state(state, "lock"), max(last, end)
        told.report |= {
            "node_id": node.id, "area_id": node.area_id, "region_id": node.region_id,
            "day": day, "state": state, "created_at": first, "updated_at": last,
        }  # fmt: skip
        return told

    def _kept(self, lines: list[dict[str, Any]], report: dict[str, Any]) -> list[dict[str, Any]]:
        """Number the day's plan lines; what is not done is carried on to the next morning."""
        at, is_reported = report["target_at"], report["reported_at"] is not None
        self.unfinished = [line for line in lines if not (line["done"] and is_reported)]
        return [
            {**line, "done": line["done"] and is_reported, "position": n, "created_at": at, "updated_at": at}
            for n, line in enumerate(lines)
        ]

    # The morning

    def _morning(self, day: date, chance: Random) -> list[Step]:
        node = self.shop.node
        missed = NOT_YET if day == self.world.today else MISSED_TARGET * self.shop.slack
        if chance.random() < missed:
            return []
        due = hours.target_due(node, day)
        if chance.random() < LATE_TARGET * self.shop.slack:
            at = due + _seconds(chance, 70, 7200, 900)
        else:
            at = due - _seconds(chance, 60, 4200, 1500)
        suggested = work_out(self.sold, day, self.months.get(day.replace(day=1)), self.closed)
        target = self._typed(day, suggested.amount, chance)
        percent = Decimal(chance.choice((30, 35, 40, 45, 50))).quantize(Decimal("0.01"))
        return [(at, "set_target", {
            "target_amount": target, "suggested_amount": suggested.amount, "target_at": at,
            "target_by": self._signer(day), "target_late_minutes": hours.late_minutes(due, at),
            "target_units": max(1, round(float(target) * self.shop.kind.phones / PHONE_PRICE)),
            "target_attach_percent": percent if chance.random() < 0.8 else None,
        })]  # fmt: skip

    def _typed(self, day: date, suggested: Decimal | None, chance: Random) -> Decimal:
        """Mostly what the page had filled in, by some rounded up or down; who knows better types it over."""
        expected = self.shop.usual(day, self.world.season, self.world.since)
        if suggested is None:
            return _rounded(expected, 1000)
        if not BOUNDS[0] * expected <= suggested <= BOUNDS[1] * expected:
            held = min(max(float(suggested), BOUNDS[0] * expected), BOUNDS[1] * expected)
            return _rounded(held * chance.uniform(0.98, 1.02), 500)
        if chance.random() < 0.85:
            return suggested
        return _rounded(float(suggested) * chance.uniform(0.96, 1.05), 500)

    def _plan(self, chance: Random) -> list[dict[str, Any]]:
        kept = [line for line in self.unfinished if chance.random() < 0.7 and line["carried"] < 3]
        lines = [{**line, "carried": line["carried"] + 1} for line in kept]
        words = self.world.words["plans"]
        for text in chance.sample(words["what"], chance.randint(1, MOST_LINES)):
            what = self._one_of([text], chance)
            if len(lines) < MOST_LINES and what not in {line["what"] for line in lines}:
                who = chance.choice(self.staff.clerks) if self.staff.clerks else ""
                lines.append({"what": what, "who": who, "due": chance.choice(words["due"]), "carried": 0})
        return [line | {"done": chance.random() < 0.78} for line in lines]

    # The evening and the review

    def _evening(self, day: date, amount: Decimal, cause: str, target: Decimal | None, chance: Random) -> list[Step]:
        due = hours.report_due(self.shop.node, day)
        luck = chance.random() / self.shop.slack
        if luck < MISSED_REPORT:
            return []
        if luck >= MISSED_REPORT + LATE_REPORT:
            at = due - _seconds(chance, 90, 3000, 1100)
        elif chance.random() < 0.7:
            at = due + _seconds(chance, 70, 7200, 1500)
        else:
            at = hours.target_due(self.shop.node, day + timedelta(days=1)) + _seconds(chance, -2400, 3600, 0)
        reasons = gap_reasons(cause, round(amount * 100 / target), chance) if target else []
        texts = self.world.words["reasons"][reasons[0] if reasons else "none"]
        said = {about: self._one_of(texts[about], chance) for about in ("reflection", "tomorrow", "notes")}
        noted = reasons[:1] == ["other"] or chance.random() < 0.25
        report = {
            "amount": amount, "tenders": split_takings(amount, chance), "gap_reasons": reasons,
            "gap_note": said["notes"] if noted else "",
            "reflection": said["reflection"] if chance.random() < 0.93 else "",
            "tomorrow": said["tomorrow"] if chance.random() < 0.9 else "",
            "reported_at": at, "reported_by": self._signer(day),
            "report_late_minutes": hours.late_minutes(due, at),
            **count_people(self.shop, amount, reasons, chance),
        }  # fmt: skip
        return [(at, "report", report), *self._reviewed(day, at, report, chance)]

    def _reviewed(self, day: date, reported: datetime, report: dict[str, Any], chance: Random) -> list[Step]:
        words = self.world.words["review"]
        if self.staff.reviewer is None or chance.random() >= REVIEWED:
            return self._correction(reported, report, chance)
        morning = clock.at(day + timedelta(days=1), time(9, 30)) + _seconds(chance, 0, 7200, 2400)
        at = max(morning, reported + _seconds(chance, 300, 3600, 900))
        if chance.random() >= RETURNED:
            praise = chance.choice(words["praise"]) if chance.random() < 0.12 else ""
            return [self._review(at, "read", praise), *self._correction(at, report, chance)]
        steps = [self._review(at, "return", chance.choice(words["back"]))]
        if chance.random() < REPEATED:
            again = at + _seconds(chance, 1800, 18000, 6000)
            added = self._one_of(self.world.words["reasons"]["none"]["tomorrow"], chance)
            steps.append((again, "report", {"reported_at": again, "tomorrow": report["tomorrow"] or added}))
            steps.append(self._review(again + _seconds(chance, 900, 14400, 5000), "read", ""))
        return steps

    def _review(self, at: datetime, event: str, comment: str) -> Step:
        return at, event, {"reviewed_at": at, "reviewed_by": self.staff.reviewer, "review_comment": comment}

    def _correction(self, after: datetime, report: dict[str, Any], chance: Random) -> list[Step]:
        if chance.random() >= CORRECTED:
            return []
        figure = chance.choice(("visitors", "visitors", "buyers", "units"))
        value = report[figure] + chance.randint(6, 40) if figure == "visitors" else report[figure] + 1
        if figure == "buyers" and value > report["visitors"]:
            return []
        reason = chance.choice(self.world.words["corrections"][figure])
        at = after + _seconds(chance, 1200, 30000, 9000)
        return [(at, "correct", {"field": figure, "value": value, "reason": reason})]

    def _corrected(self, row: dict[str, Any], at: datetime, change: dict[str, Any]) -> dict[str, Any]:
        figure, after = change["field"], change["value"]
        before, row[figure] = row[figure], after
        return {
            "field": figure, "before": show(before, "number"), "after": show(after, "number"),
            "reason": change["reason"], "at": at, "by": self.staff.manager,
        }  # fmt: skip

    def _signer(self, day: date) -> int | None:
        stands_in = day.weekday() == self.shop.rest_day and self.staff.deputy is not None
        return self.staff.deputy if stands_in else self.staff.manager

    def _one_of(self, texts: list[str], chance: Random) -> str:
        """Return one of the texts, with names and numbers of this shop."""
        clerk = chance.choice(self.staff.clerks or ("店员",))
        brand = chance.choice(self.world.words["brands"])
        count, hour = chance.randint(2, 9), chance.randint(10, 19)
        return chance.choice(texts or [""]).format(clerk=clerk, brand=brand, count=count, time=f"{hour}点")


def _seconds(chance: Random, least: int, most: int, usual: int) -> timedelta:
    return timedelta(seconds=round(chance.triangular(least, most, usual)))


def _rounded(yuan: float, step: int) -> Decimal:
    return Decimal(max(step, round(yuan / step) * step))
