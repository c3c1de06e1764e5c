"""The day on a phone as people live it: two taps in the morning, a minute in the evening, bad networks.

The days stand around Thursday 2026-03-05. The first store's manager, the deputy and the area's manager act.
"""

from contextlib import ExitStack
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from core import clock
from core.inbox import Message
from core.testing.browser import DESK, PHONE, open_page
from core.testing.factories import acting, make_person, sign_in
from plugins.daily_reports.models import DayReport, MonthTarget, PlanLine, Submission

THURSDAY = date(2026, 3, 5)
MORNING, EVENING = "2026-03-05T09:00:00+08:00", "2026-03-05T21:10:00+08:00"
DAY = "/day/at/S1/2026-03-05/"


@pytest.fixture(autouse=True)
def signed_in_then(monkeypatch, page_problems):
    """Sessions are made by the test's own clock, which must stand near the server's."""
    page_problems.allow("favicon.*ERR_INTERNET_DISCONNECTED")  # the icon of a tab, asked for when the network is gone
    monkeypatch.setattr("core.clock.now", lambda: datetime.fromisoformat(MORNING))


@pytest.fixture
def people(app, chain):
    """By name: manager, deputy and area manager of the first store, the leader, a manager elsewhere."""
    with acting(app) as session:
        other = make_person(session, "other.manager", chain.stores[2], "store_manager")
    return {name: chain.people[name] for name in ("store_manager", "deputy", "area_manager", "leader")} | {
        "other": other
    }


@pytest.fixture
def enter(app, live_server):
    """`enter(page, person)` signs a page's browser in, past the password."""

    def sign(page, person):
        cookie = sign_in(app.test_client(), person).get_cookie("session")
        page.context.clear_cookies()
        page.context.add_cookies([{"name": "session", "value": cookie.value, "url": live_server.url}])
        return page

    return sign


@pytest.fixture
def another(browser, live_server, page_problems):
    """One more phone, or with `**DESK` a desk; `java_script_enabled=False` for one without scripts."""
    with ExitStack() as stack:
        yield lambda **device: stack.enter_context(
            open_page(browser, live_server.url, page_problems, **(PHONE | device))
        )


@pytest.fixture
def write(app, chain):
    """Write rows: `write(DayReport(...), ...)`; of the first store unless they say otherwise."""

    def add(*rows):
        with acting(app) as session:
            for row in rows:
                if isinstance(row, DayReport | MonthTarget) and row.node_id is None:
                    row.node_id = chain.stores[0].id
                session.add(row)
                session.flush()
        return rows[0]

    return add


@pytest.fixture
def day_of(app, chain):
    """The report of a day as the database has it, at the first store."""

    def read(day=THURSDAY, store=0):
        with acting(app) as session:
            query = select(DayReport).where(DayReport.node_id == chain.stores[store].id, DayReport.day == day)
            return session.scalars(query).one_or_none()

    return read


@pytest.fixture
def count(app):
    """How many rows of a table there are."""

    def rows(model):
        with acting(app) as session:
            return session.scalar(select(func.count()).select_from(model))

    return rows


def target_set(target=50_000, day=THURSDAY, **values):
    """A morning that went well."""
    at = clock.at(day, time(9))
    return DayReport(
        **{
            "day": day,
            "state": "target_set",
            "target_amount": Decimal(target),
            "target_at": at,
            "target_late_minutes": 0,
        }
        | values
    )


def reported(amount, target=50_000, day=THURSDAY, **values):
    """A day that was closed in time by someone who is not in the test."""
    at = clock.at(day, time(21, 40))
    return target_set(
        target,
        day,
        **{"state": "reported", "amount": Decimal(amount), "reported_at": at, "report_late_minutes": 0} | values,
    )


def state_line(page, text):
    """Wait until the state line says it."""
    page.locator("#state", has_text=text).wait_for()


def lose_network(page):
    page.context.set_offline(True)


def find_network(page):
    page.context.set_offline(False)


# ---- morning and evening ----


