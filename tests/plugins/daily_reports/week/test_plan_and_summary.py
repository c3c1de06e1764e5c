"""A week is planned on Monday and summed up on Sunday; what was not done comes back."""

from datetime import date

import pytest

from core.org.models import Node
from core.testing.factories import acting
from plugins.daily_reports.services import DayRefused, Overtaken
from plugins.daily_reports.week import services, states
from tests.plugins.daily_reports.week.steps import MONDAY, TRAINING, WINDOW, lines_of, set_plan, sum_up

NEXT_MONDAY = date(2026, 11, 23)


@pytest.mark.requirement("G4", "G8")
def test_a_plan_keeps_event_standard_time_and_owner_and_the_weeks_target(store, manager, work, at):
    now = at("2026-11-16 09:30")
    with work(manager) as session:
        report = set_plan(session, store, TRAINING, WINDOW, target=60_000)
        first, second = services.lines_of(session, report)
        assert (first.what, first.standard, first.due, first.owner, first.done) == (
            "train everybody on the new model", "each passes the test", 2, "Li", False,
        )  # fmt: skip
        assert (second.what, second.due, second.position) == ("change the window", None, 1)
        assert (report.state, report.target_amount, report.planned_at, report.planned_by, report.plan_late_minutes) == (
            "planned", 60_000, now, manager.id, 0,
        )  # fmt: skip


@pytest.mark.requirement("G4", "Z20")
def test_a_plan_after_monday_noon_is_late_and_stays_as_late_as_it_first_was(store, manager, work, at):
    at("2026-11-16 13:05")
    with work(manager) as session:
        assert set_plan(session, store, WINDOW).plan_late_minutes == 65
    at("2026-11-18 10:00")
    with work(manager) as session:
        assert set_plan(session, store, TRAINING, key="again").plan_late_minutes == 65


@pytest.mark.requirement("G4")
@pytest.mark.parametrize(
    ("when", "accepted"),
    [
        ("2026-11-14 23:59", False),
        ("2026-11-15 00:00", True),
        ("2026-11-23 02:59", True),
        ("2026-11-23 03:00", False),
    ],
)
def test_a_week_is_planned_from_the_sunday_before_until_its_end(store, manager, work, at, when, accepted):
    at(when)
    with work(manager) as session:
        if accepted:
            assert set_plan(session, store, WINDOW).week == MONDAY
        else:
            with pytest.raises(DayRefused, match="from the Sunday before"):
                set_plan(session, store, WINDOW)


@pytest.mark.requirement("G5")
@pytest.mark.parametrize(
    ("when", "late", "refusal"),
    [
        ("2026-11-20 23:59", None, "from its Saturday on"),
        ("2026-11-21 00:00", 0, ""),
        ("2026-11-23 09:00", 0, ""),
        ("2026-11-23 09:30", 30, ""),
        ("2026-11-24 23:59", 38 * 60 + 59, ""),
        ("2026-11-25 00:00", None, "locked"),
    ],
)
def test_a_week_is_summed_up_from_saturday_until_48_hours_after_its_end(store, manager, work, at, when, late, refusal):
    at(when)
    with work(manager) as session:
        if refusal:
            with pytest.raises(DayRefused, match=refusal):
                sum_up(session, store)
        else:
            assert sum_up(session, store).summary_late_minutes == late


@pytest.mark.requirement("G5")
def test_a_summary_ticks_the_plan_and_needs_one_line_of_reflection(store, manager, work, at):
    at("2026-11-16 09:00")
    with work(manager) as session:
        report = set_plan(session, store, TRAINING, WINDOW)
        done = services.lines_of(session, report)[0].id
    at("2026-11-22 20:00")
    with work(manager) as session:
        with pytest.raises(DayRefused, match="One line is enough"):
            sum_up(session, store, "")
        report = sum_up(session, store, "order earlier", done=[done], next_week="order on Monday")
        assert (report.state, report.reflection, report.next_week) == ("summed_up", "order earlier", "order on Monday")
        assert lines_of(session, store) == [(TRAINING.what, 0, True), (WINDOW.what, 0, False)]


