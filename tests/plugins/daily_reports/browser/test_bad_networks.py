"""Bad networks, two taps, two people: what was typed is never lost and never doubled."""

from datetime import timedelta

import pytest

from plugins.daily_reports.models import DayReport, Submission
from tests.plugins.daily_reports.browser.steps import (
    DAY,
    EVENING,
    MORNING,
    THURSDAY,
    find_network,
    lose_network,
    state_line,
    target_set,
)


@pytest.mark.requirement("J5", "G2")
@pytest.mark.clock(MORNING)
def test_without_a_network_the_form_waits_and_is_sent_once_when_it_is_back(phone, enter, people, day_of, count):
    enter(phone, people["store_manager"]).goto(DAY)
    lose_network(phone)
    phone.fill("[name=amount]", "52000")
    state_line(phone, "Saved on this phone")
    phone.tap("text=Send the target")
    state_line(phone, "Waiting for the network")
    assert count(DayReport) == 0
    find_network(phone)
    state_line(phone, "Target sent")
    assert (day_of().target_amount, count(Submission), count(DayReport)) == (52_000, 1, 1)


@pytest.mark.requirement("J5")
@pytest.mark.clock(MORNING)
def test_an_answer_that_gets_lost_makes_no_second_record(phone, enter, people, day_of, count, page_problems):
    page_problems.allow("ERR_FAILED")
    lost = []

    def lose_the_answer(route):
        if lost:
            return route.continue_()
        lost.append(route.fetch().status)
        return route.abort()

    enter(phone, people["store_manager"]).goto(DAY)
    phone.route("**/target", lose_the_answer)
    phone.fill("[name=amount]", "52000")
    phone.tap("text=Send the target")
    state_line(phone, "Waiting for the network")
    assert (lost, count(Submission)) == ([200], 1)
    taken = day_of()
    phone.evaluate("dispatchEvent(new Event('online'))")
    state_line(phone, "Target sent")
    assert (day_of().target_amount, day_of().version, count(Submission)) == (52_000, taken.version, 1)


@pytest.mark.requirement("J5")
@pytest.mark.clock(MORNING)
def test_what_was_typed_is_there_again_after_a_reload(phone, enter, people, count):
    enter(phone, people["store_manager"]).goto(DAY)
    phone.fill("[name=amount]", "52000")
    phone.fill("[name=what_0]", "Call regular customers")
    key = phone.input_value("[name=key]")
    phone.reload()
    state_line(phone, "Brought back what you had not sent yet")
    assert phone.input_value("[name=amount]") == "52000"
    assert phone.input_value("[name=what_0]") == "Call regular customers"
    assert phone.input_value("[name=key]") == key
    phone.tap("text=Drop mine")
    phone.locator("[name=amount]:not([value='52000'])").wait_for()
    assert phone.input_value("[name=amount]") == ""
    assert count(DayReport) == 0


@pytest.mark.requirement("J5", "G3")
@pytest.mark.clock("2026-03-05T23:58:00+08:00")
def test_a_form_opened_at_2358_and_sent_at_0003_lands_on_the_day_it_was_opened(
    phone, live_server, enter, people, write, day_of
):
    write(target_set())
    enter(phone, people["store_manager"]).goto("/day/")
    phone.fill("[name=amount]", "51000")
    live_server.move_clock("2026-03-06T00:03:00+08:00")
    phone.tap("text=Send the report")
    state_line(phone, "Report sent 03-06 00:03")
    assert day_of().amount == 51_000
    assert day_of(THURSDAY + timedelta(days=1)) is None


@pytest.mark.requirement("J5", "G3")
@pytest.mark.clock("2026-03-05T23:58:00+08:00")
def test_a_form_of_yesterday_is_sent_from_the_page_of_today(phone, live_server, enter, people, write, day_of):
    write(target_set())
    enter(phone, people["store_manager"]).goto(DAY)
    lose_network(phone)
    phone.fill("[name=amount]", "51000")
    phone.tap("text=Send the report")
    state_line(phone, "Waiting for the network")
    phone.goto("about:blank")
    live_server.move_clock("2026-03-06T08:40:00+08:00")
    find_network(phone)
    phone.goto("/day/")
    assert phone.url.endswith("/2026-03-06/")
    state_line(phone, "03-05 Thursday · store S1 Sent")
    assert day_of().amount == 51_000
    assert day_of(THURSDAY + timedelta(days=1)) is None


@pytest.mark.requirement("J5")
@pytest.mark.clock("2026-03-05T23:58:00+08:00")
def test_a_form_that_comes_too_late_is_kept_and_says_why(phone, live_server, enter, people, page_problems, count):
    page_problems.allow("status of 422")
    enter(phone, people["store_manager"]).goto(f"{DAY}?step=target")
    lose_network(phone)
    phone.fill("[name=amount]", "52000")
    phone.tap("text=Send the target")
    phone.goto("about:blank")
    live_server.move_clock("2026-03-06T08:40:00+08:00")
    find_network(phone)
    phone.goto("/day/")
    notice = phone.locator(".notice", has_text="03-05 Thursday · store S1 · ¥52000")
    notice.wait_for()
    assert "its target was accepted until 03:00" in notice.inner_text()
    notice.get_by_text("Drop mine").tap()
    phone.reload()
    assert phone.locator(".notice").count() == 0
    assert count(DayReport) == 0


