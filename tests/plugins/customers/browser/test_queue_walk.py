"""Head office decides with the keys alone, takes an answer back, and sees the count follow."""

import pytest

from plugins.customers.models import Customer, Pair


def ready(page, text):
    """The page says so, and its script listens to the keys."""
    page.get_by_text(text).wait_for()
    page.wait_for_load_state()


@pytest.mark.requirement("A10", "Z9")
def test_head_office_merges_with_j_undoes_with_u_and_sees_how_many_people_there_are(
    app, chain, desk, another, enter, people, pair, everybody
):  # fmt: skip
    first, second, third, fourth = people("张三", "张三", "李四", "李四")
    pair(first, second, 0.9, reasons={"name": 15.2, "number": -1.0}), pair(third, fourth, 0.8)
    enter(desk, chain.people["head_office"]).goto("/admin/customers/pair/")
    ready(desk, "0 of 2 done")
    desk.keyboard.press("j")
    ready(desk, "1 of 2 done")
    assert everybody(Customer)[1].merged_into_id == first.id
    desk.keyboard.press("u")
    ready(desk, "0 of 2 done")
    assert everybody(Customer)[1].merged_into_id is None
    desk.keyboard.press("s")
    desk.wait_for_url("**after=*")
    desk.keyboard.press("k")
    ready(desk, "1 were skipped")
    desk.get_by_text("Begin again").click()
    desk.wait_for_url("**/admin/customers/pair/")
    desk.keyboard.press("J")
    desk.get_by_text("No pair waits").wait_for()
    assert [row.answer for row in everybody(Pair)] == ["same", "different"]
    desk.goto("/")
    desk.get_by_text("Different customers").click()
    desk.wait_for_url("**/admin/customers/count/")
    assert desk.inner_text(".people-number b") == "3"

    phone = enter(another(java_script_enabled=False), chain.people["head_office"])
    phone.goto("/admin/customers/pair/")
    phone.get_by_text("Undo my last answer").tap()
    phone.get_by_text("1 of 2 done").wait_for()
    assert phone.locator("main").bounding_box()["width"] <= 390
    phone.get_by_role("button", name="One person").tap()
    phone.get_by_text("No pair waits").wait_for()
    assert everybody(Customer)[1].merged_into_id == first.id
