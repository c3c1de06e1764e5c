"""The merges of a step of the night are made at once, and are what they would be one by one."""

import pytest
from sqlalchemy import event, select

from core.api import hookimpl
from core.audit import AuditEntry
from core.testing.factories import acting
from plugins.customers import merging, rollups
from plugins.customers.models import Customer, Merge, Pair, Visitor
from tests.plugins.customers import people as made_up
from tests.plugins.customers.people import Kept

ORDER = [(0, 1), (2, 3), (0, 2), (4, 0)]
"""The third and the fourth join those who were joined before."""
pytestmark = pytest.mark.requirement("A10", "Z9")


@pytest.fixture
def bring(app, chain):
    """`bring(5)` writes so many records of one name, each of a store of its own, and returns their ids."""

    def write(count):
        kept = [Kept(number, "张建国", (f"1380013{number:04}",), stores=(number,)) for number in range(count)]
        with acting(app) as session:
            return made_up.bring(session, kept, [store.id for store in chain.stores])

    return write


def joined(session, ids, order):
    wanted = [merging.Joined(ids[kept], ids[gone], 0.99) for kept, gone in order]
    return merging.join(session, rollups.locked(session, ids), wanted, how="by_rule")


@pytest.fixture
def state(everybody):
    """What is known of records, by their place in the list."""

    def read(ids):
        at = {number: place for place, number in enumerate(ids)}
        own = [row for row in everybody(AuditEntry) if row.row_id.isdigit() and int(row.row_id) in at]
        codes = {one.code: f"code {at[one.id]}" for one in everybody(Customer) if one.id in at}
        merges = {
            row.id: (at[row.kept_id], at[row.gone_id], row.how, row.score)
            for row in everybody(Merge)
            if row.gone_id in at
        }
        return {
            "people": [(at[one.id], at.get(one.merged_into_id)) for one in everybody(Customer) if one.id in at],
            "places": sorted((at[row.customer_id], row.node_id, row.is_shared) for row in everybody(Visitor) if row.customer_id in at),
            "merges": sorted(merges.values()),
            "pairs": [(at[row.first_id], row.answer, merges.get(row.merge_id)) for row in everybody(Pair) if row.first_id in at],
            "told": sorted((at[int(row.row_id)], *codes_of(row, codes)) for row in own if row.action == "merged"),
            "why": {(at[int(row.row_id)], *(codes[code] for code in codes if code in row.reason)) for row in own if row.reason},
        }  # fmt: skip

    def codes_of(row, codes):
        return [codes[code] for code in row.changes["code"] if code]

    return read


def test_they_are_what_they_would_be_one_by_one_and_each_can_be_undone(app, bring, state, everybody, pair, undone):
    one_by_one, at_once = bring(5), bring(5)
    records = {one.id: one for one in everybody(Customer)}
    for ids in (one_by_one, at_once):
        pair(records[ids[1]], records[ids[3]])
    with app.app_context(), acting(app) as session:
        for kept, gone in ORDER:
            merging.merge(session, one_by_one[kept], one_by_one[gone], how="by_rule", score=0.99)
    with app.app_context(), acting(app) as session:
        made = [edge.id for edge in joined(session, at_once, ORDER)]
    one, other = state(one_by_one), state(at_once)
    assert other["pairs"] == [(1, "same", (0, 2, "by_rule", 0.99))], "by the merge that made both one person"
    reasons = one.pop("why"), other.pop("why")
    assert one == other
    assert reasons[1] <= reasons[0], "each record's last reason"
    undone(made[2])
    assert state(at_once)["people"] == [(0, 4), (1, 4), (2, None), (3, 2), (4, None)]


def test_more_merges_ask_no_more_questions_and_each_is_told_to_others(app, house, bring, monkeypatch):
    heard, asked = [], []

    class Sales:
        @hookimpl
        def customers_merged(self, kept_id, gone_id):
            heard.append((kept_id, gone_id))

    ids = bring(60)
    monkeypatch.setattr(house.host, "names_on", lambda *_: {"sales"})
    house.host.hooks.add(Sales(), "sales")
    event.listen(house.database.engine, "before_cursor_execute", lambda *values: asked.append(values[2][:6]))
    counts = []
    try:
        for some in (ids[:4], ids[4:]):
            asked.clear()
            with app.app_context(), acting(app) as session:
                joined(session, some, [(at, at + 1) for at in range(0, len(some), 2)])
            counts.append(asked.count("SELECT"))
    finally:
        house.host.hooks.remove("sales")
    assert heard == list(zip(ids[::2], ids[1::2], strict=True))
    assert counts[1] <= counts[0]
    with acting(app) as session:
        told = select(AuditEntry.row_id).where(AuditEntry.action == "merged")
        assert sorted(map(int, session.scalars(told))) == ids
