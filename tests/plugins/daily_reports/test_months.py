"""What the chain is to sell in a month, shared out to areas, stores and days without losing a yuan."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from core.org.models import Node
from plugins.daily_reports import months
from plugins.daily_reports.models import MonthTarget

NOVEMBER = date(2026, 11, 1)
weights = st.decimals(0, 1000, places=4)
fen = st.integers(0, 10**12).map(lambda fen: Decimal(fen).scaleb(-2))


@pytest.mark.parametrize(
    ("amount", "by", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (100, [2, 1, 1], [50, 25, 25]),
        (10, [1, 0, 1], [5, 0, 5]),
        (7, [0, 0, 0], [3, 2, 2]),
        ("100.50", [1, 1], ["50.50", 50]),
        (0, [1, 2], [0, 0]),
        (1, [1, 1, 1], [1, 0, 0]),
        (5, [], []),
    ],
)
def test_an_amount_is_shared_in_whole_yuan_by_weight(amount, by, parts):
    assert months.shares(Decimal(amount), [Decimal(weight) for weight in by]) == [Decimal(part) for part in parts]


@pytest.mark.requirement("B28")
@given(fen, st.lists(weights, min_size=1, max_size=60))
def test_the_shares_add_up_to_the_amount_and_lie_within_a_yuan_of_their_weight(amount, by):
    parts = months.shares(amount, by)
    assert sum(parts) == amount
    assert len(parts) == len(by)
    total = sum(by)
    for part, weight in zip(parts, by, strict=True):
        exact = amount * weight / total if total else amount / len(by)
        assert part >= 0
        assert abs(part - exact) < 2
        if total and not weight:
            assert part == 0


@given(fen, weights.filter(bool), st.integers(1, 40))
def test_equal_weights_get_shares_that_differ_by_a_yuan_at_most(amount, weight, count):
    parts = months.shares(amount, [weight] * count)
    assert max(parts) - min(parts) < 2


def set_target(session, node, amount, month=NOVEMBER, **values):
    row = MonthTarget(node_id=node.id, month=month, amount=Decimal(amount), **values)
    session.add(row)
    session.flush()
    return row


def targets_of(session, nodes, month=NOVEMBER):
    found = dict(
        session.execute(select(MonthTarget.node_id, MonthTarget.amount).where(MonthTarget.month == month)).all()
    )
    return [found.get(node.id) for node in nodes]


@pytest.mark.requirement("B28")
def test_the_chains_target_reaches_every_store_and_each_level_adds_up(chain, work):
    with work() as session:
        count = months.split(session, set_target(session, chain.chain, "1000001"))
        assert count == len(chain.regions) + len(chain.areas) + len(chain.stores)
        for places in (chain.regions, chain.areas, chain.stores):
            assert sum(targets_of(session, places)) == 1_000_001
        for area in chain.areas:
            own = [store for store in chain.stores if store.area_id == area.id]
            assert sum(targets_of(session, own)) == targets_of(session, [area])[0]


def test_departments_get_nothing(chain, work):
    with work() as session:
        months.split(session, set_target(session, chain.areas[0], 1000))
        assert targets_of(session, [*chain.stores[:2], chain.department]) == [500, 500, None]


def test_a_weight_of_this_month_goes_before_last_months_and_that_before_one(chain, work):
    first, second = chain.stores[0], chain.stores[1]
    with work() as session:
        set_target(session, first, 1, date(2026, 9, 1), weight=Decimal(9))
        set_target(session, first, 1, date(2026, 10, 1), weight=Decimal(3))
        set_target(session, first, 1, date(2026, 12, 1), weight=Decimal(7))
        months.split(session, set_target(session, chain.areas[0], 1000))
        assert targets_of(session, [first, second]) == [750, 250]
        set_target(session, chain.areas[0], 1000, date(2027, 1, 1))
        own = set_target(session, second, 1, date(2027, 1, 1), weight=Decimal(7))
        months.split(
            session,
            session.scalars(
                select(MonthTarget).where(
                    MonthTarget.node_id == chain.areas[0].id, MonthTarget.month == date(2027, 1, 1)
                )
            ).one(),
        )
        assert targets_of(session, [first, second], date(2027, 1, 1)) == [500, 500]
        assert own.amount == 500


def test_a_weight_of_nought_stays_nought_the_month_after(chain, work):
    with work() as session:
        set_target(session, chain.stores[0], 0, date(2026, 10, 1), weight=Decimal(0))
        months.split(session, set_target(session, chain.areas[0], 1000))
        assert targets_of(session, chain.stores[:2]) == [0, 1000]


def test_splitting_again_sets_the_places_anew_and_adds_no_rows(chain, work):
    with work() as session:
        row = set_target(session, chain.areas[0], 1000)
        months.split(session, row)
        row.amount = Decimal(2000)
        assert months.split(session, row) == 2
        assert targets_of(session, chain.stores[:2]) == [1000, 1000]


@pytest.mark.parametrize(
    ("change", "shares"),
    [
        ({"closed_on": NOVEMBER}, [None, 1000]),
        ({"closed_on": date(2026, 11, 2)}, [500, 500]),
        ({"closed_on": date(2027, 5, 1)}, [500, 500]),
        ({"opened_on": date(2026, 11, 30)}, [500, 500]),
        ({"opened_on": date(2026, 12, 1)}, [None, 1000]),
    ],
)
def test_a_store_shares_in_a_month_in_which_it_is_open_at_all(chain, work, change, shares):
    with work() as session:
        store = session.get(Node, chain.stores[0].id)
        for name, day in change.items():
            setattr(store, name, day)
        months.split(session, set_target(session, chain.areas[0], 1000))
        assert targets_of(session, chain.stores[:2]) == shares


def test_below_a_store_there_is_nothing_to_set(chain, work):
    with work() as session:
        assert months.split(session, set_target(session, chain.stores[0], 1000)) == 0


def of_store(amount, weekdays=None, month=NOVEMBER):
    return MonthTarget(node_id=1, month=month, amount=Decimal(amount), weekdays=weekdays)


@pytest.mark.requirement("B28")
def test_a_stores_month_is_shared_to_its_days_by_weekday():
    shares = months.day_shares(of_store(3800, [1, 1, 1, 1, 1, 2, 2]), set())
    assert len(shares) == 30
    assert sum(shares.values()) == 3800
    assert shares[date(2026, 11, 21)] == shares[date(2026, 11, 22)] == 195  # Saturday, Sunday
    assert shares[date(2026, 11, 20)] == 97


@given(
    fen,
    st.none() | st.lists(weights.map(str), min_size=7, max_size=7),
    st.sets(st.integers(1, 28)),
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
)
def test_the_days_add_up_to_the_month_and_closed_ones_get_nothing(amount, weekdays, closed, day):
    month = day.replace(day=1)
    shares = months.day_shares(of_store(amount, weekdays, month), {month.replace(day=number) for number in closed})
    assert not {each.day for each in shares} & closed
    assert sum(shares.values()) == (amount if shares else 0)


def test_february_of_a_leap_year_has_29_shares():
    assert len(months.day_shares(of_store(2900, month=date(2028, 2, 1)), set())) == 29
