"""Several people, several taps, at the same moment: one record, and nothing is overwritten."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from threading import Barrier

import pytest
from sqlalchemy import func, select

from core.access.person import acting_as
from core.testing.factories import acting
from plugins.daily_reports import after_the_report, services
from plugins.daily_reports.models import Correction, DayReport, PlanLine, Submission
from plugins.daily_reports.services import DayRefused, Line, Overtaken, Result, Target

FRIDAY = date(2026, 11, 20)
MANY = 50


@pytest.fixture
def together(house):
    """Let `send(session, number)` run in so many sessions of their own at once; return what each brought."""

    def run(count, people, send):
        ready = Barrier(count)

        def one(number):
            ready.wait()
            with acting_as(people[number % len(people)]), house.database.transaction() as session:
                return send(session, number)

        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(one, range(count)))

    return run


def counts(app, *models):
    with acting(app) as session:
        return [session.scalar(select(func.count()).select_from(model)) for model in models]


@pytest.mark.requirement("G2", "J3")
def test_fifty_taps_on_one_form_make_one_record_that_all_of_them_see(app, chain, person, at, together):
    at("2026-11-20 08:45")
    target = Target(Decimal(8000), lines=(Line("call ten customers"),))

    def send(session, _number):
        report = services.set_target(session, chain.stores[0], FRIDAY, target, key="one form", seen_version=0)
        return report.id, report.version, report.target_amount, report.state

    answers = together(MANY, [person("store_manager")], send)
    assert len(answers) == MANY
    assert len(set(answers)) == 1
    assert answers[0][2:] == (8000, "target_set")
    assert counts(app, DayReport, Submission, PlanLine) == [1, 1, 1]


@pytest.mark.requirement("G3")
def test_fifty_taps_on_the_evenings_form_make_one_report(app, chain, person, at, together):
    at("2026-11-20 21:45")

    def send(session, _number):
        report = services.close_day(
            session, chain.stores[0], FRIDAY, Result(Decimal(9000)), key="one form", seen_version=0
        )
        return report.id, report.version, report.amount

    assert len(set(together(MANY, [person("store_manager")], send))) == 1
    assert counts(app, DayReport, Submission) == [1, 1]


@pytest.mark.requirement("G2")
def test_of_many_who_send_their_own_one_is_first_and_the_others_are_told(app, chain, person, at, together):
    at("2026-11-20 08:45")
    people = [person("store_manager"), person("deputy"), person("area_manager")]

    def send(session, number):
        target = Target(Decimal(1000 + number))
        try:
            services.set_target(session, chain.stores[0], FRIDAY, target, key=f"form {number}", seen_version=0)
        except Overtaken as overtaken:
            return "told", overtaken.report.target_amount
        return "first", target.amount

    answers = together(20, people, send)
    first = [amount for what, amount in answers if what == "first"]
    assert len(first) == 1
    assert {amount for _what, amount in answers} == set(first)
    with acting(app) as session:
        assert session.scalars(select(DayReport.target_amount)).all() == first
    assert counts(app, Submission) == [1]


def test_forms_of_many_stores_at_once_do_not_disturb_each_other(app, chain, person, at, together):
    at("2026-11-20 08:59")
    managers = [person("store_manager", store) for store in chain.stores]

    def send(session, number):
        services.set_target(
            session, chain.stores[number], FRIDAY, Target(Decimal(1000 + number)), key="k", seen_version=0
        )

    together(len(chain.stores), managers, send)
    with acting(app) as session:
        found = dict(session.execute(select(DayReport.node_id, DayReport.target_amount)).all())
    assert found == {store.id: 1000 + number for number, store in enumerate(chain.stores)}


@pytest.mark.requirement("G12")
def test_corrections_at_the_same_moment_are_all_kept(app, chain, person, at, together):
    at("2026-11-20 21:45")
    manager, deputy = person("store_manager"), person("deputy")
    with acting(app, manager) as session:
        services.close_day(session, chain.stores[0], FRIDAY, Result(Decimal(9000)), key="k", seen_version=0)

    def send(session, number):
        report = services.find(session, chain.stores[0].id, FRIDAY, for_update=True)
        after_the_report.correct(session, report, "amount", Decimal(9001 + number), f"count {number}")

    together(12, [manager, deputy], send)
    with acting(app) as session:
        lines = session.scalars(select(Correction).order_by(Correction.id)).all()
        assert [line.before for line in lines] == ["9,000", *(line.after for line in lines[:-1])]
        assert {line.reason for line in lines} == {f"count {number}" for number in range(12)}
        assert f"{session.scalars(select(DayReport.amount)).one():,.0f}" == lines[-1].after


@pytest.mark.requirement("G12")
def test_of_two_reviewers_one_is_first_and_the_other_is_told(app, chain, person, at, together):
    at("2026-11-20 21:45")
    with acting(app, person("store_manager")) as session:
        services.close_day(session, chain.stores[0], FRIDAY, Result(Decimal(9000)), key="k", seen_version=0)

    def send(session, _number):
        try:
            after_the_report.review(
                session, services.find(session, chain.stores[0].id, FRIDAY, for_update=True), "read", ""
            )
        except DayRefused:
            return "told"
        return "read"

    assert sorted(together(2, [person("area_manager"), person("head_office")], send)) == ["read", "told"]


def test_the_lock_passes_by_what_somebody_is_writing_and_takes_it_the_next_time(app, house, chain, person, at):
    at("2026-11-20 21:45")
    manager = person("store_manager")
    with acting(app) as session:
        for store in chain.stores[:3]:
            session.add(DayReport(node_id=store.id, day=FRIDAY, state="reported", amount=Decimal(1)))
    at("2026-11-23 00:00")
    with acting(app, manager) as session:
        report = services.find(session, chain.stores[0].id, FRIDAY, for_update=True)
        if not house.database.is_sqlite:  # where one writer waits for the other, there is nobody to pass by
            with ThreadPoolExecutor(1) as pool:
                assert pool.submit(_lock, house).result(timeout=20) == 2
        after_the_report.correct(session, report, "amount", Decimal(2), "counted again")
    assert _lock(house) == (3 if house.database.is_sqlite else 1)


def _lock(house):
    from core.access.person import SYSTEM

    with acting_as(SYSTEM), house.database.transaction() as session:
        return after_the_report.lock_due(session)
