"""The day on a phone as people live it: two taps in the morning, a minute in the evening."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from core.testing.factories import acting
from plugins.daily_reports.models import MonthTarget, PlanLine
from tests.plugins.daily_reports.browser.steps import DAY, EVENING, MORNING, THURSDAY, reported, target_set


@pytest.mark.requirement("G1", "G2")
@pytest.mark.clock(MORNING)
def test_the_target_is_filled_in_and_one_tap_on_the_page_sends_it(phone, enter, people, write, day_of):
    write(*(reported(50_000, day=THURSDAY - timedelta(weeks=weeks)) for weeks in (1, 2, 3, 4)))
    enter(phone, people["store_manager"]).goto("/day/")
    assert phone.url.endswith(DAY)
    assert phone.input_value("[name=amount]") == "50000"
    assert "average of 4 50,000" in phone.inner_text(".why summary")
    phone.tap("text=Send the target")
    phone.get_by_text("Target sent").first.wait_for()
    assert (day_of().target_amount, day_of().suggested_amount) == (50_000, 50_000)


@pytest.mark.requirement("G2")
@pytest.mark.clock(MORNING)
def test_the_suggestion_says_what_the_month_still_needs_and_can_be_moved(phone, enter, people, write, day_of):
    write(*(reported(50_000, day=THURSDAY - timedelta(days=days)) for days in range(1, 29)))
    write(MonthTarget(month=date(2026, 3, 1), amount=Decimal(1_900_000)))
    enter(phone, people["deputy"]).goto(DAY)
    assert "× 1.26 the month still needs" in phone.inner_text(".why summary")
    assert phone.input_value("[name=amount]") == "63000"
    phone.tap("[data-by='+5%'], [data-by='5%']")
    phone.tap("[data-by='500']")
    phone.tap("text=Send the target")
    phone.get_by_text("66,700").first.wait_for()
    assert day_of().target_amount == 66_700


@pytest.mark.requirement("G1")
@pytest.mark.clock(MORNING)
def test_what_was_not_done_yesterday_comes_back_with_a_mark(phone, enter, people, write, app, day_of):
    yesterday = write(reported(40_000, day=THURSDAY - timedelta(days=1)))
    write(PlanLine(report_id=yesterday.id, position=0, what="Call regular customers", who="Li"))
    write(PlanLine(report_id=yesterday.id, position=1, what="Change the window", done=True))
    enter(phone, people["store_manager"]).goto(DAY)
    assert phone.input_value("[name=what_0]") == "Call regular customers"
    assert phone.locator("[name=what_1]").input_value() == ""
    assert phone.get_by_text("Not done the day before").is_visible()
    phone.fill("[name=amount]", "4.5万")
    phone.tap("text=Send the target")
    phone.get_by_text("45,000").first.wait_for()
    with acting(app) as session:
        lines = session.scalars(select(PlanLine).where(PlanLine.report_id == day_of().id)).all()
    assert [(line.what, line.who, line.carried) for line in lines] == [("Call regular customers", "Li", 1)]


@pytest.mark.requirement("G1", "G3", "G10")
@pytest.mark.clock(EVENING)
def test_the_day_is_closed_with_result_reason_and_reflection(phone, enter, people, write, day_of, app):
    report = write(target_set())
    write(PlanLine(report_id=report.id, position=0, what="Call regular customers"))
    enter(phone, people["store_manager"]).goto("/day/")
    assert not phone.locator("#reasons").is_visible()
    phone.fill("[name=amount]", "41000")
    assert phone.inner_text("#gap") == "9,000 yuan short of the target, 82% done"
    assert phone.inner_text("#reasons-title") == "Why less?"
    phone.check("[value=out_of_stock]")
    phone.check("[name=done]")
    phone.fill("[name=visitors]", "80")
    phone.fill("[name=buyers]", "20")
    assert phone.inner_text("#conversion") == "25% of the visitors bought"
    phone.fill("[name=reflection]", "Order the new model a day earlier.")
    phone.tap("text=Send the report")
    phone.get_by_text("Far from the target").wait_for()
    sent = day_of()
    assert (sent.amount, sent.gap_reasons, sent.buyers) == (41_000, ["out_of_stock"], 20)
    assert (sent.reflection, sent.report_late_minutes) == ("Order the new model a day earlier.", 0)
    with acting(app) as session:
        assert session.scalars(select(PlanLine.done).where(PlanLine.report_id == report.id)).all() == [True]


@pytest.mark.requirement("G3")
@pytest.mark.clock(EVENING)
def test_the_takings_are_added_up_while_they_are_typed(phone, enter, people, write):
    write(target_set())
    enter(phone, people["store_manager"]).goto("/day/")
    phone.fill("[name=amount]", "50,000")
    phone.tap("text=Takings by tender")
    phone.fill("[name=tender_wechat]", "3万")
    phone.fill("[name=tender_cash]", "19999.5")
    assert phone.inner_text("#tender-sum") == "Adds up to 49,999.5 yuan, the result says 50,000"
    phone.fill("[name=tender_cash]", "２００００")
    assert phone.inner_text("#tender-sum") == "Adds up to 50,000 yuan"


@pytest.mark.requirement("G3")
@pytest.mark.clock(EVENING)
def test_a_sent_figure_is_corrected_with_a_reason_that_stays(phone, enter, people, write, day_of):
    write(reported(41_000))
    enter(phone, people["store_manager"]).goto(DAY)
    phone.tap("text=Correct a figure")
    phone.fill("[name=value]", "42000")
    phone.fill("[name=reason]", "One sale was forgotten")
    phone.tap("button:text-is('Correct')")
    phone.get_by_text("One sale was forgotten").wait_for()
    assert "41,000 → 42,000" in phone.inner_text(".corrections")
    assert day_of().amount == 42_000
