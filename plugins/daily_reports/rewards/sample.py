"""Rewards and penalties of the demonstration chain: the usual rules on, judged on its days, each as far as it has come.

The same days, people, seed and hour give the same rows. Rows are written in sets, past the audit.
"""

import tomllib
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from core.api import chain, clock, people_at
from plugins.daily_reports.models import DayReport
from plugins.daily_reports.rewards import evidence, payroll, rules, services, states
from plugins.daily_reports.rewards.models import PayrollLine, Reward, Rule, RuleRun, Step
from plugins.daily_reports.rewards.parts import add_usual_rules

WORDS = Path(__file__).with_name("sample.toml")
WEEKS, MANUAL = 5, 6
DAY = timedelta(days=1)
IN_ONE_SET = {"render_nulls": True}
Event = tuple[str, datetime, int | None, str, Decimal]


class Cast:
    """Who acts in the lives of these rewards and penalties."""

    def __init__(self, session: Session, node_ids: set[int], area_ids: set[int]) -> None:
        root = chain(session).id
        self.office = min(people_at(session, {root}, {"head_office"}).get(root, ()), default=None)
        self.leader = min(people_at(session, {root}, {"leader"}).get(root, ()), default=None)
        self.managers = {node: min(people) for node, people in people_at(session, node_ids, {"store_manager"}).items()}
        self.areas = {node: min(people) for node, people in people_at(session, area_ids, {"area_manager"}).items()}


def fill(session: Session, size: dict[str, Any], seed: int) -> None:
    """Let two rules judge the last finished weeks, let area managers propose a few, and lead each on up to now."""
    words, random = tomllib.loads(WORDS.read_text("utf-8")), Random(f"{seed} rewards")
    first = size["today"] - timedelta(days=size["days"])
    newest = rules.last_monday(size["today"])
    mondays = [newest - n * rules.WEEK for n in reversed(range(WEEKS)) if newest - n * rules.WEEK >= first]
    if not mondays or session.scalars(select(Rule.id).where(Rule.active).limit(1)).first():
        return
    found = _rules(session, mondays[0], words)
    told: list[dict[str, Any]] = []
    for monday in mondays:
        weeks = rules.weeks_of_stores(session, monday)
        for rule in found:
            hits = rules.JUDGES[rule.metric](session, rule, monday, weeks)
            if hits is None:
                continue
            is_held = len(hits) * 100 > rule.most_percent * len(weeks)
            session.add(RuleRun(
                rule_id=rule.id, week=monday, state="held" if is_held else "done", judged=len(weeks), hit=len(hits),
                hits=[list(hit) for hit in hits] if is_held else [],
            ))  # fmt: skip
            told += [] if is_held else [_by_rule(rule, monday, hit) for hit in hits]
    told += _by_hand(session, size["today"], words, random)
    _write(session, told, words, random)


def _rules(session: Session, since: date, words: dict[str, Any]) -> list[Rule]:
    """Switch the usual rules on, two late days instead of three: made-up shops are punctual."""
    add_usual_rules(session)
    found = list(session.scalars(select(Rule).order_by(Rule.id)))
    for rule in found:
        rule.name, rule.since, rule.active = words["rules"][rule.metric], since, True
        rule.threshold = min(rule.threshold, 2) if rule.metric == "late_days" else rule.threshold
    session.flush()
    return found


def _by_rule(rule: Rule, monday: date, hit: rules.Hit) -> dict[str, Any]:
    return {
        "node_id": hit.node_id, "kind": rule.kind, "what": rule.name, "why": "", "amount": rule.amount, "since": monday,
        "until": monday + 6 * DAY, "evidence": hit.evidence, "rule_id": rule.id, "proposed_by": None,
        "key": services.key_of("rule", rule.id, monday, hit.node_id), "begins": clock.at(monday + rules.WEEK, time(6)),
    }  # fmt: skip


def _by_hand(session: Session, today: date, words: dict[str, Any], random: Random) -> list[dict[str, Any]]:
    """Return what area managers propose from late days of the last week, the morning after."""
    late = select(DayReport).where(
        DayReport.day >= today - 6 * DAY, DayReport.day < today, DayReport.target_late_minutes > 0
    )
    reports = list(session.scalars(late.order_by(DayReport.day, DayReport.node_id)))
    areas = {report.area_id for report in reports if report.area_id}
    managers = Cast(session, set(), areas).areas
    return [
        {
            "node_id": report.node_id, "kind": "penalty", "what": words["day"].format(day=report.day), "why": random.choice(words["why"]),
            "amount": Decimal(random.choice((30, 50, 100))), "since": report.day, "until": report.day, "rule_id": None,
            "evidence": evidence.of_report(report), "proposed_by": managers.get(report.area_id or 0),
            "key": services.key_of("sample", report.id), "begins": clock.at(report.day + DAY, time(10, random.randrange(60))),
        }
        for report in random.sample(reports, min(MANUAL, len(reports)))
    ]  # fmt: skip


