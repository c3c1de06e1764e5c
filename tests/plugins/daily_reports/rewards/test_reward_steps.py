"""Who may take which step, what is refused and with which words, and what each step leaves behind."""

from decimal import Decimal

import pytest
from sqlalchemy import func, select

from core.inbox import Message
from core.testing.factories import acting, make_person
from plugins.daily_reports.rewards import services
from plugins.daily_reports.rewards.models import Reward, Step
from plugins.daily_reports.rewards.states import StepRefused


@pytest.fixture(autouse=True)
def friday(at):
    at("2026-11-20 22:00")


@pytest.fixture
def published(propose, step, office):
    """A penalty that head office has approved."""
    reward_id = propose()
    step(reward_id, "approve", office)
    return reward_id


@pytest.fixture
def appealed(published, step, manager):
    """A penalty against which the store has appealed."""
    step(published, "appeal", manager, "The network was down")
    return published


@pytest.mark.requirement("G7")
def test_from_the_proposal_to_the_effect_each_step_says_who_when_and_why(
    propose, step, read, at, reviewer, office, manager, leader
):
    reward_id = propose()
    taken = [
        ("approve", office, "I saw it"),
        ("appeal", manager, "The network was down"),
        ("uphold", leader, "It was up"),
    ]
    times = [at("2026-11-20 22:00")]
    for hour, (event, who, reason) in enumerate(taken, start=10):
        times.append(at(f"2026-11-21 {hour}:00"))
        step(reward_id, event, who, reason)
    reward, steps = read(reward_id)
    assert [(s.event, s.state, s.by, s.reason) for s in steps] == [
        ("propose", "proposed", reviewer.id, "An hour late"),
        ("approve", "published", office.id, "I saw it"),
        ("appeal", "appealed", manager.id, "The network was down"),
        ("uphold", "effective", leader.id, "It was up"),
    ]
    assert [s.at for s in steps] == times
    assert (reward.approved_by, reward.appealed_by, reward.state) == (office.id, manager.id, "effective")


@pytest.mark.requirement("G7")
def test_nobody_approves_or_refuses_their_own_proposal(propose, step, read, office):
    reward_id = propose(by=office)
    for event in ("approve", "reject"):
        with pytest.raises(StepRefused, match="Nobody decides on their own proposal"):
            step(reward_id, event, office)
    assert read(reward_id)[0].state == "proposed"
    assert len(read(reward_id)[1]) == 1


@pytest.mark.requirement("G7")
def test_nobody_decides_on_themselves(propose, step, office):
    with pytest.raises(StepRefused, match="or on themselves"):
        step(propose(person_id=office.id), "approve", office)


def test_nobody_proposes_a_reward_for_themselves(propose, reviewer):
    with pytest.raises(StepRefused, match="for themselves"):
        propose(kind="reward", person_id=reviewer.id)


@pytest.mark.requirement("G7")
def test_the_one_who_approved_does_not_look_at_the_appeal(appealed, step, office):
    for event in ("uphold", "change", "withdraw"):
        with pytest.raises(StepRefused, match="You approved it"):
            step(appealed, event, office, amount=Decimal(10))


@pytest.mark.requirement("G7")
def test_neither_the_proposer_nor_the_one_who_appealed_looks_at_the_appeal(appealed, step, reviewer, manager):
    for who in (reviewer, manager):
        with pytest.raises(StepRefused, match="You proposed it or appealed"):
            step(appealed, "withdraw", who)


@pytest.mark.requirement("G7")
def test_an_appeal_stops_the_effect_until_somebody_else_has_looked_at_it(app, appealed, step, read, at, leader):
    at("2026-12-31 12:00")
    with acting(app) as session:
        assert services.take_effect_due(session) == 0
    assert read(appealed)[0].state == "appealed"
    step(appealed, "change", leader, "Half of it", amount=Decimal(25))
    assert (read(appealed)[0].state, read(appealed)[0].amount) == ("effective", 25)
    assert [s.amount for s in read(appealed)[1]] == [50, 50, 50, 25]


@pytest.mark.requirement("G7")
def test_what_is_withdrawn_after_an_appeal_never_takes_effect(app, appealed, step, read, at, leader):
    assert step(appealed, "withdraw", leader) == "withdrawn"
    at("2026-12-31 12:00")
    with acting(app) as session:
        services.take_effect_due(session)
    assert read(appealed)[0].state == "withdrawn"


@pytest.mark.requirement("G7")
def test_it_takes_effect_by_itself_when_the_three_appeal_days_are_over_and_once(app, published, read, at):
    at("2026-11-23 23:59")
    with acting(app) as session:
        assert services.take_effect_due(session) == 0
    at("2026-11-24 00:00")
    for expected in (1, 0):
        with acting(app) as session:
            assert services.take_effect_due(session) == expected
    reward, steps = read(published)
    assert (reward.state, steps[-1].event, steps[-1].by) == ("effective", "take_effect", None)


