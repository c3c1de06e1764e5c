"""The table of states: what is drawn is walked, what is not drawn is refused, whatever comes in which order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.daily_reports.rewards import states

EVENTS = sorted(states.EVENT_TITLES)
ENDS = {"rejected", "withdrawn", "settled"}
ARROWS = {
    (None, "propose"): "proposed",
    ("proposed", "approve"): "published",
    ("proposed", "reject"): "rejected",
    ("proposed", "take_back"): "withdrawn",
    ("published", "appeal"): "appealed",
    ("published", "withdraw"): "withdrawn",
    ("published", "take_effect"): "effective",
    ("appealed", "uphold"): "effective",
    ("appealed", "change"): "effective",
    ("appealed", "withdraw"): "withdrawn",
    ("effective", "withdraw"): "withdrawn",
    ("effective", "settle"): "settled",
}


@pytest.mark.requirement("G7")
def test_a_drawn_step_leads_where_it_is_drawn():
    assert states.TRANSITIONS == ARROWS
    assert {place: states.next_state(*place) for place in ARROWS} == ARROWS


@pytest.mark.requirement("G7")
def test_a_step_that_is_not_drawn_is_refused_and_says_what_cannot_be_done_and_where_it_stands(english):
    refused = 0
    for state in (None, *states.STATES):
        for event in EVENTS:
            if (state, event) not in ARROWS:
                with pytest.raises(states.StepRefused) as refusal:
                    states.next_state(state, event)
                assert states.EVENT_TITLES[event] in str(refusal.value)
                assert (states.STATES[state] if state else "not begun") in str(refusal.value)
                refused += 1
    assert refused == (len(states.STATES) + 1) * len(EVENTS) - len(ARROWS)


@pytest.mark.requirement("G7")
@given(st.lists(st.sampled_from(EVENTS), max_size=30))
def test_whatever_is_tried_nothing_is_paid_that_was_not_approved_or_stands_under_an_appeal(tried):
    state, taken = None, []
    for event in ["propose", *tried]:
        try:
            state = states.next_state(state, event)
            taken.append(event)
        except states.StepRefused:
            continue
    if state in (states.EFFECTIVE, states.SETTLED):
        assert "approve" in taken
        if "appeal" in taken:
            assert {"uphold", "change"} & set(taken[taken.index("appeal") :])
    if state in ENDS:
        assert all((state, event) not in states.TRANSITIONS for event in EVENTS)


def test_every_state_has_its_name_is_reached_and_leads_on_or_is_an_end():
    reached = set(states.TRANSITIONS.values())
    assert reached == set(states.STATES)
    assert {
        state for state in states.STATES if all((state, event) not in states.TRANSITIONS for event in EVENTS)
    } == ENDS
    assert set(states.EVENT_TITLES) == set(states.STEP_TITLES) == {event for _state, event in states.TRANSITIONS}
