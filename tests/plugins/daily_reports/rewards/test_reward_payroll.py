"""The payroll: a finished month is settled once, nothing is paid twice, and a mistake is put right later."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from core.inbox import Message
from core.testing.factories import acting, make_person, post
from plugins.daily_reports.rewards import payroll, services
from plugins.daily_reports.rewards.models import PayrollLine, Reward
from plugins.daily_reports.rewards.states import StepRefused

NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)


@pytest.fixture
def in_effect(propose, step, office, app, at):
    """A function that brings a reward or penalty into effect on 24 November; returns its id."""

    def make(number=0, **values):
        at("2026-11-20 22:00")
        reward_id = propose(number, **values)
        step(reward_id, "approve", office)
        at("2026-11-24 08:00")
        with acting(app) as session:
            services.take_effect_due(session)
        return reward_id

    return make


@pytest.fixture
def settle(app, office):
    """A function that settles a month; returns its lines."""

    def run(month=NOVEMBER):
        with acting(app, office) as session:
            return payroll.settle(session, month)

    return run


@pytest.mark.requirement("G7")
def test_a_month_adds_up_by_store_and_person_and_a_penalty_is_taken_off(app, chain, in_effect, settle, at):
    with acting(app) as session:
        clerk = make_person(session, "somebody", chain.stores[0], "clerk")
    in_effect(key="1")
    in_effect(key="2", kind="reward", amount=Decimal(200))
    in_effect(key="3", kind="reward", amount=Decimal("30.50"), person_id=clerk.id)
    in_effect(1, key="4", amount=Decimal(10))
    at("2026-12-01 09:00")
    lines = {
        (line.node_id, line.person_id): (line.entries, line.rewards, line.penalties, line.net) for line in settle()
    }
    assert lines == {
        (chain.stores[0].id, None): (2, 200, 50, 150),
        (chain.stores[0].id, clerk.id): (1, Decimal("30.50"), 0, Decimal("30.50")),
        (chain.stores[1].id, None): (1, 0, 10, -10),
    }


@pytest.mark.requirement("G7")
def test_nothing_is_paid_twice_however_often_a_month_is_settled(app, in_effect, settle, read, at):
    reward_id = in_effect()
    at("2026-12-01 09:00")
    assert len(settle()) == 1
    assert settle() == settle(DECEMBER.replace(month=10)) == []
    at("2027-01-01 09:00")
    assert settle(DECEMBER) == []
    reward, steps = read(reward_id)
    assert (reward.state, [s.event for s in steps].count("settle")) == ("settled", 1)
    with acting(app) as session:
        assert len(session.scalars(select(PayrollLine)).all()) == 1


def test_a_month_that_is_not_over_is_not_settled(in_effect, settle, at):
    in_effect()
    at("2026-11-30 23:59")
    with pytest.raises(StepRefused, match="2026-11 is not over"):
        settle()


@pytest.mark.requirement("G7")
def test_what_is_not_in_effect_by_the_end_of_the_month_waits_for_the_next(
    propose, step, settle, read, at, office, manager, leader
):
    at("2026-11-28 12:00")
    appealed, published = propose(key="1"), propose(key="2")
    step(appealed, "approve", office)
    step(published, "approve", office)
    step(appealed, "appeal", manager)
    at("2026-12-01 09:00")
    assert settle() == []
    step(appealed, "uphold", leader)
    assert settle() == []
    at("2027-01-01 09:00")
    assert [line.month for line in settle(DECEMBER)] == [DECEMBER]
    assert (read(appealed)[0].state, read(published)[0].state) == ("settled", "published")


def test_the_store_is_told_once_what_its_month_came_to(app, chain, in_effect, settle, at):
    in_effect(key="1")
    in_effect(key="2", kind="reward", amount=Decimal(200))
    at("2026-12-01 09:00")
    settle()
    with acting(app) as session:
        query = select(Message.title).where(
            Message.person_id == chain.people["deputy"].id, Message.key.like("reward-settled%")
        )
        assert session.scalars(query).all() == ["Rewards and penalties settled for 2026-11: 150 yuan"]


@pytest.fixture
def settled(in_effect, settle, at):
    """A penalty that is paid."""
    reward_id = in_effect()
    at("2026-12-01 09:00")
    settle()
    return reward_id


@pytest.mark.requirement("G7")
def test_an_appeal_after_the_settlement_is_told_the_way_to_a_correction(settled, step, read, manager):
    with pytest.raises(StepRefused, match="what is paid is not changed.* correction .* next month"):
        step(settled, "appeal", manager)
    assert read(settled)[0].state == "settled"


@pytest.mark.requirement("G7")
def test_a_correction_is_an_entry_of_the_opposite_kind_approved_by_another_and_paid_with_the_next_month(
    app, settled, held, step, settle, read, at, reviewer, office
):
    with held(settled, reviewer) as (session, reward):
        made = services.propose_correction(session, reward, Decimal(20), "The clock was wrong", key="x").id
    step(made, "approve", office)
    at("2026-12-05 08:00")
    with acting(app) as session:
        services.take_effect_due(session)
    at("2027-01-01 09:00")
    assert [(line.month, line.net) for line in settle(DECEMBER)] == [(DECEMBER, 20)]
    correction = read(made)[0]
    assert (correction.kind, correction.corrects_id, correction.state) == ("reward", settled, "settled")
    assert (read(settled)[0].amount, read(settled)[0].kind) == (50, "penalty")


def test_corrections_together_are_at_most_what_was_paid(settled, held, step, reviewer, office):
    def correct(amount, key):
        with held(settled, reviewer) as (session, reward):
            return services.propose_correction(session, reward, Decimal(amount), "wrong", key=key).id

    first = correct(30, "a")
    assert correct(30, "a") == first
    with pytest.raises(StepRefused, match="At most 20.00 yuan"):
        correct(21, "b")
    step(first, "reject", office)
    assert correct(50, "c")


def test_only_what_is_settled_is_corrected(propose, held, reviewer, at):
    at("2026-11-20 22:00")
    with pytest.raises(StepRefused, match="can still be withdrawn"), held(propose(), reviewer) as (session, reward):
        services.propose_correction(session, reward, Decimal(1), "wrong", key="x")


@pytest.mark.requirement("G7")
def test_head_office_settles_on_one_page_and_takes_the_file(chain, in_effect, client_as, at):
    in_effect(key="1", kind="reward", amount=Decimal(200))
    in_effect(1, key="2")
    at("2026-12-01 09:00")
    office, leader = client_as("head_office"), client_as("leader")
    page = office.get("/admin/daily_reports/settlement/").text
    assert "Settle 2026-11" in page
    assert "store S1" in page
    assert post(leader, "/admin/daily_reports/settlement/settle/", {"month": "2026-11"}).status_code == 403
    answer = post(office, "/admin/daily_reports/settlement/settle/", {"month": "2026-11"})
    assert answer.status_code == 302
    file = office.get("/admin/daily_reports/payroll/export/csv/?month_from=2026-11-01&month_to=2026-11-01").text
    assert [line.split(",") for line in file.lstrip("\ufeff").splitlines()] == [
        ["Month", "Place", "Person", "Entries", "Rewards", "Penalties", "To pay"],
        ["2026-11-01", "store S2", "", "1", "0.00", "50.00", "-50.00"],
        ["2026-11-01", "store S1", "", "1", "200.00", "0.00", "200.00"],
    ]
    assert office.get("/admin/daily_reports/payroll/export/xlsx/").data[:2] == b"PK"
    again = post(office, "/admin/daily_reports/settlement/settle/", {"month": "2026-11"}, follow_redirects=True)
    assert "There was nothing left to settle." in again.text


def test_a_line_of_the_payroll_shows_what_it_is_made_of(app, in_effect, settle, client_as, at):
    in_effect(what="The day of 2026-11-20")
    at("2026-12-01 09:00")
    line = settle()[0]
    shown = client_as("head_office").get(f"/admin/daily_reports/payroll/details/?id={line.id}").text
    with acting(app) as session:
        reward_id = session.scalars(select(Reward.id)).one()
    assert "The day of 2026-11-20" in shown
    assert f"/day/rewards/{reward_id}/" in shown


@pytest.mark.parametrize("month", ["2026-13", "x", "0001-01", "2026-11-01"])
def test_a_month_that_is_none_does_not_exist(chain, client_as, month):
    assert client_as("head_office").get(f"/admin/daily_reports/settlement/?month={month}").status_code == 404
