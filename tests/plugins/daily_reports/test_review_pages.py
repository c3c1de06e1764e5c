"""Corrections and reviews on the phone: the old figure stays, the next report follows."""

from datetime import date

import pytest
from sqlalchemy import func, select

from core.inbox import Message
from core.org.models import Node
from core.testing.factories import acting, post
from plugins.daily_reports.models import Correction, DayReport
from tests.plugins.daily_reports.steps import FRIDAY, page


def messages_of(app, person):
    with acting(app) as session:
        return session.scalars(select(Message).where(Message.person_id == person.id).order_by(Message.id)).all()


@pytest.mark.requirement("G12")
def test_a_correction_shows_the_old_figure_the_new_one_and_the_reason(app, chain, client_as, add, days, at):
    at("2026-11-25 10:00")
    add(0, 10_000, 9000, state="locked")
    manager = client_as("store_manager")
    answer = post(manager, page("S1", what="correct"), {"figure": "amount", "value": "8千5", "reason": "booked twice"})
    assert answer.status_code == 422
    answer = post(manager, page("S1", what="correct"), {"figure": "amount", "value": "8,500", "reason": "booked twice"})
    assert answer.location == page("S1")
    assert (days()["S1"].amount, days()["S1"].state) == (8500, "locked")
    shown = manager.get(page("S1")).text
    for text in ("9,000", "8,500", "booked twice", "Name of store_manager"):
        assert text in shown


def test_a_correction_without_figure_or_reason_is_refused(app, chain, client_as, add, days, at):
    at("2026-11-20 22:30")
    add(0, 10_000, 9000)
    manager = client_as("store_manager")
    for form in (
        {"figure": "amount", "value": "", "reason": "x"}, {"figure": "amount", "value": "1", "reason": ""},
        {"figure": "state", "value": "1", "reason": "x"}, {"figure": "amount", "value": "1", "reason": "x" * 201}, {},
    ):  # fmt: skip
        assert post(manager, page("S1", what="correct"), form).status_code == 422, form
    assert days()["S1"].amount == 9000
    with acting(app) as session:
        assert session.scalar(select(func.count()).select_from(Correction)) == 0


def test_a_day_without_a_record_has_nothing_to_correct_or_review(chain, client_as, at):
    at("2026-11-20 22:30")
    assert (
        post(
            client_as("store_manager"), page("S1", what="correct"), {"figure": "amount", "value": "1", "reason": "x"}
        ).status_code
        == 404
    )
    assert (
        post(client_as("area_manager"), page("S1", what="review"), {"version": "1", "event": "read"}).status_code == 404
    )


@pytest.fixture
def review(app, chain):
    """Send a review of a store's day as it stands now, or as it stood at `version`."""

    def send(client, code, event, day="2026-11-20", version=None, **form):
        if version is None:
            with acting(app) as session:
                of_store = select(DayReport.version).join(Node, Node.id == DayReport.node_id).where(Node.code == code)
                version = session.scalars(of_store.where(DayReport.day == date.fromisoformat(day))).one()
        return post(client, page(code, day, "review"), {"event": event, "version": str(version)} | form)

    return send


@pytest.mark.requirement("G12")
def test_the_review_shows_one_report_after_the_other_oldest_first(app, chain, client_as, add, days, review, at):
    at("2026-11-20 22:30")
    add(1, 1000, 900)
    add(0, 1000, 800)
    add(1, 1000, 700, day=date(2026, 11, 19))
    add(2, 1000, 600, day=date(2026, 11, 18))
    reviewer = client_as("area_manager")
    assert "store S2" in reviewer.get("/day/review/").text
    answer = post(reviewer, page("S2", "2026-11-19", "review"), {"version": "1", "event": "read"})
    assert answer.location == "/day/review/"
    assert "store S1" in reviewer.get(answer.location).text
    post(reviewer, page("S1", what="review"), {"version": "1", "event": "read"})
    assert "store S2" in reviewer.get("/day/review/").text
    post(reviewer, page("S2", what="review"), {"version": "1", "event": "return", "comment": "Why so little?"})
    assert "All reports are read" in reviewer.get("/day/review/").text
    with acting(app) as session:
        found = session.execute(
            select(DayReport.day, DayReport.state, DayReport.reviewed_by).order_by(DayReport.day, DayReport.node_id)
        ).all()
    reviewer_id = chain.people["area_manager"].id
    assert [tuple(row) for row in found] == [
        (date(2026, 11, 18), "reported", None), (date(2026, 11, 19), "read", reviewer_id),
        (FRIDAY, "read", reviewer_id), (FRIDAY, "returned", reviewer_id),
    ]  # fmt: skip


