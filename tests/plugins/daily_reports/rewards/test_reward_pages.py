"""The pages: who sees what, a proposal out of a day in two taps, decisions, appeals, the column for everybody."""

import re
from decimal import Decimal

import pytest
from sqlalchemy import select

from core.testing.factories import acting, make_person, post, sign_in
from plugins.daily_reports.rewards.models import Reward
from tests.plugins.daily_reports.steps import FRIDAY, page
from tests.plugins.daily_reports.test_cards import cards_on

PROPOSE = "/day/rewards/for/S1/2026-11-20/"


def at_(reward_id, what=""):
    """The address of a reward or penalty, or of one of its forms."""
    return f"/day/rewards/{reward_id}/{what}"


def form_of(text):
    """What a form would send as it was opened."""
    key = re.search(r'name="key" value="([^"]+)"', text)[1]
    amount = re.search(r'name="amount"[^>]*value="([^"]*)"', text)[1]
    why = re.search(r'name="why"[^>]*>([^<]*)<', text)[1]
    kind = re.search(r'name="kind" value="(\w+)" required checked', text)[1]
    return {"key": key, "amount": amount, "why": why, "kind": kind, "whom": ""}


@pytest.fixture(autouse=True)
def friday(at):
    at("2026-11-20 22:30")


@pytest.fixture
def rewards(app):
    """A function that gives all of them."""

    def read():
        with acting(app) as session:
            return session.scalars(select(Reward).order_by(Reward.id)).all()

    return read


@pytest.mark.requirement("G7")
def test_the_area_manager_proposes_a_penalty_from_a_late_day_in_two_taps(chain, client_as, add, rewards):
    add(0, 8000, 7000, target_late_minutes=35, report_late_minutes=0)
    client = client_as("area_manager")
    assert f'href="{PROPOSE}"' in client.get(page("S1")).text
    form = form_of(client.get(PROPOSE).text)
    assert (form["kind"], form["why"]) == ("penalty", "Target 35 min late")
    answer = post(client, PROPOSE, form)
    (reward,) = rewards()
    assert answer.location == at_(reward.id)
    assert (reward.kind, reward.amount, reward.state, reward.since, reward.until) == (
        "penalty",
        50,
        "proposed",
        FRIDAY,
        FRIDAY,
    )
    assert ["2026-11-20", "target_late", 35] in reward.evidence
    assert post(client, PROPOSE, form).location == at_(reward.id)
    assert len(rewards()) == 1


@pytest.mark.requirement("G20", "Z17")
def test_a_good_day_is_offered_as_a_reward_for_the_store_or_somebody_in_it(chain, client_as, add, rewards):
    add(0, 8000, 12000, target_late_minutes=0, report_late_minutes=0)
    client = client_as("area_manager")
    form = form_of(client.get(PROPOSE).text)
    assert (form["kind"], form["why"]) == ("reward", "150% of the target")
    clerk = chain.people["clerk"]
    post(client, PROPOSE, form | {"whom": str(clerk.id), "amount": "100"})
    assert [(r.person_id, r.amount) for r in rewards()] == [(clerk.id, 100)]
    stranger = chain.people["leader"]
    assert post(client, PROPOSE, form | {"whom": str(stranger.id), "key": "x"}).status_code == 400


def test_a_form_that_is_wrong_keeps_what_was_typed(chain, client_as, add, rewards):
    add(0, 8000, 7000, target_late_minutes=35)
    client = client_as("area_manager")
    form = form_of(client.get(PROPOSE).text)
    for wrong in ({"amount": "much"}, {"amount": "200000"}, {"why": ""}, {"why": "x" * 401}):
        answer = post(client, PROPOSE, form | {"why": "kept words"} | wrong)
        assert answer.status_code == 422, wrong
        assert "why" in wrong or "kept words" in answer.text
    assert rewards() == []


@pytest.mark.parametrize("day", ["2026-11-21", "never", "9999-12-31"])
def test_a_day_that_has_not_come_proves_nothing(chain, client_as, day):
    assert client_as("area_manager").get(f"/day/rewards/for/S1/{day}/").status_code == 404


def test_what_is_there_for_the_day_is_shown_before_it_is_proposed_again(chain, client_as, add, propose):
    add(0, 8000, 7000, target_late_minutes=35)
    reward_id = propose()
    assert at_(reward_id) in client_as("area_manager").get(PROPOSE).text


