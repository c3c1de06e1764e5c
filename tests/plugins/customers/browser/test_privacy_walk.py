"""A clerk hands a person the link to their own page; head office forgets them with proof; their number is asked about."""

import pytest

from core.jobs.queue import run_waiting
from core.testing.browser import DESK
from core.testing.factories import post, sign_in
from plugins.customers.models import Consent, Customer
from plugins.customers.privacy.models import Erasure

NUMBER = "13811223344"


@pytest.mark.requirement("A20", "A21", "A22", "E21")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_person_looks_corrects_withdraws_and_is_forgotten_with_proof(
    app, house, chain, phone, another, enter, everybody, page_problems
):  # fmt: skip
    page_problems.allow("404")  # the link after the erasure
    page_problems.allow("409")  # the question at the counter
    form = {"number": NUMBER, "name": "欧阳晓风", "agreed": ["service-any", "marketing-sms"], "key": "k"}
    post(sign_in(app.test_client(), chain.clerks[0]), "/customers/record", form)
    one = everybody(Customer)[0]
    clerk = enter(phone, chain.clerks[0])
    clerk.goto(f"/customers/at/{one.code}/")
    clerk.get_by_text("Make a link to their own page").tap()
    url = clerk.input_value("#link")
    clerk.locator("#copy").tap()
    clerk.get_by_text("Copied").wait_for()

    person = another()
    person.goto(url)
    assert person.evaluate("document.documentElement.scrollWidth") <= 390
    assert NUMBER not in person.content() and person.get_by_text("138****3344").is_visible()
    person.fill("#address", "梅林路77号")
    person.get_by_text("保存修改").tap()
    person.get_by_text("门店马上能看到").wait_for()
    person.get_by_label("撤回: 短信优惠通知").tap()
    person.get_by_text("已记下，即刻生效").wait_for()
    assert [row.withdrawn_how for row in everybody(Consent) if row.purpose == "marketing"] == ["self"]
    person.get_by_text("我要删除我的资料").tap()
    person.get_by_text("确定，请删除").tap()
    person.get_by_text("总部已收到您删除资料的要求").wait_for()

    desk = enter(another(**DESK, has_touch=False, is_mobile=False), chain.people["head_office"])
    desk.goto("/inbox/")
    desk.get_by_text(one.code).first.click()
    desk.get_by_text("kept as proof, without the person").first.wait_for()
    desk.fill("#reason", "asked on the own page")
    desk.fill("#word", one.code)
    desk.get_by_role("button", name="Forget for good").click()
    desk.wait_for_url("**/jobs/*")
    with app.app_context():
        run_waiting(house)
    desk.wait_for_url("**/erasure/details/**")
    assert desk.get_by_text("Known by").first.is_visible()
    assert everybody(Erasure)[0].reason == "asked on the own page"

    assert person.goto(url).status == 404
    clerk.goto("/customers/")
    clerk.fill("#number", NUMBER)
    clerk.get_by_text("This person asked to be forgotten on").wait_for()
    clerk.fill("#name", "欧阳")
    clerk.get_by_label("Keep name and number for after-sales service").check()
    clerk.locator(".main-button").tap()
    clerk.get_by_text("I asked: they want to be recorded").tap()
    clerk.get_by_text("欧阳 is recorded").wait_for()
