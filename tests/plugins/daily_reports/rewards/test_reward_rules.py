"""The rules: what a finished week shows, proposed once with its evidence; one that hits too many asks a person."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from core.inbox import Message
from core.org.models import CalendarDay
from core.testing.factories import acting
from plugins.daily_reports.models import MonthTarget
from plugins.daily_reports.ranking import rollups
from plugins.daily_reports.ranking.periods import Period
from plugins.daily_reports.rewards import evidence, rules
from plugins.daily_reports.rewards.models import Reward, Rule, RuleRun
from plugins.daily_reports.rewards.states import StepRefused

MONDAY = date(2026, 11, 16)
WEEK = [MONDAY + timedelta(days=n) for n in range(7)]


@pytest.fixture
def rule(app, chain):
    """A function that adds a rule; late on three days costs 50 yuan unless it is said otherwise."""

    def make(**values):
        given = {
            "name": "Three days late", "kind": "penalty", "metric": "late_days", "threshold": 3, "amount": Decimal(50),
            "since": MONDAY, "most_percent": 100,
        } | values  # fmt: skip
        row = Rule(**given)
        with acting(app) as session:
            session.add(row)
        return row.id

    return make


@pytest.fixture
def week(add):
    """A function that writes the week of a store: in time and on target, but late on `late` days, and without `missing` ones."""

    def write(number, late=0, missing=0, amount=1000, **values):
        for position, day in enumerate(WEEK[: 7 - missing]):
            add(
                number,
                1000,
                amount,
                day=day,
                target_late_minutes=35 if position < late else 0,
                report_late_minutes=0,
                **values,
            )

    return write


@pytest.fixture
def ranked(app, chain, at):
    """A function that publishes the week's ranking; head office expects a thousand yuan a day of every store."""

    def publish(until=WEEK[6]):
        at("2026-11-23 05:00")
        with acting(app) as session:
            november = [
                MonthTarget(node_id=store.id, month=date(2026, 11, 1), amount=Decimal(30_000)) for store in chain.stores
            ]
            session.add_all(november)
            session.flush()
            rollups.publish(session, Period("week", MONDAY), until)

    return publish


@pytest.fixture
def judge(app, at):
    """A function that lets the rules run at a time; returns what is proposed by then: {store's id: reward}."""

    def run(when="2026-11-23 06:00"):
        at(when)
        with acting(app) as session:
            rules.run_due(session)
            return {reward.node_id: reward for reward in session.scalars(select(Reward))}

    return run


@pytest.mark.requirement("G7", "G20")
def test_three_late_days_in_a_week_are_proposed_with_the_days_as_evidence_and_two_are_not(chain, rule, week, judge):
    rule(appeal_days=5)
    week(0, late=3)
    week(1, late=2)
    found = judge()
    assert set(found) == {chain.stores[0].id}
    reward = found[chain.stores[0].id]
    assert (reward.kind, reward.amount, reward.state, reward.appeal_days, reward.proposed_by) == (
        "penalty",
        50,
        "proposed",
        5,
        None,
    )
    assert reward.evidence == [[day.isoformat(), "target_late", 35] for day in WEEK[:3]]
    assert (reward.since, reward.until) == (WEEK[0], WEEK[6])
    assert evidence.why(reward) == "Late or missing on 3 days: 11-16、11-17、11-18"


@pytest.mark.requirement("G7")
def test_a_day_without_a_report_counts_as_late_and_a_closed_day_does_not(app, chain, rule, week, judge):
    rule()
    week(0, missing=3)
    week(1, missing=3)
    with acting(app) as session:
        session.add(CalendarDay(node_id=chain.stores[1].id, day=WEEK[6]))
    assert set(judge()) == {chain.stores[0].id}


def test_a_store_that_has_not_begun_to_work_this_way_is_not_judged(chain, rule, week, add, judge):
    rule()
    week(0, late=7)
    add(1, 1000, 1000, day=WEEK[0] - timedelta(days=30))
    add(2, 1000, 1000, day=WEEK[0], imported=True)
    assert set(judge()) == {chain.stores[0].id}


def test_imported_history_is_never_late(chain, rule, week, add, judge):
    rule(threshold=1)
    week(0, imported=True, late=7)
    add(0, 1000, 1000, day=WEEK[0] - timedelta(days=1))
    assert judge() == {}


@pytest.mark.requirement("G20", "Z17")
@pytest.mark.parametrize(("amount", "is_proposed"), [(1100, True), ("1099.40", False), (1500, True)])
def test_a_week_at_110_percent_is_rewarded_and_just_below_it_is_not(
    chain, rule, week, ranked, judge, amount, is_proposed
):
    rule(kind="reward", metric="achievement", threshold=110, amount=Decimal(200))
    week(0, amount=amount)
    ranked()
    assert set(judge()) == ({chain.stores[0].id} if is_proposed else set())


@pytest.mark.requirement("G20")
def test_a_low_target_in_the_morning_earns_no_reward(chain, rule, add, ranked, judge):
    rule(kind="reward", metric="achievement", threshold=110)
    for day in WEEK:
        add(0, 100, 1000, day=day, target_late_minutes=0, report_late_minutes=0)
    ranked()
    assert judge() == {}


