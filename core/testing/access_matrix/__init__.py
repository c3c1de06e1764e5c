"""Who may do what with which row: every address of the URL map, tried by people who must not get through.

The matrix knows no table and no page by name. It reads the URL map and the views of an application, makes
rows of every mapped table out of its columns, with a canary in every text and amount of the rows that are
out of reach, and lets somebody whose every right ends at one place knock on every door. Each ``check_…``
raises AssertionError at the first door that opens, and returns how many it tried.

``plugin="loyalty"`` keeps it to the addresses and tables of one plugin and what it requires.

A plugin extends it with a file ``access_values.py`` beside its tests, which may hold

- ``ROUTE_VALUES``: ``{(endpoint or blueprint, argument): function}`` for the parts of addresses, and with
  ``"?name"`` for what follows the question mark. The function gets the `Site` and ``own``, ``foreign`` or
  ``missing``, and returns the value;
- ``ROW_VALUES``: ``{table: {column: value or function of the row's number}}`` where any text will not do;
- ``EVERYBODYS``: ``{resource: reason}`` for views whose rows have no place;
- ``PUBLIC`` and ``SIGNED_IN``: ``{endpoint: reason}`` for addresses that are open to the world, or to
  everybody who is signed in.
"""

from core.testing.access_matrix.addresses import (
    check_anonymous,
    check_permissions,
    check_public_rules,
    check_shipped_roles,
    check_signing_out,
    check_switched_off,
    check_tokens,
    rules_of,
)
from core.testing.access_matrix.borders import check_crossed, check_other_pages, check_rows, check_session
from core.testing.access_matrix.calling import Caller
from core.testing.access_matrix.contents import Dump
from core.testing.access_matrix.making import RowMaker
from core.testing.access_matrix.reading import check_numbers, check_reading
from core.testing.access_matrix.site import Site, make_site
from core.testing.access_matrix.values import MISSING, load_values, route_value
from core.testing.access_matrix.writing import check_writing

__all__ = [
    "MISSING",
    "load_values",
    "route_value",
    "Caller",
    "rules_of",
    "check_public_rules",
    "check_anonymous",
    "check_tokens",
    "check_signing_out",
    "check_switched_off",
    "check_permissions",
    "check_shipped_roles",
    "Dump",
    "RowMaker",
    "Site",
    "make_site",
    "check_reading",
    "check_numbers",
    "check_writing",
    "check_rows",
    "check_crossed",
    "check_session",
    "check_other_pages",
]
