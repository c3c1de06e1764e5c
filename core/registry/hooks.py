"""Calling hooks: one implementation after the other, each counted, timed and caught on its own.

An implementation that fails again and again is left alone for a minute (its breaker opens), one that hung or
took its process down for an hour, or until IT switches the plugin off and on.
"""

import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pluggy
import structlog
from sqlalchemy.orm import Session

from core import hookspecs, metrics
from core.db import open_session
from core.language import _
from core.logs import mask_numbers
from core.registry.calls import ENDED, CallMark

log = structlog.get_logger("registry")
FAILURES_BEFORE_BREAK = 5
BREAK_SECONDS = 60


class MustFailed(Exception):
    """A plugin that has to answer could not: nothing may be done without it."""

    def __init__(self, plugin: str, hook: str) -> None:
        super().__init__(_("%(plugin)s could not answer, so nothing was done. IT can read why.", plugin=plugin))
        self.plugin, self.hook = plugin, hook


@dataclass(slots=True)
class HookCount:
    """What one implementation of one hook has done in this process."""

    calls: int = 0
    failures: int = 0
    seconds: float = 0.0
    in_a_row: int = 0
    open_until: float = 0.0
    """Until when (on the monotonic clock) it is not asked."""
    because: str = ""
    """Why it is not asked."""
    last_error: str = ""

    def pause(self, until: float, because: str) -> None:
        """Open the breaker."""
        self.open_until, self.because, self.in_a_row = max(until, self.open_until), because, 0

    @property
    def paused_seconds(self) -> int:
        """For how many more seconds it is not asked."""
        return max(0, round(self.open_until - time.monotonic()))


NOT_CALLED = HookCount()


@dataclass(frozen=True, slots=True)
class _Call:
    plugin: str
    function: Any
    arguments: tuple[str, ...]
    count: HookCount
    label: bytes
    """What the mark says while it runs; empty for a part of core, which is trusted."""


_Items = tuple[type, ...] | None
"""What a hook that answers a list may put into it: None for a hook that answers something else, () for anything."""


def _items_of(returns: str) -> _Items:
    """Return the classes a hook's annotation names (`list[ModelView | Page]`), as far as `core.api` has them."""
    from core import api

    if not returns.startswith("list"):
        return None
    named = [vars(api).get(name.strip()) for name in returns.removeprefix("list[").removesuffix("]").split("|")]
    return tuple(item for item in named if isinstance(item, type))


def _checked(hook: str, answer: Any, items: tuple[type, ...]) -> list[Any]:
    if type(answer) is not list:
        answer = list(answer or ())  # a generator runs here, where it is caught
    for item in answer if items else ():
        if not isinstance(item, items):
            raise TypeError(
                f"{hook} must return a list of {' or '.join(each.__name__ for each in items)}, not {item!r}"
            )
    return answer


