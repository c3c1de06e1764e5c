"""Fairness, rule by rule: by example, and by whatever a chain can come up with."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from plugins.daily_reports.ranking import method
from plugins.daily_reports.ranking.method import Before, Contender, DayFigures, rank

MONDAY = date(2026, 11, 16)


def store(number, *figures, groups=("mall", "format:district"), **values):
    """A store with one open day for each (sold, yardstick); sold None is a missing report."""
    days = [DayFigures(MONDAY + timedelta(days=n), *figure) for n, figure in enumerate(figures)]
    return Contender((number, 0), groups, days, **values)


def placed(*stores, before=None):
    """`{number: rank}`"""
    return {each.contender.key[0]: each.rank for each in rank(stores, before or {})}


def standing(number, *stores, before=None):
    return next(each for each in rank(stores, before or {}) if each.contender.key[0] == number)


# By example


@pytest.mark.requirement("G16")
def test_a_large_store_does_not_beat_a_small_one_by_being_large():
    assert placed(store(1, (90_000, 100_000)), store(2, (9_900, 9_000)), store(3, (500, 1_000))) == {1: 2, 2: 1, 3: 3}


@pytest.mark.requirement("G16")
def test_who_shows_the_same_figure_shares_the_rank_and_the_next_is_left_out():
    same = store(1, (1_001, 1_000)), store(2, (100_100, 100_000)), store(3, (2_002_0, 20_000))
    assert placed(store(9, (1_100, 1_000)), *same, store(4, (500, 1_000))) == {9: 1, 1: 2, 2: 2, 3: 2, 4: 5}
    assert [each.achievement for each in rank(same, {})] == [1001, 1001, 1001]


def test_what_differs_by_less_than_is_shown_is_the_same():
    assert placed(store(1, (100_049, 100_000)), store(2, (100_000, 100_000)), store(3, (1, 2))) == {1: 1, 2: 1, 3: 3}
    assert placed(store(1, (100_050, 100_000)), store(2, (100_000, 100_000)), store(3, (1, 2))) == {1: 1, 2: 2, 3: 3}


@pytest.mark.requirement("G16", "Z17")
def test_an_open_day_without_a_report_counts_as_nothing_sold_so_that_hiding_a_bad_day_never_helps():
    others = store(2, (800, 1_000), (800, 1_000)), store(3, (700, 1_000), (700, 1_000))
    honest = store(1, (1_000, 1_000), (300, 1_000))
    hidden = store(1, (1_000, 1_000), (None, 1_000))
    assert (placed(honest, *others)[1], placed(hidden, *others)[1]) == (3, 3)
    assert standing(1, hidden, *others).achievement == 500
    assert standing(1, honest, *others).achievement == 650


def test_who_did_not_report_a_day_is_last_and_the_page_can_say_why():
    alone = standing(1, store(1, (None, 1_000)), store(2, (1, 1_000)), store(3, (1_000, 1_000)))
    assert (alone.rank, alone.achievement, alone.reason[:2]) == (3, 0, (method.MISSING, MONDAY))


def test_a_closed_day_does_not_count():
    six = [(1_000, 1_000)] * 6
    assert standing(1, store(1, *six), store(2, *six, (900, 1_000)), store(3, *six)).achievement == 1000


def test_a_day_closed_for_all_ranks_nobody():
    found = rank([store(1), store(2), store(3)], {})
    assert [(each.state, each.rank) for each in found] == [(method.CLOSED, None)] * 3


def test_a_store_without_history_and_without_a_target_is_not_ranked_and_takes_nobodys_place():
    found = rank([store(1, (5_000, None)), store(2, (900, 1_000)), store(3, (800, 1_000))], {})
    assert [(each.state, each.rank) for each in found] == [("new", None), ("ranked", 1), ("ranked", 2)]


def test_a_store_that_has_not_reported_for_weeks_is_not_ranked():
    silent = store(1, (None, 1_000), is_known=False)
    assert [each.state for each in rank([silent, store(2, (1, 2)), store(3, (1, 2))], {})][0] == method.SILENT


@pytest.mark.requirement("G16")
def test_a_group_of_one_is_joined_with_the_small_groups_of_its_format_then_of_the_chain():
    belongs = {
        (1, 0): ("mall", "format:district"), (2, 0): ("mall", "format:district"), (3, 0): ("mall", "format:district"),
        (4, 0): ("street", "format:district"), (5, 0): ("station", "format:district"), (6, 0): ("market", "format:district"),
        (7, 0): ("flagship", "format:flagship"), (8, 0): ("corner", "format:service_point"),
    }  # fmt: skip
    groups = method.groups_of(belongs)
    assert [groups[number, 0] for number in range(1, 9)] == ["mall"] * 3 + ["format:district"] * 3 + ["*"] * 2


def test_who_has_nobody_to_compare_with_keeps_the_achievement_and_gets_no_rank():
    alone = standing(1, store(1, (900, 1_000), groups=("flagship", "format:flagship")), *map(peer, (2, 3, 4)))
    assert (alone.state, alone.rank, alone.achievement, alone.group) == (method.ALONE, None, 900, "*")


def peer(number):
    return store(number, (1_000 - number, 1_000))


def test_usual_is_the_average_of_the_weekday_and_of_all_days_where_there_is_none():
    assert method.usual([100, 0, 0, 0, 0, 900, 0], [4, 0, 0, 0, 0, 2, 0]) == [25, 167, 167, 167, 167, 450, 167]
    assert method.usual([100, 0, 0, 0, 0, 900, 0], [2, 0, 0, 0, 0, 2, 0]) is None, "four days are no history"


def test_the_months_target_is_shared_over_its_open_days_by_weekday():
    open_days = [4, 4, 4, 5, 5, 4, 0]
    share = method.shared(3_000_000, [1, 1, 1, 1, 1, 3, 9], open_days)
    week = [share.of(MONDAY + timedelta(days=n)) for n in range(7)]
    assert week[5] == pytest.approx(3 * week[0], abs=2)
    assert sum(part * count for part, count in zip(week, open_days, strict=True)) == pytest.approx(3_000_000, abs=26)
    assert method.shared(1_000, [0] * 7, open_days) is None


def test_a_slip_in_a_target_is_shown_up_to_a_bound():
    assert method.achievement(10**15, 1) == method.MOST


# The reason


def before(number, rank, achievement, group="mall"):
    return {(number, 0): Before(group, rank, achievement)}


THREE = peer(2), peer(3), peer(4)


@pytest.mark.requirement("G16")
def test_a_rise_is_explained_by_the_best_day_and_a_fall_by_the_worst():
    week = store(1, (1_000, 1_000), (1_180, 1_000), (820, 1_000))
    rose = standing(1, week, *THREE, before=before(1, 4, 900))
    assert (method.change(rose), rose.reason) == (3, (method.DAY, MONDAY + timedelta(days=1), 1180))
    fell = standing(1, store(1, (500, 1_000), (900, 1_000)), *THREE, before=before(1, 1, 1_100))
    assert (method.change(fell), fell.reason) == (-3, (method.DAY, MONDAY, 500))


def test_a_missing_report_is_the_reason_of_a_fall():
    fell = standing(1, store(1, (900, 1_000), (None, 1_000)), *THREE, before=before(1, 1, 1_100))
    assert fell.reason == (method.MISSING, MONDAY + timedelta(days=1), None)


def test_who_fell_without_doing_worse_is_told_that_others_did_better():
    fell = standing(1, store(1, (990, 1_000)), *THREE, before=before(1, 1, 980))
    assert (fell.rank, fell.reason[0]) == (4, method.OVERTAKEN)


def test_who_rose_without_doing_better_is_told_that_others_fell_back():
    rose = standing(1, store(1, (999, 1_000)), *THREE, before=before(1, 2, 1_050))
    assert (rose.rank, rose.reason[0]) == (1, method.OTHERS_FELL)


def test_a_rank_in_another_group_is_no_change():
    assert method.change(standing(1, store(1, (999, 1_000)), *THREE, before=before(1, 2, 1, group="street"))) is None


# Whatever a chain can come up with

amounts = some.integers(0, 10**9)
sticks = some.integers(1, 10**9)
days = some.lists(some.tuples(some.none() | amounts, sticks), min_size=1, max_size=7)
chains = some.lists(days, min_size=3, max_size=12)


def stores_of(chain):
    return [store(number, *figures) for number, figures in enumerate(chain, 1)]


@given(chains, some.randoms())
def test_the_order_of_the_rows_changes_nothing(chain, chance):
    stores = stores_of(chain)
    mixed = list(stores)
    chance.shuffle(mixed)
    assert placed(*stores) == placed(*mixed)


@given(chains, some.data())
@pytest.mark.requirement("G16")
def test_a_bad_day_more_never_raises_a_rank(chain, data):
    stores = stores_of(chain)
    sold = sum(amount or 0 for amount, _stick in chain[0])
    stick = sum(stick for _amount, stick in chain[0])
    yardstick = data.draw(sticks)
    bad = data.draw(some.none() | some.integers(0, sold * yardstick // stick)), yardstick
    worse = [store(1, *chain[0], bad), *stores[1:]]
    assert placed(*worse)[1] >= placed(*stores)[1]


@given(chains, some.data())
def test_not_to_report_a_day_never_raises_a_rank_and_to_report_it_late_never_costs_one(chain, data):
    at = data.draw(some.integers(0, len(chain[0]) - 1))
    hidden = [(None, stick) if n == at else (amount, stick) for n, (amount, stick) in enumerate(chain[0])]
    others = stores_of(chain)[1:]
    assert placed(store(1, *hidden), *others)[1] >= placed(store(1, *chain[0]), *others)[1]


@given(chains, some.integers(1, 1000))
def test_a_store_ten_times_as_large_with_a_yardstick_ten_times_as_long_stands_where_it_stood(chain, times):
    larger = [(None if amount is None else amount * times, stick * times) for amount, stick in chain[0]]
    assert placed(store(1, *larger), *stores_of(chain)[1:]) == placed(*stores_of(chain))


@given(chains, some.integers(1, 10**8))
def test_to_sell_more_never_costs_a_rank_and_never_helps_another(chain, more):
    amount, stick = chain[0][0]
    better = placed(store(1, ((amount or 0) + more, stick), *chain[0][1:]), *stores_of(chain)[1:])
    then = placed(*stores_of(chain))
    assert better[1] <= then[1]
    assert all(better[number] >= then[number] for number in then if number != 1)


@given(chains)
def test_a_rank_is_one_more_than_the_number_of_those_who_show_more(chain):
    found = rank(stores_of(chain), {})
    for each in found:
        assert each.rank == 1 + sum(other.achievement > each.achievement for other in found)


@given(chains, chains)
def test_another_groups_stores_change_nothing(chain, others):
    elsewhere = [
        store(number, *figures, groups=("street", "format:community")) for number, figures in enumerate(others, 100)
    ]
    mine = placed(*stores_of(chain))
    assert {number: rank for number, rank in placed(*stores_of(chain), *elsewhere).items() if number < 100} == mine


@given(some.lists(some.tuples(some.sampled_from("abcd"), some.sampled_from("xy")), max_size=30))
def test_nobody_is_in_a_group_of_fewer_than_three_but_in_the_last(labels):
    groups = method.groups_of({(n, 0): pair for n, pair in enumerate(labels)})
    assert len(groups) == len(labels)
    for group in set(groups.values()) - {method.EVERYBODY}:
        assert list(groups.values()).count(group) >= method.FEWEST_IN_GROUP