@pytest.mark.requirement("G1", "G2")
@pytest.mark.clock(MORNING)
def test_the_target_is_filled_in_and_one_tap_on_the_page_sends_it(phone, enter, people, write, day_of):
    write(*(reported(50_000, day=THURSDAY - timedelta(weeks=weeks)) for weeks in (1, 2, 3, 4)))
    enter(phone, people["store_manager"]).goto("/day/")
    assert phone.url.endswith(DAY)
    assert phone.input_value("[name=amount]") == "50000"
    assert "average of 4 50,000" in phone.inner_text(".why summary")
    phone.tap("text=Send the target")
    phone.get_by_text("Target sent").first.wait_for()
    assert (day_of().target_amount, day_of().suggested_amount) == (50_000, 50_000)


@pytest.mark.requirement("G2")
@pytest.mark.clock(MORNING)
def test_the_suggestion_says_what_the_month_still_needs_and_can_be_moved(phone, enter, people, write, day_of):
    write(*(reported(50_000, day=THURSDAY - timedelta(days=days)) for days in range(1, 29)))
    write(MonthTarget(month=date(2026, 3, 1), amount=Decimal(1_900_000)))
    enter(phone, people["deputy"]).goto(DAY)
    assert "× 1.26 the month still needs" in phone.inner_text(".why summary")
    assert phone.input_value("[name=amount]") == "63000"
    phone.tap("[data-by='+5%'], [data-by='5%']")
    phone.tap("[data-by='500']")
    phone.tap("text=Send the target")
    phone.get_by_text("66,700").first.wait_for()
    assert day_of().target_amount == 66_700


@pytest.mark.requirement("G1")
@pytest.mark.clock(MORNING)
def test_what_was_not_done_yesterday_comes_back_with_a_mark(phone, enter, people, write, app, day_of):
    yesterday = write(reported(40_000, day=THURSDAY - timedelta(days=1)))
    write(PlanLine(report_id=yesterday.id, position=0, what="Call regular customers", who="Li"))
    write(PlanLine(report_id=yesterday.id, position=1, what="Change the window", done=True))
    enter(phone, people["store_manager"]).goto(DAY)
    assert phone.input_value("[name=what_0]") == "Call regular customers"
    assert phone.locator("[name=what_1]").input_value() == ""
    assert phone.get_by_text("Not done the day before").is_visible()
    phone.fill("[name=amount]", "4.5万")
    phone.tap("text=Send the target")
    phone.get_by_text("45,000").first.wait_for()
    with acting(app) as session:
        lines = session.scalars(select(PlanLine).where(PlanLine.report_id == day_of().id)).all()
    assert [(line.what, line.who, line.carried) for line in lines] == [("Call regular customers", "Li", 1)]


@pytest.mark.requirement("G1", "G3", "G10")
@pytest.mark.clock(EVENING)
def test_the_day_is_closed_with_result_reason_and_reflection(phone, enter, people, write, day_of, app):
    report = write(target_set())
    write(PlanLine(report_id=report.id, position=0, what="Call regular customers"))
    enter(phone, people["store_manager"]).goto("/day/")
    assert not phone.locator("#reasons").is_visible()
    phone.fill("[name=amount]", "41000")
    assert phone.inner_text("#gap") == "9,000 yuan short of the target, 82% done"
    assert phone.inner_text("#reasons-title") == "Why less?"
    phone.check("[value=out_of_stock]")
    phone.check("[name=done]")
    phone.fill("[name=visitors]", "80")
    phone.fill("[name=buyers]", "20")
    assert phone.inner_text("#conversion") == "25% of the visitors bought"
    phone.fill("[name=reflection]", "Order the new model a day earlier.")
    phone.tap("text=Send the report")
    phone.get_by_text("Far from the target").wait_for()
    sent = day_of()
    assert (sent.amount, sent.gap_reasons, sent.buyers) == (41_000, ["out_of_stock"], 20)
    assert (sent.reflection, sent.report_late_minutes) == ("Order the new model a day earlier.", 0)
    with acting(app) as session:
        assert session.scalars(select(PlanLine.done).where(PlanLine.report_id == report.id)).all() == [True]