def test_a_week_with_a_gap_is_not_rewarded_so_that_nobody_wins_by_leaving_a_bad_day_out(
    chain, rule, week, ranked, judge
):
    rule(kind="reward", metric="achievement", threshold=110)
    week(0, amount=2000, missing=1)
    week(1, amount=2000)
    ranked()
    found = judge()
    assert set(found) == {chain.stores[1].id}
    assert evidence.why(found[chain.stores[1].id]) == "Every day reported, and the week at 200.0% by the ranking"
    assert len({day for day, _what, _figure in found[chain.stores[1].id].evidence}) == 7


@pytest.mark.requirement("G16", "G20")
def test_the_best_of_the_week_are_proposed_who_ties_shares_and_nobody_below_the_threshold(
    chain, rule, week, ranked, judge
):
    rule(name="Best", kind="reward", metric="best_of_group", threshold=100)
    for number in range(8):
        week(number, amount=1200 if number in (2, 5) else 1100)
    ranked()
    found = judge()
    assert set(found) == {chain.stores[2].id, chain.stores[5].id}
    assert evidence.why(found[chain.stores[2].id]) == "Best of its peer group in the week of 2026-11-16"


def test_the_best_of_a_bad_week_is_not_rewarded(rule, week, ranked, judge):
    rule(kind="reward", metric="best_of_group", threshold=100)
    for number in range(8):
        week(number, amount=500 + number)
    ranked()
    assert judge() == {}


@pytest.mark.parametrize("metric", ["achievement", "best_of_group"])
def test_a_rule_that_needs_the_ranking_waits_until_it_is_final(app, rule, week, ranked, judge, metric):
    rule(kind="reward", metric=metric, threshold=0)
    for number in range(8):
        week(number)
    assert judge("2026-11-23 06:00") == {}
    ranked(until=WEEK[5])
    assert judge("2026-11-23 06:30") == {}
    with acting(app) as session:
        rollups.publish(session, Period("week", MONDAY), WEEK[6])
    assert judge("2026-11-23 07:00") != {}


@pytest.mark.requirement("G7")
def test_a_week_is_judged_once_from_monday_six_on_however_often_the_worker_looks(app, chain, rule, week, judge):
    rule()
    week(0, late=3)
    assert judge("2026-11-23 05:59") == {}
    assert judge("2026-11-22 23:00") == {}
    first = judge("2026-11-23 06:00")
    assert (
        {r.id for r in judge("2026-11-23 06:30").values()}
        == {r.id for r in judge("2026-11-25 12:00").values()}
        == {r.id for r in first.values()}
    )
    with acting(app) as session:
        assert len(session.scalars(select(RuleRun).where(RuleRun.week == MONDAY)).all()) == 1


def test_a_worker_that_stood_still_catches_up_the_last_two_weeks(chain, rule, week, judge):
    rule()
    week(0, late=3)
    assert set(judge("2026-12-02 12:00")) == {chain.stores[0].id}


def test_what_is_off_or_begins_later_judges_nothing(rule, week, judge):
    rule(active=False)
    rule(since=MONDAY + timedelta(days=1))
    week(0, late=7)
    assert judge() == {}


def test_the_same_hit_is_proposed_once_also_when_the_run_was_forgotten(app, rule, week, judge):
    rule()
    week(0, late=3)
    judge()
    with acting(app) as session:
        session.delete(session.scalars(select(RuleRun).where(RuleRun.week == MONDAY)).one())
    assert len(judge("2026-11-23 07:00")) == 1


@pytest.mark.requirement("G7")
def test_a_rule_that_would_hit_too_much_of_the_chain_stops_and_asks_a_person(app, chain, rule, week, judge):
    rule(most_percent=50)
    for number in range(8):
        week(number, late=3 if number < 5 else 0)
    assert judge() == {}
    with acting(app) as session:
        run = session.scalars(select(RuleRun)).all()[-1]
        assert (run.state, run.hit, run.judged) == ("held", 5, 8)
        told = session.scalars(select(Message).where(Message.person_id == chain.people["head_office"].id)).all()
        assert [message.title for message in told] == ["“Three days late” would hit 5 of 8 stores: please decide"]


@pytest.mark.requirement("G7")
@pytest.mark.parametrize(("release", "count"), [(True, 5), (False, 0)])
def test_what_stopped_is_proposed_or_dropped_by_a_person_once(app, chain, rule, week, judge, office, release, count):
    rule(most_percent=50)
    for number in range(8):
        week(number, late=3 if number < 5 else 0)
    judge()
    with acting(app, office) as session:
        run = session.scalars(select(RuleRun).where(RuleRun.state == "held")).one()
        assert rules.decide(session, run, release=release) == count
        with pytest.raises(StepRefused, match="decided before"):
            rules.decide(session, run, release=True)
        assert len(session.scalars(select(Reward)).all()) == count


def test_exactly_the_allowed_share_does_not_stop(rule, week, judge):
    rule(most_percent=50)
    for number in range(8):
        week(number, late=3 if number < 4 else 0)
    assert len(judge()) == 4


def test_judging_more_stores_takes_no_more_statements(app, chain, rule, week, at, statements):
    rule(metric="achievement", kind="reward", threshold=500)
    week(0)
    counts = []
    for numbers in ((), range(1, 8)):
        for number in numbers:
            week(number)
        with acting(app) as session, statements() as seen:
            rules.weeks_of_stores(session, MONDAY)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 11
