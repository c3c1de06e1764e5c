"""What a test of this product, or of a plugin for it, may rely on: a pytest plugin and a contract.

A test folder takes all of it in with one line in its top conftest.py::

    pytest_plugins = ["core.testing"]

The fixtures come from these modules, which say more:

- ``databases``: database_url, a fresh migrated database, on SQLite and on PostgreSQL
- ``application``: settings, app, client
- ``factories``: house, work, org, client_as; the functions acting, sign_in, post, make_person …
- ``browser``: live_server, phone, desk, browser

``contract`` is a class that a plugin's tests inherit, ``access_matrix`` what it knocks on doors with.
"""

import pytest

pytest_plugins = [
    "core.testing.databases",
    "core.testing.application",
    "core.testing.factories",
    "core.testing.browser",
]
pytest.register_assert_rewrite(
    "core.testing.contract", "core.testing.declarations", "core.testing.pages", "core.testing.schema"
)
