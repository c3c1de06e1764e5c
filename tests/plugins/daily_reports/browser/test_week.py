"""The week on a phone: planned on Monday with a thumb, ticked on the way, summed up on Sunday in a minute."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from core.testing.factories import acting
from plugins.daily_reports.week.models import WeekLine, WeekReport
from tests.plugins.daily_reports.browser.steps import find_network, lose_network, reported, state_line
from tests.plugins.daily_reports.browser.test_looks import TOO_SMALL, WIDER_THAN_THE_SCREEN

MONDAY, SUNDAY = "2026-03-02T09:00:00+08:00", "2026-03-08T20:00:00+08:00"
FIRST = date(2026, 3, 2)
WEEK = "/day/week/at/S1/2026-03-02/"


@pytest.fixture
def week_of(app, chain):
    """The week as the database has it, at the first store, with its lines."""

    def read():
        with acting(app) as session:
            week = session.scalars(select(WeekReport).where(WeekReport.node_id == chain.stores[0].id)).one_or_none()
            return week, session.scalars(select(WeekLine).order_by(WeekLine.position)).all()

    return read


@pytest.mark.requirement("G4", "G8")
@pytest.mark.clock(MONDAY)
def test_a_week_is_planned_with_a_thumb_also_where_the_network_breaks(phone, enter, people, write, week_of):
    write(*(reported(5_000, day=FIRST - timedelta(days=days)) for days in range(1, 29)))
    enter(phone, people["store_manager"]).goto("/day/week/")
    assert phone.url.endswith(WEEK)
    assert phone.input_value("[name=target]") == "35000"
    phone.fill("[name=what_0]", "Train everybody on the new model")
    phone.fill("[name=standard_0]", "Each passes the test")
    phone.tap("fieldset.weekdays label:has([name=due_0][value='2'])")
    phone.fill("[name=owner_0]", "Li")
    lose_network(phone)
    phone.tap("text=Send the plan")
    state_line(phone, "Waiting for the network")
    find_network(phone)
    phone.get_by_text("Plan of the week").wait_for()
    week, (line,) = week_of()
    assert (week.target_amount, week.plan_late_minutes) == (35_000, 0)
    assert (line.what, line.standard, line.due, line.owner) == (
        "Train everybody on the new model", "Each passes the test", 2, "Li",
    )  # fmt: skip
    phone.tap("[aria-label^='Done:']")
    phone.get_by_label("Not done after all: Train everybody on the new model").wait_for()
    assert week_of()[1][0].done is True


@pytest.mark.requirement("G5")
@pytest.mark.clock(SUNDAY)
def test_the_summary_has_its_figures_already_and_needs_one_line(phone, enter, people, write, week_of):
    write(*(reported(41_000, day=FIRST + timedelta(days=days), gap_reasons=["weather"]) for days in range(6)))
    enter(phone, people["store_manager"]).goto("/day/week/")
    assert "246,000" in phone.inner_text(".result")
    assert "Weather 6" in phone.inner_text("#content")
    phone.fill("[name=reflection]", "Order the new model on Monday.")
    phone.tap("text=Send the summary")
    state_line(phone, "Summary sent")
    week, _lines = week_of()
    assert (week.state, week.reflection, week.summary_late_minutes) == (
        "summed_up",
        "Order the new model on Monday.",
        0,
    )


@pytest.mark.requirement("G8", "G9")
@pytest.mark.clock(SUNDAY)
def test_the_weeks_pages_fit_a_phone_and_a_thumb(phone, enter, people, write, chain):
    long = "Something that goes on for longer than any screen is wide and then some more "
    write(*(reported(41_000, day=FIRST + timedelta(days=days), gap_reasons=["weather", "staff"]) for days in range(6)))
    week = WeekReport(node_id=chain.stores[0].id, week=FIRST, state="planned", reflection=long * 3)
    write(week)
    write(*(WeekLine(week_id=week.id, position=number, what=long, standard=long, due=number) for number in range(3)))
    enter(phone, people["area_manager"])
    for path in ("/day/week/", WEEK, f"{WEEK}?step=plan", f"{WEEK}?step=summary", "/day/week/at/S2/2026-03-02/"):
        phone.goto(path)
        assert phone.evaluate(WIDER_THAN_THE_SCREEN) == 0, path
        assert phone.evaluate(TOO_SMALL) == [], path
