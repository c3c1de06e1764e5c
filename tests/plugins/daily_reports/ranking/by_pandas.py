"""The ranking a second time, with pandas and from the file alone: written from the rules, not from the code.

Every row of the file is an open day with a report; a day that is not in the file was closed.
"""

from dataclasses import dataclass, field
from datetime import timedelta

import pandas as pd


def rounded(part, whole):
    """Whole numbers, halves up."""
    return (2 * part + whole) // (2 * whole)


def read(path):
    """One row a store and day: fen, weekday, group."""
    days = pd.read_csv(path, parse_dates=["date"])
    return pd.DataFrame({
        "store": days["store"], "date": days["date"], "group": days["store_type"],
        "fen": days["sales"].astype("int64") * 100, "weekday": days["date"].dt.day_of_week,
    })  # fmt: skip


@dataclass
class Pandas:
    """Rankings of a file; `targets` is `{(store, first of month): fen}`."""

    days: pd.DataFrame
    targets: dict = field(default_factory=dict)

    def ranking(self, begins, until):
        """`{store: (rank or None, achievement or None)}` of every store, from its open days between two days."""
        begins, until = pd.Timestamp(begins), pd.Timestamp(until)
        usual = self.usual(begins)
        days = self.days[self.days["date"].between(begins, until)].copy()
        days = days.merge(usual, how="left", on=["store", "weekday"])
        days["month"] = days["date"].dt.to_period("M").dt.to_timestamp()
        days["yardstick"] = self.with_targets(days, usual)
        days["unknown"] = days["yardstick"].isna()
        summed = days.groupby(["store", "group"], as_index=False).agg(
            fen=("fen", "sum"), yardstick=("yardstick", "sum"), unknown=("unknown", "any")
        )
        ranked = summed[~summed["unknown"] & (summed["yardstick"] > 0)].copy()
        ranked["achievement"] = rounded(1000 * ranked["fen"], ranked["yardstick"].astype("int64"))
        ranked["rank"] = ranked.groupby("group")["achievement"].rank(method="min", ascending=False).astype(int)
        alone = ranked.groupby("group")["store"].transform("size") == 1
        found = {
            row.store: (None if lonely else row.rank, row.achievement)
            for row, lonely in zip(ranked.itertuples(), alone, strict=True)
        }
        return {store: found.get(store, (None, None)) for store in self.days["store"].unique()}

    def usual(self, begins):
        """What a store sells on each weekday on average, in the four weeks before."""
        before = self.days[self.days["date"].between(begins - timedelta(days=28), begins - timedelta(days=1))]
        whole = before.groupby("store")["fen"].agg(["sum", "count"])
        whole = whole[whole["count"] >= 5]
        each = before.groupby(["store", "weekday"])["fen"].agg(["sum", "count"])
        every = pd.MultiIndex.from_product([whole.index, range(7)], names=["store", "weekday"])
        each = each.reindex(every)
        usual = rounded(each["sum"], each["count"])
        overall = rounded(whole["sum"], whole["count"])
        usual = usual.fillna(pd.Series(overall.reindex(every.get_level_values("store")).to_numpy(), index=every))
        return usual.astype("int64").rename("usual").reset_index()

    def with_targets(self, days, usual):
        """The usual day, or where head office set a month's target its share by weekday."""
        sticks = days["usual"].astype("Int64")
        weights = usual.set_index(["store", "weekday"])["usual"]
        months = self.days["date"].dt.to_period("M").dt.to_timestamp()
        for (store, month), target in self.targets.items():
            here = (days["store"] == store) & (days["month"] == month)
            if not here.any():
                continue
            open_days = self.days[(self.days["store"] == store) & (months == month)]["weekday"].value_counts()
            own = {day: int(weights.get((store, day), 1)) for day in range(7)}
            whole = sum(own[day] * int(count) for day, count in open_days.items())
            sticks.loc[here] = [rounded(target * own[day], whole) for day in days.loc[here, "weekday"]]
        return sticks