@pytest.mark.requirement("G7", "G17")
def test_head_office_approves_it_is_published_the_store_appeals_and_somebody_else_revises(
    chain, client_as, propose, read
):
    reward_id = propose()
    office, manager, leader = client_as("head_office"), client_as("store_manager"), client_as("leader")
    assert "Approve and publish" in office.get(at_(reward_id)).text
    assert post(office, at_(reward_id, "decide"), {"event": "approve", "reason": "I saw it"}).status_code == 302
    assert "An hour late" in manager.get("/day/rewards/").text
    assert "Send the appeal" in manager.get(at_(reward_id)).text
    assert post(manager, at_(reward_id, "appeal"), {"reason": "The network was down"}).status_code == 302
    assert "Somebody else looks at the appeal" in office.get(at_(reward_id)).text
    assert post(office, at_(reward_id, "revise"), {"event": "uphold", "reason": "no"}).status_code == 422
    assert (
        post(
            leader, at_(reward_id, "revise"), {"event": "change", "amount": "20", "reason": "Half the fault"}
        ).status_code
        == 302
    )
    reward, steps = read(reward_id)
    assert (reward.state, reward.amount, [s.event for s in steps]) == (
        "effective",
        20,
        ["propose", "approve", "appeal", "change"],
    )
    shown = manager.get(at_(reward_id)).text
    for words in ("The network was down", "Half the fault", "Name of leader", "Name of head_office", "I saw it"):
        assert words in shown


def test_one_tap_approves_and_the_step_says_that_the_evidence_was_looked_at(chain, client_as, propose, read):
    reward_id = propose()
    office = client_as("head_office")
    for _tap in range(2):
        assert post(office, at_(reward_id, "decide"), {"event": "approve", "reason": ""}).status_code == 302
    assert [(s.event, s.reason) for s in read(reward_id)[1]][1:] == [("approve", "The evidence was looked at.")]


@pytest.mark.requirement("G7")
def test_a_refusal_says_why_and_keeps_what_was_typed(chain, client_as, propose, read):
    reward_id = propose()
    office = client_as("head_office")
    answer = post(office, at_(reward_id, "decide"), {"event": "withdraw", "reason": "my long thought"})
    assert answer.status_code == 422
    assert "You cannot withdraw it now" in answer.text
    assert "my long thought" in answer.text
    assert post(office, at_(reward_id, "decide"), {"event": "settle", "reason": "x"}).status_code == 400
    assert post(office, at_(reward_id, "revise"), {"event": "withdraw", "reason": "x"}).status_code == 422
    assert read(reward_id)[0].state == "proposed"


def test_who_decides_may_not_slip_past_the_appeal(chain, client_as, propose, step, office, manager, read):
    reward_id = propose()
    step(reward_id, "approve", office)
    step(reward_id, "appeal", manager)
    answer = post(client_as("leader"), at_(reward_id, "decide"), {"event": "withdraw", "reason": "x"})
    assert (answer.status_code, "only who looks at the appeal" in answer.text) == (422, True)
    assert read(reward_id)[0].state == "appealed"


def test_the_proposer_takes_it_back(chain, client_as, propose, read):
    reward_id = propose()
    client = client_as("area_manager")
    assert "Take it back" in client.get(at_(reward_id)).text
    assert post(client, at_(reward_id, "take-back"), {}).status_code == 302
    assert read(reward_id)[0].state == "withdrawn"


@pytest.mark.requirement("G7", "J4")
def test_another_parts_reward_is_answered_like_one_that_does_not_exist(chain, client_as, propose, read):
    reward_id = propose()
    for client in (
        client_as("store_manager", chain.stores[1]),
        client_as("area_manager", chain.areas[3]),
        client_as("clerk"),
    ):
        foreign, nowhere = client.get(at_(reward_id)), client.get(at_(10**9))
        assert (foreign.status_code, foreign.text) == (404, nowhere.text)
        for what in ("appeal", "take-back", "decide", "revise", "correct"):
            foreign, nowhere = (
                post(client, at_(number, what), {"event": "approve", "reason": "x"}) for number in (reward_id, 10**9)
            )
            assert foreign.status_code in (403, 404)
            assert foreign.text == nowhere.text
    foreign, nowhere = (
        client_as("area_manager", chain.areas[3]).get(f"/day/rewards/for/{code}/2026-11-20/") for code in ("S1", "S99")
    )
    assert (foreign.status_code, foreign.text) == (404, nowhere.text)
    assert read(reward_id)[0].state == "proposed"


