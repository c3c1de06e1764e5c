"""The suggested target: what this weekday usually brings, times what the month still needs."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.org.models import CalendarDay
from plugins.daily_reports.models import DayReport, MonthTarget
from plugins.daily_reports.morning import morning_of
from plugins.daily_reports.suggestion import work_out

FRIDAY = date(2026, 11, 20)
amounts = st.integers(0, 200_000).map(Decimal)


def days_before(day, count, amount=10_000):
    return {day - timedelta(days=n): Decimal(amount) for n in range(1, count + 1)}


def same_weekdays(day, *brought):
    return {day - timedelta(weeks=n): Decimal(amount) for n, amount in enumerate(brought, start=1)}


@pytest.mark.requirement("G2")
def test_without_a_month_target_it_is_the_average_of_the_last_four_same_weekdays():
    worked = work_out(same_weekdays(FRIDAY, 10_000, 12_000, 11_000, 13_000), FRIDAY, None, set())
    assert (worked.amount, worked.weekday_average, worked.days_counted, worked.need) == (11_500, 11_500, 4, 1)


def test_the_fifth_friday_back_is_too_long_ago():
    worked = work_out(same_weekdays(FRIDAY, 10_000, 10_000, 10_000, 10_000, 99_000), FRIDAY, None, set())
    assert (worked.amount, worked.days_counted) == (10_000, 4)


def test_other_weekdays_do_not_count_where_the_weekday_has_a_history():
    sold = days_before(FRIDAY, 28, 5_000) | same_weekdays(FRIDAY, 9_000, 9_000, 9_000, 9_000)
    assert work_out(sold, FRIDAY, None, set()).amount == 9_000


def test_a_weekday_without_history_takes_the_average_of_all_days_of_four_weeks():
    thursday, wednesday = FRIDAY - timedelta(days=1), FRIDAY - timedelta(days=2)
    worked = work_out({thursday: Decimal(8_000), wednesday: Decimal(10_000)}, FRIDAY, None, set())
    assert (worked.amount, worked.days_counted) == (9_000, 0)


@pytest.mark.requirement("B28")
def test_it_grows_with_what_the_month_still_needs():
    # 19 days brought 10,000 each; 11 days are left and usually bring 110,000; 132,000 are still needed.
    worked = work_out(days_before(FRIDAY, 28), FRIDAY, Decimal(322_000), set())
    assert worked.month_sold == 190_000
    assert worked.open_days_left == 11
    assert (worked.need, worked.amount) == (Decimal("1.20"), 12_000)


@pytest.mark.requirement("B28")
def test_closed_days_ahead_bring_nothing_so_the_open_ones_must_bring_more():
    closed = {FRIDAY + timedelta(days=1)}
    worked = work_out(days_before(FRIDAY, 28), FRIDAY, Decimal(310_000), closed)
    assert worked.open_days_left == 10
    assert (worked.need, worked.amount) == (Decimal("1.20"), 12_000)


def test_the_day_itself_counts_even_if_the_calendar_says_closed():
    assert work_out(days_before(FRIDAY, 28), FRIDAY, Decimal(300_000), {FRIDAY}).open_days_left == 11


@pytest.mark.parametrize(
    ("target", "need", "amount"), [(190_000, "0.70", 7_000), (100, "0.70", 7_000), (10_000_000, "1.50", 15_000)]
)
def test_nobody_is_asked_for_less_than_07_or_more_than_15_times_the_usual(target, need, amount):
    worked = work_out(days_before(FRIDAY, 28), FRIDAY, Decimal(target), set())
    assert (worked.need, worked.amount) == (Decimal(need), amount)


def test_without_history_the_month_target_is_shared_by_the_open_days():
    first = date(2026, 11, 1)
    assert work_out({}, first, Decimal(300_000), set()).amount == 10_000
    assert work_out({}, first, Decimal(300_000), {date(2026, 11, 2), date(2026, 11, 3)}).amount == 10_700


def test_on_the_last_day_of_february_in_a_leap_year_one_day_is_left():
    assert work_out({}, date(2028, 2, 29), Decimal(5_000), set()).open_days_left == 1
    assert work_out({}, date(2028, 2, 28), Decimal(5_000), set()).open_days_left == 2
    assert work_out({}, date(2027, 2, 28), Decimal(5_000), set()).open_days_left == 1


def test_without_anything_to_go_by_nothing_is_suggested():
    assert work_out({}, FRIDAY, None, set()).amount is None
    assert work_out(same_weekdays(FRIDAY, 0, 0), FRIDAY, None, set()).amount is None


@given(
    st.dates(date(2020, 1, 1), date(2030, 12, 31)), st.dictionaries(st.integers(1, 40), amounts, max_size=40),
    st.none() | st.integers(0, 10_000_000).map(Decimal), st.sets(st.integers(0, 30)),
)  # fmt: skip
def test_whatever_the_history_the_suggestion_is_whole_hundreds_within_reach(day, history, target, closed):
    sold = {day - timedelta(days=back): amount for back, amount in history.items()}
    worked = work_out(sold, day, target, {day + timedelta(days=n) for n in closed})
    assert Decimal("0.7") <= worked.need <= Decimal("1.5")
    assert worked.need == 1 or target is not None
    assert worked.open_days_left >= 1
    if worked.amount is not None:
        assert worked.amount > 0
        assert worked.amount % 100 == 0
    if worked.amount is not None and worked.weekday_average is not None:
        assert abs(worked.amount - worked.weekday_average * worked.need) <= 50 + worked.weekday_average / 200
    if target is None and not sold:
        assert worked.amount is None


def test_it_reads_the_stores_own_days_its_month_target_and_the_calendar_above_it(chain, work):
    store, other = chain.stores[0], chain.stores[1]
    with work() as session:
        for day, amount in days_before(FRIDAY, 28).items():
            session.add(DayReport(node_id=store.id, day=day, state="locked", amount=amount))
            session.add(DayReport(node_id=other.id, day=day, state="locked", amount=Decimal(77_000)))
        session.add(MonthTarget(node_id=store.id, month=date(2026, 11, 1), amount=Decimal(310_000)))
        session.add(MonthTarget(node_id=other.id, month=date(2026, 11, 1), amount=Decimal(1)))
        session.add(CalendarDay(node_id=chain.areas[0].id, day=date(2026, 11, 21), reason="spring clean"))
        session.add(CalendarDay(node_id=chain.chain.id, day=date(2026, 11, 22), reason="holiday"))
        session.add(CalendarDay(node_id=store.id, day=date(2026, 11, 22), closed=False))
        session.add(CalendarDay(node_id=other.id, day=date(2026, 11, 23)))
        session.flush()
        worked = morning_of(session, store, FRIDAY).suggested
    assert (worked.open_days_left, worked.month_sold, worked.month_target) == (10, 190_000, 310_000)
    assert worked.amount == 12_000


def test_days_after_a_store_is_closed_for_good_are_not_counted_on(chain, work):
    with work() as session:
        store = session.get(type(chain.stores[0]), chain.stores[0].id)
        store.closed_on = date(2026, 11, 23)
        session.add(CalendarDay(node_id=store.id, day=date(2026, 11, 21)))
        session.flush()
        assert morning_of(session, store, FRIDAY).suggested.open_days_left == 2
