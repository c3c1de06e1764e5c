"""Who may see what, and how it looks."""

from datetime import timedelta

import pytest

from core.testing.browser import DESK
from tests.plugins.daily_reports.browser.steps import DAY, EVENING, MORNING, THURSDAY, reported, state_line, target_set


@pytest.mark.requirement("G9")
@pytest.mark.clock(EVENING)
def test_a_foreign_store_is_not_there_at_any_address(phone, enter, people, write, day_of):
    write(reported(41_000))
    enter(phone, people["other"]).goto("/day/")
    assert phone.url.endswith("/day/at/S3/2026-03-05/")
    token = phone.request.get("/day/token").json()["token"]
    forms = {
        "target": {"amount": "1"},
        "close": {"amount": "1"},
        "correct": {"figure": "amount", "value": "1", "reason": "no"},
    }
    answers = {
        name: phone.request.post(f"{DAY}{name}", form=form | {"csrf_token": token}).status
        for name, form in forms.items()
    }
    answers |= {path: phone.request.get(path).status for path in (DAY, f"{DAY}?step=close", "/day/at/S1/trend/")}
    assert set(answers.values()) == {404}, answers
    assert phone.request.post(f"{DAY}review", form={"event": "read", "csrf_token": token}).status == 403
    assert (day_of().amount, day_of().state, day_of().version) == (41_000, "reported", 1)


@pytest.mark.requirement("G9")
@pytest.mark.clock(EVENING)
def test_an_area_manager_looks_first_and_writes_for_a_store_on_request(phone, enter, people, day_of):
    enter(phone, people["area_manager"]).goto(DAY)
    assert phone.get_by_text("Nothing sent yet").is_visible()
    phone.tap("text=Report the result")
    phone.locator("#gap").wait_for(state="attached")
    phone.fill("[name=amount]", "41000")
    phone.tap("text=Send the report")
    state_line(phone, "Report sent")
    assert day_of().reported_by == people["area_manager"].id
    assert not phone.get_by_text("Mark as reviewed").is_visible(), "nobody reviews what they sent"


@pytest.mark.requirement("G9")
@pytest.mark.clock(EVENING)
def test_the_board_shows_every_store_with_gap_and_reason_worst_first(another, enter, people, write, chain):
    write(
        reported(41_000, gap_reasons=["weather"]), reported(150_000, 120_000, node_id=chain.stores[1].id),
        target_set(node_id=chain.stores[2].id),
    )  # fmt: skip
    desk = enter(another(**DESK, has_touch=False, is_mobile=False), people["leader"])
    desk.goto("/admin/daily_reports/board/")
    rows = desk.eval_on_selector_all(
        ".board tr:not(.area)", "rows => rows.map(row => [...row.cells].map(cell => cell.textContent.trim()))"
    )
    shown = {row[0]: row[1:] for row in rows if row[0].startswith("store")}
    assert shown["store S1"] == ["50,000", "41,000", "-9,000", "82%", "", "Far from the target", "Weather"]
    assert shown["store S2"][2:4] + shown["store S2"][5:6] == ["+30,000", "125%", "Target reached"]
    assert shown["store S3"] == ["50,000", "–", "–", "–", "", "Not reported yet", ""]
    assert shown["store S4"][5] == "Target missing"
    assert list(shown)[:2] == ["store S1", "store S2"]
    desk.get_by_label("Stores of area A1").uncheck()
    assert not desk.get_by_role("link", name="store S1").is_visible()
    desk.emulate_media(media="print")
    assert desk.get_by_role("link", name="store S1").is_visible(), "paper shows every store"


PAGES = [
    "/day/",
    "/day/missing/",
    "/day/review/",
    DAY,
    f"{DAY}?step=close",
    "/day/at/S1/trend/",
    "/day/at/S2/2026-03-05/",
]
WIDER_THAN_THE_SCREEN = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
TOO_SMALL = """() => {
  const touched = "a, button, summary, textarea, select, input:not([type=hidden]), label.chip, label.tick";
  return [...document.querySelectorAll(touched)]
    .filter((one) => one.checkVisibility() && !["checkbox", "radio"].includes(one.type))
    .filter((one) => one.getBoundingClientRect().height < 44).map((one) => one.outerHTML.slice(0, 90));
}"""


@pytest.mark.requirement("G2", "G3", "G12")
@pytest.mark.clock("2026-03-05T22:30:00+08:00")
def test_every_page_fits_a_phone_and_a_thumb(phone, enter, people, write, chain):
    long = "A line that somebody typed in a hurry and that goes on for longer than any screen is wide " * 3
    write(
        target_set(1_234_567.89),
        reported(
            41_000,
            node_id=chain.stores[1].id,
            reflection=long,
            tomorrow=long,
            gap_note=long[:200],
            gap_reasons=["weather", "competitor"],
        ),
        *(reported(45_000, day=THURSDAY - timedelta(days=days)) for days in range(1, 20)),
    )
    enter(phone, people["area_manager"])
    for path in PAGES:
        phone.goto(path)
        assert phone.evaluate(WIDER_THAN_THE_SCREEN) == 0, path
        assert phone.evaluate(TOO_SMALL) == [], path


@pytest.mark.requirement("G2")
@pytest.mark.clock(MORNING)
def test_the_first_page_of_the_morning_is_light_enough_for_a_bad_network(phone, enter, people, write):
    write(*(reported(50_000, day=THURSDAY - timedelta(days=days)) for days in range(1, 29)))
    sizes = {}
    phone.on("response", lambda answer: sizes.setdefault(answer.url, answer))
    enter(phone, people["store_manager"]).goto("/day/", wait_until="networkidle")
    weight = {url: len(answer.body()) for url, answer in sizes.items() if answer.status == 200}
    assert sum(weight.values()) < 60_000, weight