@pytest.mark.requirement("G3")
@pytest.mark.clock(EVENING)
def test_the_takings_are_added_up_while_they_are_typed(phone, enter, people, write):
    write(target_set())
    enter(phone, people["store_manager"]).goto("/day/")
    phone.fill("[name=amount]", "50,000")
    phone.tap("text=Takings by tender")
    phone.fill("[name=tender_wechat]", "3万")
    phone.fill("[name=tender_cash]", "19999.5")
    assert phone.inner_text("#tender-sum") == "Adds up to 49,999.5 yuan, the result says 50,000"
    phone.fill("[name=tender_cash]", "２００００")
    assert phone.inner_text("#tender-sum") == "Adds up to 50,000 yuan"


@pytest.mark.requirement("G3")
@pytest.mark.clock(EVENING)
def test_a_sent_figure_is_corrected_with_a_reason_that_stays(phone, enter, people, write, day_of):
    write(reported(41_000))
    enter(phone, people["store_manager"]).goto(DAY)
    phone.tap("text=Correct a figure")
    phone.fill("[name=value]", "42000")
    phone.fill("[name=reason]", "One sale was forgotten")
    phone.tap("button:text-is('Correct')")
    phone.get_by_text("One sale was forgotten").wait_for()
    assert "41,000 → 42,000" in phone.inner_text(".corrections")
    assert day_of().amount == 42_000


# ---- the area's manager ----


@pytest.mark.requirement("G9", "G14")
@pytest.mark.clock("2026-03-05T09:45:00+08:00")
def test_the_area_manager_sees_who_is_late_and_reminds_with_one_tap(phone, another, enter, people, write, chain):
    write(target_set(node_id=chain.stores[1].id))
    enter(phone, people["area_manager"]).goto("/day/")
    phone.tap("a:has-text('Missing now')")
    phone.get_by_text("At 09:45, 1 stores are late").wait_for()
    assert "15 min late" in phone.inner_text(".missing li")
    phone.tap("button:text-is('Remind')")
    phone.get_by_text("1 stores are reminded.").wait_for()
    assert "Reminded 09:4" in phone.inner_text(".missing li")
    store = enter(another(), people["store_manager"])
    store.goto("/inbox/")
    store.get_by_text("Please set today's target").wait_for()


@pytest.mark.requirement("G9", "G14")
@pytest.mark.clock("2026-03-05T09:45:00+08:00")
def test_all_who_are_late_are_reminded_at_once_and_nobody_twice(phone, enter, people, app, chain, count):
    with acting(app) as session:
        make_person(session, "second.manager", chain.stores[1], "store_manager")
    enter(phone, people["area_manager"]).goto("/day/missing/")
    phone.tap("text=Remind all 2")
    phone.get_by_text("2 stores are reminded.").wait_for()
    phone.tap("text=Remind all 2")
    phone.get_by_text("2 stores were reminded less than ten minutes ago.").wait_for()
    assert count(Message) == 3, "the first store's manager and deputy, and the second's manager"


@pytest.mark.requirement("G9")
@pytest.mark.clock(MORNING)
def test_when_nobody_is_late_the_page_is_glad(phone, enter, people):
    enter(phone, people["area_manager"]).goto("/day/missing/")
    assert phone.get_by_text("Nobody is late").is_visible()
    assert not phone.locator(".bar").is_visible()


@pytest.mark.requirement("G12")
@pytest.mark.clock(EVENING)
def test_a_report_is_read_with_one_tap_and_the_next_one_follows(phone, enter, people, write, chain, day_of):
    write(
        reported(41_000, gap_reasons=["weather"], reflection="Rain all day."),
        reported(60_000, node_id=chain.stores[1].id),
    )
    enter(phone, people["area_manager"]).goto("/day/review/")
    page = phone.inner_text("#content")
    assert all(text in page for text in ("store S1", "82%", "9,000 yuan short", "Weather", "Rain all day."))
    phone.tap("text=Mark as reviewed")
    phone.get_by_text("store S2").wait_for()
    phone.tap("text=Mark as reviewed")
    phone.get_by_text("All reports are read").wait_for()
    assert {day_of().state, day_of(store=1).state} == {"read"}


