"""The floor of rankings and of the leader's screen: the product's statements, and a bare table of the same rows."""

from flask import render_template

from tests.bench.floor import app, ask

RANKING = """
SELECT id, begins, ends, until FROM daily_reports_ranking WHERE subject = 'store' AND kind = ? ORDER BY begins DESC LIMIT 1
"""
GROUPS = """
SELECT peer_group, count(*), count(rank) FROM daily_reports_ranking_row WHERE ranking_id = ? GROUP BY peer_group ORDER BY peer_group
"""
ROW_NAMES = (
    "node", "area", "code", "name", "group", "state", "rank", "achievement", "before", "reason", "day", "reached", "reported", "sold", "yardstick",
)  # fmt: skip
ROWS = """
SELECT r.node_id, a.name, n.code, n.name, r.peer_group, r.state, r.rank, r.achievement, r.rank_before, r.reason, r.reason_day,
  r.reason_achievement, r.days_reported, r.amount, r.yardstick
FROM daily_reports_ranking_row AS r JOIN org_node AS n ON n.id = r.node_id LEFT JOIN org_node AS a ON a.id = r.area_id
WHERE r.ranking_id = ? ORDER BY r.peer_group, r.rank IS NULL, r.rank, n.code
"""
NEIGHBOURS = """
SELECT (SELECT max(begins) FROM daily_reports_ranking WHERE subject = 'store' AND kind = ? AND begins < ?),
  (SELECT min(begins) FROM daily_reports_ranking WHERE subject = 'store' AND kind = ? AND begins > ?)
"""
CORRECTIONS = "SELECT node_id, rank_before, rank_after, at, cause, note FROM daily_reports_ranking_correction WHERE ranking_id = ? ORDER BY id DESC"
DAY_SUMS = """
SELECT sum(d.amount), sum(d.target_amount), sum(CASE WHEN d.amount IS NOT NULL AND d.target_amount IS NOT NULL THEN d.amount END),
  sum(CASE WHEN d.amount IS NOT NULL AND d.target_amount IS NOT NULL THEN d.target_amount END), count(d.amount)
FROM daily_reports_day AS d JOIN org_node AS n ON n.id = d.node_id WHERE d.day = ? AND n.kind = 'store'
"""
SUMS = """
SELECT ranking_id, sum(amount), sum(days_on_time), sum(days_judged), count(CASE WHEN reason = 'missing' THEN 1 END)
FROM daily_reports_ranking_row WHERE ranking_id IN (?, ?) GROUP BY ranking_id
"""
MONTH_PLAN = """
SELECT sum(t.amount) FROM daily_reports_month_target AS t JOIN org_node AS n ON n.id = t.node_id WHERE t.month = ? AND n.kind = 'store'
"""
NAMES = """
SELECT n.code, n.name, r.state, r.rank, r.rank_before, r.achievement, r.reason, r.reason_day, r.reason_achievement, d.gap_reasons
FROM daily_reports_ranking_row AS r JOIN (
  SELECT id, row_number() OVER (ORDER BY achievement DESC, id) AS best, row_number() OVER (ORDER BY achievement, id) AS least
  FROM daily_reports_ranking_row WHERE ranking_id = ? AND achievement IS NOT NULL
) AS placed ON placed.id = r.id
JOIN org_node AS n ON n.id = r.node_id LEFT JOIN daily_reports_day AS d ON d.node_id = r.node_id AND d.day = ?
WHERE placed.best <= 5 OR placed.least <= 5 ORDER BY placed.best
"""
NAMES_OF_ROW = ("code", "name", "state", "rank", "before", "achievement", "reason", "day", "reached", "said")


@app.route("/ranking/<kind>")
def ranking(kind: str) -> str:
    """Show every row of the newest ranking of a kind."""
    number, begins, *_rest = ask(RANKING, kind)[0]
    ask(GROUPS, number)
    ask(NEIGHBOURS, kind, begins, kind, begins)
    ask(CORRECTIONS, number)
    return render_template("rows.html", title="Ranking", names=ROW_NAMES, rows=ask(ROWS, number), next_url=None)


@app.route("/leader")
def leader() -> str:
    """Show the sums of the day and the month, and the ten names."""
    (number, day, *_rest), month = ask(RANKING, "day")[0], ask(RANKING, "month")[0]
    sums = [*ask(DAY_SUMS, day), *ask(SUMS, number, month[0]), *ask(MONTH_PLAN, month[1])]
    return render_template(
        "rows.html", title="Leader", names=NAMES_OF_ROW, rows=[*sums, *ask(NAMES, number, day)], next_url=None
    )
