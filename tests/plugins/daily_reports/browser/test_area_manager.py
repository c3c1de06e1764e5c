"""The area's manager on the phone: who is late, what is to be read."""

import pytest

from core.inbox import Message
from core.testing.factories import acting, make_person
from tests.plugins.daily_reports.browser.steps import EVENING, MORNING, reported, target_set


@pytest.mark.requirement("G9", "G14")
@pytest.mark.clock("2026-03-05T09:45:00+08:00")
def test_the_area_manager_sees_who_is_late_and_reminds_with_one_tap(phone, another, enter, people, write, chain):
    write(target_set(node_id=chain.stores[1].id))
    enter(phone, people["area_manager"]).goto("/day/")
    phone.tap("a:has-text('Missing now')")
    phone.get_by_text("At 09:45, 1 stores are late").wait_for()
    assert "15 min late" in phone.inner_text(".missing li")
    phone.tap("button:text-is('Remind')")
    phone.get_by_text("1 stores are reminded.").wait_for()
    assert "Reminded 09:4" in phone.inner_text(".missing li")
    store = enter(another(), people["store_manager"])
    store.goto("/inbox/")
    store.get_by_text("Please set today's target").wait_for()


@pytest.mark.requirement("G9", "G14")
@pytest.mark.clock("2026-03-05T09:45:00+08:00")
def test_all_who_are_late_are_reminded_at_once_and_nobody_twice(phone, enter, people, app, chain, count):
    with acting(app) as session:
        make_person(session, "second.manager", chain.stores[1], "store_manager")
    enter(phone, people["area_manager"]).goto("/day/missing/")
    phone.tap("text=Remind all 2")
    phone.get_by_text("2 stores are reminded.").wait_for()
    phone.tap("text=Remind all 2")
    phone.get_by_text("2 stores were reminded less than ten minutes ago.").wait_for()
    assert count(Message) == 3, "the first store's manager and deputy, and the second's manager"


@pytest.mark.requirement("G9")
@pytest.mark.clock(MORNING)
def test_when_nobody_is_late_the_page_is_glad(phone, enter, people):
    enter(phone, people["area_manager"]).goto("/day/missing/")
    assert phone.get_by_text("Nobody is late").is_visible()
    assert not phone.locator(".bar").is_visible()


@pytest.mark.requirement("G12")
@pytest.mark.clock(EVENING)
def test_a_report_is_read_with_one_tap_and_the_next_one_follows(phone, enter, people, write, chain, day_of):
    write(
        reported(41_000, gap_reasons=["weather"], reflection="Rain all day."),
        reported(60_000, node_id=chain.stores[1].id),
    )
    enter(phone, people["area_manager"]).goto("/day/review/")
    page = phone.inner_text("#content")
    assert all(text in page for text in ("store S1", "82%", "9,000 yuan short", "Weather", "Rain all day."))
    phone.tap("text=Mark as reviewed")
    phone.get_by_text("store S2").wait_for()
    phone.tap("text=Mark as reviewed")
    phone.get_by_text("All reports are read").wait_for()
    assert {day_of().state, day_of(store=1).state} == {"read"}


@pytest.mark.requirement("G12")
@pytest.mark.clock(EVENING)
def test_a_report_left_for_later_comes_back_at_the_end(phone, enter, people, write, chain):
    write(reported(41_000), reported(60_000, node_id=chain.stores[1].id))
    enter(phone, people["area_manager"]).goto("/day/review/")
    phone.tap("text=Leave it for later")
    phone.get_by_text("store S2").wait_for()
    phone.tap("text=Mark as reviewed")
    phone.get_by_text("1 reports that you left for later still wait.").wait_for()
    phone.tap("text=From the beginning")
    phone.get_by_text("store S1").wait_for()


@pytest.mark.requirement("G12", "G14")
@pytest.mark.clock(EVENING)
def test_a_report_is_returned_with_a_comment_and_reported_again(
    phone, another, enter, people, write, day_of, page_problems
):
    write(reported(41_000))
    enter(phone, people["area_manager"]).goto("/day/review/")
    phone.tap("summary:has-text('Comment or return')")
    page_problems.allow("status of 422")
    phone.tap("text=Return to the store")
    phone.get_by_text("Say what is missing, so that").wait_for()
    phone.fill("[name=comment]", "Please count the visitors.")
    phone.tap("text=Return to the store")
    phone.get_by_text("All reports are read").wait_for()
    store = enter(another(), people["store_manager"])
    store.goto("/inbox/")
    store.get_by_text("Please count the visitors.").wait_for()
    store.goto("/day/")
    assert "Please count the visitors." in store.inner_text(".returned")
    assert store.input_value("[name=amount]") == "41000"
    store.fill("[name=visitors]", "80")
    store.tap("text=Send the report")
    store.get_by_text("Reported", exact=True).wait_for()
    assert (day_of().state, day_of().visitors) == ("reported", 80)
