"""Reminders by the clock: before the cut-off, at it, and to the area's manager 30 minutes after, once each."""

from datetime import date

import pytest
from sqlalchemy import select, update

from core.auth.models import Assignment
from core.inbox import Message
from core.jobs.tasks import TaskRun, run_due_tasks
from core.org.models import CalendarDay, Node
from core.registry.models import PilotNode, Revision
from core.testing.factories import acting, give_role, make_person
from plugins.daily_reports.reminders import Reminder, remind_due
from tests.plugins.daily_reports.steps import FRIDAY, page

MONDAY = date(2026, 11, 16)


@pytest.fixture
def tick(app, chain, house, at):
    """`tick("2026-11-20 09:30")` lets the worker wake at that time."""

    def wake(when):
        at(when)
        with app.app_context():
            run_due_tasks(house)

    return wake


@pytest.fixture
def inbox_of(app, chain):
    """The messages of a person, oldest first, as (title, text, address)."""

    def read(role):
        with acting(app) as session:
            query = select(Message).where(Message.person_id == chain.people[role].id).order_by(Message.id)
            return [(message.title, message.text, message.url) for message in session.scalars(query)]

    return read


@pytest.mark.requirement("G14", "Z20")
def test_a_store_is_reminded_before_the_cut_off_and_at_it_and_its_area_half_an_hour_after(tick, inbox_of):
    tick("2026-11-20 09:14")
    assert inbox_of("store_manager") == []
    tick("2026-11-20 09:15")
    before = ("Please set today's target", "store S1: due at 09:30.", page("S1"))
    assert inbox_of("store_manager") == inbox_of("deputy") == [before]
    tick("2026-11-20 09:30")
    due = ("Please set today's target", "store S1: it was due at 09:30 and counts as late from now on.", page("S1"))
    assert inbox_of("store_manager") == [before, due]
    assert inbox_of("area_manager") == []
    tick("2026-11-20 10:00")
    assert inbox_of("area_manager") == [
        ("2 stores have not set their target", "store S1、store S2", "/day/missing/"),
    ]
    assert inbox_of("clerk") == inbox_of("leader") == []


@pytest.mark.requirement("G14", "Z20")
def test_the_result_is_reminded_of_in_the_evening_and_a_closed_store_is_not(app, chain, tick, inbox_of, add):
    add(0, 1000, state="target_set")
    with acting(app) as session:
        session.get(Node, chain.stores[1].id).closed_on = FRIDAY
    tick("2026-11-20 21:45")
    tick("2026-11-20 22:00")
    titles = [title for title, _text, _url in inbox_of("store_manager")]
    assert titles == ["Please report today's result"] * 2
    tick("2026-11-21 00:30")
    assert inbox_of("area_manager") == [
        ("1 stores have not reported their result", "store S1", "/day/missing/"),
    ]


@pytest.mark.requirement("G14")
def test_each_is_sent_once_however_often_the_worker_wakes_or_starts_again(app, tick, inbox_of):
    for when in ("09:15", "09:16", "09:17", "09:30", "09:31", "10:00", "10:01", "11:00"):
        tick(f"2026-11-20 {when}")
        with acting(app) as session:  # as if the worker had just been installed
            for run in session.scalars(select(TaskRun)):
                session.delete(run)
    assert len(inbox_of("store_manager")) == 2
    assert len(inbox_of("area_manager")) == 1


@pytest.mark.requirement("G14")
def test_a_task_that_breaks_after_sending_sends_it_once_all_the_same(app, tick, house, inbox_of, monkeypatch, at):
    at("2026-11-20 09:15")
    with app.app_context(), pytest.raises(ZeroDivisionError), acting(app) as session:
        assert remind_due(session) > 0
        raise ZeroDivisionError
    assert inbox_of("store_manager") == []
    tick("2026-11-20 09:16")
    assert len(inbox_of("store_manager")) == 1


@pytest.mark.requirement("G14")
def test_two_workers_at_the_same_moment_send_it_once(app, house, chain, inbox_of, at):
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    at("2026-11-20 09:30")
    ready = Barrier(4)

    def worker(_number):
        with app.app_context():
            ready.wait()
            with acting(app) as session:
                return remind_due(session)

    with ThreadPoolExecutor(4) as pool:
        reached = list(pool.map(worker, range(4)))
    assert sum(1 for count in reached if count) == 1
    assert len(inbox_of("store_manager")) == len(inbox_of("deputy")) == 1


@pytest.mark.requirement("G14")
def test_after_a_morning_without_a_worker_nothing_older_than_three_hours_is_sent(tick, inbox_of):
    tick("2026-11-20 12:29")
    assert [text for _title, text, _url in inbox_of("store_manager")] == [
        "store S1: it was due at 09:30 and counts as late from now on."
    ]
    assert len(inbox_of("area_manager")) == 1
    tick("2026-11-20 13:30")
    assert len(inbox_of("store_manager")) == 1


