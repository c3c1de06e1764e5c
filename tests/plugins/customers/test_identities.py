"""E-mail, WeCom and invoice titles: read as they are typed, dated, one person's at a time, found in full."""

import pytest
from sqlalchemy import select

from core.audit import AuditEntry
from core.testing.factories import acting, post
from core.typed import BadValue
from plugins.customers import identities, numbers
from plugins.customers.models import Contact, Customer, Identity

NUMBER, OTHER = "13800138000", "13900139000"
DESK = "/admin/customers/customer/"


@pytest.fixture
def one(record, everybody):
    record(NUMBER, "张三")
    return everybody(Customer)[0]


@pytest.fixture
def add(clerk, one):
    """`add("email", "zhang@example.com")`: a clerk adds it to the card."""

    def send(kind, value, customer=one, store=0, **more):
        url = f"/customers/at/{customer.code}/known-by/add"
        return post(clerk(store), url, {"kind": kind, "value": value} | more)

    return send


@pytest.mark.requirement("A4", "A18")
@pytest.mark.parametrize(
    ("read", "typed", "kept"),
    [
        (identities.read_email, " Zhang.San＠Example.COM ", "zhang.san@example.com"),
        (identities.read_email, "13800138000@139.com", "13800138000@139.com"),
        (identities.read_wecom, "wmAbC-9_x", "wmAbC-9_x"),
        (identities.read_title, " 深圳市  南山科技有限公司 ", "深圳市 南山科技有限公司"),
        (identities.read_tax_number, "9144 0300 ma5d lk0x1y", "91440300MA5DLK0X1Y"),
        (identities.read_tax_number, "", ""),
        (numbers.read_telephone, "0755-2600 1234", "0755-26001234"),
        (numbers.read_telephone, "（010）62345678", "010-62345678"),
        (numbers.read_telephone, "138 0013 8000", NUMBER),
    ],
)
def test_each_is_understood_as_people_write_it(chain, read, typed, kept):
    assert read(typed) == kept


@pytest.mark.requirement("A18")
@pytest.mark.parametrize(
    ("read", "typed"),
    [
        (identities.read_email, "zhang"),
        (identities.read_email, "zhang@example"),
        (identities.read_email, "zhang..san@example.com"),
        (identities.read_email, "@example.com"),
        (identities.read_wecom, "张三"),
        (identities.read_wecom, "x" * 65),
        (identities.read_title, "司"),
        (identities.read_tax_number, "9144"),
        (numbers.read_telephone, "12345"),
    ],
)
def test_what_is_none_is_refused_with_the_reason(chain, read, typed):
    with pytest.raises(BadValue):
        read(typed)


@pytest.mark.requirement("A4", "A10", "A23")
def test_what_is_added_is_dated_masked_on_the_card_and_finds_the_card_in_full_only(add, one, clerk, everybody):
    for kind, value in (("email", "Zhang@Example.com"), ("wecom", "wmZhang007"), ("invoice_title", "南山科技有限公司")):
        assert add(kind, value, tax_number="91440300MA5DLK0X1Y").status_code == 302
    page = clerk(0).get(f"/customers/at/{one.code}/").text
    for shown in ("z****@example.com", "wm****g007", "南山科技有限公司"):
        assert shown in page
    assert "zhang@example.com" not in page.lower().replace("z****@example.com", "")
    held = {row.kind: (row.value, row.tax_number, row.until) for row in everybody(Identity)}
    assert held["invoice_title"] == ("南山科技有限公司", "91440300MA5DLK0X1Y", None)
    for words, found in (
        ("ZHANG@example.com", True),
        ("wmZhang007", True),
        ("南山科技有限公司", True),
        ("zhang@", False),
    ):
        assert ("张三" in clerk(0).get(DESK, query_string={"search": words}).text) is found, words
        assert "张三" not in clerk(4).get(DESK, query_string={"search": words}).text, "only where they have visited"


@pytest.mark.requirement("A10")
def test_a_new_e_mail_ends_the_old_one_and_an_ended_one_finds_nobody(add, one, clerk, everybody):
    add("email", "old@example.com")
    add("email", "new@example.com")
    mail = [row for row in everybody(Identity) if row.kind == "email"]
    assert [(row.value, row.until is None) for row in mail] == [("old@example.com", False), ("new@example.com", True)]
    assert everybody(Customer)[0].email == "new@example.com"
    assert "张三" not in clerk(0).get(f"{DESK}?search=old@example.com").text
    end = f"/customers/at/{one.code}/known-by/{mail[1].id}/end"
    assert post(clerk(0), end).status_code == 302
    assert (everybody(Customer)[0].email, post(clerk(0), end).status_code) == (None, 404)


def test_a_slip_of_the_pen_is_corrected_in_place(add, one, clerk, everybody):
    add("email", "zhagn@example.com")
    mail = everybody(Identity)[-1]
    url = f"/customers/at/{one.code}/known-by/{mail.id}/correct"
    refused = post(clerk(0), url, {"value": "zhang@"})
    assert (refused.status_code, "zhang@" in refused.text) == (422, True)
    assert post(clerk(0), url, {"value": "zhang@example.com"}).status_code == 302
    assert [(row.value, row.until) for row in everybody(Identity)][-1] == ("zhang@example.com", None)
    assert everybody(Customer)[0].email == "zhang@example.com"
    number = everybody(Identity)[0]
    assert post(clerk(0), f"/customers/at/{one.code}/known-by/{number.id}/end").status_code == 404, (
        "a number is changed with the record"
    )