@pytest.mark.requirement("G7")
def test_an_appeal_after_its_days_is_refused_and_says_who_can_still_help(app, published, step, at, manager):
    at("2026-11-24 00:00")
    with pytest.raises(StepRefused, match="ended on 2026-11-23. Head office can still withdraw"):
        step(published, "appeal", manager)
    with acting(app) as session:
        services.take_effect_due(session)
    with pytest.raises(StepRefused, match="ended on 2026-11-23. Head office can still withdraw"):
        step(published, "appeal", manager)


@pytest.mark.parametrize(
    ("kind", "amount", "words"),
    [
        ("penalty", "60", "never makes it worse"), ("reward", "40", "never makes it worse"), ("penalty", "50", "has already"),
        ("penalty", "0", "between 0.01"), ("reward", "100001", "between 0.01"), ("penalty", None, "between 0.01"),
    ],
)  # fmt: skip
def test_an_appeal_never_makes_it_worse(propose, step, office, manager, leader, kind, amount, words):
    reward_id = propose(kind=kind)
    step(reward_id, "approve", office)
    step(reward_id, "appeal", manager)
    with pytest.raises(StepRefused, match=words):
        step(reward_id, "change", leader, amount=None if amount is None else Decimal(amount))


@pytest.mark.parametrize("event", ["approve", "reject", "withdraw", "appeal", "uphold", "change"])
def test_what_people_decide_wants_a_reason(propose, step, office, manager, leader, event):
    reward_id, who = propose(), {"appeal": manager, "uphold": leader, "change": leader}.get(event, office)
    if event not in ("approve", "reject"):
        step(reward_id, "approve", office)
    if event in ("uphold", "change"):
        step(reward_id, "appeal", manager)
    with pytest.raises(StepRefused, match="Say why"):
        step(reward_id, event, who, reason="", amount=Decimal(10) if event == "change" else None)


def test_only_the_proposer_takes_it_back_and_only_before_it_is_decided(propose, step, reviewer, office):
    reward_id = propose()
    with pytest.raises(StepRefused, match="Only who proposed it"):
        step(reward_id, "take_back", office)
    assert step(reward_id, "take_back", reviewer) == "withdrawn"
    other = propose(key="other")
    step(other, "approve", office)
    with pytest.raises(StepRefused, match="You cannot take it back now"):
        step(other, "take_back", reviewer)


@pytest.mark.parametrize(("amount", "why"), [("0", "x"), ("-1", "x"), ("100000.01", "x"), ("50", "")])
def test_a_proposal_without_a_reason_or_a_sensible_amount_is_refused(propose, amount, why):
    with pytest.raises(StepRefused):
        propose(amount=Decimal(amount), why=why)


def test_the_same_tap_twice_is_one_proposal_and_one_step(app, propose, step, read, office):
    assert propose() == propose()
    assert propose(key="another") != propose()
    reward_id = propose()
    assert step(reward_id, "approve", office) == step(reward_id, "approve", office) == "published"
    assert [s.event for s in read(reward_id)[1]] == ["propose", "approve"]
    with acting(app) as session:
        assert session.scalar(select(func.count()).select_from(Reward)) == 2


def test_a_step_of_somebody_else_is_not_taken_for_ones_own_second_tap(published, step, leader):
    with pytest.raises(StepRefused, match="You cannot approve it now"):
        step(published, "approve", leader)


def test_steps_are_only_ever_added_to(app, published):
    from core.access.rows import ScopeViolation

    with pytest.raises(ScopeViolation, match="only ever added to"), acting(app) as session:
        row = session.scalars(select(Step).where(Step.reward_id == published)).first()
        row.reason = "something else"
        session.flush()


@pytest.fixture
def told(app):
    """`told(person)` gives the titles of somebody's messages, and forgets them."""

    def read(person):
        with acting(app) as session:
            found = session.scalars(select(Message).where(Message.person_id == person.id).order_by(Message.id)).all()
            titles = [message.title for message in found]
            for message in found:
                session.delete(message)
            return titles

    return read


@pytest.mark.requirement("G7", "G20")
def test_each_step_is_told_to_those_whom_it_concerns_and_not_to_the_one_who_took_it(
    chain, propose, step, told, office, manager, reviewer, leader
):
    deputy = chain.people["deputy"]
    everybody = {"office": office, "manager": manager, "deputy": deputy, "reviewer": reviewer, "leader": leader}

    def who_was_told():
        return {name for name, somebody in everybody.items() if told(somebody)}

    reward_id = propose()
    assert who_was_told() == {"office"}
    step(reward_id, "approve", office)
    assert who_was_told() == {"manager", "deputy", "reviewer"}
    step(reward_id, "appeal", manager)
    assert who_was_told() == {"reviewer", "office", "leader"}
    step(reward_id, "uphold", leader)
    assert who_was_told() == {"manager", "deputy", "reviewer", "office"}
    other = propose(key="other")
    told(office)
    step(other, "reject", office)
    assert who_was_told() == {"reviewer"}


def test_the_person_it_is_about_is_told_too(app, chain, propose, step, told, office):
    with acting(app) as session:
        clerk = make_person(session, "somebody", chain.stores[0], "clerk")
    step(propose(person_id=clerk.id), "approve", office)
    assert told(clerk) == ["Penalty of 50 yuan for store S1 is published"]
