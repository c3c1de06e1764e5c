"""The code of core as a process of the house takes it in: all at once, before anything else.

The server does it once for all its workers, before they part (`config/gunicorn.py`); a command at its beginning.
"""

from core.lean import made_to_stay, without

with made_to_stay(), without("PIL", "babel", "flask_babel", "greenlet", "rich"):
    import core.admin.audit_view
    import core.admin.pages
    import core.admin.plugin_upkeep_pages
    import core.admin.settings_page
    import core.auth.views
    import core.jobs.pages
    import core.org.views  # noqa: F401 - core's own pages
    from core import api  # noqa: F401 - with all that plugins see of core
    from core.app import create_app

__all__ = ["create_app"]