@pytest.mark.requirement("A10", "A20")
def test_what_is_somebody_elses_is_refused_saying_whose_masked_and_logged_beyond_ones_stores(
    add, one, record, everybody, app, client_as
):
    add("email", "zhang@example.com")
    record(OTHER, "李四", store=4)
    other = everybody(Customer)[1]
    answer = add("email", "zhang@example.com", other, store=4)
    assert answer.status_code == 409
    assert "张* 138****8000" in answer.text
    assert "张三" not in answer.text
    with acting(app) as session:
        told = session.scalars(select(AuditEntry).where(AuditEntry.action == "found by number")).one()
        assert (told.row_id, told.changes) == (str(one.id), {"email": [None, "z****@example.com"]})
    record("13700137000", "王五")
    third = everybody(Customer)[2]
    assert f"张三 ({one.code})" in add("email", "zhang@example.com", third).text, "whom one sees is named"
    assert everybody(Customer)[1].email is None


@pytest.mark.requirement("A4", "A20")
def test_the_counter_tells_whose_an_e_mail_is_at_its_field_and_keeps_that_it_told(add, one, record, everybody, app):
    add("email", "zhang@example.com")
    answer = record(OTHER, "李四", store=4, email="zhang@example.com")
    assert (answer.status_code, "张* 138****8000" in answer.text, "李四" in answer.text) == (422, True, True)
    assert len(everybody(Customer)) == 1
    with acting(app) as session:
        told = session.scalars(select(AuditEntry).where(AuditEntry.action == "found by number")).one()
        assert (told.row_id, "zhang@" in str(told.changes)) == (str(one.id), False)


@pytest.mark.requirement("A10")
def test_a_merged_record_keeps_its_e_mail_and_both_find_the_one_card(add, one, record, everybody, merged, clerk):
    record(OTHER, "张三丰")
    twin = everybody(Customer)[1]
    add("email", "twin@example.com", twin)
    merged(one, twin)
    assert one.code in clerk(0).get(DESK, query_string={"search": "twin@example.com"}).text
    page = clerk(0).get(f"/customers/at/{one.code}/known-by/").text
    assert "t****@example.com" in page
    assert add("email", "twin@example.com").status_code == 302, "their own e-mail is nobody else's"
    assert [row.email for row in everybody(Customer)] == ["twin@example.com", None]


@pytest.mark.requirement("A18")
def test_the_recycle_bin_frees_an_e_mail_and_tells_who_has_it_by_now(add, one, record, everybody, client_as):
    add("email", "zhang@example.com")
    manager = client_as("store_manager")
    post(manager, f"{DESK}delete/?id={one.id}")
    record(OTHER, "李四")
    other = everybody(Customer)[1]
    assert add("email", "zhang@example.com", other).status_code == 302
    answer = post(manager, f"{DESK}restore/?id={one.id}", follow_redirects=True)
    assert (other.code in answer.text, everybody(Customer)[0].deleted_at is None) == (True, False)


@pytest.mark.requirement("A4", "A14", "A18")
def test_the_desk_edits_them_masked_and_files_bring_and_take_them(one, add, client_as, app, chain, tmp_path, everybody):
    from tests.plugins.customers.test_imports import call, import_file

    add("email", "zhang@example.com")
    path = tmp_path / "customers.csv"
    path.write_text(
        "手机号,姓名,邮箱,wecom\n13800138000,张三,zhang.san@example.com,\n13900139000,李四,li@example.com,wmLi\n13700137000,王五,li@example.com,\n13600136000,赵六,zhao@,\n",
        "utf-8",
    )
    told = call(app, import_file, "customers.customer", path, "--match", "mobile")
    assert [told[name] for name in ("created", "updated", "refused")] == [0, 1, 3], "one address is one person's"
    path.write_text(
        "手机号,姓名,邮箱,wecom\n13800138000,张三,zhang.san@example.com,\n13900139000,李四,li@example.com,wmLi\n",
        "utf-8",
    )
    told = call(app, import_file, "customers.customer", path, "--match", "mobile")
    assert [told[name] for name in ("created", "updated", "unchanged")] == [1, 0, 1]
    held = {(row.kind, row.value) for row in everybody(Identity) if row.until is None}
    assert {("email", "zhang.san@example.com"), ("email", "li@example.com"), ("wecom", "wmLi")} <= held
    assert ("email", "zhang@example.com") not in held
    file = client_as("head_office").get(f"{DESK}export/csv/?columns=name&columns=email").text
    assert "zhang.san@example.com" not in file
    assert "zha****.com" in file


@pytest.mark.requirement("A3", "A13", "A14")
def test_a_person_of_a_company_stands_on_both_cards(one, record, clerk, client_as, everybody):
    record(OTHER, "南山科技")
    company, client = everybody(Customer)[1], client_as("store_manager")
    desk = "/admin/customers/contact/"
    form = {"customer_id": company.id, "name": "", "person_id": one.id, "role": "采购", "mobile": "0755-26001234"}
    assert post(client, f"{desk}new/", form).status_code == 302
    contact = everybody(Contact)[0]
    assert (contact.name, contact.mobile) == ("张三", "0755-26001234")
    assert f"/customers/at/{one.code}/" in clerk(0).get(f"/customers/at/{company.code}/").text
    assert f"/customers/at/{company.code}/" in clerk(0).get(f"/customers/at/{one.code}/").text
    assert post(client, f"{desk}new/", form | {"person_id": company.id}).status_code == 422, (
        "nobody is their own contact"
    )
    assert post(client, f"{desk}new/", form | {"person_id": ""}).status_code == 422, "a contact has a name"
