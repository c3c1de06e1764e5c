"""Saturday morning on a phone: a manager looks up the rank, a leader finds out why in two taps."""

from datetime import timedelta
from decimal import Decimal

import pytest

from core.org.models import Node, Person
from core.testing.factories import acting, sign_in
from plugins.daily_reports.models import DayReport, MonthTarget
from tests.plugins.daily_reports.ranking.conftest import FRIDAY, NOVEMBER

SATURDAY = "2026-11-21T09:30:00+08:00"
NAMES = (
    "万象天地商圈旗舰店",
    "铁岗店",
    "宝安中心维修点",
    "碧海电信合作厅",
    "布吉社区店",
    "龙岗中心城联通合作厅",
    "莲塘超市专柜",
    "白石洲店",
)
pytestmark = pytest.mark.clock(SATURDAY)


@pytest.fixture
def week(app, chain, worker):
    """Eight stores with names as they are; each is to sell 10,000 a day. Friday turned the order of Thursday round."""
    with acting(app) as session:
        for number, name in enumerate(NAMES):
            node = session.get(Node, chain.stores[number].id)
            node.name, node.peer_group = name, "社区·大店"
            session.add(MonthTarget(node_id=node.id, month=NOVEMBER, amount=Decimal(300_000), weekdays=[1] * 7))
            for day, amount in ((FRIDAY - timedelta(days=1), 8000 + 500 * number), (FRIDAY, 11_800 - 700 * number)):
                if (number, day) != (7, FRIDAY):
                    session.add(DayReport(
                        node_id=node.id, day=day, state="reported", target_amount=Decimal(10_000), amount=Decimal(amount),
                        target_late_minutes=0, report_late_minutes=0, gap_reasons=["few_visitors"] if number > 3 else ["promotion"],
                    ))  # fmt: skip
        for role in ("store_manager", "leader"):
            session.get(Person, chain.people[role].id).locale = "zh_Hans_CN"
    worker("2026-11-21 09:30")


@pytest.fixture
def enter(app, chain, live_server, week):
    """`enter(page, "leader")` signs a page's browser in, past the password."""

    def sign(page, role):
        cookie = sign_in(app.test_client(), chain.people[role]).get_cookie("session")
        page.context.add_cookies([{"name": "session", "value": cookie.value, "url": live_server.url}])
        return page

    return sign


def fits(page):
    """Nothing is wider than the screen, no name breaks, and what is tapped is large enough for a thumb."""
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    for box in page.locator("main a:visible").all():
        size = box.bounding_box()
        assert size["height"] >= 44, box.inner_text()
    for name in page.locator(".row-words b").all():
        assert name.bounding_box()["height"] < 30, name.inner_text()


def said(part):
    """What a part of a page says, without the spaces that only the layout makes."""
    return "".join(part.inner_text().split())


@pytest.mark.requirement("G16", "G17", "Z17")
def test_a_manager_sees_their_place_first_and_why_and_the_rules(phone, enter):
    enter(phone, "store_manager").goto("/")
    phone.get_by_text("我的排名").click()
    hero = phone.locator(".hero")
    assert "万象天地商圈旗舰店" in hero.inner_text()
    words = said(hero)
    assert "第1名·社区·大店8家▲7周五达成118%卖了11,800元，标准10,000元" in words
    fits(phone)
    rows = phone.locator(".places li")
    assert rows.count() == 8
    assert "周五没交日报" in rows.last.inner_text()
    assert rows.first.get_attribute("class") == "mine"
    phone.get_by_text("怎么排的").click()
    assert phone.get_by_text("谁定得低谁就赢").is_visible()
    phone.get_by_role("link", name="周榜").click()
    assert "还在进行" in phone.locator(".turn").inner_text()
    fits(phone)
    phone.get_by_role("link", name="日榜").click()
    phone.get_by_role("link", name="前一期").click()
    assert "11-19 周四" in phone.locator(".turn").inner_text()
    assert said(phone.locator(".hero")).startswith("万象天地商圈旗舰店第8名")


def test_ones_own_row_leads_to_the_day_and_no_other_does(phone, enter):
    enter(phone, "store_manager").goto("/day/ranking/")
    assert phone.locator(".places a.row").count() == 1
    phone.locator(".places a.row").click()
    assert "/day/at/S1/2026-11-20/" in phone.url


@pytest.mark.requirement("J12", "G17")
def test_a_leader_finds_out_why_in_two_taps(phone, enter):
    enter(phone, "leader").goto("/")
    phone.get_by_text("表扬谁，问问谁").click()
    words = said(phone.locator("main"))
    assert "11-20周五97%67,900/目标70,000" in words
    assert "没交日报1" in words
    fits(phone)
    call = phone.get_by_role("navigation", name="打电话问问")
    assert "白石洲店" in call.inner_text()
    call.get_by_text("莲塘超市专柜").click()
    assert "/day/at/S7/2026-11-20/" in phone.url
    assert "客流少" in phone.locator("main").inner_text()
    phone.get_by_text("近四周走势").click()
    assert "/day/at/S7/trend/" in phone.url


def test_the_desk_shows_every_group_and_fits(desk, enter):
    enter(desk, "leader").goto("/admin/daily_reports/ranking/?kind=month")
    assert desk.evaluate("document.documentElement.scrollWidth") <= 1366
    assert desk.locator(".places-table tbody tr").count() == 9
    assert "标准" in desk.locator(".places-table thead").inner_text()
