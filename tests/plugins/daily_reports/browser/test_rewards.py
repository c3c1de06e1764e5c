"""A penalty from the late day to the revision, and the Monday sheet, as people walk through them."""

import re
import subprocess
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from core.jobs.queue import run_waiting
from core.testing.browser import DESK
from core.testing.factories import acting
from plugins.daily_reports.rewards.models import Reward, Step
from tests.plugins.daily_reports.browser.steps import DAY, EVENING, MORNING, THURSDAY, reported
from tests.plugins.daily_reports.browser.test_looks import TOO_SMALL, WIDER_THAN_THE_SCREEN

LATE = f"/day/at/S1/{THURSDAY - timedelta(days=1)}/"


@pytest.fixture
def office(chain):
    """Somebody at head office."""
    return chain.people["head_office"]


@pytest.fixture
def rewards(app):
    """A function that gives every reward and penalty with the names of its steps."""

    def read():
        with acting(app) as session:
            found = session.scalars(select(Reward).order_by(Reward.id)).all()
            steps = session.execute(select(Step.reward_id, Step.event).order_by(Step.id)).all()
            return [(reward, [event for number, event in steps if number == reward.id]) for reward in found]

    return read


@pytest.mark.requirement("G7", "G17", "Z17")
@pytest.mark.clock(MORNING)
def test_a_late_day_is_penalised_approved_published_appealed_on_the_phone_and_revised(
    phone, another, enter, people, write, office, rewards
):
    write(reported(41_000, day=THURSDAY - timedelta(days=1), target_late_minutes=75))

    area = enter(another(), people["area_manager"])
    area.goto(LATE)
    area.tap("text=Propose a reward or penalty")
    assert area.input_value("[name=why]") == "Target 75 min late"
    area.tap("text=Propose it")
    area.get_by_text("Waits for approval").wait_for()
    assert [(reward.kind, reward.amount, steps) for reward, steps in rewards()] == [("penalty", 50, ["propose"])]

    desk = enter(another(**DESK, has_touch=False, is_mobile=False), office)
    desk.goto("/admin/daily_reports/reward/?state=proposed")
    desk.get_by_role("link", name=re.compile("The day of")).click()
    desk.get_by_role("button", name="Approve and publish").click()
    desk.get_by_text("Approved and published.").first.wait_for()

    clerk = enter(another(), people["other"])
    clerk.goto("/day/rewards/")
    column = clerk.locator(".column")
    assert "store S1" in column.inner_text()
    assert "Target 75 min late" in column.inner_text()
    assert "50" not in re.sub(r"[\d-]*-\d\d|75", "", column.inner_text()), "no foreign amount"

    enter(phone, people["store_manager"]).goto("/day/rewards/")
    phone.locator(".row", has_text="Penalty").first.tap()
    phone.fill("[name=reason]", "The shopping centre had no network until ten")
    phone.tap("text=Send the appeal")
    phone.get_by_text("Appeal sent.").wait_for()
    assert rewards()[0][0].state == "appealed"

    leader = enter(another(), people["leader"])
    leader.goto(f"/day/rewards/{rewards()[0][0].id}/")
    leader.get_by_text("The shopping centre had no network until ten").wait_for()
    leader.fill("[name=reason]", "Half of the delay was the network's")
    leader.fill("[name=amount]", "25")
    leader.get_by_role("button", name="Change it", exact=True).tap()
    leader.get_by_text("Amount changed.").wait_for()
    reward, steps = rewards()[0]
    assert (reward.state, reward.amount, steps) == ("effective", 25, ["propose", "approve", "appeal", "change"])

    phone.reload()
    for words in ("−25", "Half of the delay was the network's", "In effect"):
        phone.get_by_text(words).first.wait_for()


@pytest.mark.requirement("G11")
@pytest.mark.clock(MORNING)
def test_head_office_opens_the_monday_sheet_and_takes_the_pdf(
    app, house, another, enter, write, office, chain, tmp_path
):
    last = [THURSDAY - timedelta(days=days) for days in range(4, 11)]  # Sunday back to Monday
    for number, amount in ((0, 41_000), (1, 60_000)):
        write(*(
            reported(amount, day=day, node_id=chain.stores[number].id, gap_reasons=["weather"], reflection=f"Learned in S{number + 1}")
            for day in last
        ))  # fmt: skip
    desk = enter(another(**DESK, has_touch=False, is_mobile=False), office)
    desk.goto("/admin/")
    desk.get_by_role("link", name="Monday sheet").first.click()
    desk.get_by_role("heading", name=f"Monday sheet of {chain.chain.name}").wait_for()
    desk.emulate_media(media="print")
    assert not desk.get_by_role("button", name="As PDF").is_visible(), "paper has no buttons"
    desk.emulate_media(media="screen")
    desk.get_by_role("button", name="As PDF").click()
    desk.wait_for_url("**/jobs/*")
    with app.app_context():
        assert run_waiting(house) == 1
    desk.reload()
    with desk.expect_download() as waiting:
        desk.locator("a[href$='/file']").first.click()
    waiting.value.save_as(tmp_path / "sheet.pdf")
    text = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "sheet.pdf"), "-"], capture_output=True, check=True, text=True
    ).stdout
    for words in ("2026-02-23 – 2026-03-01", "store S1", "82%", "store S2", "120%", "Learned in S2", "Weather×7"):
        assert words in text, words


@pytest.mark.requirement("G7")
@pytest.mark.clock(EVENING)
def test_the_pages_of_rewards_fit_a_phone_and_a_thumb(phone, enter, people, write, app, chain, office):
    long = "A reason that somebody typed in a hurry and that goes on for longer than any screen is wide " * 3
    write(reported(41_000, target_late_minutes=75, report_late_minutes=95))
    with acting(app) as session:
        made = [
            Reward(
                node_id=chain.stores[0].id, kind=kind, state=state, what=long[:120], why=long, amount=Decimal(amount), since=THURSDAY,
                until=THURSDAY, key=state, evidence=[[str(THURSDAY), "target_late", 75], [str(THURSDAY), "no_report", None]],
            )
            for kind, state, amount in (("penalty", "proposed", 99_999), ("penalty", "appealed", 50), ("reward", "effective", 200), ("penalty", "settled", 50))
        ]  # fmt: skip
        session.add_all(made)
    paths = [
        "/day/rewards/",
        "/day/rewards/for/S1/2026-03-05/",
        DAY,
        *(f"/day/rewards/{reward.id}/" for reward in made),
    ]
    for who in (people["area_manager"], office):
        enter(phone, who)
        for path in paths:
            phone.goto(path)
            assert phone.evaluate(WIDER_THAN_THE_SCREEN) == 0, path
            assert phone.evaluate(TOO_SMALL) == [], path
