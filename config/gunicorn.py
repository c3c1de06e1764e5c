"""How gunicorn runs the backoffice; options of `backoffice serve` win."""

from typing import Any

from config.settings import Settings

timeout = 60
"""A request, and a hook that hangs in it, costs at most one worker this many seconds."""
graceful_timeout = 30
keepalive = 5
max_requests = 20_000
max_requests_jitter = 2_000
control_socket_disable = True


ONE_THREAD = (
    "the backoffice runs with sync workers of one thread: a plugin that hangs is told from one that works by the thread "
    "it has to itself, and gunicorn ends no hanging thread. Take more workers instead: --workers 4, without --threads"
)


def on_starting(server: Any) -> None:
    """Refuse what would take the house's protection against hanging plugins away, and take in core once for all workers."""
    if server.cfg.threads > 1 or server.cfg.worker_class_str != "sync":
        raise SystemExit(ONE_THREAD)
    # Each worker takes in the plugins itself: what breaks or hangs there ends a worker, never the server.
    import core.start  # noqa: F401

    if Settings().database_url.startswith("postgresql"):
        import psycopg  # noqa: F401