@pytest.mark.requirement("G2")
@pytest.mark.clock(MORNING)
def test_a_double_tap_makes_one_record(phone, enter, people, count, day_of):
    enter(phone, people["store_manager"]).goto(DAY)
    phone.fill("[name=amount]", "52000")
    phone.evaluate("for (const n of [1, 2]) document.querySelector('.main-button').click()")
    state_line(phone, "Target sent")
    assert (count(DayReport), count(Submission), day_of().target_amount) == (1, 1, 52_000)


@pytest.mark.requirement("G3")
@pytest.mark.clock(EVENING)
def test_a_mistake_is_shown_at_its_field_and_everything_typed_stays(
    phone, enter, people, write, page_problems, count, day_of
):
    page_problems.allow("status of 422")
    write(target_set())
    enter(phone, people["store_manager"]).goto(DAY)
    phone.fill("[name=amount]", "41000")
    phone.check("[value=weather]")
    phone.fill("[name=visitors]", "20")
    phone.fill("[name=buyers]", "80")
    phone.fill("[name=reflection]", "Rain all day.")
    phone.tap("text=Send the report")
    phone.locator("[data-field=buyers] .field-error", has_text="More buyers than visitors").wait_for()
    assert phone.is_checked("[value=weather]")
    assert phone.input_value("[name=reflection]") == "Rain all day."
    assert count(Submission) == 0
    phone.fill("[name=visitors]", "90")
    phone.tap("text=Send the report")
    state_line(phone, "Report sent")
    assert (day_of().visitors, count(Submission)) == (90, 1)


@pytest.mark.requirement("G2", "G12")
@pytest.mark.clock(MORNING)
def test_who_was_slower_sees_the_other_figure_and_may_send_their_own(
    phone, another, enter, people, day_of, page_problems
):
    page_problems.allow("status of 409")
    enter(phone, people["store_manager"]).goto(DAY)
    deputy = enter(another(), people["deputy"])
    deputy.goto(DAY)
    deputy.fill("[name=amount]", "48000")
    deputy.tap("text=Send the target")
    state_line(deputy, "Target sent")
    phone.fill("[name=amount]", "52000")
    phone.tap("text=Send the target")
    phone.get_by_text("Name of deputy was faster and sent 48,000").wait_for()
    assert (phone.input_value("[name=amount]"), day_of().target_amount) == ("52000", 48_000)
    phone.tap("text=Send mine instead")
    state_line(phone, "Target sent")
    assert day_of().target_amount == 52_000


@pytest.mark.requirement("J5")
@pytest.mark.clock(MORNING)
def test_who_is_signed_out_meanwhile_keeps_the_form_and_sends_it_after_signing_in(
    phone, enter, people, count, day_of, page_problems
):
    page_problems.allow("status of 401")
    enter(phone, people["store_manager"]).goto(DAY)
    phone.fill("[name=amount]", "52000")
    phone.context.clear_cookies()
    phone.tap("text=Send the target")
    phone.get_by_text("You are signed out. What you typed is kept on this phone.").wait_for()
    assert phone.get_attribute("text=Sign in and send", "href") == "/login?next=%2Fday%2Fat%2FS1%2F2026-03-05%2F"
    assert count(DayReport) == 0
    enter(phone, people["store_manager"]).goto(DAY)
    state_line(phone, "Target sent")
    assert day_of().target_amount == 52_000


@pytest.mark.requirement("J5")
@pytest.mark.clock(MORNING)
def test_on_a_shared_phone_nobody_sees_or_sends_the_draft_of_another(phone, enter, people, count):
    enter(phone, people["store_manager"]).goto(DAY)
    lose_network(phone)
    phone.fill("[name=amount]", "52000")
    phone.tap("text=Send the target")
    state_line(phone, "Waiting for the network")
    phone.goto("about:blank")
    find_network(phone)
    enter(phone, people["deputy"]).goto(DAY)
    assert phone.input_value("[name=amount]") == ""
    assert (phone.inner_text("#state"), count(DayReport)) == ("", 0)


@pytest.mark.requirement("G2", "G3")
@pytest.mark.clock(EVENING)
def test_without_scripts_the_forms_work_and_keep_what_was_typed(another, enter, people, write, day_of, page_problems):
    page_problems.allow("status of 4(09|22)")
    write(target_set())
    plain = enter(another(java_script_enabled=False), people["store_manager"])
    plain.goto("/day/")
    assert plain.locator("#reasons").is_visible()
    plain.fill("[name=amount]", "many")
    plain.fill("[name=reflection]", "Rain all day.")
    plain.check("[value=weather]")
    plain.tap("text=Send the report")
    plain.locator("[data-field=amount] .field-error", has_text="is not an amount").wait_for()
    assert plain.input_value("[name=amount]") == "many"
    assert plain.is_checked("[value=weather]")
    write_version = day_of().version
    deputy = enter(another(), people["deputy"])
    deputy.goto(f"{DAY}?step=target")
    deputy.fill("[name=amount]", "60000")
    deputy.tap("text=Change the target")
    deputy.get_by_text("Target 60,000 yuan").wait_for()
    assert day_of().version == write_version + 1
    plain.fill("[name=amount]", "41000")
    plain.tap("text=Send the report")
    plain.get_by_text("Name of deputy was faster").wait_for()
    assert plain.input_value("[name=reflection]") == "Rain all day."
    plain.tap("text=Send mine instead")
    plain.get_by_text("Far from the target").wait_for()
    assert (day_of().amount, day_of().reflection, day_of().target_amount) == (41_000, "Rain all day.", 60_000)
