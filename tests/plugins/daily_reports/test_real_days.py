"""Two months of a thousand real shops: imported, found unchanged, and taken back."""

import csv
from collections import defaultdict
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from core.access.person import SYSTEM
from core.commands.data import import_file, import_revert
from core.org.models import CalendarDay, Node
from plugins.daily_reports import boards
from plugins.daily_reports.models import AbsentDay, DayReport
from tests.plugins.daily_reports.real_shops import DAYS, REAL, database_url, only_with_the_data, run  # noqa: F401


@pytest.mark.slow
@pytest.mark.requirement("G9", "J8", "J9", "Z8")
@only_with_the_data
def test_two_months_of_a_thousand_real_shops_arrive_whole_and_can_be_taken_back(request, app, shop, org, real_shops):
    totals, by_store, by_day, present = 0, defaultdict(int), defaultdict(int), set()
    with REAL.open(newline="") as file:
        for row in csv.DictReader(file):
            day, sales = date.fromisoformat(row["date"]), int(row["sales"])
            totals += sales
            present.add((row["store"], day))
            by_store[row["store"]] += sales
            by_day[day] += sales
    assert (len(present), len(by_store), totals) == (58_611, 1_115, 419_685_989)
    first, last = min(by_day), max(by_day)
    span = [first + timedelta(days=n) for n in range((last - first).days + 1)]

    imported = real_shops(request.node.callspec.params["database_url"])
    stores, told = imported.stores, imported.days
    assert (stores["created"], stores["refused"]) == (1_115, 0)
    assert [told[name] for name in ("rows", "created", "updated", "unchanged", "refused")] == [58_611, 58_611, 0, 0, 0]
    assert told["closed_days"] == 1_115 * len(span) - 58_611

    def same():
        with shop.work() as session:
            amount, code = func.sum(DayReport.amount), Node.code
            joined = select(code, amount).join(DayReport, DayReport.node_id == Node.id)
            assert session.scalar(select(amount)) == totals
            assert dict(session.execute(joined.group_by(code)).all()) == by_store
            assert dict(session.execute(select(DayReport.day, amount).group_by(DayReport.day)).all()) == by_day
            assert set(session.execute(select(DayReport.state, DayReport.imported).distinct()).all()) == {
                ("locked", True)
            }
            closed = session.execute(
                select(code, CalendarDay.day).join(CalendarDay, CalendarDay.node_id == Node.id)
            ).all()
            assert len(closed) == told["closed_days"]
            assert {tuple(row) for row in closed}.isdisjoint(present)
            for day in (first, first + timedelta(days=6), last):
                codes = {item.code for item in boards.missing(session, SYSTEM, day)}
                assert codes == {store.code for store in org.stores}, (
                    "only the stores that are not in the file are missing"
                )
                groups = boards.board(session, SYSTEM, day)
                total = boards.totals(groups)
                assert (total.amount, total.count(reported=True)) == (
                    by_day[day],
                    sum(1 for _code, each in present if each == day),
                )

    same()
    again = run(app, import_file, *DAYS)
    assert [again[name] for name in ("created", "updated", "unchanged", "refused", "closed_days")] == [
        0,
        0,
        58_611,
        0,
        0,
    ]
    same()
    run(app, import_revert, str(again["batch"]))
    same()
    run(app, import_revert, str(told["batch"]))
    assert [shop.counted(model) for model in (DayReport, CalendarDay, AbsentDay)] == [0, 0, 0]
