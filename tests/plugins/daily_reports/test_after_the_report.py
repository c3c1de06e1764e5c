"""What happens to a report: it is read, returned, corrected and at last locked."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from core.audit import AuditEntry
from core.testing.factories import acting, post
from plugins.daily_reports import after_the_report, services
from plugins.daily_reports.models import Correction, DayReport
from plugins.daily_reports.services import DayRefused
from tests.plugins.daily_reports.steps import FRIDAY, KEY, close_day, correct, page, set_target

OTHER_KEY = KEY.replace("0b4e", "1c5f")


def count(session, model=DayReport):
    return session.scalar(select(func.count()).select_from(model))


@pytest.mark.requirement("G12")
def test_a_returned_report_is_reported_again_and_keeps_when_it_first_came(store, manager, reviewer, work, at, morning):
    with work(manager) as session:
        set_target(session, store)
    at("2026-11-20 21:45")
    with work(manager) as session:
        close_day(session, store, 7000)
    with work(reviewer) as session:
        report = services.find(session, store.id, FRIDAY)
        after_the_report.review(session, report, "return", "Why so little?")
        assert (report.state, report.reviewed_by, report.review_comment) == ("returned", reviewer.id, "Why so little?")
    again = at("2026-11-21 09:00")
    with work(manager) as session:
        report = close_day(session, store, 7100, key="again", reflection="three customers were lost")
        assert (report.state, report.amount, report.reported_at, report.report_late_minutes) == (
            "reported",
            7100,
            again,
            0,
        )
        assert report.review_comment == "Why so little?"


@pytest.mark.requirement("G12")
def test_returning_needs_a_comment_and_reading_does_not(store, manager, reviewer, work, morning):
    with work(manager) as session:
        close_day(session, store)
    with work(reviewer) as session:
        report = services.find(session, store.id, FRIDAY)
        with pytest.raises(DayRefused, match="Say what is missing"):
            after_the_report.review(session, report, "return", "")
        assert report.state == "reported"
        after_the_report.review(session, report, "read", "")
        assert (report.state, report.reviewed_by) == ("read", reviewer.id)
        with pytest.raises(DayRefused):
            after_the_report.review(session, report, "read", "")
        after_the_report.review(session, report, "return", "one more question")
        assert report.state == "returned"


@pytest.mark.requirement("G12")
@pytest.mark.parametrize("signed", ["target", "report"])
def test_nobody_reviews_what_they_sent_themselves(store, manager, reviewer, work, morning, signed):
    with work(reviewer if signed == "target" else manager) as session:
        set_target(session, store)
    with work(reviewer if signed == "report" else manager) as session:
        close_day(session, store)
    with work(reviewer) as session, pytest.raises(DayRefused, match="Somebody else reviews"):
        after_the_report.review(session, services.find(session, store.id, FRIDAY), "read", "")


@pytest.mark.requirement("G12")
@pytest.mark.parametrize("state", ["reported", "read", "locked"])
def test_a_correction_keeps_the_old_figure_and_the_reason(store, manager, reviewer, work, at, morning, state):
    with work(manager) as session:
        close_day(session, store, "9000.50", visitors=80, buyers=10)
    if state == "read":
        with work(reviewer) as session:
            after_the_report.review(session, services.find(session, store.id, FRIDAY), "read", "")
    corrected_at = at("2026-11-24 10:00" if state == "locked" else "2026-11-20 22:30")
    if state == "locked":
        with work() as session:
            assert after_the_report.lock_due(session) == 1
    with work(manager) as session:
        correct(session, store, "amount", Decimal(8000), "one sale was booked twice")
        correct(session, store, "visitors", 90, "the counter was off")
    with work(manager) as session:
        report = services.find(session, store.id, FRIDAY)
        assert (report.state, report.amount, report.visitors) == (state, 8000, 90)
        lines = session.scalars(select(Correction).order_by(Correction.id)).all()
        assert [(line.field, line.before, line.after, line.reason, line.by, line.at) for line in lines] == [
            ("amount", "9,000.50", "8,000", "one sale was booked twice", manager.id, corrected_at),
            ("visitors", "80", "90", "the counter was off", manager.id, corrected_at),
        ]
    with work() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.reason == "one sale was booked twice").order_by(AuditEntry.id.desc())
        ).first()
        assert entry is not None


@pytest.mark.parametrize(
    ("figure", "value", "reason", "refusal"),
    [
        ("target_amount", Decimal(1), "I want to", "cannot be corrected"),
        ("state", "read", "I want to", "cannot be corrected"),
        ("amount", Decimal(1), "", "Say why"),
        ("buyers", 81, "counted again", "More buyers than visitors"),
        ("visitors", 9, "counted again", "More buyers than visitors"),
    ],
)
def test_a_correction_that_makes_no_sense_changes_nothing(
    store, manager, work, morning, figure, value, reason, refusal
):
    with work(manager) as session:
        close_day(session, store, visitors=80, buyers=10)
        with pytest.raises(DayRefused, match=refusal):
            correct(session, store, figure, value, reason)
        report = services.find(session, store.id, FRIDAY)
        assert (report.amount, report.visitors, report.buyers, report.target_amount) == (9000, 80, 10, None)
        assert count(session, Correction) == 0


@pytest.mark.parametrize("state", ["target_set", "returned"])
def test_what_has_not_been_reported_is_reported_and_not_corrected(store, manager, reviewer, work, morning, state):
    with work(manager) as session:
        set_target(session, store)
        if state == "returned":
            close_day(session, store)
    if state == "returned":
        with work(reviewer) as session:
            after_the_report.review(session, services.find(session, store.id, FRIDAY), "return", "again please")
    with work(manager) as session, pytest.raises(DayRefused, match="You cannot correct it now"):
        correct(session, store, "amount", Decimal(1))


@pytest.mark.requirement("G12")
def test_the_lock_takes_what_ended_48_hours_ago_whatever_its_state_and_leaves_the_rest(chain, work, at):
    at("2026-11-23 00:00")
    with work() as session:
        for number, (day, state) in enumerate(
            [
                (19, "target_set"),
                (20, "reported"),
                (20, "read"),
                (20, "returned"),
                (20, "locked"),
                (21, "reported"),
                (22, "target_set"),
            ]
        ):
            session.add(DayReport(node_id=chain.stores[number].id, day=date(2026, 11, day), state=state))
    with work() as session:
        assert after_the_report.lock_due(session) == 4
    with work() as session:
        found = session.execute(select(DayReport.day, DayReport.state).order_by(DayReport.id)).all()
        assert [state for day, state in found if day <= FRIDAY] == ["locked"] * 5
        assert [state for day, state in found if day > FRIDAY] == ["reported", "target_set"]
        assert after_the_report.lock_due(session) == 0


def test_the_lock_is_a_task_of_the_house_and_runs_by_the_clock(app, chain, house, work, at):
    from core.jobs.tasks import run_due_tasks

    at("2026-11-23 00:00")
    with work() as session:
        session.add(DayReport(node_id=chain.stores[0].id, day=FRIDAY, state="reported"))
    with app.app_context():
        assert "daily_reports.lock" in run_due_tasks(house)
    with work() as session:
        assert services.find(session, chain.stores[0].id, FRIDAY).state == "locked"


@pytest.mark.requirement("G12")
def test_the_same_correction_sent_twice_is_one_line(app, chain, client_as, add, at):
    add(0, 10_000, 9000)
    at("2026-11-20 22:00")
    manager = client_as("store_manager")
    form = {"key": KEY, "figure": "amount", "value": "8000", "reason": "one sale was booked twice"}
    for _tap in range(2):
        assert post(manager, page("S1", what="correct"), form).status_code == 302
    post(manager, page("S1", what="correct"), form | {"key": OTHER_KEY, "value": "8100"})
    with acting(app) as session:
        lines = session.scalars(select(Correction).order_by(Correction.id)).all()
        assert [(line.before, line.after) for line in lines] == [("9,000", "8,000"), ("8,000", "8,100")]


def test_takings_stay_as_reported_when_the_amount_is_corrected_and_the_page_says_so(chain, client_as, add, at):
    add(0, 10_000, 9000, tenders={"wechat": "5000", "cash": "4000.00"})
    at("2026-11-20 22:00")
    manager = client_as("store_manager")
    assert "as they were first reported" not in manager.get(page("S1")).text
    form = {"key": KEY, "figure": "amount", "value": "8000", "reason": "one sale was booked twice"}
    post(manager, page("S1", what="correct"), form)
    shown = manager.get(page("S1")).text
    assert "they add up to 9,000 yuan" in shown
    assert "5,000" in shown
