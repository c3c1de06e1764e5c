"""The chain's day on one page: who stands where, who is missing, and how a store does beside its peers."""

from datetime import date, time, timedelta
from decimal import Decimal

import pytest

from core.access.person import acting_as
from core.db import current_session
from core.org.models import CalendarDay, Node
from core.testing.factories import acting, make_node
from plugins.daily_reports import boards
from plugins.daily_reports.models import DayReport

FRIDAY = date(2026, 11, 20)


def add(session, node, target=None, amount=None, day=FRIDAY, state="reported", **values):
    row = DayReport(
        node_id=node.id, day=day, state=state, target_amount=target and Decimal(target),
        amount=None if amount is None else Decimal(amount), **values,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


@pytest.fixture
def board_of(app):
    """The board as a person sees it: `{area: [codes]}`, or the groups themselves."""

    def read(person, below=None, day=FRIDAY):
        with acting(app, person) as session:
            return boards.board(session, person, day, below)

    return read


@pytest.fixture
def missing_of(app):
    """Who is missing, as a person sees it: `{code: (what, minutes)}`."""

    def read(person, day=FRIDAY):
        with acting(app, person) as session:
            return {item.code: (item.what, item.minutes) for item in boards.missing(session, person, day)}

    return read


def codes(groups):
    return {group.name: [row.code for row in group.stores] for group in groups}


@pytest.mark.requirement("G9")
def test_everybody_sees_the_stores_of_their_own_part_of_the_chain(chain, person, board_of, at):
    at("2026-11-20 12:00")
    everything = {"area A1": ["S1", "S2"], "area A2": ["S3", "S4"], "area A3": ["S5", "S6"], "area A4": ["S7", "S8"]}
    assert codes(board_of(person("head_office"))) == codes(board_of(person("leader"))) == everything
    assert codes(board_of(person("area_manager"))) == {"area A1": ["S1", "S2"]}
    assert codes(board_of(person("store_manager"))) == {"area A1": ["S1"]}
    assert codes(board_of(person("area_manager", chain.regions[1]))) == {
        "area A3": ["S5", "S6"],
        "area A4": ["S7", "S8"],
    }
    assert codes(board_of(person("clerk"))) == {}


def test_one_part_of_the_chain_can_be_looked_at(chain, person, board_of, at):
    at("2026-11-20 12:00")
    leader = person("leader")
    assert codes(board_of(leader, below=chain.regions[0])) == {"area A1": ["S1", "S2"], "area A2": ["S3", "S4"]}
    assert codes(board_of(leader, below=chain.areas[3])) == {"area A4": ["S7", "S8"]}
    assert codes(board_of(leader, below=chain.stores[4])) == {"area A3": ["S5"]}
    assert len(boards.totals(board_of(leader, below=chain.chain)).stores) == 8
    assert codes(board_of(person("area_manager"), below=chain.areas[1])) == {}


@pytest.mark.requirement("G9")
def test_the_worst_gap_comes_first_then_who_has_no_figures_and_closed_stores_last(chain, app, person, board_of, at):
    at("2026-11-20 22:30")
    with acting(app) as session:
        stores = [*chain.stores[:2], *(make_node(session, "store", f"S1{n}", chain.areas[0]) for n in range(4))]
        add(session, stores[0], 1000, 950)
        add(session, stores[1], 8000, 5000)
        add(session, stores[2], 500, 900)
        add(session, stores[3], None, 700)
        session.add(CalendarDay(node_id=stores[4].id, day=FRIDAY))
    group = board_of(person("area_manager"))[0]
    assert [row.code for row in group.stores] == ["S2", "S1", "S10", "S11", "S13", "S12"]
    assert [row.gap for row in group.stores] == [-3000, -50, 400, None, None, None]
    assert [row.percent for row in group.stores] == [62, 95, 180, None, None, None]
    assert [row.meaning for row in group.stores] == ["bad", "watch", "good", "none", "none", "none"]
    assert [row.closed for row in group.stores] == [False] * 5 + [True]


@pytest.mark.requirement("G9")
def test_a_groups_sums_are_its_stores_and_its_percent_is_of_those_that_have_both_figures(
    chain, app, person, board_of, at
):
    at("2026-11-20 22:30")
    with acting(app) as session:
        add(session, chain.stores[0], 1000, 800)
        add(session, chain.stores[1], 3000)
        add(session, chain.stores[2], None, 500)
        session.add(CalendarDay(node_id=chain.stores[3].id, day=FRIDAY))
    first, second = board_of(person("area_manager", chain.regions[0]))
    assert (first.name, first.target, first.amount, first.percent, first.meaning) == ("area A1", 4000, 800, 80, "bad")
    assert (first.count(reported=False), first.count(reported=True), first.open_stores) == (2, 1, 2)
    assert (second.name, second.target, second.amount, second.percent, second.meaning) == (
        "area A2",
        0,
        500,
        None,
        "none",
    )
    assert (second.count(reported=False), second.count(reported=True), second.open_stores) == (0, 1, 1)
    total = boards.totals([first, second])
    assert (total.target, total.amount, total.percent, total.open_stores) == (4000, 1300, 80, 3)


def test_areas_stand_by_their_achievement_worst_first(chain, app, person, board_of, at):
    at("2026-11-20 22:30")
    with acting(app) as session:
        for number, amount in ((0, 950), (2, 700), (6, 1200)):
            add(session, chain.stores[number], 1000, amount)
    assert [group.name for group in board_of(person("leader"))] == ["area A2", "area A1", "area A4", "area A3"]


@pytest.mark.parametrize(
    ("percent", "meaning"),
    [(None, "none"), (0, "bad"), (84, "bad"), (85, "watch"), (99, "watch"), (100, "good"), (180, "good")],
)
def test_a_colour_means_the_same_everywhere(percent, meaning):
    assert boards.meaning_of(percent) == meaning


def test_a_store_that_does_not_exist_on_the_day_is_left_out_unless_it_has_a_report(chain, app, person, board_of, at):
    at("2026-11-20 12:00")
    with acting(app) as session:
        first, second, third, fourth = (session.get(Node, store.id) for store in chain.stores[:4])
        first.closed_on, second.opened_on, third.closed_on = FRIDAY, FRIDAY + timedelta(days=1), FRIDAY
        add(session, third, 1000, 900)
    assert codes(board_of(person("area_manager", chain.regions[0]))) == {"area A2": ["S4", "S3"]}
    assert boards.totals(board_of(person("area_manager", chain.regions[0]))).open_stores == 1


# Who is missing


@pytest.mark.requirement("G9", "Z20")
@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-20 09:30", {}),
        ("2026-11-20 09:31", {"S1": ("target", 1)}),
        ("2026-11-20 11:05", {"S1": ("target", 95), "S2": ("target", 5)}),
        ("2026-11-20 22:01", {"S1": ("report", 1), "S2": ("target", 661)}),
        ("2026-11-21 02:45", {"S1": ("report", 285), "S2": ("report", 15)}),
    ],
)
def test_missing_follows_the_stores_own_hours(chain, app, person, missing_of, at, now, expected):
    with acting(app) as session:
        late = session.get(Node, chain.stores[1].id)
        late.opens, late.closes = time(11), time(2)
    at(now)
    assert missing_of(person("area_manager")) == expected