@pytest.mark.requirement("G12")
def test_a_report_left_for_later_is_passed_by_and_none_behind_it_is_lost(chain, client_as, add, at):
    at("2026-11-20 22:30")
    add(1, 1000, 901, day=date(2026, 11, 19))
    add(0, 1000, 802)
    add(1, 1000, 703)
    reviewer, seen, url = client_as("area_manager"), [], "/day/review/"
    for _ in range(3):
        shown = reviewer.get(url).text
        seen += [amount for amount in ("901", "802", "703") if amount in shown]
        url = shown.partition('href="/day/review/?after=')[2].partition('"')[0]
        url = f"/day/review/?after={url}"
    assert seen == ["901", "802", "703"]
    assert "You have seen them all" in reviewer.get(url).text
    for after in ("2026-11-20.%00", "2026-13-20.S1", "today.S1"):
        assert reviewer.get(f"/day/review/?after={after}").status_code == 404, after


@pytest.mark.requirement("G12", "G14")
def test_a_returned_report_reaches_the_manager_and_the_deputy_with_the_comment(app, chain, client_as, add, review, at):
    at("2026-11-20 22:30")
    add(0, 1000, 900)
    post(
        client_as("area_manager"),
        page("S1", what="review"),
        {"version": "1", "event": "return", "comment": "Why so little?"},
    )
    for role in ("store_manager", "deputy"):
        (message,) = messages_of(app, chain.people[role])
        assert (message.title, message.text, message.url) == (
            "Your report of 2026-11-20 was returned",
            "Why so little?",
            page("S1"),
        )
    assert messages_of(app, chain.people["clerk"]) == []
    assert "Why so little?" in client_as("store_manager").get(page("S1")).text


def test_a_read_report_with_a_comment_tells_the_store_and_without_one_disturbs_nobody(
    app, chain, client_as, add, review, at
):
    at("2026-11-20 22:30")
    add(0, 1000, 900)
    add(1, 1000, 900)
    reviewer = client_as("area_manager")
    post(reviewer, page("S1", what="review"), {"version": "1", "event": "read", "comment": "Well done"})
    post(reviewer, page("S2", what="review"), {"version": "1", "event": "read"})
    assert [message.text for message in messages_of(app, chain.people["store_manager"])] == ["Well done"]


@pytest.mark.requirement("G12")
def test_a_return_without_a_comment_is_refused_with_the_reason(chain, client_as, add, days, review, at):
    at("2026-11-20 22:30")
    add(0, 1000, 900)
    answer = post(
        client_as("area_manager"), page("S1", what="review"), {"version": "1", "event": "return", "comment": "  "}
    )
    assert answer.status_code == 422
    assert "Say what is missing" in answer.text
    assert days()["S1"].state == "reported"
    assert (
        post(client_as("area_manager"), page("S1", what="review"), {"version": "1", "event": "praise"}).status_code
        == 400
    )


@pytest.mark.requirement("G12")
def test_ones_own_report_never_stands_in_ones_queue(chain, client_as, add, days, review, at):
    at("2026-11-20 22:30")
    add(0, 1000, 900, reported_by=chain.people["area_manager"].id)
    add(1, 1000, 900, target_by=chain.people["area_manager"].id)
    reviewer = client_as("area_manager")
    assert "All reports are read" in reviewer.get("/day/review/").text
    assert post(reviewer, page("S1", what="review"), {"version": "1", "event": "read"}).status_code == 422
    assert days()["S1"].state == "reported"
    assert "store S1" in client_as("head_office").get("/day/review/").text


@pytest.mark.requirement("G12")
def test_a_report_that_changed_while_it_was_looked_at_is_looked_at_again(app, chain, client_as, add, days, review, at):
    at("2026-11-20 22:30")
    add(0, 1000, 900)
    seen = days()["S1"].version
    post(
        client_as("store_manager"),
        page("S1", what="correct"),
        {"figure": "amount", "value": "1", "reason": "booked twice"},
    )
    reviewer = client_as("area_manager")
    answer = review(reviewer, "S1", "read", version=seen)
    assert answer.status_code == 422
    assert "Look at it once more" in answer.text
    assert days()["S1"].state == "reported"
    assert review(reviewer, "S1", "read").status_code == 302
    assert days()["S1"].state == "read"
