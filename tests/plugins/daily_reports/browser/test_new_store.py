"""A new store runs in minutes: copied at the desk, its manager made, and the first target sent from the phone."""

import pytest
from sqlalchemy import select

from core.org.models import Node
from core.testing.browser import DESK
from core.testing.factories import acting
from plugins.daily_reports.models import DayReport, PlanLine
from tests.plugins.daily_reports.browser.steps import MORNING, THURSDAY, reported


def choose(desk, name, text):
    """Choose a row in a look-up field by typing a part of its name."""
    desk.fill(f"[name={name}_text]", text)
    desk.get_by_role("option", name=text).first.click()


def save(desk):
    """Press the form's main button."""
    desk.locator("form button.btn-primary").first.click()


@pytest.mark.requirement("G15")
@pytest.mark.clock(MORNING)
def test_a_new_store_is_copied_its_manager_made_and_the_first_target_sent(
    phone, another, enter, people, write, app, chain
):
    day = write(reported(41_000, day=THURSDAY.replace(day=4)))
    write(PlanLine(report_id=day.id, position=0, what="Call regular customers"))
    desk = enter(another(**DESK, has_touch=False, is_mobile=False), chain.people["head_office"])
    desk.goto("/admin/daily_reports/opening/")
    desk.get_by_role("link", name="New new store").or_(desk.locator("a[href*='/opening/new/']")).first.click()
    choose(desk, "copied_from_id", "store S1")
    choose(desk, "parent_id", "area A2")
    desk.fill("[name=code]", "S9")
    desk.fill("[name=name]", "Sea World store")
    desk.fill("[name=opened_on]", "2026-03-05")
    save(desk)
    desk.get_by_text("Still missing: 8").wait_for()
    check_list = desk.url

    desk.get_by_role("link", name="Add a person, then give the role").first.click()
    assert desk.input_value("[name=node_id_text]") == "Sea World store"
    desk.fill("[name=username]", "sea.world")
    desk.fill("[name=name]", "Chen")
    save(desk)
    desk.get_by_role("link", name="Add a role").first.click()
    assert desk.input_value("[name=person_id_text]") == "Chen"
    choose(desk, "role_id", "Store manager")
    choose(desk, "node_id", "Sea World store")
    save(desk)
    desk.goto(check_list)
    desk.get_by_role("link", name="Give a one-time password").first.click()
    desk.get_by_role("button", name="Give a one-time password").first.click()
    desk.click("#confirm [data-yes]")
    password = desk.locator("dd code").inner_text()

    phone.goto("/login")
    phone.fill("[name=username]", "sea.world")
    phone.fill("[name=password]", password)
    phone.tap(".main-button")
    for name, typed in (
        ("current", password),
        ("new", "sea world opens in spring"),
        ("again", "sea world opens in spring"),
    ):
        phone.fill(f"[name={name}]", typed)
    phone.tap(".main-button")
    phone.wait_for_url(lambda url: "password" not in url)
    phone.goto("/day/")
    assert phone.url.endswith("/day/at/S9/2026-03-05/")
    assert phone.input_value("[name=what_0]") == "Call regular customers"
    phone.fill("[name=amount]", "1.5万")
    phone.tap(".bar .main-button")
    phone.locator("#state.sent").wait_for()
    with acting(app) as session:
        sent = session.scalars(
            select(DayReport).join(Node, Node.id == DayReport.node_id).where(Node.code == "S9")
        ).one()
    assert (sent.target_amount, sent.target_late_minutes) == (15_000, 0)
    desk.goto(check_list)
    desk.get_by_text("Still missing: 5").wait_for()
