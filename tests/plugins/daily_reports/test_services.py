"""What a store sends of its day: the target in the morning, the result in the evening."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from core.org.models import CalendarDay, Node
from plugins.daily_reports import after_the_report, services
from plugins.daily_reports.models import DayReport
from plugins.daily_reports.services import DayRefused, Line, Overtaken, Target
from tests.plugins.daily_reports.steps import FRIDAY, close_day, set_target


def count(session, model=DayReport):
    return session.scalar(select(func.count()).select_from(model))


@pytest.mark.requirement("G1", "G2", "G3")
def test_one_record_holds_the_whole_day(store, manager, work, at, morning):
    with work(manager) as session:
        first = set_target(
            session,
            store,
            units=12,
            attach_percent=Decimal("35.5"),
            suggested=Decimal(7900),
            lines=(Line("call ten customers", "Li", "noon"),),
        )
        assert (first.state, first.target_by, first.target_late_minutes) == ("target_set", manager.id, 0)
    evening = at("2026-11-20 22:07")
    with work(manager) as session:
        line = services.lines_of(session, services.find(session, store.id, FRIDAY))[0]
        close_day(
            session, store, 7100, units=11, visitors=80, buyers=10, tenders={"wechat": Decimal(7100)}, gap_reasons=("price",),
            gap_note="rain", reflection="began too late", tomorrow="call first", done=frozenset({line.id}),
        )  # fmt: skip
    with work(manager) as session:
        report = session.scalars(select(DayReport)).one()
        assert (report.state, report.target_amount, report.amount, report.gap, report.achievement) == (
            "reported",
            8000,
            7100,
            -900,
            89,
        )
        assert (report.suggested_amount, report.target_units, report.target_attach_percent) == (
            7900,
            12,
            Decimal("35.5"),
        )
        assert (report.tenders, report.gap_reasons, report.gap_note) == ({"wechat": "7100"}, ["price"], "rain")
        assert (report.reflection, report.tomorrow, report.visitors, report.buyers) == (
            "began too late",
            "call first",
            80,
            10,
        )
        assert (report.report_late_minutes, report.reported_at, report.reported_by) == (7, evening, manager.id)
        assert services.lines_of(session, report)[0].done
        assert (report.area_id, report.region_id) == (store.area_id, store.region_id)


@pytest.mark.requirement("G3")
def test_the_same_form_sent_again_gives_the_same_record_and_changes_nothing(store, manager, work, morning):
    with work(manager) as session:
        first = set_target(session, store, 8000)
        version = first.version
    with work(manager) as session:
        again = set_target(session, store, 8000)
        assert (again.id, again.version, count(session)) == (first.id, version, 1)
        changed = set_target(session, store, 1)
        assert (changed.id, changed.target_amount) == (first.id, 8000)


def test_the_same_report_sent_again_after_its_review_gives_the_record_as_it_stands(
    store, manager, reviewer, work, morning
):
    with work(manager) as session:
        close_day(session, store, 9000)
    with work(reviewer) as session:
        after_the_report.review(session, services.find(session, store.id, FRIDAY), "read", "")
    with work(manager) as session:
        assert close_day(session, store, 1).state == "read"
        assert services.find(session, store.id, FRIDAY).amount == 9000


def test_a_key_speaks_for_one_place_day_and_form_only(chain, person, work, at):
    everybody = person("area_manager")
    at("2026-11-19 08:45")
    with work(everybody) as session:
        set_target(session, chain.stores[0], 1000, day=date(2026, 11, 19), key="k")
    at("2026-11-20 08:45")
    with work(everybody) as session:
        set_target(session, chain.stores[0], 2000, key="k")
        set_target(session, chain.stores[1], 3000, key="k")
        close_day(session, chain.stores[0], 4000, key="k")
        assert sorted(session.scalars(select(DayReport.target_amount))) == [1000, 2000, 3000]
        assert services.find(session, chain.stores[0].id, FRIDAY).amount == 4000


def test_a_changed_target_replaces_the_first_and_keeps_when_that_came(store, manager, person, work, at, morning):
    with work(manager) as session:
        set_target(session, store, 8000)
    at("2026-11-20 11:00")
    deputy = person("deputy")
    with work(deputy) as session:
        report = set_target(session, store, 9000, key="second")
        assert (report.target_amount, report.target_at, report.target_late_minutes) == (9000, morning, 0)
        assert report.target_by == deputy.id


def test_who_opened_the_form_before_somebody_else_sent_theirs_is_told_and_nothing_is_overwritten(
    store, manager, person, work, morning
):
    with work(manager) as session:
        set_target(session, store, 8000, key="manager")
    with work(person("deputy")) as session, pytest.raises(Overtaken) as overtaken:
        set_target(session, store, 5000, key="deputy", seen=0)
    opened_with = overtaken.value.report.version
    assert (overtaken.value.report.target_amount, overtaken.value.report.target_by) == (8000, manager.id)
    with work(manager) as session:
        assert services.find(session, store.id, FRIDAY).target_amount == 8000
        assert close_day(session, store, 9000, key="manager").amount == 9000
    with work(person("deputy")) as session, pytest.raises(Overtaken):
        close_day(session, store, 1, key="deputy", seen=opened_with)


def test_a_form_without_a_version_never_overwrites(store, manager, work, morning):
    with work(manager) as session:
        set_target(session, store, 8000)
        with pytest.raises(Overtaken):
            services.set_target(session, store, FRIDAY, Target(Decimal(1)), key="other", seen_version=None)


@pytest.mark.requirement("G2")
@pytest.mark.parametrize("day", [date(2026, 11, 21), date(2027, 11, 20)])
def test_a_day_that_has_not_come_takes_neither_target_nor_report(store, manager, work, morning, day):
    with work(manager) as session:
        for send in (set_target, close_day):
            with pytest.raises(DayRefused, match="has not come yet"):
                send(session, store, day=day)
        assert count(session) == 0


def test_after_midnight_the_new_day_has_not_come_before_three(store, manager, work, at):
    at("2026-11-21 02:59")
    with work(manager) as session:
        with pytest.raises(DayRefused):
            set_target(session, store, day=date(2026, 11, 21))
        assert set_target(session, store, day=FRIDAY).target_late_minutes == 1049
    at("2026-11-21 03:00")
    with work(manager) as session:
        assert set_target(session, store, day=date(2026, 11, 21), key="next").target_late_minutes == 0


@pytest.mark.parametrize("place", ["store", "area", "region", "chain"])
def test_a_closed_day_takes_neither_target_nor_report_wherever_the_calendar_says_so(
    chain, store, manager, work, morning, place
):
    node = {"store": store, "area": chain.areas[0], "region": chain.regions[0], "chain": chain.chain}[place]
    with work() as session:
        session.add(CalendarDay(node_id=node.id, day=FRIDAY))
    with work(manager) as session:
        for send in (set_target, close_day):
            with pytest.raises(DayRefused, match="is closed on 2026-11-20"):
                send(session, store)
        assert count(session) == 0


def test_a_store_that_opens_on_the_chains_holiday_reports_as_usual(chain, store, manager, work, morning):
    with work() as session:
        session.add(CalendarDay(node_id=chain.chain.id, day=FRIDAY))
        session.add(CalendarDay(node_id=store.id, day=FRIDAY, closed=False))
    with work(manager) as session:
        assert set_target(session, store).state == "target_set"


@pytest.mark.requirement("G3", "Z20")
def test_a_missed_morning_counts_as_missed(store, manager, work, at):
    at("2026-11-20 21:40")
    with work(manager) as session:
        report = close_day(session, store)
        assert (report.state, report.target_amount, report.target_at, report.target_late_minutes) == (
            "reported",
            None,
            None,
            None,
        )
        with pytest.raises(DayRefused, match="You cannot set the target now"):
            set_target(session, store, key="too late")


def test_a_target_is_accepted_until_three_in_the_night_and_no_longer(store, manager, work, at):
    at("2026-11-21 03:00")
    with work(manager) as session:
        with pytest.raises(DayRefused, match="until 03:00"):
            set_target(session, store)
        assert close_day(session, store).state == "reported"


def test_a_report_is_accepted_until_the_day_is_locked(store, manager, work, at):
    at("2026-11-22 23:59")
    with work(manager) as session:
        assert close_day(session, store, day=FRIDAY).report_late_minutes == 2 * 24 * 60 + 119
    at("2026-11-23 00:00")
    with work(manager) as session, pytest.raises(DayRefused, match="locked"):
        close_day(session, store, day=FRIDAY, key="another")


def test_a_person_finds_the_days_of_their_own_places_only(chain, person, work, at, morning):
    for number in (0, 1, 2):
        with work() as session:
            set_target(session, chain.stores[number], 1000 + number, key=f"{number}")
    seen = {}
    for role, node in (
        ("store_manager", None),
        ("area_manager", None),
        ("leader", None),
        ("store_manager", chain.stores[2]),
    ):
        with work(person(role, node)) as session:
            seen[role, node and node.code] = sorted(session.scalars(select(DayReport.target_amount)))
    assert seen == {
        ("store_manager", None): [1000], ("area_manager", None): [1000, 1001], ("leader", None): [1000, 1001, 1002],
        ("store_manager", "S3"): [1002],
    }  # fmt: skip


def test_a_store_that_moves_takes_its_days_along(chain, person, work, morning):
    from core.org import tree

    with work() as session:
        set_target(session, chain.stores[0])
    with work() as session:
        tree.move(session, session.get(Node, chain.stores[0].id), session.get(Node, chain.areas[3].id))
    with work(person("area_manager")) as session:
        assert count(session) == 0
    with work(person("area_manager", chain.areas[3])) as session:
        assert count(session) == 1
