"""A clerk records a person on a phone; a clerk of another store finds them, and sees no more than is allowed."""

import time

import pytest
from sqlalchemy import select

from core.audit import AuditEntry
from core.testing.browser import DESK
from core.testing.factories import acting, post, sign_in
from plugins.customers.models import Customer, Visit

NUMBER = "13800138000"
A_THUMB = 44


def fits(page):
    """The page is as wide as the phone, and what is tapped is as large as a thumb."""
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    small = page.eval_on_selector_all(
        "main a, main button, main summary, .bar button, main label.tick, .big",
        "(found, thumb) => found.filter(one => one.offsetParent && one.offsetHeight < thumb).map(one => one.outerHTML)",
        A_THUMB,
    )
    assert small == []


@pytest.mark.requirement("A1", "A4", "A9", "A19", "A20", "A21", "J4", "J13")
def test_a_person_recorded_in_one_store_is_found_in_another_masked_and_taken_on(
    app, chain, phone, another, enter, everybody, page_problems
):  # fmt: skip
    page_problems.allow("404")  # the card of another store's customer, and the counter when the plugin is off
    enter(phone, chain.clerks[0]).goto("/customers/")
    fits(phone)
    began = time.monotonic()
    phone.fill("#number", "138 0013 8000")
    phone.get_by_text("Nobody has this number yet").wait_for()
    phone.fill("#name", "张三丰")
    phone.get_by_label("Keep name and number for after-sales service").check()
    phone.locator(".main-button").tap()
    phone.wait_for_url("**/customers/at/**")
    assert time.monotonic() - began < 30
    assert phone.get_by_text("138****8000").is_visible()
    fits(phone)
    one = everybody(Customer)[0]

    phone.goto("/customers/")
    phone.fill("#number", "1380013")
    phone.get_by_text("张三丰").wait_for()
    fits(phone)

    other = enter(another(), chain.clerks[4])
    assert other.goto(f"/customers/at/{one.code}/").status == 404
    other.goto("/customers/")
    other.fill("#number", "1380013")
    other.wait_for_timeout(600)
    assert "张" not in other.inner_text("#found")
    other.fill("#number", NUMBER)
    other.get_by_text("Known in another store").wait_for()
    fits(other)
    for hidden in ("张三丰", NUMBER, one.code):
        assert hidden not in other.inner_html("main").replace(f'value="{NUMBER}"', "")
    other.get_by_text("Take on", exact=True).tap()
    other.wait_for_url("**/customers/at/**")
    assert other.get_by_text("张三丰").first.is_visible()
    assert [visit.reason for visit in everybody(Visit)] == ["recorded", "taken_on"]
    with acting(app) as session:
        told = list(session.scalars(select(AuditEntry.person_id).where(AuditEntry.action == "found by number")))
    assert told == [chain.clerks[4].id]

    assert post(sign_in(app.test_client(), chain.people["it"]), "/admin/plugins/customers/disable/").status_code == 302
    assert phone.goto("/customers/").status == 404
    manager = enter(phone, chain.people["store_manager"])
    assert manager.goto("/day/").status == 200
    assert "/day/at/S1/" in manager.url and "store S1" in manager.inner_text("body")


def test_without_scripts_the_counter_finds_records_and_keeps_what_was_typed(
    chain, another, enter, everybody, page_problems
):
    page_problems.allow("422")  # a number with a digit too few
    plain = enter(another(java_script_enabled=False), chain.clerks[0])
    plain.goto("/customers/")
    plain.fill("#number", "1380013800")
    plain.fill("#name", "李四")
    plain.get_by_text("Look up").tap()
    plain.get_by_text("this one has 10").wait_for()
    assert plain.input_value("#name") == "李四"
    plain.fill("#number", NUMBER)
    plain.get_by_label("Keep name and number for after-sales service").check()
    plain.locator(".main-button").tap()
    plain.get_by_text("is recorded").wait_for()
    assert [one.name for one in everybody(Customer)] == ["李四"]


def test_at_a_desk_the_same_counter_works_with_the_keyboard_alone(chain, another, enter, everybody):
    desk = enter(another(**DESK, has_touch=False, is_mobile=False), chain.clerks[0])
    desk.goto("/customers/")
    desk.keyboard.type(NUMBER)
    desk.get_by_text("Nobody has this number yet").wait_for()
    desk.focus("#name")
    desk.keyboard.type("王五")
    desk.keyboard.press("Tab")
    desk.keyboard.press("Space")
    desk.keyboard.press("Enter")
    desk.wait_for_url("**/customers/at/**")
    assert [one.name for one in everybody(Customer)] == ["王五"]


@pytest.mark.requirement("A4", "A10")
def test_a_number_that_was_given_out_again_gets_its_new_owner_on_the_phone(
    record, phone, enter, chain, everybody, page_problems
):
    page_problems.allow("409")  # whose the number is
    record(NUMBER, "张三丰")
    record("13900139000", "赵六", store=4)
    enter(phone, chain.clerks[0])
    for number, name in ((NUMBER, "李四"), ("13900139000", "王五")):
        phone.goto("/customers/")
        phone.fill("#number", number)
        phone.get_by_text("Somebody else has this number now").tap()
        fits(phone)
        phone.fill("#name", name)
        phone.get_by_label("Keep name and number for after-sales service").check()
        phone.locator(".main-button").tap()
        phone.get_by_text("The number has a new owner").tap()
        phone.get_by_text(f"{name} is recorded").wait_for()
    assert [(one.name, one.mobile) for one in everybody(Customer)][2:] == [("李四", NUMBER), ("王五", "13900139000")]


@pytest.mark.requirement("A4")
def test_without_a_network_nothing_typed_is_lost_and_it_is_recorded_once(phone, enter, chain, everybody, page_problems):
    page_problems.allow("503")  # the page of a server that is away
    enter(phone, chain.clerks[0]).goto("/customers/")
    phone.fill("#number", NUMBER)
    phone.get_by_text("Nobody has this number yet").wait_for()
    phone.fill("#name", "王小明 🎉")
    phone.get_by_label("Keep name and number for after-sales service").check()
    phone.context.set_offline(True)
    phone.locator(".main-button").tap()
    phone.get_by_text("so nothing is saved yet").wait_for()
    phone.context.set_offline(False)

    phone.route("**/customers/record", lambda route: route.fulfill(status=503, body="away"))
    phone.locator(".main-button").tap()
    phone.get_by_text("away").wait_for()
    phone.unroute("**/customers/record")
    phone.go_back()
    phone.get_by_text("Nobody has this number yet").wait_for()
    assert (phone.input_value("#number"), phone.input_value("#name")) == (NUMBER, "王小明 🎉")
    assert phone.get_by_label("Keep name and number for after-sales service").is_checked()
    phone.locator(".main-button").tap()
    phone.wait_for_url("**/customers/at/**")
    assert [one.name for one in everybody(Customer)] == ["王小明 🎉"]
    phone.goto("/customers/")
    assert phone.input_value("#number") == "", "the next customer finds an empty form"
