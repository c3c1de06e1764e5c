"""A store is shown beside its peers by an average in percent, and nobody's figures can be read out of it."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from core import clock
from core.org.models import Node
from core.testing.factories import acting, make_node
from plugins.daily_reports import rollups, trend
from plugins.daily_reports.models import DayReport

FRIDAY = date(2026, 11, 20)
MOST_PEERS = 7


@pytest.fixture
def peers(app, chain):
    """So many other stores of the first store's peer group, all over the chain."""

    def group(count):
        with acting(app) as session:
            for store in chain.stores[: count + 1]:
                session.get(Node, store.id).peer_group = "mall"
        return chain.stores[1 : count + 1]

    return group


@pytest.fixture
def trend_of(app, person):
    """The trend of the first store, as its manager sees it."""

    def read(days=28):
        manager = person("store_manager")
        with acting(app, manager) as session:
            return trend.trend_of(session, trend.own_days(session, "S1", FRIDAY, days), FRIDAY, days)

    return read


def report(session, node, target, amount, day=FRIDAY):
    target, amount = (None if value is None else Decimal(value) for value in (target, amount))
    session.add(DayReport(node_id=node.id, day=day, state="reported", target_amount=target, amount=amount))


@pytest.mark.requirement("G9")
def test_a_store_sees_its_own_days_beside_the_average_of_its_peers(app, chain, peers, trend_of):
    others = peers(3)
    with acting(app) as session:
        report(session, chain.stores[0], 1000, 900)
        report(session, chain.stores[0], 1000, None, FRIDAY - timedelta(days=1))
        for store, amount in zip(others, (1000, 2000, 1500), strict=True):
            report(session, store, 2000, amount)
    trend = trend_of()
    assert (trend.days[-1], len(trend.days), trend.peer_count) == (FRIDAY, 28, 3)
    assert (trend.own[-2:], trend.peers[-2:]) == ([None, 90], [None, 75])
    assert (trend.amounts[-2:], trend.targets[-2:]) == ([None, 900], [1000, 1000])
    assert trend.own[0] is trend.peers[0] is trend.amounts[0] is None


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_three_peers_tell_nothing(app, chain, peers, trend_of, count):
    others = peers(count)
    with acting(app) as session:
        for store in chain.stores:
            session.get(Node, store.id).format = "flagship" if store in others else "community"
        for store in chain.stores[1:]:
            report(session, store, 2000, 1000)
    assert (set(trend_of().peers), trend_of().peer_count) == ({None}, count)


def test_a_day_on_which_fewer_than_three_peers_have_reported_tells_nothing(app, peers, trend_of):
    others = peers(MOST_PEERS)
    yesterday = FRIDAY - timedelta(days=1)
    with acting(app) as session:
        for store in others[:2]:
            report(session, store, 1000, 500)
        report(session, others[2], None, 500)
        report(session, others[3], 1000, None)
        for store in others[:3]:
            report(session, store, 1000, 500, yesterday)
    assert trend_of().peers[-2:] == [50, None]


def test_no_foreign_amount_leaves_whatever_the_peers_sell(app, peers, trend_of):
    others = peers(4)
    with acting(app) as session:
        for number, store in enumerate(others):
            report(session, store, 123_457, 98_765 + number)
    trend = trend_of()
    assert trend.peers[-1] == 80
    assert set(trend.amounts) == set(trend.targets) == {None}
    told = [*trend.own, *trend.peers, *trend.amounts, *trend.targets, trend.peer_count]
    assert {value for value in told if value is not None} == {80, 4}


def test_peers_are_the_group_else_the_format_and_only_open_stores(app, chain, peers):
    others = peers(4)
    with acting(app) as session:
        session.get(Node, others[0].id).closed_on = FRIDAY
        session.get(Node, others[1].id).deleted_at = clock.now()
        make_node(session, "department", "D9", chain.areas[0]).peer_group = "mall"
        for store in chain.stores[5:]:
            session.get(Node, store.id).format = "flagship"
    with acting(app) as session:
        first, last = session.get(Node, chain.stores[0].id), session.get(Node, chain.stores[7].id)
        of_first, of_area, of_last = (
            set(session.scalars(peers.ids, values))
            for peers, values in map(rollups.peers_of, (first, session.get(Node, chain.areas[0].id), last))
        )
        assert of_first == {others[2].id, others[3].id}
        assert of_area == set()
        assert of_last == {chain.stores[5].id, chain.stores[6].id}