@pytest.mark.requirement("G12")
@pytest.mark.clock(EVENING)
def test_a_report_left_for_later_comes_back_at_the_end(phone, enter, people, write, chain):
    write(reported(41_000), reported(60_000, node_id=chain.stores[1].id))
    enter(phone, people["area_manager"]).goto("/day/review/")
    phone.tap("text=Leave it for later")
    phone.get_by_text("store S2").wait_for()
    phone.tap("text=Mark as reviewed")
    phone.get_by_text("1 reports that you left for later still wait.").wait_for()
    phone.tap("text=From the beginning")
    phone.get_by_text("store S1").wait_for()


@pytest.mark.requirement("G12", "G14")
@pytest.mark.clock(EVENING)
def test_a_report_is_returned_with_a_comment_and_reported_again(
    phone, another, enter, people, write, day_of, page_problems
):
    write(reported(41_000))
    enter(phone, people["area_manager"]).goto("/day/review/")
    phone.tap("summary:has-text('Comment or return')")
    page_problems.allow("status of 422")
    phone.tap("text=Return to the store")
    phone.get_by_text("Say what is missing, so that").wait_for()
    phone.fill("[name=comment]", "Please count the visitors.")
    phone.tap("text=Return to the store")
    phone.get_by_text("All reports are read").wait_for()
    store = enter(another(), people["store_manager"])
    store.goto("/inbox/")
    store.get_by_text("Please count the visitors.").wait_for()
    store.goto("/day/")
    assert "Please count the visitors." in store.inner_text(".returned")
    assert store.input_value("[name=amount]") == "41000"
    store.fill("[name=visitors]", "80")
    store.tap("text=Send the report")
    store.get_by_text("Reported", exact=True).wait_for()
    assert (day_of().state, day_of().visitors) == ("reported", 80)


# ---- bad networks, two taps, two people ----


@pytest.mark.requirement("J5", "G2")
@pytest.mark.clock(MORNING)
def test_without_a_network_the_form_waits_and_is_sent_once_when_it_is_back(phone, enter, people, day_of, count):
    enter(phone, people["store_manager"]).goto(DAY)
    lose_network(phone)
    phone.fill("[name=amount]", "52000")
    state_line(phone, "Saved on this phone")
    phone.tap("text=Send the target")
    state_line(phone, "Waiting for the network")
    assert count(DayReport) == 0
    find_network(phone)
    state_line(phone, "Target sent")
    assert (day_of().target_amount, count(Submission), count(DayReport)) == (52_000, 1, 1)


@pytest.mark.requirement("J5")
@pytest.mark.clock(MORNING)
def test_an_answer_that_gets_lost_makes_no_second_record(phone, enter, people, day_of, count, page_problems):
    page_problems.allow("ERR_FAILED")
    lost = []

    def lose_the_answer(route):
        if lost:
            return route.continue_()
        lost.append(route.fetch().status)
        return route.abort()

    enter(phone, people["store_manager"]).goto(DAY)
    phone.route("**/target", lose_the_answer)
    phone.fill("[name=amount]", "52000")
    phone.tap("text=Send the target")
    state_line(phone, "Waiting for the network")
    assert (lost, count(Submission)) == ([200], 1)
    taken = day_of()
    phone.evaluate("dispatchEvent(new Event('online'))")
    state_line(phone, "Target sent")
    assert (day_of().target_amount, day_of().version, count(Submission)) == (52_000, taken.version, 1)


@pytest.mark.requirement("J5")
@pytest.mark.clock(MORNING)
def test_what_was_typed_is_there_again_after_a_reload(phone, enter, people, count):
    enter(phone, people["store_manager"]).goto(DAY)
    phone.fill("[name=amount]", "52000")
    phone.fill("[name=what_0]", "Call regular customers")
    key = phone.input_value("[name=key]")
    phone.reload()
    state_line(phone, "Brought back what you had not sent yet")
    assert phone.input_value("[name=amount]") == "52000"
    assert phone.input_value("[name=what_0]") == "Call regular customers"
    assert phone.input_value("[name=key]") == key
    phone.tap("text=Drop mine")
    phone.locator("[name=amount]:not([value='52000'])").wait_for()
    assert phone.input_value("[name=amount]") == ""
    assert count(DayReport) == 0


