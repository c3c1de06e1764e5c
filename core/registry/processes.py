"""What each serving process says of itself, for IT: which code it runs, what failed in it, how its hooks do.

A file of the data folder, written when something has changed, else once a minute while it is at work. Only
intent is in the database; what is seen belongs to the process that sees it, and goes with it.
"""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from core import clock
from core.language import _, gettext
from core.registry.calls import HOST, CallMark, is_alive
from core.registry.hooks import NOT_CALLED

log = structlog.get_logger("registry")
EVERY_SECONDS = 60
FORGET_SECONDS = 86_400
"""After a day a process of another machine, whose lock cannot be seen, counts as gone."""


@dataclass
class Process:
    """This process, once it serves."""

    kind: str
    mark: CallMark
    since: datetime = field(default_factory=clock.now)
    told: Any = None
    told_at: float = 0.0

    @property
    def path(self) -> Path:
        """Where it says how it is."""
        return self.mark.path.with_suffix(".json")


@dataclass(frozen=True)
class Seen:
    """What a serving process has said of itself last."""

    name: str
    kind: str
    since: datetime
    seen: datetime
    revision: int
    """The newest switch it knows."""
    plugins: dict[str, dict[str, Any]]


def folder_of(house: Any) -> Path:
    """Return where the processes of an installation say how they are."""
    return house.settings.data_dir / "processes"


def begin(house: Any, kind: str) -> None:
    """Let this process be seen from the next `tell` on: `web` serves pages, `worker` runs tasks."""
    try:
        house.process = Process(kind, CallMark(folder_of(house)))
    except OSError as error:
        log.error("IT cannot see this process: its file cannot be written", error=str(error))
        return
    house.host.hooks.mark = house.process.mark


def tell(house: Any) -> None:
    """Say how this process is, when something has changed or a minute has passed."""
    process, now = house.process, time.monotonic()
    if process is None:
        return
    state = house.host.switched, house.host.hooks.news
    if state == process.told and now - process.told_at < EVERY_SECONDS:
        return
    process.told, process.told_at = state, now
    text = json.dumps({
        "kind": process.kind, "since": process.since.isoformat(), "seen": clock.now().isoformat(),
        "revision": house.host.switched, "plugins": {name: _of(house.host, name) for name in house.host.plugins},
    })  # fmt: skip
    try:
        draft = process.path.with_suffix(".draft")
        draft.write_text(text, "utf-8")
        draft.replace(process.path)
    except OSError as error:
        log.error("this process cannot say how it is", error=str(error))


def _of(host: Any, name: str) -> dict[str, Any]:
    plugin = host.plugins[name]
    return {
        "version": plugin.installed.manifest.version if plugin.installed.manifest else "",
        "reason": plugin.failure, "traceback": plugin.traceback, "hooks": hooks_of(host, name),
    }  # fmt: skip


def hooks_of(host: Any, name: str) -> dict[str, dict[str, Any]]:
    """Return what each hook of a plugin has done in this process, and each page of it that has failed."""
    counts = host.hooks.counts.get(name, {})
    return {
        hook: {
            "calls": count.calls, "failures": count.failures, "seconds": round(count.seconds, 4),
            "last_error": count.last_error, "paused_seconds": count.paused_seconds,
            "because": count.because if count.paused_seconds else "",
        }
        for hook in sorted({*host.hooks.of(name), *counts})
        for count in [counts.get(hook, NOT_CALLED)]
    }  # fmt: skip


def alive(house: Any) -> list[Seen]:
    """Return what the serving processes have said last, web before worker, oldest first."""
    found = []
    for path in folder_of(house).glob("*.json"):
        with suppress(OSError, ValueError, KeyError):
            said = json.loads(path.read_text("utf-8"))
            seen = Seen(
                path.stem, said["kind"], datetime.fromisoformat(said["since"]), datetime.fromisoformat(said["seen"]),
                said["revision"], said["plugins"],
            )  # fmt: skip
            if _is_gone(path, seen):
                path.unlink()
            else:
                found.append(seen)
    return sorted(found, key=lambda seen: (seen.kind, seen.since))


def _is_gone(path: Path, seen: Seen) -> bool:
    if path.name.startswith(f"{HOST}-"):
        return not is_alive(path.with_suffix(".call"))
    return (clock.now() - seen.seen).total_seconds() > FORGET_SECONDS


def together(host: Any, name: str, serving: list[Seen]) -> dict[str, dict[str, Any]]:
    """Return what each hook of a plugin has done in the serving processes, and in this one when none serves."""
    every = [seen.plugins.get(name, {}).get("hooks", {}) for seen in serving]
    total: dict[str, dict[str, Any]] = {}
    for hooks in every or [hooks_of(host, name)]:
        for hook, said in hooks.items():
            sum_ = total.setdefault(hook, dict.fromkeys(said, 0) | {"last_error": "", "because": ""})
            for key in ("calls", "failures", "seconds"):
                sum_[key] += said[key]
            sum_["paused_seconds"] = max(sum_["paused_seconds"], said["paused_seconds"])
            sum_["last_error"] = said["last_error"] or sum_["last_error"]
            sum_["because"] = said["because"] or sum_["because"]
    return total


def trouble(name: str, reason: str, hooks: dict[str, dict[str, Any]], serving: list[Seen]) -> Iterator[str]:
    """Yield what went wrong with a plugin where it serves, a sentence each; not what is its `reason` here."""
    reasons = [said for seen in serving if (said := seen.plugins.get(name, {}).get("reason"))]
    if reasons and set(reasons) != {reason}:
        yield _(
            "%(some)s of %(all)s processes could not load it: %(reason)s",
            some=len(reasons), all=len(serving), reason=reasons[0],
        )  # fmt: skip
    for hook, said in hooks.items():
        if because := said["because"]:
            yield _("%(hook)s is not asked at present: %(reason)s", hook=hook, reason=gettext(because))
        elif said["failures"]:
            last = said["last_error"].strip().splitlines()[-1:]
            yield _(
                "%(hook)s failed in %(failures)s of %(calls)s calls: %(reason)s",
                hook=hook, failures=said["failures"], calls=said["calls"], reason="".join(last),
            )  # fmt: skip