class Hooks:
    """The implementations of every hook in this process."""

    def __init__(self, trusted: tuple[str, ...]) -> None:
        self._trusted = trusted
        self._manager = pluggy.PluginManager("backoffice")
        self._manager.add_hookspecs(hookspecs)
        self._plans: dict[str, tuple[list[_Call], _Items]] = {}
        self.counts: dict[str, dict[str, HookCount]] = {}
        """By plugin and hook."""
        self.news = 0
        """Raised whenever something has gone wrong, so that the process tells it; see `core.registry.processes`."""
        self.mark: CallMark | None = None
        """Where a serving process notes the call it is in; see `core.registry.calls`."""

    def add(self, module: Any, name: str, specifications: Any = None) -> None:
        """Take in a plugin's hooks, and the hooks it asks others itself; raises when one is asked by nobody."""
        if specifications is not None:
            self._manager.add_hookspecs(specifications)
        self._manager.register(module, name=name)
        self._manager.check_pending()
        self._plans.clear()

    def remove(self, name: str) -> None:
        """Take a plugin's hooks out; harmless when they are not in."""
        if self._manager.has_plugin(name):
            self._manager.unregister(name=name)
        self._plans.clear()

    @contextmanager
    def marked(self, plugin: str, what: str) -> Iterator[None]:
        """Note that something of a plugin runs which is no hook."""
        mark, started = self.mark, time.monotonic()
        if mark is None:
            yield
            return
        outer = mark.now
        mark.label[:] = mark.label_of(plugin, what)
        mark.started[0] = started
        try:
            yield
        except SystemExit:
            mark.end(started)
            raise
        finally:
            mark.leave(outer)

    def rests(self, plugin: str, what: str) -> bool:
        """Say whether something that is no hook is left alone, because a process hung or ended in it."""
        if self.mark is None:
            return False
        count = HookCount()
        self.mark.look({plugin: {what: count}}, at_once=True)
        if count.because != ENDED:
            return False
        self.counts.setdefault(plugin, {})[what] = count
        self.news += 1
        return True

    def of(self, name: str) -> list[str]:
        """Return the names of the hooks a plugin answers."""
        plugin = self._manager.get_plugin(name)
        callers = (self._manager.get_hookcallers(plugin) or []) if plugin is not None else []
        return sorted(caller.name for caller in callers)

    def ask(self, hook: str, name: str) -> list[Any]:
        """Return the list one plugin answers to a hook without arguments; whatever goes wrong is raised."""
        for call in self._plan(hook)[0]:
            if call.plugin == name:
                answer = call.function()
                if not isinstance(answer, list | tuple):
                    raise TypeError(f"{hook} must return a list, not {type(answer).__name__}")
                return list(answer)
        return []

    def collect(self, hook: str, only: set[str] | None, arguments: dict[str, Any]) -> list[tuple[str, Any]]:
        """Call a *collect* hook of core's parts and of the plugins in `only` (None: of all that are loaded).

        Returns (plugin name, answer) for each that answered; failures are counted and logged.
        """
        is_new = hook not in self._plans
        calls, items = self._plan(hook)
        session = open_session()
        writing = session if session is not None and session.info.get("writes") else None
        mark = self.mark if self.mark is not None and self.mark.thread == threading.get_ident() else None
        if mark is not None:
            self.news += mark.look(self.counts, at_once=is_new)
            outer = mark.now
        answers = []
        values = {names: [arguments[name] for name in names] for names in {call.arguments for call in calls}}
        try:
            for call in calls:
                if only is None or not call.label or call.plugin in only:
                    answer = self._call(call, hook, items, mark, writing, values[call.arguments])
                    if answer is not None:
                        answers.append((call.plugin, answer[0]))
        finally:
            if mark is not None:
                mark.leave(outer)
        return answers

    def must(self, hook: str, arguments: dict[str, Any]) -> list[tuple[str, Any]]:
        """Call a *must* hook of every plugin that is loaded, on or off; raises `MustFailed` at the first that fails."""
        answers, (calls, items) = [], self._plan(hook)
        for call in calls:
            try:
                answer = call.function(*(arguments[name] for name in call.arguments))
                answers.append((call.plugin, answer if items is None else _checked(hook, answer, items)))
            except (Exception, SystemExit) as error:
                self._note(call, hook, error, time.monotonic())
                raise MustFailed(call.plugin, hook) from error
        return answers

    def _plan(self, hook: str) -> tuple[list[_Call], _Items]:
        plan = self._plans.get(hook)
        if plan is None:
            caller = getattr(self._manager.hook, hook)
            returns = caller.spec.function.__annotations__.get("return", "")
            calls = [
                self._planned(hook, each.plugin_name, each.function, each.argnames) for each in caller.get_hookimpls()
            ]
            plan = self._plans[hook] = calls, _items_of(str(returns))
        return plan

    def _planned(self, hook: str, plugin: str, function: Any, arguments: tuple[str, ...]) -> _Call:
        trusted = plugin in self._trusted
        count = HookCount() if trusted else self.counts.setdefault(plugin, {}).setdefault(hook, HookCount())
        return _Call(plugin, function, arguments, count, b"" if trusted else CallMark.label_of(plugin, hook))

    def _call(
        self, call: _Call, hook: str, items: _Items, mark: CallMark | None, session: Session | None, values: list[Any]
    ) -> tuple[Any] | None:
        count = call.count
        started = time.monotonic()
        if started < count.open_until:
            return None
        # Before the try: what the savepoint flushes is the caller's, and so are its faults.
        inside = None if session is None else session.begin_nested()
        if mark is not None and call.label:
            mark.label[:] = call.label
            mark.started[0] = started
        try:
            if inside is None:
                answer = call.function(*values)
                if items is not None:
                    answer = _checked(hook, answer, items)
            else:
                with inside:
                    answer = call.function(*values)
                    if items is not None:
                        answer = _checked(hook, answer, items)
            count.in_a_row = 0
            return (answer,)
        except (Exception, SystemExit) as error:
            if not call.label:
                raise
            if mark is not None and isinstance(error, SystemExit):
                mark.end(started)
            self._note(call, hook, error, started)
            return None
        finally:
            count.calls += 1
            count.seconds += time.monotonic() - started

    def _note(self, call: _Call, hook: str, error: BaseException, started: float) -> None:
        count = call.count
        self.news += 1
        count.failures += 1
        count.in_a_row += 1
        count.last_error = mask_numbers(traceback.format_exc())
        metrics.HOOK_FAILURES.labels(call.plugin, hook).inc()
        if count.in_a_row >= FAILURES_BEFORE_BREAK:
            count.pause(started + BREAK_SECONDS, mask_numbers(f"{type(error).__name__}: {error}"))
        log.error("hook failed", plugin=call.plugin, hook=hook, error=str(error))

    def note(self, plugin: str, what: str, told: str = "") -> None:
        """Count a failure, that which is being handled or is `told`, of a page, task or job: IT reads it beside the hooks."""
        count = self.counts.setdefault(plugin, {}).setdefault(what, HookCount())
        count.calls, count.failures = count.calls + 1, count.failures + 1
        count.last_error = mask_numbers(told or traceback.format_exc())
        self.news += 1

    def forgive(self, plugin: str) -> None:
        """Ask a plugin again: IT has switched it on anew."""
        for count in self.counts.get(plugin, {}).values():
            count.open_until, count.in_a_row = 0.0, 0
