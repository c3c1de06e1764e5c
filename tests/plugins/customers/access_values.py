"""What stands in the addresses and rows of the customers, for core.testing.access_matrix."""

from sqlalchemy import select

from core.codes import make_chain_code
from core.testing.access_matrix import MISSING
from core.testing.factories import acting
from plugins.customers.models import Customer


def _code(site, kind):
    """The code of a customer who has visited, who has not, or of none."""
    ids = [] if kind == "missing" else getattr(site, kind)["customers_customer"]
    if not ids:
        return make_chain_code("C", 9_999_999_999)
    with acting(site.app) as session:
        return session.scalar(select(Customer.code).where(Customer.id == ids[0]))


def _of(table):
    """The number of a row of a table: one's own, of elsewhere, or of none."""

    def number(site, kind):
        ids = [] if kind == "missing" else getattr(site, kind)[table]
        return ids[0] if ids else MISSING

    return number


ROUTE_VALUES = {
    ("customers", "code"): _code,
    ("customers.me", "token"): lambda site, kind: "no-token",
    ("customers", "identity_id"): _of("customers_identity"),
    ("customers", "prospect_id"): _of("customers_prospect"),
    ("customers", "issue_id"): _of("customers_gift_issue"),
}
PUBLIC = {"customers.me": "a customer looks at what is kept of them, by a signed link that a store gave them"}
ROW_VALUES = {
    "customers_customer": {
        "code": lambda number: make_chain_code("C", number),
        "external_id": None,
        "level_reason": "",
        "mobile": None,
        "email": None,
        "wecom": None,
    },
    "customers_identity": {
        "kind": "mobile",
        "until": None,
        "value": lambda number: f"139{number:08}",
        "tail": lambda number: f"{number:04}",
    },
    "customers_consent": {"purpose": "service", "channel": "any", "withdrawn_at": None},
    "customers_block": {"key": lambda number: number},
    "customers_visit": {"reason": "came"},
    "customers_visitor": {"is_shared": False},
    "customers_merge": {"how": "by_hand", "undone_at": None},
    "customers_pair": {"answer": "open", "answered_at": None, "answered_by": None, "merge_id": None},
    "customers_wish": {"what": "corrected", "about": ""},
    "customers_gift": {"name": "phone stand", "note": ""},
    "customers_gift_movement": {"kind": "received"},
    "customers_prospect": {"state": "won"},
}
EVERYBODYS = {"customers.gift": "a kind of gift is the whole chain's"}