def _write(session: Session, told: list[dict[str, Any]], words: dict[str, Any], random: Random) -> None:
    now = clock.now()
    node_ids = {row["node_id"] for row in told}
    cast = Cast(session, node_ids, set())
    levels = dict[int, Any]()
    for node_id, area_id, region_id in session.execute(select(DayReport.node_id, DayReport.area_id, DayReport.region_id).where(DayReport.node_id.in_(node_ids)).distinct()):  # fmt: skip
        levels[node_id] = {"area_id": area_id, "region_id": region_id}
    lives: dict[str, list[Event]] = {}
    rows = []
    for row in sorted(told, key=lambda row: (row["begins"], row["key"])):
        begins = row.pop("begins")
        life = [event for event in _life(row, begins, cast, words, random) if event[1] <= now]
        if life:
            lives[row["key"]] = life
            rows.append(
                row | levels[row["node_id"]] | _as_it_stands(life) | {"created_at": begins, "updated_at": life[-1][1]}
            )
    _settle(session, rows)
    if not rows:
        return
    session.execute(insert(Reward), rows, execution_options=IN_ONE_SET)
    ids = dict(session.execute(select(Reward.key, Reward.id).where(Reward.key.in_(lives))).all())  # type: ignore[arg-type]
    session.execute(insert(Step), [
        {"reward_id": ids[key], "event": event, "state": state, "amount": amount, "reason": reason, "at": at, "by": by}
        for key, life in lives.items()
        for (event, at, by, reason, amount), state in zip(life, _states(life), strict=True)
    ])  # fmt: skip


def _life(row: dict[str, Any], begins: datetime, cast: Cast, words: dict[str, Any], random: Random) -> list[Event]:
    """Return the whole life of one, as if there were no present: what has not happened yet is cut off later."""
    amount: Decimal = row["amount"]
    life: list[Event] = [("propose", begins, row["proposed_by"], row["why"], amount)]
    approved = begins + timedelta(hours=random.choice((4, 5, 28)))
    fate = random.random()
    if fate < 0.08:
        return [*life, ("reject", approved, cast.office, random.choice(words["reject"]), amount)]
    if fate < 0.6 and row["rule_id"] is None:
        return life  # nobody has decided yet
    life.append(("approve", approved, cast.office, words["approve"], amount))
    effective = services.appeal_end(approved, 3)
    if row["kind"] == "penalty" and random.random() < 0.35:
        appealed, revised = approved + timedelta(hours=23), approved + timedelta(hours=random.choice((50, 400)))
        life.append(("appeal", appealed, cast.managers.get(row["node_id"]), random.choice(words["appeal"]), amount))
        event = random.choice(("uphold", "change", "withdraw"))
        amount = amount / 2 if event == "change" else amount
        life.append((event, revised, cast.leader, random.choice(words[event]), amount))
        if event == "withdraw":
            return life
        effective = revised
    else:
        life.append(("take_effect", effective, None, "", amount))
    paid = payroll.month_end(clock.local(effective).date()) + timedelta(hours=10)
    return [*life, ("settle", paid, cast.office, "", amount)]


def _states(life: list[Event]) -> list[str]:
    found: list[str] = []
    for event, *_rest in life:
        found.append(states.next_state(found[-1] if found else None, event))
    return found


def _as_it_stands(life: list[Event]) -> dict[str, Any]:
    at = {event: (when, by) for event, when, by, _reason, _amount in life}
    effective = next((when for event, when, *_rest in life if event in ("uphold", "change", "take_effect")), None)
    return {
        "state": _states(life)[-1], "amount": life[-1][4], "effective_at": effective, "approved_by": at.get("approve", (None, None))[1],
        "appeal_ends": services.appeal_end(at["approve"][0], 3) if "approve" in at else None, "appealed_by": at.get("appeal", (None, None))[1],
        "payroll_id": None,
    }  # fmt: skip


def _settle(session: Session, rows: list[dict[str, Any]]) -> None:
    """Add the lines of the payroll for what is settled, and let each row name its line."""
    groups: dict[tuple[date, int], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["state"] == states.SETTLED:
            groups[clock.local(row["effective_at"]).date().replace(day=1), row["node_id"]].append(row)
    for (month, node_id), members in sorted(groups.items(), key=lambda item: item[0]):
        sums = {
            kind: sum((row["amount"] for row in members if row["kind"] == kind), Decimal())
            for kind in ("reward", "penalty")
        }
        line = PayrollLine(
            node_id=node_id, month=month, entries=len(members), rewards=sums["reward"], penalties=sums["penalty"], net=sums["reward"] - sums["penalty"],
        )  # fmt: skip
        session.add(line)
        session.flush()
        for row in members:
            row["payroll_id"] = line.id
