"""The phone pages under /day/: who may open what, and what a form is answered."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select, update

from core.audit import AuditEntry
from core.inbox import Message
from core.org.models import CalendarDay, Node, Person
from core.registry.models import PilotNode, PluginIntent, Revision
from core.testing.factories import acting, give_role, make_person, post, sign_in
from plugins.daily_reports.models import Correction, DayReport, Submission

FRIDAY = date(2026, 11, 20)
KEY = "0b4e5f4e-6f0c-4a8e-9d7e-3a7f1f0a9b11"
FETCH = {"X-Requested-With": "fetch"}


def page(code, day="2026-11-20", what=""):
    return f"/day/at/{code}/{day}/{what}"


@pytest.fixture
def days(app, chain):
    """The day records of the chain, `{code: values}`."""

    def read():
        with acting(app) as session:
            rows = session.execute(select(Node.code, DayReport).join(DayReport, DayReport.node_id == Node.id)).all()
            return {code: report for code, report in rows}

    return read


@pytest.fixture
def add(app, chain):
    """Add the day of a store, by its number."""

    def make(number, target=None, amount=None, day=FRIDAY, state="reported", **values):
        with acting(app) as session:
            row = DayReport(
                node_id=chain.stores[number].id, day=day, state=state, target_amount=target and Decimal(target),
                amount=None if amount is None else Decimal(amount), **values,
            )  # fmt: skip
            session.add(row)
        return row

    return make


def messages_of(app, person):
    with acting(app) as session:
        return session.scalars(select(Message).where(Message.person_id == person.id).order_by(Message.id)).all()


# Who may open what


@pytest.mark.requirement("G2", "G3")
def test_a_manager_opens_today_in_one_step_and_it_is_their_own_store(chain, client_as, at):
    at("2026-11-20 08:45")
    answer = client_as("store_manager").get("/day/")
    assert (answer.status_code, answer.location) == (302, page("S1"))
    assert client_as("deputy").get("/day/").location == page("S1")
    at("2026-11-21 02:30")
    assert client_as("store_manager").get("/day/").location == page("S1")
    at("2026-11-21 03:00")
    assert client_as("store_manager").get("/day/").location == page("S1", "2026-11-21")


def test_a_manager_who_is_also_the_deputy_opens_their_one_store(app, chain, client_as, at):
    at("2026-11-20 08:45")
    with acting(app) as session:
        give_role(session, session.get(Person, chain.people["store_manager"].id), "deputy", chain.stores[0])
    assert client_as("store_manager").get("/day/").location == page("S1")


@pytest.mark.requirement("G9")
def test_who_looks_after_several_opens_what_waits(chain, client_as, at):
    at("2026-11-20 10:00")
    for role in ("area_manager", "leader", "head_office", "system_administrator"):
        answer = client_as(role).get("/day/")
        assert answer.status_code == 200
        assert "Missing now" in answer.text


@pytest.mark.requirement("G12", "J4")
def test_another_stores_day_is_answered_like_one_that_does_not_exist(chain, client_as, add, at):
    at("2026-11-20 22:30")
    add(1, 1000, 900)
    manager = client_as("store_manager")
    foreign, nowhere = manager.get(page("S2")), manager.get(page("S9"))
    assert foreign.status_code == nowhere.status_code == 404
    assert foreign.text == nowhere.text
    foreign, nowhere = manager.get("/day/at/S2/trend/"), manager.get("/day/at/S9/trend/")
    assert (foreign.status_code, foreign.text) == (404, nowhere.text)
    assert manager.get(page("S1")).status_code == 200


@pytest.mark.requirement("G12", "J4")
@pytest.mark.parametrize("what", ["target", "close", "correct", "review"])
def test_no_form_reaches_into_another_part_of_the_chain(chain, client_as, add, days, at, what):
    at("2026-11-20 22:30")
    add(4, 1000, 900)
    form = {
        "key": KEY,
        "version": "1",
        "amount": "1",
        "figure": "amount",
        "value": "1",
        "reason": "x",
        "event": "return",
        "comment": "x",
    }
    for client in (client_as("area_manager"), client_as("store_manager")):
        foreign, nowhere = (post(client, page(code, what=what), form) for code in ("S5", "S99"))
        assert foreign.status_code == nowhere.status_code
        assert foreign.status_code in (403, 404)
        assert foreign.text == nowhere.text
    assert (days()["S5"].amount, days()["S5"].state, days()["S5"].version) == (900, "reported", 1)
    assert post(client_as("area_manager", chain.areas[2]), page("S5", what=what), form).status_code in (302, 409, 422)


@pytest.mark.requirement("G12")
def test_an_area_manager_opens_the_days_of_their_area_only(chain, client_as, at):
    at("2026-11-20 10:00")
    area_manager = client_as("area_manager")
    assert [area_manager.get(page(code)).status_code for code in ("S1", "S2", "S3", "S8")] == [200, 200, 404, 404]
    regional = client_as("area_manager", chain.regions[1])
    assert [regional.get(page(code)).status_code for code in ("S4", "S5", "S8")] == [404, 200, 200]


def test_a_missing_right_is_403_and_a_held_one_opens(chain, client_as, at):
    at("2026-11-20 10:00")
    addresses = ("/day/", page("S1"), "/day/review/", "/day/missing/")
    for role, expected in {
        "clerk": [403, 403, 403, 403], "store_manager": [302, 200, 403, 403], "deputy": [302, 200, 403, 403],
        "area_manager": [200, 200, 200, 200], "leader": [200, 200, 403, 403], "head_office": [200, 200, 200, 200],
    }.items():  # fmt: skip
        client = client_as(role)
        assert [client.get(url).status_code for url in addresses] == expected, role


def test_who_only_reads_is_shown_no_form_and_may_send_none(chain, client_as, days, at):
    at("2026-11-20 08:45")
    leader = client_as("leader")
    assert 'name="amount"' not in leader.get(page("S1")).text
    assert 'name="amount"' not in leader.get(page("S1") + "?step=target").text
    assert post(leader, page("S1", what="target"), {"key": KEY, "amount": "8000"}).status_code == 403
    assert days() == {}


def test_who_is_not_signed_in_is_asked_to_and_a_script_is_told(chain, app):
    client = app.test_client()
    assert client.get(page("S1")).status_code == 302
    assert "/login" in client.get(page("S1")).location
    answer = post(client, page("S1", what="target"), {"key": KEY, "amount": "8000"}, headers=FETCH)
    assert answer.status_code == 401
    assert answer.is_json


def test_an_address_of_no_day_or_no_place_is_404(chain, client_as):
    days = [page("S1", day) for day in ("today", "2026-02-30", "0001-01-01", "9999-12-31", "1800-01-01")]
    places = [page(code) for code in ("%00", "S1%0a", "%F0%9F%98%80", "' or 1=1 --")]
    manager = client_as("store_manager")
    for url in days + places:
        assert manager.get(url).status_code == 404, url
        assert manager.get(url + "?step=target").status_code == 404, url


@pytest.mark.requirement("J13")
def test_where_the_plugin_is_off_its_addresses_do_not_exist(app, chain, client_as, at):
    at("2026-11-20 10:00")
    manager, area_manager = client_as("store_manager"), client_as("area_manager")
    addresses = (
        "/day/",
        page("S1"),
        "/day/at/S1/trend/",
        "/admin/daily_reports/board/",
        "/admin/daily_reports/day/",
        "/admin/daily_reports/month_target/",
    )
    assert {manager.get(url).status_code for url in addresses} <= {200, 302}
    with acting(app) as session:
        session.get(PluginIntent, "daily_reports").enabled = False
        session.execute(update(Revision).values(plugins=Revision.plugins + 1))
    assert {client.get(url).status_code for client in (manager, area_manager) for url in addresses} == {404}
    assert post(manager, page("S1", what="target"), {"key": KEY, "amount": "8000"}).status_code == 404
    assert manager.get("/").status_code == 200
    assert "Today's target" not in manager.get("/").text


@pytest.mark.requirement("J13")
def test_for_pilot_stores_the_plugin_is_on_there_and_off_elsewhere(app, chain, client_as, at):
    at("2026-11-20 10:00")
    with acting(app) as session:
        session.add(PilotNode(plugin="daily_reports", node_id=chain.areas[0].id))
        session.execute(update(Revision).values(plugins=Revision.plugins + 1))
    assert client_as("store_manager").get(page("S1")).status_code == 200
    assert client_as("store_manager", chain.stores[2]).get(page("S3")).status_code == 404
    with acting(app) as session:
        both = make_person(session, "both", chain.areas[0], "area_manager")
        give_role(session, both, "area_manager", chain.areas[1])
    client, form = sign_in(app.test_client(), both), {"key": KEY, "version": "0", "amount": "8000"}
    assert [client.get(page(code)).status_code for code in ("S1", "S3")] == [200, 200]
    assert [post(client, page(code, what="target"), form).status_code for code in ("S1", "S3")] == [302, 404]
    shown = client.get("/day/missing/").text
    assert ("store S2" in shown, "store S3" in shown) == (True, False)


# The morning and the evening


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
    monkeypatch.setattr("plugins.daily_reports.pages.collect", lambda hook, **_arguments: [None, Decimal("8888.5")])
    manager = client_as("store_manager")
    assert 'value="8888.5"' in manager.get(page("S1")).text
    post(manager, page("S1", what="close"), {"key": KEY, "version": "0", "amount": "9000", "source_amount": "9000"})
    assert (days()["S1"].amount, days()["S1"].source_amount) == (9000, Decimal("8888.5"))


# What a script is answered


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


# Corrections


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


# Reviews


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


# Who is missing, and the reminder


@pytest.mark.requirement("G9", "Z20")
def test_the_missing_list_names_the_stores_of_ones_area(chain, client_as, add, at):
    add(0, 1000, state="target_set")
    at("2026-11-20 10:00")
    shown = client_as("area_manager").get("/day/missing/").text
    assert "store S2" in shown
    assert "store S1" not in shown
    assert "store S3" not in shown


@pytest.mark.requirement("G9", "G14")
def test_a_reminder_reaches_manager_and_deputy_once_in_ten_minutes(app, chain, client_as, at):
    at("2026-11-20 09:59:50")
    area_manager = client_as("area_manager")
    assert post(area_manager, "/day/missing/remind", {"node": "S1"}).location == "/day/missing/"
    assert "1 stores are reminded." in area_manager.get("/day/missing/").text
    at("2026-11-20 10:05")
    post(area_manager, "/day/missing/remind", {"node": "S1"})
    shown = area_manager.get("/day/missing/").text
    assert "less than ten minutes ago" in shown
    assert "Reminded 09:59" in shown
    post(client_as("head_office"), "/day/missing/remind")
    for role in ("store_manager", "deputy"):
        (message,) = messages_of(app, chain.people[role])
        assert (message.title, message.text, message.url) == (
            "Please set today's target",
            "store S1 is 29 minutes late.",
            page("S1"),
        )
    at("2026-11-20 10:09:50")
    post(area_manager, "/day/missing/remind", {"node": "S1"})
    assert len(messages_of(app, chain.people["store_manager"])) == 2


@pytest.mark.requirement("G9")
def test_reminding_all_says_where_nobody_is_in_charge(app, chain, client_as, person, at):
    deputy = person("deputy", chain.stores[2])
    at("2026-11-20 22:30")
    leader = client_as("area_manager", chain.regions[0])
    post(leader, "/day/missing/remind")
    shown = leader.get("/day/missing/").text
    assert "Nobody is in charge of: store S2、store S4." in shown
    assert "2 stores are reminded." in shown
    assert [message.title for message in messages_of(app, deputy)] == ["Please report today's result"]
    assert messages_of(app, chain.people["clerk"]) == []


def test_a_person_who_has_left_is_not_reminded(app, chain, client_as, at):
    at("2026-11-20 10:00")
    with acting(app) as session:
        session.get(Person, chain.people["deputy"].id).active = False
    post(client_as("area_manager"), "/day/missing/remind", {"node": "S1"})
    assert messages_of(app, chain.people["deputy"]) == []
    assert len(messages_of(app, chain.people["store_manager"])) == 1


def test_only_ones_own_stores_can_be_reminded(app, chain, client_as, person, at):
    manager = person("store_manager", chain.stores[4])
    at("2026-11-20 10:00")
    area_manager = client_as("area_manager")
    foreign, nowhere = (post(area_manager, "/day/missing/remind", {"node": code}) for code in ("S5", "S99"))
    assert foreign.status_code == nowhere.status_code == 404
    assert foreign.text == nowhere.text
    post(area_manager, "/day/missing/remind")
    assert messages_of(app, manager) == []


def test_a_store_that_has_sent_it_meanwhile_is_not_reminded_and_the_one_who_taps_is_told(
    app, chain, client_as, add, at
):
    at("2026-11-20 10:00")
    add(0, 1000, state="target_set")
    area_manager = client_as("area_manager")
    assert post(area_manager, "/day/missing/remind", {"node": "S1"}).status_code == 302
    assert "store S1 has sent it meanwhile." in area_manager.get("/day/missing/").text
    assert messages_of(app, chain.people["store_manager"]) == []


# The trend


@pytest.mark.requirement("G9")
def test_the_trend_shows_a_stores_own_days_and_no_other_stores_name_or_amount(chain, client_as, add, at):
    at("2026-11-20 22:30")
    add(0, 1000, 987)
    for number in range(1, 8):
        add(number, 54_321, 45_678)
    shown = client_as("store_manager").get("/day/at/S1/trend/")
    assert shown.status_code == 200
    assert "987" in shown.text
    for foreign in ("45,678", "45678", "54,321", "54321", "store S2", "store S8"):
        assert foreign not in shown.text


def test_pages_come_with_the_strict_policy_and_no_inline_script_or_style(chain, client_as, add, at):
    at("2026-11-20 22:30")
    add(1, 1000, 900)
    add(0, 1000, state="target_set")
    manager, area_manager = client_as("store_manager"), client_as("area_manager")
    pages = [
        (manager, page("S1")),
        (manager, page("S1") + "?step=target"),
        (manager, page("S1") + "?step=close"),
        (manager, "/day/at/S1/trend/"),
    ]
    pages += [
        (area_manager, url)
        for url in ("/day/", "/day/review/", "/day/missing/", page("S2"), "/admin/daily_reports/board/")
    ]
    for client, url in pages:
        shown = client.get(url)
        assert shown.status_code == 200, url
        assert "unsafe-inline" not in shown.headers["Content-Security-Policy"]
        assert " style=" not in shown.text, url
        assert " onclick=" not in shown.text, url
        assert "<style" not in shown.text, url


def test_a_person_of_two_stores_chooses_and_writes_both(app, chain, at):
    at("2026-11-20 08:45")
    with acting(app) as session:
        both = make_person(session, "both", chain.stores[0], "store_manager")
        give_role(session, both, "store_manager", chain.stores[3])
    client = sign_in(app.test_client(), both)
    shown = client.get("/day/")
    assert shown.status_code == 200
    for code in ("S1", "S4"):
        assert page(code) in shown.text
        assert (
            post(client, page(code, what="target"), {"key": KEY, "version": "0", "amount": "8000"}).status_code == 302
        )
    assert client.get(page("S2")).status_code == 404


@pytest.mark.requirement("G12")
def test_figures_that_changed_since_the_reviewer_looked_are_not_read_unseen(app, chain, client_as, add, days, at):
    at("2026-11-20 22:30")
    add(0, 1000, 900)
    correction = {"figure": "amount", "value": "100", "reason": "a zero too many"}
    assert post(client_as("store_manager"), page("S1", what="correct"), correction).status_code == 302
    answer = post(client_as("area_manager"), page("S1", what="review"), {"version": "1", "event": "read"})
    assert answer.status_code == 422
    assert days()["S1"].state == "reported"