@pytest.mark.requirement("J5", "G3")
@pytest.mark.clock("2026-03-05T23:58:00+08:00")
def test_a_form_opened_at_2358_and_sent_at_0003_lands_on_the_day_it_was_opened(
    phone, live_server, enter, people, write, day_of
):
    write(target_set())
    enter(phone, people["store_manager"]).goto("/day/")
    phone.fill("[name=amount]", "51000")
    live_server.move_clock("2026-03-06T00:03:00+08:00")
    phone.tap("text=Send the report")
    state_line(phone, "Report sent 03-06 00:03")
    assert day_of().amount == 51_000
    assert day_of(THURSDAY + timedelta(days=1)) is None


@pytest.mark.requirement("J5", "G3")
@pytest.mark.clock("2026-03-05T23:58:00+08:00")
def test_a_form_of_yesterday_is_sent_from_the_page_of_today(phone, live_server, enter, people, write, day_of):
    write(target_set())
    enter(phone, people["store_manager"]).goto(DAY)
    lose_network(phone)
    phone.fill("[name=amount]", "51000")
    phone.tap("text=Send the report")
    state_line(phone, "Waiting for the network")
    phone.goto("about:blank")
    live_server.move_clock("2026-03-06T08:40:00+08:00")
    find_network(phone)
    phone.goto("/day/")
    assert phone.url.endswith("/2026-03-06/")
    state_line(phone, "03-05 Thursday · store S1 Sent")
    assert day_of().amount == 51_000
    assert day_of(THURSDAY + timedelta(days=1)) is None


@pytest.mark.requirement("J5")
@pytest.mark.clock("2026-03-05T23:58:00+08:00")
def test_a_form_that_comes_too_late_is_kept_and_says_why(phone, live_server, enter, people, page_problems, count):
    page_problems.allow("status of 422")
    enter(phone, people["store_manager"]).goto(f"{DAY}?step=target")
    lose_network(phone)
    phone.fill("[name=amount]", "52000")
    phone.tap("text=Send the target")
    phone.goto("about:blank")
    live_server.move_clock("2026-03-06T08:40:00+08:00")
    find_network(phone)
    phone.goto("/day/")
    notice = phone.locator(".notice", has_text="03-05 Thursday · store S1 · ¥52000")
    notice.wait_for()
    assert "its target was accepted until 03:00" in notice.inner_text()
    notice.get_by_text("Drop mine").tap()
    phone.reload()
    assert phone.locator(".notice").count() == 0
    assert count(DayReport) == 0


@pytest.mark.requirement("G2")
@pytest.mark.clock(MORNING)
def test_a_double_tap_makes_one_record(phone, enter, people, count, day_of):
    enter(phone, people["store_manager"]).goto(DAY)
    phone.fill("[name=amount]", "52000")
    phone.evaluate("for (const n of [1, 2]) document.querySelector('.main-button').click()")
    state_line(phone, "Target sent")
    assert (count(DayReport), count(Submission), day_of().target_amount) == (1, 1, 52_000)


@pytest.mark.requirement("G3")
@pytest.mark.clock(EVENING)
def test_a_mistake_is_shown_at_its_field_and_everything_typed_stays(
    phone, enter, people, write, page_problems, count, day_of
):
    page_problems.allow("status of 422")
    write(target_set())
    enter(phone, people["store_manager"]).goto(DAY)
    phone.fill("[name=amount]", "41000")
    phone.check("[value=weather]")
    phone.fill("[name=visitors]", "20")
    phone.fill("[name=buyers]", "80")
    phone.fill("[name=reflection]", "Rain all day.")
    phone.tap("text=Send the report")
    phone.locator("[data-field=buyers] .field-error", has_text="More buyers than visitors").wait_for()
    assert phone.is_checked("[value=weather]")
    assert phone.input_value("[name=reflection]") == "Rain all day."
    assert count(Submission) == 0
    phone.fill("[name=visitors]", "90")
    phone.tap("text=Send the report")
    state_line(phone, "Report sent")
    assert (day_of().visitors, count(Submission)) == (90, 1)


