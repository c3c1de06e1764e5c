"""The door for a WSGI server: `gunicorn wsgi:app`."""

from core.app import create_app
from core.registry import processes

app = create_app()
processes.begin(app.extensions["backoffice"], "web")
