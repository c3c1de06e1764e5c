"""Head office says what a counter asks; a clerk asks it, adds an invoice title and hands a gift out, on a phone."""

import pytest

from core.testing.browser import DESK
from plugins.customers.gifts.models import Gift, GiftIssue, GiftStock
from plugins.customers.models import Contact, Customer, Identity
from tests.plugins.customers.browser.test_counter_walk import fits


@pytest.mark.requirement("A4", "A5", "A18", "A23")
def test_a_required_e_mail_is_asked_an_invoice_title_added_and_a_gift_handed_out_once(
    chain, phone, another, enter, everybody, work, page_problems
):  # fmt: skip
    page_problems.allow("422")  # the record without the e-mail
    with work() as session:
        session.add(gift := Gift(name="手机支架"))
        session.flush()
        session.add(GiftStock(node_id=chain.stores[0].id, gift_id=gift.id, pieces=1))

    desk = enter(another(**DESK, has_touch=False, is_mobile=False), chain.people["head_office"])
    desk.goto("/admin/customers/collection/")
    desk.get_by_label("Store without a format: E-mail").select_option("required")
    desk.get_by_role("button", name="Save").click()
    desk.get_by_text("Saved: 1 changed").wait_for()

    enter(phone, chain.clerks[0]).goto("/customers/")
    phone.fill("#number", "13800138000")
    phone.get_by_text("Nobody has this number yet").wait_for()
    phone.fill("#name", "张三丰")
    phone.get_by_label("Keep name and number for after-sales service").check()
    phone.locator(".main-button").tap()
    phone.get_by_text("This store asks for it").wait_for()
    fits(phone)
    assert phone.input_value("#name") == "张三丰"
    phone.fill("#email", "Zhang@Example.com")
    phone.locator(".main-button").tap()
    phone.wait_for_url("**/customers/at/**")
    fits(phone)

    phone.get_by_text("E-mail, WeCom, invoice title").tap()
    phone.get_by_text("z****@example.com").wait_for()
    assert not phone.locator("#tax_number").is_visible()
    phone.locator("[value=invoice_title]").check()
    phone.fill("#value", "南山科技有限公司")
    phone.fill("#tax_number", "91440300MA5DLK0X1Y")
    fits(phone)
    phone.locator(".main-button").tap()
    phone.get_by_text("is known by it now").wait_for()
    assert [(one.kind, one.value) for one in everybody(Identity)][1:] == [
        ("email", "zhang@example.com"), ("invoice_title", "南山科技有限公司"),
    ]  # fmt: skip

    phone.locator(".back").tap()
    phone.get_by_role("button", name="Hand it out").tap()
    phone.get_by_text("Handed out: 手机支架").wait_for()
    fits(phone)
    assert phone.get_by_role("button", name="Hand it out").count() == 0
    phone.get_by_role("button", name="Undo").tap()
    phone.get_by_text("Taken back").wait_for()
    assert [stock.pieces for stock in everybody(GiftStock)] == [1]
    phone.get_by_role("button", name="Hand it out").tap()
    phone.get_by_text("Handed out: 手机支架").wait_for()
    phone.goto("/customers/gifts/")
    fits(phone)
    assert len(everybody(GiftIssue)) == 2
    assert everybody(Customer)[0].email == "zhang@example.com"


@pytest.mark.requirement("A2", "A3")
def test_a_contact_is_added_changed_found_and_deleted_on_a_phone(chain, phone, enter, record, everybody):
    record("13800138000", "张" * 60)
    enter(phone, chain.people["store_manager"]).goto(f"/customers/at/{everybody(Customer)[0].code}/")
    fits(phone)
    assert phone.locator(".head h1").bounding_box()["height"] <= 44, "of the longest name two lines, never the page"
    phone.get_by_text("Add a contact").tap()
    phone.fill("[name=name]", "王芳")
    phone.fill("[name=role]", "女儿")
    phone.fill("[name=mobile]", "0755 2600 1234")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    crumbs = [crumb.bounding_box() for crumb in phone.locator(".crumbs a").all()]
    assert len(crumbs) == 2 and len({crumb["y"] for crumb in crumbs}) == 1, "in one line"
    assert all(crumb["height"] >= 44 for crumb in crumbs), "each as high as a thumb"
    phone.get_by_role("button", name="Save").tap()
    phone.get_by_role("link", name="Edit").tap()
    phone.fill("[name=role]", "会计")
    phone.get_by_role("button", name="Save").tap()
    phone.get_by_role("link", name="Edit").wait_for()
    phone.goto("/admin/customers/contact/?search=wf")
    phone.get_by_role("link", name="王芳").tap()
    phone.get_by_text("会计").first.wait_for()
    assert [(one.name, one.role, one.mobile) for one in everybody(Contact)] == [("王芳", "会计", "0755-26001234")]
    phone.get_by_role("button", name="Delete").tap()
    phone.get_by_text("is in the recycle bin").wait_for()
    phone.goto(f"/customers/at/{everybody(Customer)[0].code}/")
    assert phone.get_by_text("王芳").count() == 0
