"""The door for a WSGI server: `gunicorn wsgi:app`."""

from core.lean import made_to_stay
from core.start import create_app

with made_to_stay():
    app = create_app(serves="web")