@pytest.mark.requirement("Z20")
def test_who_has_sent_it_is_left_alone(tick, inbox_of, add):
    add(0, 1000, state="target_set")
    add(1, None, 900)
    for when in ("09:15", "09:30", "10:00"):
        tick(f"2026-11-20 {when}")
    assert inbox_of("store_manager") == inbox_of("area_manager") == []


@pytest.mark.requirement("Z20")
def test_a_closed_day_reminds_nobody(app, tick, inbox_of, chain):
    with acting(app) as session:
        session.add(CalendarDay(node_id=chain.areas[0].id, day=FRIDAY))
    for when in ("09:15", "09:30", "10:00"):
        tick(f"2026-11-20 {when}")
    assert inbox_of("store_manager") == inbox_of("area_manager") == []


@pytest.mark.requirement("Z20")
def test_each_store_is_reminded_by_its_own_hours_also_over_midnight(app, tick, inbox_of, chain, add):
    from datetime import time

    with acting(app) as session:
        node = session.get(Node, chain.stores[0].id)
        node.opens, node.closes = time(18), time(2)
    tick("2026-11-20 09:30")
    assert inbox_of("store_manager") == []
    tick("2026-11-20 17:45")
    add(0, 1000, state="target_set")
    tick("2026-11-21 02:15")
    assert [text for _title, text, _url in inbox_of("store_manager")] == [
        "store S1: due at 18:00.",
        "store S1: due at 02:30.",
    ]
    assert inbox_of("store_manager")[1][2] == page("S1", "2026-11-20")


def test_outside_the_pilot_nobody_is_reminded(app, tick, inbox_of, chain):
    with acting(app) as session:
        session.add(PilotNode(plugin="daily_reports", node_id=chain.areas[1].id))
        session.execute(update(Revision).values(plugins=Revision.plugins + 1))
    for when in ("09:15", "09:30", "10:00"):
        tick(f"2026-11-20 {when}")
    assert inbox_of("store_manager") == inbox_of("area_manager") == []
    with acting(app) as session:
        reminded = session.scalars(select(Node.code).join(Reminder, Reminder.node_id == Node.id)).all()
    assert set(reminded) == {"S3", "S4"}


@pytest.mark.requirement("G14")
def test_who_stands_in_on_that_day_is_reminded_and_who_is_away_is_not(app, tick, chain, inbox_of):
    with acting(app) as session:
        for assignment in session.scalars(
            select(Assignment).where(Assignment.person_id == chain.people["store_manager"].id)
        ):
            assignment.to_day = date(2026, 11, 19)
        stand_in = make_person(session, "stand.in", chain.stores[1])
        give_role(session, stand_in, "store_manager", chain.stores[0], from_day=FRIDAY, to_day=FRIDAY)
        chain.people["stand_in"] = stand_in
    tick("2026-11-20 09:15")
    assert inbox_of("store_manager") == []
    assert len(inbox_of("stand_in")) == len(inbox_of("deputy")) == 1


def test_where_nobody_is_in_charge_the_area_still_hears_of_it_and_the_row_says_so(app, tick, inbox_of):
    tick("2026-11-20 09:15")
    tick("2026-11-20 10:00")
    assert "store S2" in inbox_of("area_manager")[0][1]
    with acting(app) as session:
        reached = dict(
            session.execute(
                select(Node.code, Reminder.reached)
                .join(Reminder, Reminder.node_id == Node.id)
                .where(Reminder.kind == "target_before")
            ).all()
        )
    assert (reached["S1"], reached["S2"]) == (2, 0)


@pytest.mark.requirement("G4", "G5", "G14")
def test_the_weeks_plan_and_summary_are_reminded_of_once(tick, inbox_of, chain, work, person, at):
    from tests.plugins.daily_reports.week.steps import WINDOW, set_plan, week_page

    for when in ("2026-11-16 10:59", "2026-11-16 11:00", "2026-11-16 11:30"):
        tick(when)
    plans = [message for message in inbox_of("deputy") if message[0] == "Please plan the week"]
    assert plans == [("Please plan the week", "store S1: due at 12:00.", week_page("S1"))]
    tick("2026-11-22 20:00")
    tick("2026-11-22 20:01")
    summaries = [message for message in inbox_of("deputy") if message[0] == "Please sum up the week"]
    assert summaries == [
        ("Please sum up the week", "store S1: three minutes, the figures are there already.", week_page("S1")),
    ]
    at("2026-11-22 21:00")
    with work(person("store_manager")) as session:
        set_plan(session, chain.stores[0], WINDOW, week=date(2026, 11, 23))
    tick("2026-11-23 11:00")
    assert len([message for message in inbox_of("deputy") if message[0] == "Please plan the week"]) == 1
