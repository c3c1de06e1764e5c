"""The forms of the day: shown when they are due, taken once, and given back as they were typed."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from core.audit import AuditEntry
from core.org.models import CalendarDay
from core.testing.factories import acting, post
from plugins.daily_reports.models import DayReport, Submission
from tests.plugins.daily_reports.steps import FETCH, FRIDAY, KEY, page


@pytest.mark.requirement("G1", "G2")
def test_the_morning_form_comes_filled_in_and_is_sent_with_one_press(app, chain, client_as, add, days, at):
    for week in (6, 13):
        add(0, 1000, 12_000, day=date(2026, 11, week))
    at("2026-11-20 08:45")
    manager = client_as("store_manager")
    shown = manager.get(page("S1"))
    assert 'value="12000"' in shown.text
    form = {
        "key": KEY,
        "version": "0",
        "amount": "1.2万",
        "suggested": "12000",
        "what_0": "call ten customers",
        "units": "12",
    }
    answer = post(manager, page("S1", what="target"), form)
    assert (answer.status_code, answer.location) == (302, page("S1"))
    with acting(app) as session:
        report = session.scalars(select(DayReport).where(DayReport.day == FRIDAY)).one()
        assert (report.state, report.target_amount, report.suggested_amount, report.target_units) == (
            "target_set",
            12_000,
            12_000,
            12,
        )
        assert (
            session.scalar(
                select(func.count()).select_from(AuditEntry).where(AuditEntry.resource == "daily_reports:day")
            )
            > 0
        )
    shown = manager.get(page("S1")).text
    assert "Target sent." in shown
    assert "call ten customers" in shown


@pytest.mark.requirement("G3", "G10")
def test_the_evening_form_holds_result_reason_and_reflection(chain, client_as, days, at):
    at("2026-11-20 21:10")
    manager = client_as("store_manager")
    assert 'name="reflection"' in manager.get(page("S1")).text
    form = {
        "key": KEY,
        "version": "0",
        "amount": "9000",
        "gap_reasons": ["price", "weather"],
        "reflection": "began too late",
        "tomorrow": "call first",
    }
    assert post(manager, page("S1", what="close"), form).location == page("S1")
    report = days()["S1"]
    assert (report.state, report.amount, report.gap_reasons, report.reflection) == (
        "reported",
        9000,
        ["price", "weather"],
        "began too late",
    )
    assert (report.reported_by, report.tomorrow) == (chain.people["store_manager"].id, "call first")


def test_the_page_asks_for_what_is_due_now_and_for_nothing_that_cannot_be_sent(chain, client_as, at):
    at("2026-11-19 21:00")
    manager = client_as("store_manager")
    for now, query, asked in (
        ("2026-11-19 21:00", "", None), ("2026-11-20 08:45", "", "target"), ("2026-11-20 15:00", "", "target"),
        ("2026-11-20 20:00", "", "close"), ("2026-11-21 04:00", "", "close"), ("2026-11-20 08:45", "?step=close", "close"),
        ("2026-11-20 21:00", "?step=target", "target"), ("2026-11-23 00:00", "", None), ("2026-11-23 00:00", "?step=close", None),
    ):  # fmt: skip
        at(now)
        shown = manager.get(page("S1") + query).text
        found = [what for what in ("target", "close") if f'action="{page("S1", what=what)}"' in shown]
        assert found == ([asked] if asked else []), (now, query)


def test_a_closed_day_shows_no_form(app, chain, client_as, at):
    at("2026-11-20 08:45")
    with acting(app) as session:
        session.add(CalendarDay(node_id=chain.chain.id, day=FRIDAY))
    shown = client_as("store_manager").get(page("S1") + "?step=target")
    assert shown.status_code == 200
    assert "Closed on this day" in shown.text
    assert 'name="amount"' not in shown.text


def test_what_the_source_of_sales_says_is_kept_beside_what_the_store_says(
    app, house, chain, client_as, days, at, monkeypatch
):
    at("2026-11-20 21:45")
    monkeypatch.setattr("plugins.daily_reports.pages.day.collect", lambda hook, **_arguments: [None, Decimal("8888.5")])
    manager = client_as("store_manager")
    assert 'value="8888.5"' in manager.get(page("S1")).text
    post(manager, page("S1", what="close"), {"key": KEY, "version": "0", "amount": "9000", "source_amount": "9000"})
    assert (days()["S1"].amount, days()["S1"].source_amount) == (9000, Decimal("8888.5"))


@pytest.mark.requirement("G2", "G3")
def test_a_script_is_told_where_to_go_and_the_version_it_made(chain, client_as, days, at):
    at("2026-11-20 08:45")
    manager = client_as("store_manager")
    answer = post(manager, page("S1", what="target"), {"key": KEY, "version": "0", "amount": "8000"}, headers=FETCH)
    assert answer.status_code == 200
    assert answer.json == {"redirect": page("S1"), "text": "Target sent.", "version": days()["S1"].version}


def test_the_same_form_sent_again_by_the_waiting_script_makes_no_second_record(app, chain, client_as, days, at):
    at("2026-11-20 08:45")
    manager = client_as("store_manager")
    form = {"key": KEY, "version": "0", "amount": "8000"}
    first, again = (post(manager, page("S1", what="target"), form, headers=FETCH) for _ in range(2))
    assert first.status_code == again.status_code == 200
    assert first.json == again.json
    with acting(app) as session:
        assert session.scalar(select(func.count()).select_from(Submission)) == 1


@pytest.mark.requirement("G2")
def test_a_script_whose_form_was_overtaken_is_told_by_whom_and_whether_it_may_still_be_sent(
    app, chain, client_as, days, at
):
    at("2026-11-20 08:45")
    post(client_as("deputy"), page("S1", what="target"), {"key": KEY, "version": "0", "amount": "5000"})
    manager = client_as("store_manager")
    late = {"key": KEY.replace("0b", "1b"), "version": "0", "amount": "8000"}
    answer = post(manager, page("S1", what="target"), late, headers=FETCH)
    assert answer.status_code == 409
    assert answer.json["may_replace"] is True
    assert answer.json["version"] == days()["S1"].version
    assert "Name of deputy" in answer.json["text"]
    assert "5,000" in answer.json["text"]
    assert days()["S1"].target_amount == 5000
    answer = post(manager, page("S1", what="target"), late | {"version": str(answer.json["version"])}, headers=FETCH)
    assert (answer.status_code, days()["S1"].target_amount) == (200, 8000)
    post(manager, page("S1", what="close"), {"key": KEY, "version": str(days()["S1"].version), "amount": "1"})
    answer = post(manager, page("S1", what="close"), late, headers=FETCH)
    assert (answer.status_code, answer.json["may_replace"]) == (409, False)
    assert days()["S1"].amount == 1


def test_without_a_script_the_overtaken_form_comes_back_as_it_was_typed(chain, client_as, days, at):
    at("2026-11-20 08:45")
    post(client_as("deputy"), page("S1", what="target"), {"key": KEY, "version": "0", "amount": "5000"})
    late = {"key": KEY.replace("0b", "1b"), "version": "0", "amount": "８千", "what_0": "mine <b>&"}
    answer = post(client_as("store_manager"), page("S1", what="target"), late)
    assert answer.status_code == 409
    assert "Name of deputy" in answer.text
    assert 'value="８千"' in answer.text
    assert "mine &lt;b&gt;&amp;" in answer.text
    assert f'name="version" value="{days()["S1"].version}"' in answer.text


def test_a_script_whose_form_cannot_be_read_is_told_field_by_field(chain, client_as, days, at):
    at("2026-11-20 08:45")
    answer = post(
        client_as("store_manager"),
        page("S1", what="close"),
        {"key": KEY, "amount": "abc", "visitors": "1", "buyers": "2"},
        headers=FETCH,
    )
    assert answer.status_code == 422
    assert set(answer.json["errors"]) == {"amount", "buyers"}
    assert answer.json["text"]
    assert days() == {}


def test_without_a_script_a_refused_form_comes_back_with_everything_that_was_typed(chain, client_as, days, at):
    at("2026-11-20 21:10")
    manager = client_as("store_manager")
    for what, form in (
        ("target", {"amount": "", "what_0": "call ten customers"}),
        ("target", {"amount": "-8", "what_2": "call ten customers"}),
        ("close", {"amount": "1000000000000", "reflection": "call ten customers"}),
        ("close", {"amount": "8000", "tender_cash": "7000", "tomorrow": "call ten customers"}),
    ):
        answer = post(manager, page("S1", what=what), {"key": KEY} | form)
        assert answer.status_code == 422
        for typed in form.values():
            assert typed in answer.text, form
        assert f'value="{KEY}"' in answer.text
    assert days() == {}


def test_a_day_on_which_nothing_is_accepted_says_why(app, chain, client_as, at):
    at("2026-11-20 21:10")
    with acting(app) as session:
        session.add(CalendarDay(node_id=chain.stores[0].id, day=date(2026, 11, 18)))
    manager = client_as("store_manager")
    for day, reason in (("2026-11-21", "has not come yet"), ("2026-11-16", "is over"), ("2026-11-18", "is closed")):
        answer = post(manager, page("S1", day, "target"), {"key": KEY, "amount": "8000"}, headers=FETCH)
        assert answer.status_code == 422
        assert reason in answer.json["text"]


def test_without_the_pages_token_nothing_is_accepted_and_a_fresh_one_is_to_be_had(chain, client_as, days, at):
    at("2026-11-20 08:45")
    manager = client_as("store_manager")
    assert (
        manager.post(page("S1", what="target"), data={"key": KEY, "amount": "8000"}, headers=FETCH).status_code == 400
    )
    assert days() == {}
    fresh = manager.get("/day/token").json["token"]
    sent = manager.post(
        page("S1", what="target"), data={"key": KEY, "amount": "8000", "csrf_token": fresh}, headers=FETCH
    )
    assert (sent.status_code, days()["S1"].target_amount) == (200, 8000)
