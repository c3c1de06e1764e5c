"""The summary is built from the days: result, punctuality, reasons, what the day plans brought about."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from core.org.models import CalendarDay
from core.testing.factories import acting
from plugins.daily_reports.models import MonthTarget, PlanLine
from plugins.daily_reports.week import figures, overview
from tests.plugins.daily_reports.week.steps import MONDAY, TRAINING, WINDOW, set_plan

TIMELY = {"target_late_minutes": 0, "report_late_minutes": 0}


def day(number):
    return MONDAY + timedelta(days=number)


@pytest.mark.requirement("G5", "G8")
def test_the_weeks_result_is_the_sum_of_its_days_and_only_of_them(store, manager, work, add, at):
    at("2026-11-22 22:30")
    add(0, 1000, 900, day(-1), **TIMELY)
    add(0, 1000, 1200, day(0), **TIMELY)
    add(0, 2000, "1500.50", day(6), **TIMELY)
    add(0, 5000, None, day(2), state="target_set")
    add(0, 1000, 800, day(7), **TIMELY)
    add(1, 1000, 777, day(0), **TIMELY)
    with work(manager) as session:
        week = figures.weeks_of(session, [store], MONDAY)[store.id]
    assert (week.amount, week.target, week.reported) == (Decimal("2700.50"), 8000, 2)


@pytest.mark.requirement("G5", "Z20")
def test_in_time_counts_the_days_on_which_target_and_report_were_there(app, store, manager, work, add, at):
    with acting(app) as session:
        session.add(CalendarDay(node_id=store.id, day=day(4)))
    at("2026-11-21 21:00")
    add(0, 1000, 900, day(0), **TIMELY)
    add(0, 1000, 900, day(1), target_late_minutes=3, report_late_minutes=0)
    add(0, None, 900, day(2), report_late_minutes=0)
    # Thursday was forgotten, Friday is closed, Saturday's report is not due yet.
    with work(manager) as session:
        week = figures.weeks_of(session, [store], MONDAY)[store.id]
    assert (week.in_time, week.due, week.on_time) == (1, 4, 25)


def test_imported_history_is_never_late(store, manager, work, add, at):
    at("2026-11-25 21:00")
    for number in range(7):
        add(0, None, 900, day(number), state="locked", imported=True)
    with work(manager) as session:
        week = figures.weeks_of(session, [store], MONDAY)[store.id]
    assert (week.due, week.on_time, week.amount) == (0, None, 6300)


@pytest.mark.requirement("G5")
def test_reasons_are_counted_over_the_week(store, manager, work, add, at):
    at("2026-11-22 22:30")
    add(0, 1000, 900, day(0), gap_reasons=["weather", "staff"])
    add(0, 1000, 900, day(1), gap_reasons=["weather"])
    with work(manager) as session:
        week = figures.weeks_of(session, [store], MONDAY)[store.id]
    assert week.reasons == {"weather": 2, "staff": 1}


@pytest.mark.requirement("G1", "G5")
def test_an_action_that_came_back_until_it_was_done_is_kept_once_and_never_missed(app, store, manager, work, add):
    lines = {0: [("call Li", False), ("dust", False)], 1: [("call Li", True), ("dust", False)]}
    for number, plan in lines.items():
        report_id = add(0, 1000, 900, day(number))
        with acting(app) as session:
            for position, (what, done) in enumerate(plan):
                session.add(PlanLine(report_id=report_id, position=position, what=what, done=done))
    with work(manager) as session:
        assert figures.day_lines(session, store, MONDAY) == (["call Li"], ["dust"])


@pytest.mark.requirement("G8")
def test_the_suggested_target_is_the_weeks_part_of_the_month_without_closed_days(app, store, manager, work):
    with acting(app) as session:
        session.add(MonthTarget(node_id=store.id, month=date(2026, 11, 1), amount=Decimal(290_000)))
        session.add(CalendarDay(node_id=store.id, day=day(4)))
    with work(manager) as session:
        assert figures.suggested_target(session, store, MONDAY) == 60_000


@pytest.mark.requirement("G8")
def test_a_week_over_the_turn_of_a_month_takes_its_part_of_both(app, store, manager, work):
    with acting(app) as session:
        session.add(MonthTarget(node_id=store.id, month=date(2026, 11, 1), amount=Decimal(30_000)))
        session.add(MonthTarget(node_id=store.id, month=date(2026, 12, 1), amount=Decimal(62_000)))
    with work(manager) as session:
        # Monday is the last of November: one day of 1,000 and six of 2,000.
        assert figures.suggested_target(session, store, date(2026, 11, 30)) == 13_000


@pytest.mark.requirement("G8")
def test_without_a_month_target_the_usual_week_is_suggested_and_without_history_nothing(store, manager, work, add):
    with work(manager) as session:
        assert figures.suggested_target(session, store, MONDAY) is None
    for weeks, amount in ((1, 1000), (2, 3000)):
        for number in range(2):
            add(0, None, amount, day(number) - timedelta(weeks=weeks))
    with work(manager) as session:
        assert figures.suggested_target(session, store, MONDAY) == 4000


@pytest.mark.requirement("G4", "G11")
def test_week_plans_gives_each_store_in_reach_with_what_was_kept_and_missed(chain, person, store, work, at):
    from plugins.daily_reports.week import services

    at("2026-11-16 09:00")
    with work(person("store_manager")) as session:
        report = set_plan(session, store, TRAINING, WINDOW, target=500)
        report = services.find(session, store.id, MONDAY, for_update=True)
        services.tick(session, report, services.lines_of(session, report)[0].id, done=True)
    with work(person("area_manager")) as session:
        plans = overview.week_plans(session, chain.areas[0], MONDAY)
        assert [plan.code for plan in plans] == ["S1", "S2"]
        first, second = plans
        assert ([line.what for line in first.kept], [line.what for line in first.missed]) == (
            [TRAINING.what],
            [WINDOW.what],
        )
        assert (first.target, first.is_planned, first.is_summed_up) == (500, True, False)
        assert (second.is_planned, second.kept, second.missed) == (False, (), ())
        assert overview.week_plans(session, chain.areas[1], MONDAY) == []
    with work(person("head_office")) as session:
        assert len(overview.week_plans(session, chain.chain, MONDAY)) == 8


@pytest.mark.requirement("G8")
def test_a_week_that_goes_on_is_coloured_by_its_pace_and_one_that_is_over_by_its_target(store, manager, work, add, at):
    for number in range(3):
        add(0, 1000, 1000, day(number), **TIMELY)
    for when, colour in (("2026-11-18 22:30", "good"), ("2026-11-23 03:00", "bad")):
        at(when)
        with work(manager) as session:
            week = figures.weeks_of(session, [store], MONDAY)[store.id]
        assert (figures.percent(week.amount, Decimal(7000)), week.pace, week.meaning(Decimal(7000))) == (
            43,
            100,
            colour,
        )
