"""A visit and a merge of one person at the same moment: one waits for the other, and neither is lost.

SQLite lets one write at a time; here PostgreSQL has two connections.
"""

import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from core.testing.factories import acting
from plugins.customers import merging, services
from plugins.customers.models import Customer, Merge, Visit, Visitor

pytestmark = [
    pytest.mark.requirement("A10", "A19"),
    pytest.mark.parametrize("database_url", ["postgres"], indirect=True),
]


@pytest.fixture
def two(people):
    return people("张三", "张三丰")


@pytest.fixture
def at_once(app, house):
    """`at_once(first, second)`: each gets a session of its own; the first is not over before the second waits for it."""

    def second_waits():
        waiting = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        with house.database.engine.connect() as connection:
            while time.monotonic() < deadline:
                if connection.scalar(waiting):
                    return True
                connection.rollback()
        return False

    def run(first, second):
        failed = []

        def follow():
            try:
                with app.app_context(), acting(app) as session:
                    second(session)
            except Exception as error:
                failed.append(error)

        thread = threading.Thread(target=follow)
        with app.app_context(), acting(app) as session:
            first(session)
            thread.start()
            assert second_waits()
        thread.join()
        assert not failed

    deadline = time.monotonic() + 30
    return run


@pytest.fixture
def merge(two):
    kept, gone = two
    return lambda session: merging.merge(session, kept.id, gone.id, how="by_hand")


@pytest.fixture
def visit(chain):
    """`visit(customer, 5)` is what notes that they came to a store."""
    return lambda one, store: (
        lambda session: services.note_visit(session, session.get(Customer, one.id), chain.stores[store].id, "came")
    )


@pytest.fixture
def places(everybody, chain):
    """Who is known at a store, and whether by another record only."""
    return lambda store: {
        (row.customer_id, row.is_shared) for row in everybody(Visitor) if row.node_id == chain.stores[store].id
    }


def test_a_visit_during_a_merge_is_the_persons_and_counts_for_their_level(
    app, two, merge, visit, at_once, places, everybody, work
):
    kept, gone = two
    with work() as session:  # one day more makes them important
        for ago, row in enumerate(session.scalars(select(Visit).order_by(Visit.id)), 1):
            row.day -= timedelta(days=ago)
        session.add(Visit(customer_id=kept.id, node_id=kept.node_id, day=row.day - timedelta(days=1), reason="came"))
    at_once(merge, visit(gone, 5))
    assert places(5) == {(kept.id, False), (gone.id, True)}
    assert [one.level for one in everybody(Customer)] == ["important", "ordinary"]


def test_a_merge_during_a_visit_knows_of_it(two, merge, visit, at_once, places):
    kept, gone = two
    at_once(visit(gone, 5), merge)
    assert places(5) == {(kept.id, True), (gone.id, False)}


def test_a_visit_during_an_undo_stays_where_it_was(two, merge, visit, at_once, places, everybody, work):
    kept, gone = two
    with work() as session:
        merge(session)
    at_once(lambda session: merging.undo(session, everybody(Merge)[0].id), visit(kept, 1))
    assert places(1) == {(kept.id, False), (gone.id, False)}


def test_two_visits_do_not_wait_for_each_other(app, two, visit):
    kept, _gone = two
    with app.app_context(), acting(app) as session:
        visit(kept, 5)(session)
        with app.app_context(), acting(app) as other:
            visit(kept, 6)(other)
