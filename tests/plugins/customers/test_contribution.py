"""What each customer brings the company: told by a sheet or a plugin, kept for twelve full months, seen by whom it concerns."""

import csv
import gzip
import io
import os
from collections import defaultdict
from datetime import date
from decimal import Decimal
from itertools import islice

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core import clock, language, typed
from core.access.person import SYSTEM
from core.audit import AuditEntry
from core.commands.data import import_file, import_revert
from core.exchange.models import ImportRow
from core.testing.factories import acting, give_role, post, sign_in
from plugins.customers import api
from plugins.customers.contribution import rollups
from plugins.customers.contribution.models import Contribution, YearKept
from plugins.customers.contribution.months import full_year, read_month
from plugins.customers.contribution.ranking import ranking, share
from plugins.customers.models import Customer
from plugins.customers.privacy import forgetting, personal
from tests.plugins.customers.test_imports import REAL, call

FEN = Decimal("0.01")
PAGE, LIST, MONTHS = "/admin/customers/contributors/", "/admin/customers/customer/", "/admin/customers/contribution/"
FILE = f"{PAGE}export/csv/"
FIGURE = "7,654,321"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
pytestmark = pytest.mark.requirement("A16")


@pytest.fixture
def tell(app):
    """`tell((customer, month, revenue, profit), …, source="sales")`: a plugin tells what customers brought."""

    def put(*told, source="sales"):
        with app.app_context(), acting(app):
            api.put_contributions(
                source,
                [api.Figures(one.id, month, Decimal(revenue), Decimal(profit)) for one, month, revenue, profit in told],
            )

    return put


@pytest.fixture
def bring(app, chain, tmp_path):
    """`bring("客户,月份,销售额,毛利\\n…")` imports a sheet and returns what was told."""

    def run(lines):
        (path := tmp_path / "contribution.csv").write_text(f"客户,月份,销售额,毛利\n{lines}", "utf-8")
        return call(app, import_file, "customers.contribution", path)

    return run


@pytest.fixture
def profits(everybody):
    """The gross profit of twelve months on each record, by name."""
    return lambda: {one.name: one.year_profit for one in everybody(Customer)}


@pytest.fixture
def rich(people, tell):
    """Three people of three stores; the first and second are of the first area, the third is the second's."""
    first, second, third = people("张三", "李四", "王五")
    month = full_year()[-1]
    tell((first, month, 10_000_000, 7_654_321), (second, month, 300, 100), (third, month, 80, -20))
    return first, second, third


# The months


@pytest.mark.parametrize(
    "text",
    ["2026-05", "2026/5", "2026.05", "202605", "2026年5月", "２０２６－０５", "2026-05-17", "2026-05-01 00:00:00"],
)
def test_a_month_is_read_as_people_and_other_systems_write_it(text):
    assert read_month(text) == date(2026, 5, 1)


@pytest.mark.parametrize("text", ["5月", "2026-13", "May", "2026", "2199-01"])
def test_what_is_no_month_or_still_to_come_is_refused(text):
    with pytest.raises(typed.BadValue):
        read_month(text)


@given(st.dates(date(2001, 1, 1), date(2190, 12, 31)))
def test_twelve_full_months_end_with_the_last_one_that_is_over(today):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "today", lambda: today)
        months = full_year()
    assert (len(months), months[-1] < today.replace(day=1)) == (12, True)
    numbers = [month.year * 12 + month.month for month in [*months, today]]
    assert numbers == list(range(numbers[0], numbers[0] + 13))


# The sheet


