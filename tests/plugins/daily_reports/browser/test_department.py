"""A department reports on the phone: its own figure in the morning, its own fields in the evening."""

from datetime import time

import pytest
from sqlalchemy import select

from core.org.models import Node
from core.testing.browser import DESK
from core.testing.factories import acting, make_person
from plugins.daily_reports.models import DayReport
from tests.plugins.daily_reports.browser.steps import EVENING, state_line
from tests.plugins.daily_reports.browser.test_looks import TOO_SMALL, WIDER_THAN_THE_SCREEN

PAGE = "/day/at/D1/2026-03-05/"


@pytest.mark.requirement("G6")
@pytest.mark.clock(EVENING)
def test_a_form_made_at_the_desk_is_filled_in_on_the_phone(phone, another, enter, app, chain):
    with acting(app) as session:
        head = make_person(session, "head.of.service", chain.department, "store_manager")
        session.get(Node, chain.department.id).closes = time(18)
    desk = enter(another(**DESK, has_touch=False, is_mobile=False), chain.people["head_office"])
    desk.goto("/admin/daily_reports/template/new/")
    desk.fill("[name=node_id_text]", "department D1")
    desk.get_by_role("option", name="department D1").first.click()
    for name, typed in {
        "figure": "Customers called", "unit": "个", "figures": "Complaints closed\nParts ordered",
        "reasons": "Line busy\nNo parts", "opens": "09:00", "closes": "20:45",
    }.items():  # fmt: skip
        desk.fill(f"[name={name}]", typed)
    desk.select_option("[name=weekdays]", "12345")
    desk.locator("form button.btn-primary").first.click()
    desk.get_by_text("In charge").wait_for()

    enter(phone, head).goto("/day/")
    assert phone.url.endswith(PAGE)
    phone.goto(f"{PAGE}?step=close")
    assert phone.evaluate(WIDER_THAN_THE_SCREEN) == 0
    assert phone.evaluate(TOO_SMALL) == []
    phone.fill("[name=amount]", "54")
    phone.fill("[name=figure_0]", "3")
    phone.fill("[name=reflection]", "Call in the morning.")
    phone.tap("text=Send the report")
    state_line(phone, "Report sent")
    assert "54个" in phone.inner_text(".result")
    with acting(app) as session:
        sent = session.scalars(select(DayReport).where(DayReport.node_id == chain.department.id)).one()
    assert (sent.amount, sent.figures) == (54, {"Complaints closed": "3"})
