"""The floor of the customers' pages: the same rows by the same indexes, and nothing else."""

import random
import uuid
from datetime import date
from typing import Any

from flask import Response, redirect, render_template, request

from core.search.words import grams
from tests.bench import floor

NAMES = ("id", "name", "code", "mobile", "level", "party", "credit", "looked after by", "tags")
COLUMNS = "c.id, c.name, c.code, c.mobile, c.level, c.party, c.credit, n.name, c.tags"
FROM = "FROM customers_customer AS c LEFT JOIN org_node AS n ON n.id = c.node_id WHERE c.deleted_at IS NULL"
LIST = f"SELECT {COLUMNS} {FROM} AND c.merged_into_id IS NULL{{narrowed}} ORDER BY c.id DESC LIMIT 51"
FIELDS = (
    "name", "mobile", "email", "wecom", "kind", "party", "level", "level_reason", "credit", "credit_note", "address", "tags",
    "preferences", "external_id", "node_id",
)  # fmt: skip
ONE = f"SELECT {', '.join(f'c.{name}' for name in FIELDS)}, n.name, c.code, c.version {FROM} AND c.id = ?"
BY_NUMBER = " AND c.id IN (SELECT customer_id FROM customers_identity WHERE kind = 'mobile' AND until IS NULL AND deleted_at IS NULL AND {asked})"
BY_NAME = {
    "sqlite": " AND c.id IN (SELECT rowid FROM search_customers_customer WHERE search_customers_customer MATCH ?)",
    "postgresql": " AND search_grams(c.search_text) @@ CAST(? AS tsquery)",
}
CARD = (
    "SELECT v.at, v.reason, n.name, p.name FROM customers_visit AS v JOIN org_node AS n ON n.id = v.node_id LEFT JOIN org_person AS p ON p.id = v.by"
    " WHERE v.customer_id = ? ORDER BY v.at DESC LIMIT 50",
    "SELECT c.purpose, c.channel, c.text_version, t.words, c.given_at, g.name, c.withdrawn_at, w.name FROM customers_consent AS c"
    " LEFT JOIN customers_consent_text AS t ON t.id = c.text_id LEFT JOIN org_person AS g ON g.id = c.given_by"
    " LEFT JOIN org_person AS w ON w.id = c.withdrawn_by WHERE c.customer_id = ? ORDER BY c.given_at, c.id",
    "SELECT kind, value, since, until FROM customers_identity WHERE customer_id = ? AND deleted_at IS NULL ORDER BY id",
    "SELECT c.name, c.role, c.mobile, o.code FROM customers_contact AS c LEFT JOIN customers_customer AS o ON o.id = c.person_id"
    " WHERE c.customer_id = ? AND c.deleted_at IS NULL ORDER BY c.id",
    "SELECT o.code, o.name, c.role FROM customers_contact AS c JOIN customers_customer AS o ON o.id = c.customer_id"
    " WHERE c.person_id = ? AND c.deleted_at IS NULL ORDER BY c.id",
    "SELECT id, name, code, created_at FROM customers_customer WHERE merged_into_id = ? ORDER BY id",
    "SELECT at, what FROM customers_wish WHERE customer_id = ? ORDER BY at DESC LIMIT 20",
    "SELECT wish, state, next_on, owner_id FROM customers_prospect WHERE customer_id = ? AND state IN ('new', 'talking') ORDER BY id",
    "SELECT g.name, n.name, i.given_at FROM customers_gift_issue AS i JOIN customers_gift AS g ON g.id = i.gift_id"
    " JOIN org_node AS n ON n.id = i.node_id WHERE i.customer_id = ? AND i.undone_at IS NULL ORDER BY i.id",
)
"""What a card shows beside the customer: visits, consents, what they are known by, contacts, companies, records of the same person,
what they did on their own page, what they may buy, gifts."""
SAVE = "UPDATE customers_customer SET tags = ?, version = version + 1 WHERE id = ? RETURNING id"
BEFORE = (
    "SELECT customer_id FROM customers_submission WHERE key = ?",
    "SELECT customer_id FROM customers_identity WHERE kind = 'mobile' AND value = ? AND until IS NULL AND deleted_at IS NULL",
    "SELECT e.at FROM customers_erased_value AS v JOIN customers_erasure AS e ON e.id = v.erasure_id WHERE v.digest = ?",
)
"""Whether the form was sent before, the number is somebody's, and its person was forgotten."""
RULES = "SELECT format, field, rule FROM customers_collection_rule"
CODE = "INSERT INTO codes_sequence (name, last) VALUES ('C', 1) ON CONFLICT (name) DO UPDATE SET last = codes_sequence.last + 1 RETURNING last"
NEW = (
    "INSERT INTO customers_customer (created_at, updated_at, version, code, name, kind, party, mobile, level, level_reason, credit, credit_note,"
    " address, tags, preferences) VALUES (?, ?, 1, ?, ?, 'person', 'consumer', ?, 'ordinary', '', 'unknown', '', '', '', '') RETURNING id",
    "INSERT INTO customers_identity (created_at, updated_at, version, customer_id, kind, value, tail, verified, since)"
    " VALUES (?, ?, 1, ?, 'mobile', ?, ?, false, ?) RETURNING id",
    "INSERT INTO customers_visitor (created_at, updated_at, version, customer_id, node_id, first_on, last_on, is_shared)"
    " SELECT ?, ?, 1, ?, id, ?, ?, false FROM org_node WHERE code = 'S0056' RETURNING id",
    "INSERT INTO customers_visit (customer_id, node_id, day, reason, at) SELECT ?, id, ?, 'recorded', ? FROM org_node WHERE code = 'S0056' RETURNING id",
    "INSERT INTO customers_consent (customer_id, purpose, channel, text_version, how, given_at) VALUES (?, 'service', 'any', '', '', ?) RETURNING id",
    "INSERT INTO customers_submission (key, customer_id, at) VALUES (?, ?, ?) RETURNING key",
)
AUDIT = (
    "INSERT INTO audit_entry (at, person_name, resource, row_id, action, changes, reason) VALUES "
    + ", ".join(["(?, 'floor', 'customers:customer', ?, 'created', '{}', '')"] * 4) + " RETURNING id"
)  # fmt: skip
"""Customer, number, visit and consent each leave a line."""
ALIKE = (
    "SELECT c.id, c.name, c.mobile FROM customers_block AS b JOIN customers_customer AS c ON c.id = b.customer_id WHERE b.key IN (?, ?, ?, ?)",
    "INSERT INTO customers_block (key, customer_id) VALUES " + ", ".join(["(?, ?)"] * 4) + " RETURNING id",
)
"""Who is like them, and by what they are found themselves."""
OFFERS = (
    "EXISTS (SELECT 1 FROM customers_consent AS o WHERE o.customer_id = c.id AND o.purpose = 'marketing' AND o.channel = 'sms'"
    " AND o.withdrawn_at IS NULL)"
)
EXPORT = (
    f"SELECT {COLUMNS.removeprefix('c.id, ')}, c.email, c.wecom, c.kind, c.year_profit, c.created_at, c.external_id, {OFFERS} {FROM}"
    " AND c.merged_into_id IS NULL ORDER BY c.id DESC"
)
"""The fifteen columns of the product's file."""