def test_a_sheet_names_customers_by_code_number_elsewhere_or_mobile_and_is_taken_back_whole(
    app, bring, people, work, profits, count
):
    first, second, third = people("张三", "李四", "王五")
    with work() as session:
        session.get(Customer, second.id).external_id = "VIP-7"
    older, last = (f"{month:%Y-%m}" for month in full_year()[-2:])
    sheet = (
        f'{first.code},{last},1000,200.50\nVIP-7,{last.replace("-", "/")},"¥2,000",300\n{third.mobile},{last}-15,500,-80\n{first.code},{older},1万,99.50\n'
        f"nobody,{last},1,1\n{first.code},2026-13,1,1\n{first.code},2199-01,1,1\n{first.code},{last}-01,much,1\n"
    )
    told = bring(sheet)
    assert [told[name] for name in ("created", "updated", "refused")] == [4, 0, 4]
    assert profits() == {"张三": 300, "李四": 300, "王五": -80}
    again = bring(sheet)
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 4)
    assert call(app, import_revert, told["batch"])["removed"] == 4
    assert (count(Contribution), set(profits().values())) == (0, {0})


def test_a_second_sheet_changes_what_the_first_said_and_not_what_a_plugin_tells(bring, tell, people, profits, count):
    [one] = people("张三")
    last = full_year()[-1]
    tell((one, last, 100, 10))
    bring(f"{one.code},{last:%Y-%m},1000,200\n")
    assert bring(f"{one.mobile},{last:%Y-%m},1000,250\n")["updated"] == 1, "the same customer by another number"
    assert (profits(), count(Contribution)) == ({"张三": 260}, 2)


def test_a_text_that_means_two_customers_means_none(bring, people, work):
    first, second = people("张三", "李四")
    with work() as session:
        session.get(Customer, first.id).external_id = second.mobile
    assert bring(f"{second.mobile},2026-01,1,1\n")["refused"] == 1


def test_customers_who_brought_something_stay_when_their_own_import_is_taken_back(
    app, chain, tell, tmp_path, everybody
):
    (path := tmp_path / "customers.csv").write_text("CustomerID\nA1\nA2\n")
    told = call(app, import_file, "customers.customer", path, "--match", "external_id")
    tell((everybody(Customer)[0], full_year()[-1], 10, 1))
    back = call(app, import_revert, told["batch"])
    assert (back["removed"], back["kept"], [one.external_id for one in everybody(Customer)]) == (1, 1, ["A1"])


def test_head_office_looks_at_a_sheet_before_it_is_written_and_others_bring_none(chain, people, client_as, count):
    [one] = people("张三")
    office, last = client_as("head_office"), full_year()[-1]

    def send(client):
        sheet = f"客户编码,月份,销售额,毛利\n{one.code},{last},5,1\n{one.code},2199-01,5,1\n".encode()
        return post(
            client, f"{MONTHS}import/", {"file": (io.BytesIO(sheet), "brought.csv")}, content_type="multipart/form-data"
        )

    assert "is still to come" in office.get(send(office).location).text
    assert count(Contribution) == 0
    assert {send(client_as(role)).status_code for role in ("leader", "area_manager", "store_manager", "clerk")} == {403}


# A plugin


def test_a_plugin_replaces_what_it_told_and_nothing_else(tell, people, profits, app):
    first, second = people("张三", "李四")
    older, last = full_year()[-2:]
    tell((first, older, 100, 10), (first, last, 100, 20), (second, last, 50, 5))
    tell((first, last, 200, 60))
    tell((first, last, 9, 3), source="repairs")
    assert profits() == {"张三": 73, "李四": 5}
    with acting(app) as session:
        assert session.scalars(select(YearKept.profit)).one() == 78
    for source, month in (("import", last), ("sales", last.replace(day=2))):
        with pytest.raises(ValueError, match="first day"):
            tell((first, month, 1, 1), source=source)


def test_neither_the_version_of_a_record_nor_its_audit_knows_what_it_brought(rich, everybody, app):
    assert {one.version for one in everybody(Customer)} == {1}
    with acting(app) as session:
        assert "profit" not in str(session.execute(select(AuditEntry.changes)).all())


# The year