@pytest.mark.requirement("G5")
def test_a_week_without_a_plan_can_be_summed_up_and_its_plan_counts_as_missed(store, manager, work, at):
    at("2026-11-22 20:00")
    with work(manager) as session:
        report = sum_up(session, store)
        assert (report.state, report.planned_at) == ("summed_up", None)
        with pytest.raises(DayRefused, match="its plan stays as it was"):
            set_plan(session, store, WINDOW)


@pytest.mark.requirement("G4")
def test_what_was_not_done_is_carried_over_and_its_weeks_are_counted(store, manager, work, at):
    at("2026-11-16 09:00")
    with work(manager) as session:
        set_plan(session, store, TRAINING, WINDOW)
        report = services.find(session, store.id, MONDAY, for_update=True)
        services.tick(session, report, services.lines_of(session, report)[1].id, done=True)
    at("2026-11-23 09:00")
    with work(manager) as session:
        assert [line.what for line in services.unfinished_before(session, store, NEXT_MONDAY)] == [TRAINING.what]
        set_plan(session, store, TRAINING, week=NEXT_MONDAY)
        assert lines_of(session, store, NEXT_MONDAY) == [(TRAINING.what, 1, False)]


def test_a_tick_after_the_week_is_locked_is_refused(store, manager, work, at):
    at("2026-11-16 09:00")
    with work(manager) as session:
        set_plan(session, store, TRAINING)
    at("2026-11-25 00:00")
    with work(manager) as session:
        report = services.find(session, store.id, MONDAY, for_update=True)
        with pytest.raises(DayRefused, match="locked"):
            services.tick(session, report, services.lines_of(session, report)[0].id, done=True)


def test_an_empty_plan_is_refused(store, manager, work, at):
    at("2026-11-16 09:00")
    with work(manager) as session, pytest.raises(DayRefused, match="The plan is empty"):
        set_plan(session, store)


@pytest.mark.requirement("J5")
def test_the_same_form_sent_twice_is_one_week_and_changes_nothing(store, manager, work, at):
    at("2026-11-16 09:00")
    with work(manager) as session:
        first = set_plan(session, store, TRAINING, target=100)
    with work(manager) as session:
        again = set_plan(session, store, WINDOW, target=200, seen=0)
        assert (again.id, again.version, again.target_amount) == (first.id, first.version, 100)
        assert lines_of(session, store) == [(TRAINING.what, 0, False)]


@pytest.mark.parametrize("event", ["plan", "tick", "summary"])
def test_who_was_overtaken_is_told_and_overwrites_nothing(store, manager, work, at, event):
    at("2026-11-21 09:00")
    with work(manager) as session:
        opened = set_plan(session, store, TRAINING).version
    with work(manager) as session:
        report = services.find(session, store.id, MONDAY, for_update=True)
        if event == "plan":
            set_plan(session, store, WINDOW, key="other")
        elif event == "tick":
            services.tick(session, report, services.lines_of(session, report)[0].id, done=True)
        else:
            sum_up(session, store)
        before = lines_of(session, store)
    with work(manager) as session, pytest.raises(Overtaken):
        sum_up(session, store, "mine", key="mine", seen=opened)
    with work(manager) as session:
        assert lines_of(session, store) == before


def test_a_store_that_is_not_open_in_a_week_has_none(app, store, manager, work, at):
    at("2026-11-16 09:00")
    with acting(app) as session:
        session.get(Node, store.id).opened_on = date(2026, 11, 23)
    with work(manager) as session, pytest.raises(DayRefused, match="not open in this week"):
        set_plan(session, session.get(Node, store.id), WINDOW)


def test_until_monday_0300_it_is_still_the_last_week(at):
    from core import clock

    at("2026-11-23 02:59")
    assert states.present_week(clock.now()) == MONDAY
    at("2026-11-23 03:00")
    assert states.present_week(clock.now()) == NEXT_MONDAY
