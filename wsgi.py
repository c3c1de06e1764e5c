"""The door for a WSGI server: `gunicorn wsgi:app`."""

import gc

from core.lean import without

gc.disable()  # what the start makes stays: to look through it again and again takes a fifth of the start
with without("PIL", "babel", "rich"):
    from core import api  # noqa: F401 - with all that plugins see of core
    from core.app import create_app

app = create_app(serves="web")
gc.enable()