@pytest.mark.requirement("G7")
def test_each_role_may_what_its_part_in_it_is_and_no_more(chain, client_as, propose):
    reward_id = propose()
    doors = ("decide", "revise", "appeal", "take-back", "correct")
    for role, expected in {
        "head_office": (1, 1, 0, 1, 1), "leader": (1, 1, 0, 0, 0), "area_manager": (0, 0, 0, 1, 1), "store_manager": (0, 0, 1, 0, 0),
        "deputy": (0, 0, 1, 0, 0), "clerk": (0, 0, 1, 0, 0), "it": (0, 0, 0, 0, 0),
    }.items():  # fmt: skip
        client = client_as(role)
        answers = [post(client, at_(10**9, door), {"event": "withdraw", "reason": "x"}).status_code for door in doors]
        assert answers == [404 if may else 403 for may in expected], role
    assert reward_id


@pytest.mark.requirement("G7")
def test_a_clerk_reads_and_appeals_what_is_about_themselves_only(app, chain, propose, step, office, read):
    with acting(app) as session:
        clerk = make_person(session, "somebody", chain.stores[0], "clerk")
    mine, colleague = propose(key="1", person_id=clerk.id), propose(key="2", person_id=chain.people["clerk"].id)
    for reward_id in (mine, colleague):
        step(reward_id, "approve", office)
    client = sign_in(app.test_client(), clerk)
    assert [client.get(at_(reward_id)).status_code for reward_id in (mine, colleague)] == [200, 404]
    assert post(client, at_(mine, "appeal"), {"reason": "It was not me"}).status_code == 302
    assert post(client, at_(colleague, "appeal"), {"reason": "x"}).status_code == 404
    assert (read(mine)[0].state, read(colleague)[0].state) == ("appealed", "published")


@pytest.mark.requirement("G7", "G17")
def test_everybody_reads_who_what_and_why_in_the_column_but_no_foreign_amount_or_person(
    app, chain, client_as, propose, step, office
):
    with acting(app) as session:
        clerk = make_person(session, "somebody", chain.stores[0], "clerk", name="Li Lei")
    told = propose(key="1", why="Sent two hours late", amount=Decimal("4321"), person_id=clerk.id)
    step(told, "approve", office)
    propose(key="2", why="Not decided yet")
    rejected = propose(key="3", why="Not approved at all")
    step(rejected, "reject", office)
    for role in ("clerk", "technician", "store_manager", "leader", "it"):
        node = chain.stores[5] if role in ("clerk", "technician", "store_manager") else None
        shown = client_as(role, node).get("/day/rewards/").text
        column = shown[shown.index("Published in the chain") :]
        for words in ("store S1", "Sent two hours late", "The day of 2026-11-20", "Penalty", "Published"):
            assert words in column, (role, words)
        for words in ("4,321", "4321", "Li Lei", "Not decided yet", "Not approved at all"):
            assert words not in column, (role, words)
    foreign = client_as("store_manager", chain.stores[5]).get("/day/rewards/").text
    own = client_as("store_manager").get("/day/rewards/").text
    assert ("4,321" in foreign, "4,321" in own) == (False, True)


def test_the_column_goes_on_with_older_ones(chain, client_as, propose, step, office):
    for number in range(32):
        step(propose(key=str(number), why=f"reason {number:02}"), "approve", office)
    client = client_as("clerk", chain.stores[5])
    first = client.get("/day/rewards/").text
    assert ("reason 31" in first, "reason 02" in first, "reason 01" in first) == (True, True, False)
    older = client.get(re.search(r'href="(/day/rewards/\?before=\d+)"', first)[1]).text
    assert ("reason 02" in older, "reason 01" in older, "reason 00" in older) == (False, True, True)
    for odd in ("x", "-1", "9" * 40, "²"):
        assert client.get(f"/day/rewards/?before={odd}").status_code == 200


@pytest.mark.requirement("G17", "J12")
def test_the_home_says_what_waits_and_leads_everybody_to_the_column(chain, client_as, propose, step, office):
    def card(role, node=None):
        return cards_on(client_as(role, node).get("/"))["Rewards and penalties"]

    reward_id = propose()
    assert card("head_office") == ["1", "to decide", "/day/rewards/"]
    assert (
        card("store_manager") == card("clerk") == card("it") == ["0", "What is published in the chain", "/day/rewards/"]
    )
    step(reward_id, "approve", office)
    assert card("store_manager") == card("area_manager") == ["1", "can still be appealed", "/day/rewards/"]
    assert (
        card("store_manager", chain.stores[1])
        == card("leader")
        == ["0", "What is published in the chain", "/day/rewards/"]
    )


