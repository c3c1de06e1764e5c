"""Rankings are published once, stay as they are, and are corrected in the open."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from core import clock
from core.org.models import CalendarDay, Node
from core.testing.factories import acting, make_node
from plugins.daily_reports import after_the_report, services
from plugins.daily_reports.models import DayReport, MonthTarget
from plugins.daily_reports.ranking import rollups, snapshots
from plugins.daily_reports.ranking.models import Ranking, RankingRow
from plugins.daily_reports.ranking.periods import Period, period_of

FRIDAY = date(2026, 11, 20)


def counted(app, model):
    with acting(app) as session:
        return session.scalar(select(func.count()).select_from(model))


@pytest.mark.requirement("G16", "Z17")
def test_a_day_is_ranked_when_it_is_over_by_what_each_was_to_sell(chain, plan, sold, worker, ranking_of):
    plan(10, 20, 40, 80)
    sold(12, 10, 40, None)
    worker("2026-11-21 02:55")
    assert ranking_of() == {}
    worker("2026-11-21 03:00")
    assert [ranking_of()[code] for code in ("S1", "S2", "S3", "S4")] == [(1, 1200), (3, 500), (2, 1000), (None, None)]


def test_who_was_to_sell_and_did_not_report_is_last(chain, plan, history, sold, worker, ranking_of):
    history(4)
    plan(10, 10, 10, 10)
    sold(12, 10, 1, None)
    worker()
    assert ranking_of()["S4"] == (4, 0)
    assert ranking_of(what=("reason",))["S4"] == ("missing",)


@pytest.mark.requirement("G16")
def test_without_a_target_a_store_is_measured_by_its_own_weekdays(app, chain, sold, add, worker, ranking_of):
    for weeks in range(1, 5):
        sold(100, 10, 10, day=FRIDAY - timedelta(weeks=weeks))
        sold(10, 10, 100, day=FRIDAY - timedelta(weeks=weeks, days=1))
        sold(10, 10, 10, day=FRIDAY - timedelta(weeks=weeks, days=2))
    sold(90, 11, 12)
    worker()
    assert {code: value for code, value in ranking_of().items() if value[0]} == {
        "S1": (3, 900), "S2": (2, 1100), "S3": (1, 1200),
    }  # fmt: skip


@pytest.mark.requirement("G16")
def test_a_target_of_head_office_without_weekdays_is_shared_as_the_store_usually_sells(
    app, chain, plan, sold, worker, ranking_of
):
    with acting(app) as session:
        for node in chain.stores[:3]:
            session.add(MonthTarget(node_id=node.id, month=FRIDAY.replace(day=1), amount=Decimal(3000)))
    for number in range(1, 29):
        day = FRIDAY - timedelta(days=number)
        sold(40 if day.weekday() == 4 else 10, 10, 10, day=day)
    sold(100, 100, 50)
    worker()
    fridays, others = 4, 26
    share = 3000 * 40 / (40 * fridays + 10 * others)
    assert [ranking_of()[code][1] for code in ("S1", "S2", "S3")] == [round(100_000 / share), 1000, 500]


@pytest.mark.requirement("G16", "G17")
def test_a_week_and_a_month_that_run_are_counted_anew_each_night_and_final_with_their_last_day(
    app, chain, plan, sold, worker, ranking_of
):
    plan(10, 10, 10)
    sold(20, 10, 5)
    worker()
    assert ranking_of("week")["S1"][0] == ranking_of("month")["S1"][0] == 1
    sold(0, 30, 30, day=FRIDAY + timedelta(days=1))
    worker("2026-11-22 03:05")
    assert ranking_of("week")["S1"][0] == 3
    assert [final(app, kind) for kind in ("day", "week", "month")] == [True, False, False]
    worker("2026-11-23 03:05")
    assert [final(app, kind) for kind in ("day", "week", "month")] == [True, True, False]


def final(app, kind):
    with acting(app) as session:
        return rollups.find(session, period_of(kind, FRIDAY)).is_final


def test_the_worker_may_come_as_often_as_it_likes_and_after_a_holiday(app, chain, plan, sold, worker, ranking_of):
    plan(10, 10, 10)
    sold(20, 10, 5)
    worker()
    first, days = ranking_of(), counted(app, Ranking)
    assert worker("2026-11-21 03:10") == worker("2026-11-21 09:10") == "0 rankings, 0 rows corrected"
    assert (ranking_of(), counted(app, Ranking)) == (first, days)
    worker("2026-11-26 12:00")
    with acting(app) as session:
        made = set(session.scalars(select(Ranking.begins).where(Ranking.kind == "day")))
    assert {FRIDAY + timedelta(days=number) for number in range(6)} <= made


@pytest.mark.requirement("G16", "Z17")
def test_the_change_is_against_the_last_period_that_ranked_anybody(app, chain, plan, sold, worker, ranking_of):
    plan(10, 10, 10)
    sold(5, 6, 7, day=FRIDAY - timedelta(days=2))
    with acting(app) as session:
        session.add(CalendarDay(node_id=chain.chain.id, day=FRIDAY - timedelta(days=1)))
    sold(9, 8, 7)
    worker()
    assert set(ranking_of(day=FRIDAY - timedelta(days=1), what=("state",)).values()) == {("closed",)}
    assert [ranking_of(what=("rank_before", "rank"))[code] for code in ("S1", "S2", "S3")] == [(3, 1), (2, 2), (1, 3)]


@pytest.mark.requirement("G16")
def test_a_late_report_changes_a_published_rank_with_a_line_that_says_who_when_and_what_it_was(
    app, chain, manager, plan, history, sold, at, worker, ranking_of, corrections
):
    history(3)
    plan(10, 10, 10)
    sold(None, 10, 5)
    worker()
    assert ranking_of()["S1"] == (3, 0)
    at("2026-11-21 09:12")
    with acting(app, manager) as session:
        store = session.scalars(select(Node).where(Node.code == "S1")).one()
        services.close_day(session, store, FRIDAY, services.Result(Decimal(12)), key="late", seen_version=None)
    assert ranking_of()["S1"] == (3, 0), "until the worker comes"
    worker("2026-11-21 09:15")
    assert [ranking_of()[code] for code in ("S1", "S2", "S3")] == [(1, 1200), (2, 1000), (3, 500)]
    moved = [("S1", 3, 1, "late", manager.id), ("S2", 1, 2, "late", manager.id), ("S3", 2, 3, "late", manager.id)]
    assert corrections() == moved
    worker("2026-11-21 09:20")
    assert corrections() == moved, "told once"


@pytest.mark.requirement("G16", "G17")
def test_a_correction_of_last_month_reaches_its_day_week_and_month_and_no_later_one(
    app, chain, reviewer, plan, sold, at, worker, ranking_of, corrections
):
    october, day = date(2026, 10, 1), date(2026, 10, 28)
    plan(10, 10, 10, month=october, days=31)
    plan(10, 10, 10)
    for each in range(28, 32):
        sold(20, 10, 5, day=date(2026, 10, each), state="locked")
    worker("2026-11-01 03:05")
    sold(20, 10, 5, day=date(2026, 11, 1), state="locked")
    worker("2026-11-02 03:05")
    later = ranking_of("day", date(2026, 11, 1))
    at("2026-11-20 10:00")
    with acting(app, reviewer) as session:
        report = services.find(session, chain.stores[0].id, day)
        after_the_report.correct(session, report, "amount", Decimal(1), "4,321 yuan were booked twice")
    worker("2026-11-20 10:05")
    assert ranking_of("day", day)["S1"] == (3, 100)
    assert ranking_of("month", day)["S1"][1] == 197
    assert ranking_of("week", day)["S1"] == (1, 1157)
    assert ranking_of("day", date(2026, 11, 1)) == later
    assert {line[3:] for line in corrections()} == {("figure", reviewer.id)}
    assert ("S1", 1, 3, "figure", reviewer.id) in corrections()


def test_a_yardstick_stays_when_what_it_was_made_from_is_changed_later(
    app, chain, history, sold, at, worker, ranking_of, corrections
):
    history(3)
    sold(12, 11, 10)
    worker()
    published = ranking_of()
    with acting(app) as session:
        for report in session.scalars(select(DayReport).where(DayReport.day < FRIDAY)):
            report.amount = Decimal(1000)
    worker("2026-11-21 04:00")
    assert (ranking_of(), corrections()) == (published, [])


@pytest.mark.requirement("G16")
def test_head_office_computes_a_ranking_anew_with_a_reason_for_everybody(
    app, chain, person, plan, sold, worker, ranking_of, corrections
):
    plan(10, 10, 10)
    sold(12, 11, 10)
    worker()
    with acting(app) as session:
        first = session.scalars(select(MonthTarget).where(MonthTarget.node_id == chain.stores[0].id)).one()
        first.amount = Decimal(600)
    office = person("head_office")
    with acting(app, office) as session:
        with pytest.raises(ValueError, match="Say why"):
            snapshots.compute(session, Period("day", FRIDAY), "")
        assert snapshots.compute(session, Period("day", FRIDAY), "the target was wrong") == 3
    assert [ranking_of()[code] for code in ("S1", "S2", "S3")] == [(3, 600), (1, 1100), (2, 1000)]
    assert corrections() == [
        ("S1", 1, 3, "anew", office.id), ("S2", 2, 1, "anew", office.id), ("S3", 3, 2, "anew", office.id),
    ]  # fmt: skip


def test_a_period_of_long_ago_is_published_when_head_office_asks_and_none_before_its_time(app, chain, plan, sold, at):
    at("2026-11-21 12:00")
    plan(10, 10, 10)
    sold(1, 2, 3, day=date(2026, 11, 3))
    with acting(app) as session:
        assert snapshots.compute(session, Period("day", date(2026, 11, 3)), "") == 3
        with pytest.raises(snapshots.NotYet):
            snapshots.compute(session, Period("day", date(2026, 11, 21)), "")
        running = rollups.find(session, Period("day", date(2026, 11, 21)))
    assert running is None


def test_a_closed_store_is_not_ranked_and_a_new_one_from_its_first_day_on(app, chain, plan, sold, worker, ranking_of):
    plan(10, 10, 10)
    with acting(app) as session:
        session.add(CalendarDay(node_id=chain.stores[1].id, day=FRIDAY))
        session.get(Node, chain.stores[2].id).opened_on = FRIDAY
        session.get(Node, chain.stores[3].id).closed_on = FRIDAY
        session.get(Node, chain.stores[4].id).deleted_at = clock.now()
        session.get(Node, chain.stores[5].id).opened_on = FRIDAY + timedelta(days=1)
    for number in range(1, 5):
        sold(10, 10, day=FRIDAY - timedelta(days=number))
    sold(10, None, 60)
    worker()
    states = ranking_of(what=("state", "rank"))
    assert states.keys() == {"S1", "S2", "S3", "S7", "S8"}
    assert (states["S1"], states["S2"], states["S3"]) == (("ranked", 2), ("closed", None), ("ranked", 1))
    assert ranking_of("month")["S3"] == (1, 2200), "300 yuan over eleven open days"


def test_peer_groups_are_kept_as_they_were(app, chain, plan, sold, worker, ranking_of):
    plan(*[10] * 8)
    with acting(app) as session:
        for number, store in enumerate(chain.stores):
            session.get(Node, store.id).peer_group = "mall" if number < 4 else "street"
    sold(*range(1, 9))
    worker()
    assert [value[0] for _code, value in sorted(ranking_of().items())] == [4, 3, 2, 1, 4, 3, 2, 1]
    with acting(app) as session:
        for store in chain.stores:
            session.get(Node, store.id).peer_group = "mall"
    assert set(ranking_of(what=("peer_group",)).values()) == {("mall",), ("street",)}


@pytest.mark.requirement("G17")
def test_on_time_counts_target_and_report_and_no_imported_day(app, chain, plan, add, worker, ranking_of):
    plan(10, 10, 10, 10)
    add(0, 10, 10, target_late_minutes=0, report_late_minutes=0)
    add(1, 10, 10, target_late_minutes=5, report_late_minutes=0)
    add(2, None, 10, imported=True)
    add(3, None, 10)
    worker()
    found = ranking_of(what=("days_judged", "days_on_time"))
    assert [found[code] for code in ("S1", "S2", "S3", "S4")] == [(1, 1), (1, 0), (0, 0), (1, 0)]


def test_a_store_that_moves_takes_its_rows_along(app, chain, plan, sold, worker):
    from core.org.tree import move

    plan(10, 10, 10)
    sold(1, 2, 3)
    worker()
    with acting(app) as session:
        move(session, session.get(Node, chain.stores[0].id), session.get(Node, chain.areas[3].id))
    with acting(app) as session:
        areas = set(session.scalars(select(RankingRow.area_id).where(RankingRow.node_id == chain.stores[0].id)))
    assert areas == {chain.areas[3].id}


@pytest.mark.requirement("J4")
def test_the_session_shows_nobody_a_row_out_of_their_reach(app, chain, manager, plan, sold, worker):
    plan(*[10] * 8)
    sold(*range(1, 9))
    worker()
    with acting(app, manager) as session:
        assert set(session.scalars(select(RankingRow.node_id))) == {chain.stores[0].id}


def test_stores_and_days_cost_no_more_statements(app, chain, plan, sold, at, statements):
    at("2026-11-21 03:05")
    plan(*[10] * 8)
    sold(*range(1, 9))

    def asked(kind):
        with acting(app) as session, statements() as seen:
            rollups.publish(session, period_of(kind, FRIDAY), FRIDAY)
        return len([each for each in seen if not each.startswith(("SAVEPOINT", "RELEASE"))])

    few = asked("day")
    with acting(app) as session:
        for number in range(40):
            node = make_node(session, "store", f"X{number}", chain.areas[number % 4])
            session.add(DayReport(node_id=node.id, day=FRIDAY, state="reported", amount=Decimal(1)))
    assert asked("week") == asked("month") == few
    assert few <= 12


def test_two_that_publish_at_once_make_one_ranking(app, chain, plan, sold, at, person):
    at("2026-11-21 03:05")
    plan(10, 10, 10)
    sold(1, 2, 3)
    with acting(app) as session:
        rollups.publish(session, Period("day", FRIDAY), FRIDAY)
        again = rollups.publish(session, Period("day", FRIDAY), FRIDAY)
        assert again.version == rollups.find(session, Period("day", FRIDAY)).version
    assert (counted(app, Ranking), counted(app, RankingRow)) == (1, 8)
