"""A day report moves along the drawn arrows and along no others."""

from datetime import timedelta
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.access.person import acting_as
from core.db import current_session
from plugins.daily_reports import after_the_report, services, states
from plugins.daily_reports.models import Correction

BEGINNING = None
ARROWS = {
    (BEGINNING, "set_target"): "target_set",
    (BEGINNING, "report"): "reported",
    (BEGINNING, "import"): "locked",
    ("target_set", "set_target"): "target_set",
    ("target_set", "report"): "reported",
    ("target_set", "lock"): "locked",
    ("reported", "read"): "read",
    ("reported", "return"): "returned",
    ("reported", "correct"): "reported",
    ("reported", "lock"): "locked",
    ("returned", "report"): "reported",
    ("returned", "lock"): "locked",
    ("read", "return"): "returned",
    ("read", "correct"): "read",
    ("read", "lock"): "locked",
    ("locked", "correct"): "locked",
}
EVENTS = ("set_target", "report", "read", "return", "correct", "lock", "import")
EVERY_PAIR = list(product((BEGINNING, "target_set", "reported", "read", "returned", "locked"), EVENTS))


@pytest.mark.requirement("G12")
@pytest.mark.parametrize(("state", "event"), [pair for pair in EVERY_PAIR if pair in ARROWS])
def test_a_drawn_step_leads_where_it_is_drawn(state, event):
    assert states.next_state(state, event) == ARROWS[state, event]


@pytest.mark.requirement("G12")
@pytest.mark.parametrize(("state", "event"), [pair for pair in EVERY_PAIR if pair not in ARROWS])
def test_a_step_that_is_not_drawn_is_refused_and_says_what_cannot_be_done_and_where_the_day_stands(state, event):
    with pytest.raises(states.TransitionRefused) as refused:
        states.next_state(state, event)
    assert states.EVENT_TITLES[event] in str(refused.value)
    assert (states.STATES[state] if state else "not begun") in str(refused.value)


def test_the_table_holds_no_state_or_event_without_a_name():
    assert set(ARROWS.values()) == set(states.STATES) == set(states.MEANINGS)
    assert set(EVENTS) == set(states.EVENT_TITLES)
    assert states.TRANSITIONS == ARROWS


# What a day meets: the store writes, the area manager reviews, the clock moves on, the lock passes by.
happenings = st.lists(
    st.one_of(
        st.tuples(st.just("set_target"), st.integers(1, 100_000)),
        st.tuples(st.just("report"), st.integers(0, 100_000)),
        st.tuples(st.just("correct"), st.integers(0, 100_000)),
        st.tuples(st.sampled_from(["read", "return", "lock"]), st.just(0)),
        st.tuples(st.just("wait"), st.integers(1, 30)),
    ),
    max_size=14,
)

A_WHOLE_LIFE = [
    ("set_target", 5000), ("report", 4000), ("correct", 4100), ("return", 0), ("correct", 1), ("report", 4200), ("read", 0),
    ("wait", 30), ("lock", 0), ("wait", 30), ("wait", 30), ("lock", 0), ("correct", 4300), ("report", 1), ("set_target", 1),
    ("return", 0), ("read", 0), ("lock", 0), ("correct", 4400),
]  # fmt: skip


@pytest.mark.requirement("G12")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happened=happenings)
@example(happened=A_WHOLE_LIFE)
def test_whatever_happens_a_day_stays_in_the_table_and_no_correction_is_lost(happened, chain, house, person, at):
    store, manager, reviewer = chain.stores[0], person("store_manager"), person("area_manager")
    now = at("2026-11-20 08:45")
    day = now.date()
    corrected = []
    with house.database.session(writes=True) as session, current_session(session):
        for number, (event, value) in enumerate(happened):
            if event == "wait":
                now += timedelta(hours=value)
                at(f"{now:%Y-%m-%d %H:%M}")
                continue
            with acting_as(reviewer if event in ("read", "return") else manager):
                before = services.find(session, store.id, day)
                state, figures = (before.state, (before.target_amount, before.amount)) if before else (None, None)
                try:
                    _let_happen(session, store, day, event, value, number)
                except services.DayRefused:
                    after = services.find(session, store.id, day)
                    assert (after.state if after else None) == state
                    assert after is None or (after.target_amount, after.amount) == figures
                    continue
                after = services.find(session, store.id, day)
                if event == "correct" and after is not None:
                    corrected.append(value)
                if event == "lock" and (after is None or after.state != "locked" or state == "locked"):
                    assert after is None or after.state == state
                elif after is not None:
                    assert after.state == ARROWS[state, event]
                if state == "locked" and event != "correct":
                    assert after.state == "locked"
                    assert (after.target_amount, after.amount) == figures
                if after is not None:
                    kept = session.scalars(
                        select(Correction.after).where(Correction.report_id == after.id).order_by(Correction.id)
                    )
                    assert [int(text.replace(",", "")) for text in kept] == corrected
        session.rollback()


def _let_happen(session, store, day, event, value, number):
    report = services.find(session, store.id, day)
    seen = report.version if report else 0
    match event:
        case "set_target":
            services.set_target(
                session, store, day, services.Target(Decimal(value)), key=f"{number}", seen_version=seen
            )
        case "report":
            services.close_day(session, store, day, services.Result(Decimal(value)), key=f"{number}", seen_version=seen)
        case "lock":
            after_the_report.lock_due(session)
        case _ if report is None:
            raise services.DayRefused("there is no report yet")
        case "correct":
            after_the_report.correct(session, report, "amount", Decimal(value), "counted again")
        case "read" | "return":
            after_the_report.review(session, report, event, "look again")
