"""What a counter asks of somebody new, and what is wrong with what was typed.

Name, number and consent are asked everywhere. A rule never stands between a customer and what they buy: it
says what a record needs, and a person who is recorded already is asked nothing again.
"""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.api import FORMATS, N_, Node, _, planned_once, typed
from plugins.customers import identities
from plugins.customers.collection.models import CollectionRule
from plugins.customers.tags import read_words

RULES = {"required": N_("Required"), "asked": N_("Asked"), "hidden": N_("Not asked")}
FIELDS = {"email": N_("E-mail"), "address": N_("Address"), "tags": N_("What they like"), "wecom": N_("WeCom")}
USUAL = {"email": "asked", "address": "asked", "tags": "asked", "wecom": "hidden"}
FORMATS_ASKED = FORMATS | {"": N_("Store without a format")}
READERS: dict[str, Any] = {
    "email": identities.read_email, "wecom": identities.read_wecom, "tags": read_words,
    "address": lambda text: " ".join(typed.text(text, 200).split()),
}  # fmt: skip


_KEPT = planned_once(select(CollectionRule.format, CollectionRule.field, CollectionRule.rule))


class Missing(Exception):
    """Something a store requires of a new record was not typed: `{field: message}`."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("missing")
        self.errors = errors


def all_rules(session: Session) -> dict[tuple[str, str], str]:
    """Return `{(format, field): rule}` for every format and field."""
    rules = {(format_, field): usual for format_ in FORMATS_ASKED for field, usual in USUAL.items()}
    return rules | {(format_, field): rule for format_, field, rule in session.execute(_KEPT)}


def rules_at(session: Session, nodes: list[Node]) -> dict[str, str]:
    """Return `{field: rule}` for a form that serves these places: the strictest of them."""
    rules, strictness = all_rules(session), list(RULES)
    formats = {node.format or "" for node in nodes}
    return {field: min((rules[format_, field] for format_ in formats), key=strictness.index) for field in FIELDS}


def must_be_complete(session: Session, node: Node, said: dict[str, str]) -> None:
    """Raise `Missing` when a new record lacks what stores of this format require."""
    rules = rules_at(session, [node])
    errors = {
        field: _("This store asks for it. Please ask the customer.")
        for field, rule in rules.items() if rule == "required" and not said.get(field)
    }  # fmt: skip
    if errors:
        raise Missing(errors)


def change(session: Session, changes: dict[tuple[str, str], str]) -> int:
    """Write rules given as `{(format, field): rule}`; return how many differ from before."""
    kept = {(row.format, row.field): row for row in session.scalars(select(CollectionRule).with_for_update())}
    before = all_rules(session)
    changed = {key: rule for key, rule in changes.items() if before[key] != rule}
    for (format_, field), rule in changed.items():
        row = kept.get((format_, field)) or CollectionRule(format=format_, field=field)
        row.rule = rule
        session.add(row)
    session.flush()
    return len(changed)
