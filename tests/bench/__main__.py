"""`python -m tests.bench [--scale 0.1] [--database sqlite] [--only WORD] [--write]`: measure and print the table."""

import argparse
import fcntl
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.testing.postgres import PostgresCluster, PostgresUnavailable
from tests.bench.run import measure
from tests.bench.table import Line, as_markdown, as_text

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Measure on one database or both; one run at a time on a machine."""
    asked = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    asked.add_argument(
        "--scale",
        type=float,
        default=float(os.environ.get("SCALE", "0.1")),
        help="1 is two years on PostgreSQL; SQLite gets a tenth",
    )
    asked.add_argument("--database", choices=("sqlite", "postgres"), action="append", help="both unless said")
    asked.add_argument("--only", default="", help="only lines that hold this word")
    asked.add_argument("--write", action="store_true", help="keep the table as docs/bench.md")
    options = asked.parse_args()
    with only_one():
        results = {kind: _on(kind, options.scale, options.only) for kind in options.database or ("postgres", "sqlite")}
    if options.write:
        (ROOT / "docs" / "bench.md").write_text(as_markdown(results, options.scale))


def _on(kind: str, scale: float, only: str) -> list[Line]:
    lines = []
    with tempfile.TemporaryDirectory(prefix="backoffice-bench-") as folder, _database(kind, Path(folder)) as url:
        own_scale, rush_seconds = scale if kind == "postgres" else scale / 10, 60.0 if scale >= 1 else 15.0
        for line in measure(url, Path(folder), own_scale, only, rush_seconds):
            lines.append(line)
            print(*filter(None, line.cells), sep=" · ", file=sys.stderr, flush=True)
    print(as_text(kind, lines), flush=True)
    return lines


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'bench.sqlite'}"
        return
    cluster = PostgresCluster()
    try:
        cluster.start()
    except PostgresUnavailable as problem:
        sys.exit(str(problem))
    try:
        yield cluster.url()
    finally:
        cluster.stop()


@contextmanager
def only_one() -> Iterator[None]:
    """Wait until no other measurement runs on this machine: two at once would measure each other."""
    with (Path(tempfile.gettempdir()) / "bench.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    main()