@floor.app.route("/customers")
def customers() -> str:
    """Show fifty customers: the newest or those before an id; of a number, a name, a store, a level."""
    asked, narrowed, values = request.args, "", []
    if "from" in asked:
        narrowed, values = BY_NUMBER.format(asked="value BETWEEN ? AND ?"), [asked["from"], asked["to"]]
    if "tail" in asked:
        narrowed, values = BY_NUMBER.format(asked="tail = ?"), [asked["tail"]]
    if "name" in asked:
        narrowed, values = BY_NAME["sqlite" if floor.IS_SQLITE else "postgresql"], [_pairs(asked["name"])]
    for name in ("node_id", "level"):
        if name in asked:
            narrowed, values = f"{narrowed} AND c.{name} = ?", [*values, asked[name]]
    if "id" in asked:
        narrowed, values = f"{narrowed} AND c.id < ?", [*values, asked["id"]]
    found = floor.ask(LIST.format(narrowed=narrowed), *values)
    next_url = f"/customers?id={found[49][0]}" if len(found) > 50 else None
    return render_template("rows.html", title="Customers", names=NAMES, rows=found[:50], next_url=next_url)


def _pairs(words: str) -> str:
    if floor.IS_SQLITE:
        return " AND ".join(pair.encode().hex() for pair in grams(words))
    return " & ".join(f"'{pair}'" for pair in grams(words))


@floor.app.route("/customers/<int:number>", methods=("GET", "POST"))
def customer(number: int) -> Any:
    """Show a customer to be changed, or the card with what belongs to them; or change one."""
    if request.method == "POST":
        floor.ask(SAVE, request.form["tags"], number)
        return redirect("/customers")
    found = floor.ask(ONE, number)[0]
    if "card" in request.args:
        tables = [found, *(row for statement in CARD for row in floor.ask(statement, number))]
        return render_template("rows.html", title=found[0], names=(), rows=tables, next_url=None)
    return render_template("form.html", title=found[0], fields=zip((*FIELDS, "place"), found, strict=False))


@floor.app.route("/customers/new", methods=("POST",))
def new() -> Any:
    """Do what a record asks for: not twice, nobody's number, nobody who was forgotten, what the store asks; written with number,
    place, visit, consent and their lines in the audit, and looked at for doubles, in one transaction."""
    dice, now, today = random.randrange(10**9), "2025-06-30 11:00:00", str(date(2025, 6, 30))
    number, key, keys = str(17_000_000_000 + dice), str(uuid.uuid4()), [dice * 4 + place for place in range(4)]
    with floor.one_transaction():
        for statement, value in zip(BEFORE, (key, number, key), strict=True):
            floor.ask(statement, value)
        floor.ask(RULES)
        [(code,)] = floor.ask(CODE)
        [(row_id,)] = floor.ask(NEW[0], now, now, f"F-{code}", request.form["name"], number)
        floor.ask(NEW[1], now, now, row_id, number, number[-4:], today)
        floor.ask(NEW[2], now, now, row_id, today, today)
        floor.ask(NEW[3], row_id, today, now)
        floor.ask(NEW[4], row_id, now)
        floor.ask(NEW[5], key, row_id, now)
        floor.ask(AUDIT, *[now, str(row_id)] * 4)
        floor.ask(ALIKE[0], *keys)
        floor.ask(ALIKE[1], *[value for each in keys for value in (each, row_id)])
    return redirect("/customers")


@floor.app.route("/customers/export")
def customers_export() -> Response:
    """Send every customer as csv."""
    return Response(floor.written(EXPORT) if floor.IS_SQLITE else floor.copied(EXPORT), mimetype="text/csv")