@pytest.mark.requirement("G9")
def test_who_has_sent_what_is_due_is_not_missing(chain, app, person, missing_of, at):
    with acting(app) as session:
        add(session, chain.stores[0], 1000, state="target_set")
        add(session, chain.stores[2], 1000, 900, state="returned")
        add(session, chain.stores[4], None, 900)
        add(session, chain.stores[6], None, None, state="locked", imported=True)
    head_office = person("head_office")
    at("2026-11-20 10:00")
    assert set(missing_of(head_office)) == {"S2", "S4", "S6", "S8"}
    at("2026-11-20 22:30")
    assert {code: what for code, (what, _minutes) in missing_of(head_office).items()} == dict.fromkeys(
        ("S1", "S2", "S4", "S6", "S8"), "report"
    )


@pytest.mark.requirement("G9")
@pytest.mark.parametrize(
    ("place", "missing"), [("store", {"S2", "S3", "S4"}), ("area", {"S3", "S4"}), ("region", set()), ("chain", set())]
)
def test_a_closed_day_is_never_missing_wherever_the_calendar_says_so(
    chain, app, person, missing_of, at, place, missing
):
    node = {"store": chain.stores[0], "area": chain.areas[0], "region": chain.regions[0], "chain": chain.chain}[place]
    with acting(app) as session:
        session.add(CalendarDay(node_id=node.id, day=FRIDAY))
    at("2026-11-21 02:00")
    assert set(missing_of(person("area_manager", chain.regions[0]))) == missing


