"""What the monitoring reads: how many requests, how long, how each plugin does."""

import os
import shutil
import time
from functools import cache
from pathlib import Path
from typing import Any

from flask import g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest, multiprocess

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
REQUESTS = Counter("backoffice_requests", "Answered requests", ["plugin", "status"])
SECONDS = Histogram(
    "backoffice_request_seconds", "Time from request to answer", ["plugin"], buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10)
)
HOOK_FAILURES = Counter("backoffice_hook_failures", "Hook implementations that failed", ["plugin", "hook"])


def prepare(data_dir: Path, port: int) -> None:
    """Let the workers of one server count together: a folder for its port, emptied before they start."""
    folder = data_dir / "metrics" / str(port)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ[FOLDER] = str(folder)


def observe(house: Any, status: int) -> None:
    """Count one answered request under the plugin that answered it."""
    plugin = house.owners.get((request.endpoint or "").split(".")[0], "core")
    count, seconds = _counted(plugin, f"{status // 100}xx")
    count.inc()
    seconds.observe(time.monotonic() - g.started)


@cache
def _counted(plugin: str, status: str) -> tuple[Counter, Histogram]:
    """Return the counters of a plugin's answers; to look them up by their labels takes longer than to count."""
    return REQUESTS.labels(plugin, status), SECONDS.labels(plugin)


def text() -> tuple[bytes, str]:
    """Return the counters of all workers in Prometheus' format, and its content type."""
    if os.environ.get(FOLDER):
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
        return generate_latest(registry), CONTENT_TYPE_LATEST
    return generate_latest(), CONTENT_TYPE_LATEST
