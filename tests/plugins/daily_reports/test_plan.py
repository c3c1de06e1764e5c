"""The plan of a day: what is to be done, by whom, and what is carried over."""

from datetime import date

import pytest
from sqlalchemy import func, select

from plugins.daily_reports import services
from plugins.daily_reports.models import DayReport, PlanLine
from plugins.daily_reports.services import Line
from tests.plugins.daily_reports.steps import FRIDAY, close_day, set_target


def count(session, model=DayReport):
    return session.scalar(select(func.count()).select_from(model))


def plan_of(session, store, day):
    return [
        (line.what, line.carried, line.done)
        for line in services.lines_of(session, services.find(session, store.id, day))
    ]


@pytest.mark.requirement("G1")
def test_an_unfinished_line_is_carried_over_and_its_days_are_counted(store, manager, work, at):
    monday, tuesday, wednesday = date(2026, 11, 16), date(2026, 11, 17), date(2026, 11, 18)
    at("2026-11-16 09:00")
    with work(manager) as session:
        report = set_target(session, store, day=monday, lines=(Line("call ten customers"), Line("change the window")))
        done = services.lines_of(session, report)[1].id
        close_day(session, store, day=monday, done=frozenset({done}))
        assert plan_of(session, store, monday) == [("call ten customers", 0, False), ("change the window", 0, True)]
    at("2026-11-17 09:00")
    with work(manager) as session:
        assert [line.what for line in services.unfinished_before(session, store, tuesday)] == ["call ten customers"]
        set_target(session, store, day=tuesday, key="2", lines=(Line("call ten customers"), Line("train Li")))
        close_day(session, store, day=tuesday, key="2")
        assert plan_of(session, store, tuesday) == [("call ten customers", 1, False), ("train Li", 0, False)]
    at("2026-11-18 09:00")
    with work(manager) as session:
        set_target(session, store, day=wednesday, key="3", lines=(Line("train Li"), Line("call ten customers")))
        assert plan_of(session, store, wednesday) == [("train Li", 1, False), ("call ten customers", 2, False)]


@pytest.mark.requirement("G1")
def test_a_missed_morning_loses_no_unfinished_line(store, manager, work, at):
    at("2026-11-16 09:00")
    with work(manager) as session:
        set_target(session, store, day=date(2026, 11, 16), lines=(Line("call ten customers"),))
    at("2026-11-17 21:45")
    with work(manager) as session:
        close_day(session, store, day=date(2026, 11, 17))
    at("2026-11-18 09:00")
    with work(manager) as session:
        assert [line.what for line in services.unfinished_before(session, store, date(2026, 11, 18))] == [
            "call ten customers"
        ]


def test_a_line_that_was_left_out_of_the_next_plan_does_not_come_back(store, manager, work, at):
    at("2026-11-16 09:00")
    with work(manager) as session:
        set_target(session, store, day=date(2026, 11, 16), lines=(Line("call ten customers"),))
    at("2026-11-17 09:00")
    with work(manager) as session:
        set_target(session, store, day=date(2026, 11, 17), key="2")
        assert services.unfinished_before(session, store, date(2026, 11, 18)) == []


def test_a_changed_plan_replaces_its_lines_and_a_new_line_is_neither_old_nor_done(store, manager, work, at):
    at("2026-11-19 09:00")
    with work(manager) as session:
        set_target(session, store, day=date(2026, 11, 19), lines=(Line("call ten customers"),))
    at("2026-11-20 09:00")
    with work(manager) as session:
        report = set_target(
            session, store, key="1", lines=(Line("call ten customers"), Line("train Li"), Line("change the window"))
        )
        services.lines_of(session, report)[1].done = True
        session.flush()
        set_target(session, store, key="2", lines=(Line("train Li"), Line("sweep")))
        assert plan_of(session, store, FRIDAY) == [("train Li", 0, True), ("sweep", 0, False)]
        assert count(session, PlanLine) == 3
        set_target(session, store, key="3", lines=tuple(Line(f"line {n}") for n in range(5)))
        assert [what for what, *_ in plan_of(session, store, FRIDAY)] == ["line 0", "line 1", "line 2"]


def test_a_change_of_the_plan_alone_is_seen_by_whoever_opened_the_form_before_it(store, manager, work, at):
    at("2026-11-19 09:00")
    with work(manager) as session:
        opened = set_target(session, store, day=date(2026, 11, 19), lines=(Line("call ten customers"),)).version
    with work(manager) as session:
        set_target(session, store, day=date(2026, 11, 19), key="2", lines=(Line("change the window"),))
    with work(manager) as session, pytest.raises(services.Overtaken):
        set_target(session, store, day=date(2026, 11, 19), key="3", seen=opened, lines=())