def test_an_open_store_on_a_closed_day_of_the_chain_is_missing(chain, app, person, missing_of, at):
    with acting(app) as session:
        session.add(CalendarDay(node_id=chain.chain.id, day=FRIDAY))
        session.add(CalendarDay(node_id=chain.stores[1].id, day=FRIDAY, closed=False))
    at("2026-11-20 12:00")
    assert set(missing_of(person("area_manager"))) == {"S2"}


def test_stores_that_are_not_open_yet_or_closed_for_good_are_not_missing(chain, app, person, missing_of, at):
    with acting(app) as session:
        session.get(Node, chain.stores[0].id).closed_on = FRIDAY
        session.get(Node, chain.stores[1].id).opened_on = FRIDAY + timedelta(days=1)
    at("2026-11-20 12:00")
    assert missing_of(person("area_manager")) == {}


def test_the_longest_missing_come_first(chain, app, person, at):
    with acting(app) as session:
        session.get(Node, chain.stores[2].id).opens = time(8)
        session.get(Node, chain.stores[1].id).opens = time(10)
    at("2026-11-20 12:00")
    leader = person("area_manager", chain.regions[0])
    with acting(app, leader) as session:
        assert [item.code for item in boards.missing(session, leader, FRIDAY)] == ["S3", "S1", "S4", "S2"]


@pytest.mark.requirement("Z20")
def test_how_many_stores_are_in_time_is_told_in_percent(chain, app, person, board_of, at):
    at("2026-11-20 22:30")
    leader = person("leader")
    with acting(app) as session:
        add(session, chain.stores[0], 1000, 900, target_late_minutes=0, report_late_minutes=0)
        add(session, chain.stores[1], 1000, 900, target_late_minutes=5, report_late_minutes=0)
        add(session, chain.stores[2], 1000, 900, target_late_minutes=0, report_late_minutes=3)
        add(session, chain.stores[3], None, 900, report_late_minutes=0)
        add(session, chain.stores[4], 1000, state="target_set", target_late_minutes=0)
        session.add(CalendarDay(node_id=chain.stores[6].id, day=FRIDAY))
        add(session, chain.stores[7], None, 900, state="locked", imported=True)
    groups = board_of(leader)
    judged = {row.code: row.on_time for group in groups for row in group.stores}
    assert judged == {
        "S1": True,
        "S2": False,
        "S3": False,
        "S4": False,
        "S5": False,
        "S6": False,
        "S7": None,
        "S8": None,
    }
    assert boards.totals(groups).on_time == 17
    assert {row.code for group in groups for row in group.stores if row.late} == {"S2", "S3", "S4"}
    at("2026-11-20 15:00")
    judged = {row.code: row.on_time for group in board_of(leader) for row in group.stores}
    assert (judged["S5"], judged["S6"]) == (True, False)
    at("2026-11-20 08:00")
    assert boards.totals(board_of(person("area_manager", chain.areas[2]))).on_time is None


# Speed


@pytest.mark.parametrize("work_of", [boards.board, boards.missing])
def test_eight_stores_and_fifty_more_cost_the_same_few_statements(chain, app, house, person, at, statements, work_of):
    at("2026-11-20 22:30")
    leader = person("leader")

    def cost():
        with acting_as(leader), house.database.session(writes=False) as session, current_session(session):
            with statements() as seen:
                work_of(session, leader, FRIDAY)
        return len(seen)

    cost()  # the process learns what is on and what is set
    few = cost()
    with acting(app) as session:
        for number in range(50):
            store = make_node(session, "store", f"X{number:02}", chain.areas[number % 4])
            add(session, store, 1000, 900)
            session.add(CalendarDay(node_id=store.id, day=FRIDAY, closed=number % 2 == 0))
    assert cost() == few <= 4