def test_a_settled_one_offers_a_correction_and_tells_the_store_the_way(
    app, chain, client_as, propose, step, office, held
):
    reward_id = propose()
    step(reward_id, "approve", office)
    with held(reward_id) as (_session, reward):
        reward.state = "settled"
    assert "a correction is paid with the next month" not in client_as("area_manager").get(at_(reward_id)).text
    answer = post(client_as("area_manager"), at_(reward_id, "correct"), {"amount": "60", "reason": "x", "key": "k"})
    assert (answer.status_code, "At most 50.00 yuan" in answer.text) == (422, True)
    answer = post(
        client_as("area_manager"), at_(reward_id, "correct"), {"amount": "50", "reason": "The clock was wrong"}
    )
    assert "the settled entry" in client_as("head_office").get(answer.location).text


@pytest.mark.requirement("G7")
def test_more_rewards_cost_a_page_no_more_statements(chain, client_as, propose, step, office, statements):
    clients = {role: client_as(role) for role in ("store_manager", "area_manager", "head_office", "clerk")}
    pages = ("/day/rewards/", "/admin/daily_reports/reward/", "/admin/daily_reports/settlement/")

    def counts():
        found = {}
        for role, client in clients.items():
            for url in pages:
                client.get(url)
                with statements() as seen:
                    client.get(url)
                found[role, url] = len(seen)
        return found

    step(propose(key="first"), "approve", office)
    few = counts()
    for number in range(12):
        step(propose(number % 2, key=str(number)), "approve", office)
    assert counts() == few


@pytest.mark.requirement("G7")
def test_the_desk_lists_filters_shows_evidence_and_steps_and_approves(chain, client_as, propose, read):
    penalty, _reward = propose(key="1"), propose(1, key="2", kind="reward", what="A good day")
    office = client_as("head_office")
    listed = office.get("/admin/daily_reports/reward/?kind=penalty").text
    assert ("store S1" in listed, "store S2" in listed) == (True, False)
    shown = office.get(f"/admin/daily_reports/reward/details/?id={penalty}").text
    for words in ("Target 60 min late", page("S1"), "Name of area_manager", "An hour late", "Approve and publish"):
        assert words in shown, words
    assert post(office, f"/admin/daily_reports/reward/approve/?id={penalty}", {}).status_code == 302
    assert read(penalty)[0].state == "published"
    assert (
        "Approve and publish"
        not in client_as("store_manager").get(f"/admin/daily_reports/reward/details/?id={penalty}").text
    )


def test_the_desk_offers_no_approval_of_ones_own_and_refuses_it(chain, client_as, propose, read, office):
    reward_id = propose(by=office)
    client = client_as("head_office")
    assert "Approve and publish" not in client.get(f"/admin/daily_reports/reward/details/?id={reward_id}").text
    answer = post(client, f"/admin/daily_reports/reward/approve/?id={reward_id}", {}, follow_redirects=True)
    assert "Nobody decides on their own proposal" in answer.text
    assert read(reward_id)[0].state == "proposed"


def test_head_office_writes_rules_without_code_and_a_slip_of_the_pen_is_refused(chain, client_as):
    office = client_as("head_office")
    form = {
        "name": "Late", "kind": "penalty", "metric": "late_days", "threshold": "3", "amount": "50", "appeal_days": "3", "most_percent": "30",
        "since": "2026-11-23", "active": "1",
    }  # fmt: skip
    assert post(office, "/admin/daily_reports/reward_rule/new/", form | {"threshold": "8"}).status_code == 422
    assert post(office, "/admin/daily_reports/reward_rule/new/", form).status_code == 302
    assert "Late" in client_as("store_manager").get("/admin/daily_reports/reward_rule/").text
    assert post(client_as("area_manager"), "/admin/daily_reports/reward_rule/new/", form).status_code == 403


def test_pages_come_with_the_strict_policy_and_no_inline_script_or_style(chain, client_as, propose, step, office, add):
    add(0, 8000, 7000, target_late_minutes=35)
    reward_id = propose()
    step(reward_id, "approve", office)
    for role, url in (
        ("store_manager", "/day/rewards/"), ("store_manager", at_(reward_id)), ("area_manager", PROPOSE), ("head_office", at_(reward_id)),
        ("head_office", "/admin/daily_reports/settlement/"),
    ):  # fmt: skip
        shown = client_as(role).get(url)
        assert shown.status_code == 200, url
        assert "unsafe-inline" not in shown.headers["Content-Security-Policy"]
        for inline in (" style=", " onclick=", "<style"):
            assert inline not in shown.text, (url, inline)
