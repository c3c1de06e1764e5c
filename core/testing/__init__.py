"""What a test of this product, or of a plugin for it, may rely on.

Each module is a pytest plugin; a test folder loads the ones it needs in its top conftest.py::

    pytest_plugins = [
        "core.testing.databases",     # database_url: a fresh migrated database, on SQLite and on PostgreSQL
        "core.testing.application",   # settings, app, client
        "core.testing.factories",     # house, work, org, client_as; sign_in, post, token
        "core.testing.browser",       # browser, live_server, phone, desk
        "core.testing.requirements",  # @pytest.mark.requirement and --requirements-doc
    ]
"""