@pytest.mark.requirement("G2", "G12")
@pytest.mark.clock(MORNING)
def test_who_was_slower_sees_the_other_figure_and_may_send_their_own(
    phone, another, enter, people, day_of, page_problems
):
    page_problems.allow("status of 409")
    enter(phone, people["store_manager"]).goto(DAY)
    deputy = enter(another(), people["deputy"])
    deputy.goto(DAY)
    deputy.fill("[name=amount]", "48000")
    deputy.tap("text=Send the target")
    state_line(deputy, "Target sent")
    phone.fill("[name=amount]", "52000")
    phone.tap("text=Send the target")
    phone.get_by_text("Name of deputy was faster and sent 48,000").wait_for()
    assert (phone.input_value("[name=amount]"), day_of().target_amount) == ("52000", 48_000)
    phone.tap("text=Send mine instead")
    state_line(phone, "Target sent")
    assert day_of().target_amount == 52_000


@pytest.mark.requirement("J5")
@pytest.mark.clock(MORNING)
def test_who_is_signed_out_meanwhile_keeps_the_form_and_sends_it_after_signing_in(
    phone, enter, people, count, day_of, page_problems
):
    page_problems.allow("status of 401")
    enter(phone, people["store_manager"]).goto(DAY)
    phone.fill("[name=amount]", "52000")
    phone.context.clear_cookies()
    phone.tap("text=Send the target")
    phone.get_by_text("You are signed out. What you typed is kept on this phone.").wait_for()
    assert phone.get_attribute("text=Sign in and send", "href") == "/login?next=%2Fday%2Fat%2FS1%2F2026-03-05%2F"
    assert count(DayReport) == 0
    enter(phone, people["store_manager"]).goto(DAY)
    state_line(phone, "Target sent")
    assert day_of().target_amount == 52_000


@pytest.mark.requirement("J5")
@pytest.mark.clock(MORNING)
def test_on_a_shared_phone_nobody_sees_or_sends_the_draft_of_another(phone, enter, people, count):
    enter(phone, people["store_manager"]).goto(DAY)
    lose_network(phone)
    phone.fill("[name=amount]", "52000")
    phone.tap("text=Send the target")
    state_line(phone, "Waiting for the network")
    phone.goto("about:blank")
    find_network(phone)
    enter(phone, people["deputy"]).goto(DAY)
    assert phone.input_value("[name=amount]") == ""
    assert (phone.inner_text("#state"), count(DayReport)) == ("", 0)


@pytest.mark.requirement("G2", "G3")
@pytest.mark.clock(EVENING)
def test_without_scripts_the_forms_work_and_keep_what_was_typed(another, enter, people, write, day_of, page_problems):
    page_problems.allow("status of 4(09|22)")
    write(target_set())
    plain = enter(another(java_script_enabled=False), people["store_manager"])
    plain.goto("/day/")
    assert plain.locator("#reasons").is_visible()
    plain.fill("[name=amount]", "many")
    plain.fill("[name=reflection]", "Rain all day.")
    plain.check("[value=weather]")
    plain.tap("text=Send the report")
    plain.locator("[data-field=amount] .field-error", has_text="is not an amount").wait_for()
    assert plain.input_value("[name=amount]") == "many"
    assert plain.is_checked("[value=weather]")
    write_version = day_of().version
    deputy = enter(another(), people["deputy"])
    deputy.goto(f"{DAY}?step=target")
    deputy.fill("[name=amount]", "60000")
    deputy.tap("text=Change the target")
    deputy.get_by_text("Target 60,000 yuan").wait_for()
    assert day_of().version == write_version + 1
    plain.fill("[name=amount]", "41000")
    plain.tap("text=Send the report")
    plain.get_by_text("Name of deputy was faster").wait_for()
    assert plain.input_value("[name=reflection]") == "Rain all day."
    plain.tap("text=Send mine instead")
    plain.get_by_text("Far from the target").wait_for()
    assert (day_of().amount, day_of().reflection, day_of().target_amount) == (41_000, "Rain all day.", 60_000)


# ---- who may see what ----


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


# ---- how it looks ----


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
