"""The statements of the floor: what has to be asked at least for each answer."""

NARROWING = ("state", "node_id", "area_id")
"""Columns a list of day reports may be narrowed by."""
LIST_NAMES = ("id", "day", "place", "state", "target", "result", "visitors", "buyers", "target late", "report late")
LIST = """
SELECT d.id, d.day, n.name, d.state, d.target_amount, d.amount, d.visitors, d.buyers, d.target_late_minutes, d.report_late_minutes
FROM daily_reports_day AS d JOIN org_node AS n ON n.id = d.node_id
WHERE 1 = 1{narrowed} ORDER BY d.day DESC, d.id DESC LIMIT 51
"""
STORE_NAMES = ("id", "code", "name", "area", "format", "peer group", "opens", "closes", "size", "address")
STORES = """
SELECT s.id, s.code, s.name, a.name, s.format, s.peer_group, s.opens, s.closes
FROM org_node AS s JOIN org_node AS a ON a.id = s.parent_id WHERE s.kind = 'store' ORDER BY s.code, s.id LIMIT 51
"""
STORES_BY_NAME = STORES.replace("ORDER", "AND s.name LIKE ? ORDER")
STORES_BY_CODE = STORES.replace("ORDER", "AND s.code >= ? AND s.code < ? ORDER")
STORE = """
SELECT s.id, s.code, s.name, a.name, s.format, s.peer_group, s.opens, s.closes, s.size_m2, s.address
FROM org_node AS s JOIN org_node AS a ON a.id = s.parent_id WHERE s.id = ?
"""
SAVE_STORE = "UPDATE org_node SET name = ?, size_m2 = ?, version = version + 1 WHERE id = ? RETURNING id"
DAY_NAMES = (
    "node",
    "name",
    "state",
    "target",
    "suggested",
    "result",
    "units",
    "visitors",
    "buyers",
    "reasons",
    "reflection",
    "tomorrow",
    "what",
)
DAY = """
SELECT n.id, n.name, d.state, d.target_amount, d.suggested_amount, d.amount, d.units, d.visitors, d.buyers, d.gap_reasons,
  d.reflection, d.tomorrow, l.what
FROM org_node AS n LEFT JOIN daily_reports_day AS d ON d.node_id = n.id AND d.day = ?
LEFT JOIN daily_reports_plan_line AS l ON l.report_id = d.id
WHERE n.code = ?
"""
CALENDAR_OF = """
SELECT c.node_id, c.closed, c.day FROM org_calendar_day AS c JOIN org_node AS n ON n.id = c.node_id
WHERE (n.kind = 'chain' OR n.id IN (SELECT o.id FROM org_node AS o JOIN org_node AS s ON o.id IN (s.id, s.area_id, s.region_id) WHERE s.code = ?))
  AND c.day >= ? AND c.day < ?
"""
SOLD = """
SELECT day, amount FROM daily_reports_day
WHERE node_id = (SELECT id FROM org_node WHERE code = ?) AND day >= ? AND day < ? AND amount IS NOT NULL
"""
MONTH_TARGET = "SELECT amount FROM daily_reports_month_target WHERE node_id = (SELECT id FROM org_node WHERE code = ?) AND month = ?"
LAST_PLAN = """
SELECT l.what, l.who, l.due, l.done FROM daily_reports_plan_line AS l WHERE l.report_id = (
  SELECT id FROM daily_reports_day WHERE node_id = (SELECT id FROM org_node WHERE code = ?) AND day < ? AND target_at IS NOT NULL
  ORDER BY day DESC LIMIT 1
)
"""
CORRECTIONS = """
SELECT c.before, c.after, p.name FROM daily_reports_correction AS c JOIN org_person AS p ON p.id = c.by WHERE c.report_id = (
  SELECT id FROM daily_reports_day WHERE day = ? AND node_id = (SELECT id FROM org_node WHERE code = ?)
)
"""
SENT = "SELECT key FROM daily_reports_submission WHERE key = ?"
NOTE_SENT = """
INSERT INTO daily_reports_submission (key, report_id, at)
SELECT ?, id, CURRENT_TIMESTAMP FROM daily_reports_day WHERE node_id = (SELECT id FROM org_node WHERE code = ?) AND day = ?
"""
AUDIT_TARGET = """
INSERT INTO audit_entry (at, person_id, person_name, resource, row_id, node_id, area_id, region_id, action, changes, reason)
SELECT CURRENT_TIMESTAMP, NULL, 'floor', 'daily_reports:day', d.id, d.node_id, d.area_id, d.region_id, 'update', ?, ''
FROM daily_reports_day AS d WHERE d.node_id = (SELECT id FROM org_node WHERE code = ?) AND d.day = ?
"""
SAVE_TARGET = """
UPDATE daily_reports_day SET target_amount = ?, version = version + 1
WHERE node_id = (SELECT id FROM org_node WHERE code = ?) AND day = ? RETURNING id
"""
BOARD_NAMES = (
    "id", "code", "name", "state", "target", "result", "reasons", "target late", "report late", "area", "opened", "closed", "report",
)  # fmt: skip
BOARD = """
SELECT n.id, n.code, n.name, d.state, d.target_amount, d.amount, d.gap_reasons, d.target_late_minutes, d.report_late_minutes,
  a.name, n.opened_on, n.closed_on, d.id
FROM org_node AS n LEFT JOIN daily_reports_day AS d ON d.node_id = n.id AND d.day = ?
LEFT JOIN org_node AS a ON a.id = n.area_id
WHERE n.kind = 'store' AND n.deleted_at IS NULL ORDER BY n.area_id, n.code
"""
CALENDAR = "SELECT node_id, closed FROM org_calendar_day WHERE day = ?"
TREND_NAMES = ("day", "target", "amount", "percent", "peers, percent")
OWN_DAYS = (
    "SELECT day, target_amount, amount FROM daily_reports_day WHERE node_id = ? AND day >= ? AND day <= ? ORDER BY day"
)
PLACE = "SELECT id, name, peer_group FROM org_node WHERE code = ? AND deleted_at IS NULL"
PEERS = "FROM org_node WHERE kind = 'store' AND deleted_at IS NULL AND closed_on IS NULL AND id <> ? AND peer_group = ?"
PEER_DAYS = f"""
SELECT day, sum(amount) * 100 / sum(target_amount), (SELECT count(*) {PEERS}) FROM daily_reports_day
WHERE node_id IN (SELECT id {PEERS}) AND day >= ? AND day <= ? AND amount IS NOT NULL AND target_amount IS NOT NULL
GROUP BY day HAVING count(*) >= 3
"""
EXPORT = """
SELECT d.day, n.name, d.state, d.target_amount, d.amount, d.visitors, d.buyers, d.target_late_minutes, d.report_late_minutes,
  d.reported_at, d.reflection, d.review_comment
FROM daily_reports_day AS d JOIN org_node AS n ON n.id = d.node_id ORDER BY d.day DESC, d.id DESC
"""