def test_when_the_month_turns_all_rows_follow(rich, profits, app, monkeypatch):
    last = full_year()[-1]
    monkeypatch.setattr(clock, "today", lambda: date(last.year + 1, last.month, 28))
    with acting(app) as session:
        assert rollups.move_on(session) == 0, "it is the first of the twelve still"
    monkeypatch.setattr(clock, "today", lambda: date(last.year + 1 + last.month // 12, last.month % 12 + 1, 1))
    with acting(app) as session:
        assert rollups.move_on(session) == 3
    assert set(profits().values()) == {0}


def test_until_the_night_has_moved_on_all_rows_speak_of_the_same_months(
    rich, tell, profits, app, monkeypatch, client_as
):
    last = full_year()[-1]
    monkeypatch.setattr(clock, "today", lambda: date(last.year + 2, last.month, 1))
    tell((rich[0], last, 9, 5), (rich[1], full_year()[-1], 9, 4))
    assert profits() == {"张三": 5, "李四": 100, "王五": -20}
    assert f"to {last:%Y-%m}" in client_as("leader").get(PAGE).text
    with acting(app) as session:
        rollups.move_on(session)
    assert profits() == {"张三": 0, "李四": 4, "王五": 0}


# One person, a forgotten person


def test_the_records_of_one_person_add_up_and_come_apart_again(rich, merged, undone, profits, client_as):
    first, second, _third = rich
    number = merged(first, second)
    assert profits()["张三"] == 7_654_421
    page = client_as("leader").get(f"/customers/at/{first.code}/").text
    assert "7,654,421 yuan" in page
    assert "100.0% of the whole chain" in page
    undone(number)
    assert profits() == {"张三": 7_654_321, "李四": 100, "王五": -20}


def test_whoever_is_forgotten_takes_their_figures_along(app, bring, people, everybody):
    first, second = people("张三", "李四")
    last = full_year()[-1]
    bring(f"{first.code},{last},10,4\n{second.code},{last},20,7\n")
    language.set_locale("en")  # the command has spoken the house's
    with app.app_context(), acting(app) as session:
        held = {part.title: part.rows for part in personal.held(session, frozenset({first.id}))}
        assert held["Contribution by month"] == [{"Month": last, "Revenue": 10, "Gross profit": 4}], "the copy has them"
        forgetting.forget(session, session.get(Customer, first.id), "asked")
    assert [row.customer_id for row in everybody(Contribution)] == [second.id]
    assert (everybody(Customer)[0].year_profit, everybody(YearKept)[0].profit) == (0, 7)
    assert ["profit" in row.values for row in everybody(ImportRow)] == [False, True]


# Who sees it


def shown_to(client, customer):
    """Everything somebody can see of what a customer brings."""
    columns = "columns=code&columns=year_profit"
    return [
        client.get(address).text
        for address in (
            f"{LIST}?{columns}&sort=year_profit&desc=1", f"{LIST}print/?{columns}", f"{LIST}export/csv/?{columns}", f"{LIST}export/csv/",
            f"{LIST}details/?id={customer.id}", f"/customers/at/{customer.code}/", PAGE, MONTHS,
            f"{MONTHS}export/csv/",
        )
    ]  # fmt: skip


@pytest.mark.parametrize("role", ["clerk", "technician", "deputy", "store_manager"])
def test_who_works_in_a_store_sees_none_of_it_anywhere(rich, role, client_as):
    first = rich[0]
    client = client_as(role)
    assert not [
        text for text in shown_to(client, first) if FIGURE in text or "7654321" in text or "Gross profit" in text
    ]
    assert {client.get(page).status_code for page in (PAGE, MONTHS)} == {post(client, FILE).status_code} == {403}
    below, above = (client.get(f"{LIST}?year_profit_{bound}=5").text for bound in ("from", "to"))
    assert first.name in below and first.name in above, "what one may not see narrows nothing either"


@pytest.mark.parametrize("role", ["head_office", "leader", "area_manager"])
def test_head_office_leader_and_area_manager_see_it_everywhere(rich, role, client_as):
    texts = shown_to(client_as(role), rich[0])
    assert [FIGURE in text or "7654321" in text for text in texts] == [True] * len(texts)


def test_an_area_manager_sees_the_customers_of_the_area_and_no_share_of_the_chain(people, tell, client_as, chain):
    names = [f"P{number}" for number in range(8)]
    customers = people(*names)
    tell(*((one, full_year()[-1], 10, 1 + position) for position, one in enumerate(customers)))
    area, leader = client_as("area_manager"), client_as("leader")
    page = area.get(PAGE).text
    assert [f">{name}</a>" in page for name in names] == [store.area_id == chain.areas[0].id for store in chain.stores]
    card = f"/customers/at/{customers[0].code}/"
    assert "of the whole chain" in leader.get(card).text
    assert "of the whole chain" not in area.get(card).text and "Gross profit, 12 months" in area.get(card).text


def test_who_may_see_it_in_one_area_only_is_shown_no_column_of_two(rich, app, chain, work, client_as):
    both = chain.people["area_manager"]
    with work() as session:
        give_role(session, both, "clerk", chain.stores[7])
    page = sign_in(app.test_client(), both).get(f"{LIST}?columns=year_profit&sort=year_profit").text
    assert "Gross profit" not in page and FIGURE not in page


def test_the_list_is_sorted_and_narrowed_by_it(rich, client_as):
    office = client_as("head_office")
    page = office.get(f"{LIST}?sort=year_profit&desc=1").text
    assert page.index("张三") < page.index("李四") < page.index("王五")
    page = office.get(f"{LIST}?year_profit_from=50&year_profit_to=5000").text
    assert ("李四" in page, "张三" in page, "王五" in page) == (True, False, False)


# Who brings the profit


def test_the_page_says_what_the_first_fifth_brings_and_how_it_was_computed(rich, client_as):
    page = client_as("head_office").get(PAGE).text
    assert "The first 20% of the customers bring 100.0% of the gross profit." in page
    assert "1 of 3 customers" in page
    assert f"{full_year()[0]:%Y-%m} to {full_year()[-1]:%Y-%m}" in page
    lines = list(csv.reader(io.StringIO(post(client_as("head_office"), FILE).text.lstrip("\ufeff"))))
    assert [line[1] for line in lines[1:]] == ["张三", "李四", "王五"]
    assert lines[2][3:] == ["300.00", "100.00", "0.0", "100.0"]


def test_who_took_the_file_is_kept(rich, client_as, app):
    assert FIGURE.replace(",", "") in post(client_as("leader"), FILE).text
    with acting(app) as session:
        kept = select(AuditEntry.person_name).where(
            AuditEntry.action == "exported", AuditEntry.resource == "customers:contribution"
        )
        assert session.scalars(kept).all() == ["Name of leader"]


def test_without_figures_the_page_says_what_will_stand_there(chain, client_as):
    assert "No contributions yet" in client_as("leader").get(PAGE).text


@on_sqlite
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.integers(-5_000, 100_000).filter(bool), min_size=12, max_size=12),
    st.integers(1, 12),
    st.integers(1, 15),
)
def test_shares_and_their_sums_are_those_of_a_plain_computation(twelve, app, fen, few, limit):
    profits = sorted((Decimal(each) / 100 for each in fen[:few]), reverse=True)
    with app.app_context(), acting(app) as session:
        rollups.replace(session, "sales", [api.Figures(one, full_year()[0], Decimal(0), Decimal(0)) for one in twelve])
        figures = [api.Figures(one, full_year()[0], each + 1, each) for one, each in zip(twelve, profits, strict=False)]
        rollups.replace(session, "sales", figures)
        found = ranking(session, SYSTEM, limit)
    assert [row.profit for row in found.rows] == profits[:limit]
    assert [row.revenue for row in found.rows] == [each + 1 for each in profits[:limit]]
    assert [row.so_far for row in found.rows] == [sum(profits[: rank + 1]) for rank in range(min(limit, few))]
    assert (found.people, found.whole) == (few, sum(profits))
    assert (found.best, found.of_the_best) == (-(-few // 5), sum(profits[: -(-few // 5)]))
    if found.whole > 0:
        shares = [share(each, found.whole) for each in profits]
        assert abs(sum(shares) - 100) <= Decimal("0.05") * few
        assert abs(share(found.of_the_best, found.whole) - 100 * found.of_the_best / found.whole) <= Decimal("0.05")
    else:
        assert share(found.of_the_best, found.whole) is None


@pytest.fixture
def twelve(app, chain):
    """The numbers of twelve customers."""
    with acting(app) as session:
        rows = [Customer(code=f"C-{number}", name=f"P{number}") for number in range(12)]
        session.add_all(rows)
        session.flush()
        return [row.id for row in rows]


# A real shop


@pytest.fixture(scope="module")
def invoiced():
    """`{(customer, month): yuan}`: quantity × unit price of all lines of a real online shop, with December 2010 to 2011."""
    brought: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    with gzip.open(REAL, "rt", newline="", encoding="utf-8") as source:
        for _invoice, _code, _what, quantity, day, price, customer, _country in islice(csv.reader(source), 1, None):
            if customer:
                brought[customer, day[:7]] += int(quantity) * Decimal(price)
    return {key: amount.quantize(FEN) for key, amount in brought.items()}


@pytest.mark.slow
@pytest.mark.skipif(
    not (os.environ.get("BACKOFFICE_TEST_DATA") and REAL.is_file()),
    reason="BACKOFFICE_TEST_DATA does not name the folder of online_retail.csv.gz",
)
def test_the_year_of_a_real_shop_is_what_its_invoices_come_to(
    invoiced, app, chain, tmp_path, client_as, everybody, monkeypatch
):
    """4,372 customers; the invoices know no cost: a margin of 20 % is assumed. On 10 December 2011 that month is not over."""
    profit = {key: (amount * Decimal("0.20")).quantize(FEN) for key, amount in invoiced.items()}
    year = dict.fromkeys((customer for customer, _month in profit), Decimal(0))
    for (customer, month), amount in profit.items():
        year[customer] += amount if month <= "2011-11" else 0
    (customers := tmp_path / "customers.csv").write_text("CustomerID\n" + "\n".join(year))
    (figures := tmp_path / "months.csv").write_text(
        "CustomerID,month,revenue,profit\n" + "\n".join(f"{one},{month},{invoiced[one, month]},{profit[one, month]}" for one, month in profit)
    )  # fmt: skip
    monkeypatch.setattr(clock, "today", lambda: date(2011, 12, 10))
    assert call(app, import_file, "customers.customer", customers, "--match", "external_id")["created"] == 4_372
    told = call(app, import_file, "customers.contribution", figures)
    assert (told["created"], told["refused"]) == (len(profit), 0)
    assert {one.external_id: one.year_profit for one in everybody(Customer)} == year

    language.set_locale("en")
    best, whole = sorted(year.values(), reverse=True), sum(year.values())
    buyers = [each for each in best if each]
    of_fifth = share(sum(buyers[: -(-len(buyers) // 5)]), whole)
    office = client_as("head_office")
    assert f"The first 20% of the customers bring {of_fifth}% of the gross profit." in office.get(PAGE).text
    lines = list(csv.reader(io.StringIO(post(office, FILE).text.lstrip("\ufeff"))))[1:]
    assert [Decimal(line[4]) for line in lines] == buyers[:1000]
    assert [Decimal(line[6]) for line in lines[:3]] == [share(sum(buyers[: rank + 1]), whole) for rank in range(3)]
    first = max(year, key=lambda one: year[one])
    listed = office.get(f"{LIST}?columns=year_profit&columns=external_id&sort=year_profit&desc=1").text
    assert listed.index(first) < listed.index(typed.show_money(year[first]))
    assert call(app, import_file, "customers.contribution", figures)["unchanged"] == len(profit)
    assert call(app, import_revert, told["batch"])["removed"] == len(profit)
    assert {one.year_profit for one in everybody(Customer)} == {0}
