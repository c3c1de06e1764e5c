"""How gunicorn runs the backoffice; options of `backoffice serve` win."""

timeout = 60
"""A request, and a hook that hangs in it, costs at most one worker this many seconds."""
graceful_timeout = 30
keepalive = 5
max_requests = 20_000
max_requests_jitter = 2_000
control_socket_disable = True
